//! Findings: why the pipeline refuses a document. Each names the place, the problem, the rule and the remedy.

use std::fmt;

/// One finding: a place in the document, the rule that it breaks, and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Operation id, overlay action, or JSON pointer.
    pub place: String,
    /// Stable name of the rule, in kebab case.
    pub rule: &'static str,
    /// What is wrong there.
    pub problem: String,
    /// What to change; as a rule by an action in `openapi/overlay.yaml`.
    pub remedy: String,
}

impl Diagnostic {
    /// Creates a finding at `place`.
    pub fn new(
        rule: &'static str,
        place: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { place: place.into(), rule, problem: problem.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}] at {}\n  {}\n  remedy: {}", self.rule, self.place, self.problem, self.remedy)
    }
}

/// All findings of one stage, sorted. As an error it always contains at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Returns `Ok` if nothing was found; otherwise sorts them and removes duplicates.
    pub fn into_result(mut found: Vec<Diagnostic>) -> Result<(), Self> {
        if found.is_empty() {
            return Ok(());
        }
        found.sort();
        found.dedup();
        Err(Self(found))
    }

    /// Whether one of the findings is about `rule`.
    pub fn has(&self, rule: &str) -> bool {
        self.0.iter().any(|d| d.rule == rule)
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(one: Diagnostic) -> Self {
        Self(vec![one])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for one in &self.0 {
            writeln!(f, "{one}")?;
        }
        write!(f, "{} problem{}", self.0.len(), if self.0.len() == 1 { "" } else { "s" })
    }
}

impl std::error::Error for Diagnostics {}

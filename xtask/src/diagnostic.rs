//! What the pipeline says when a document cannot become a client: where, which rule, and what to do.

use std::fmt;

/// One finding: a place in the document, the rule it breaks, and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Operation id, component or JSON pointer.
    pub place: String,
    /// Stable name of the rule, in kebab case.
    pub rule: &'static str,
    /// What is there.
    pub problem: String,
    /// What to change, as a rule in `openapi/overlay.yaml`.
    pub remedy: String,
}

impl Diagnostic {
    /// A finding at `place`.
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

/// All findings of one stage, sorted; never empty when it travels as an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// `Ok` when there is nothing to say.
    pub fn into_result(mut found: Vec<Diagnostic>) -> Result<(), Self> {
        if found.is_empty() {
            return Ok(());
        }
        found.sort();
        found.dedup();
        Err(Self(found))
    }

    /// Whether some finding breaks `rule`.
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

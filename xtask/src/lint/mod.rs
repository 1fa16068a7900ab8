//! Lint: what would make the generator panic, or make it write a client that is silently wrong, is said first, with the
//! place, the rule and the remedy.
//!
//! It reads the lowered document. The rules on schemas are a list of what is supported; all else is a finding, so a
//! construct that nobody thought of is one too.

mod names;
mod operations;
mod schemas;

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Diagnostics};

/// Finds everything that the generator cannot be given.
pub fn lint(lowered: &Value) -> Result<(), Diagnostics> {
    let mut found = Vec::new();
    version(lowered, &mut found);
    operations::lint(lowered, &mut found);
    schemas::lint(lowered, &mut found);
    names::lint(lowered, &mut found);
    Diagnostics::into_result(found)
}

fn version(lowered: &Value, found: &mut Vec<Diagnostic>) {
    let version = lowered.get("openapi").and_then(Value::as_str).unwrap_or_default();
    if !version.starts_with("3.0.") {
        let problem = format!("`openapi: {version}` is not what the generator reads");
        found.push(Diagnostic::new(
            "openapi-version",
            "#/openapi",
            problem,
            "lower the document to 3.0.3 first",
        ));
    }
    for member in ["title", "version"] {
        if lowered.pointer(&format!("/info/{member}")).and_then(Value::as_str).is_none() {
            let problem = format!("`info` has no `{member}`");
            found.push(Diagnostic::new("info", "#/info", problem, "add it: target $.info, update"));
        }
    }
}

#[cfg(test)]
mod tests;

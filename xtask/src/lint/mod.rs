//! Lint: finds everything in the lowered document that would make the generator panic, or generate a client that is
//! silently wrong. Each finding has the place, the problem, the rule and the remedy.
//!
//! The rules on schemas list what is supported. Anything else is a finding, so an unforeseen construct is reported too.

mod names;
mod operations;
pub mod published;
mod schemas;

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Diagnostics};

/// Finds everything in the lowered document that the generator does not support.
pub fn lint(lowered: &Value) -> Result<(), Diagnostics> {
    let mut found = Vec::new();
    validate_root(lowered, &mut found);
    operations::lint(lowered, &mut found);
    schemas::lint(lowered, &mut found);
    names::lint(lowered, &mut found);
    Diagnostics::into_result(found)
}

fn validate_root(lowered: &Value, found: &mut Vec<Diagnostic>) {
    let version = lowered.get("openapi").and_then(Value::as_str).unwrap_or_default();
    if !version.starts_with("3.0.") {
        let problem = format!("`openapi: {version}` is not supported; the generator reads 3.0");
        found.push(Diagnostic::new(
            "openapi-version",
            "#/openapi",
            problem,
            "lower the document first; `lower::lower` sets 3.0.3",
        ));
    }
    for member in ["title", "version"] {
        if lowered.pointer(&format!("/info/{member}")).and_then(Value::as_str).is_none() {
            let problem = format!("`info` has no `{member}`");
            found.push(Diagnostic::new(
                "info",
                "#/info",
                problem,
                "add an action to the overlay: target $.info, update",
            ));
        }
    }
}

#[cfg(test)]
mod tests;

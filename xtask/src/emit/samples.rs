//! Emits the schemas from which `heygen_api::testing` makes samples, as JSON: one line for each type and operation, so that a
//! difference between two versions is readable.

use anyhow::{Context, Result};
use serde_json::Value;

use super::text::GENERATED_MARK;
use crate::lower::extension;

/// Emits the file.
pub fn emit(lowered: &Value) -> Result<String> {
    let samples =
        lowered.get(extension::SAMPLES).context("the lowered document has no schemas for samples")?;
    let mut text = format!("{{\n\"//\": \"{GENERATED_MARK}; do not edit it.\"");
    for section in ["operations", "types"] {
        let entries = samples.get(section).and_then(Value::as_object).into_iter().flatten();
        let lines: Vec<String> =
            entries.map(|(name, schema)| format!("{}: {schema}", Value::from(name.as_str()))).collect();
        text.push_str(&format!(",\n\"{section}\": {{\n{}\n}}", lines.join(",\n")));
    }
    text.push_str("\n}\n");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    #[test]
    fn the_file_is_json_with_a_line_for_each_schema() {
        let samples =
            json!({"operations": {"get_a": {"answer": {}}}, "types": {"A": {"type": "object"}, "B": {}}});
        let text = super::emit(&json!({"x-samples": samples})).unwrap();
        assert_eq!(text.lines().count(), 10);
        let mut read: Value = serde_json::from_str(&text).unwrap();
        assert!(read.as_object_mut().unwrap().remove("//").is_some());
        assert_eq!(read, samples);
    }
}

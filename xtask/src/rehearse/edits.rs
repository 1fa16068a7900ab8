//! Edits of the document, as a provider makes them. Tests and rehearsals read them from YAML.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

/// One step of an edit, by JSON pointers into the document. `-` stands for the place after the last item of a list.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Step {
    /// Sets a value, whose parent exists.
    Set {
        /// The place.
        set: String,
        /// The new value.
        value: Value,
    },
    /// Removes a value.
    Remove {
        /// The place.
        remove: String,
    },
    /// Moves a value to another place.
    Move {
        /// The old place.
        #[serde(rename = "move")]
        from: String,
        /// The new place.
        to: String,
    },
}

/// Edits a document.
///
/// # Errors
///
/// A place does not exist.
pub fn apply(document: &mut Value, steps: &[Step]) -> Result<()> {
    for step in steps {
        match step {
            Step::Set { set, value } => insert(document, set, value.clone())?,
            Step::Remove { remove: place } => drop(remove(document, place)?),
            Step::Move { from, to } => {
                let value = remove(document, from)?;
                insert(document, to, value)?;
            }
        }
    }
    Ok(())
}

fn split(pointer: &str) -> Result<(&str, String)> {
    let (parent, name) =
        pointer.rsplit_once('/').with_context(|| format!("`{pointer}` is not a JSON pointer"))?;
    Ok((parent, name.replace("~1", "/").replace("~0", "~")))
}

fn insert(document: &mut Value, pointer: &str, value: Value) -> Result<()> {
    let (parent, name) = split(pointer)?;
    match document.pointer_mut(parent) {
        Some(Value::Object(map)) => drop(map.insert(name, value)),
        Some(Value::Array(items)) if name == "-" => items.push(value),
        Some(Value::Array(items)) => {
            let item = name.parse().ok().and_then(|index: usize| items.get_mut(index));
            *item.with_context(|| format!("`{pointer}` does not exist"))? = value;
        }
        _ => bail!("`{parent}` is neither an object nor a list"),
    }
    Ok(())
}

fn remove(document: &mut Value, pointer: &str) -> Result<Value> {
    let (parent, name) = split(pointer)?;
    let removed = match document.pointer_mut(parent) {
        Some(Value::Object(map)) => map.remove(&name),
        Some(Value::Array(items)) => {
            name.parse().ok().filter(|index| *index < items.len()).map(|index| items.remove(index))
        }
        _ => None,
    };
    removed.with_context(|| format!("`{pointer}` does not exist"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn edited(steps: &[Step]) -> Result<Value> {
        let mut document = json!({"a": {"b/c": 1}, "list": [1, 2]});
        apply(&mut document, steps)?;
        Ok(document)
    }

    #[test]
    fn values_are_set_moved_and_removed() {
        let steps = serde_json::from_value::<Vec<Step>>(json!([
            {"move": "/a/b~1c", "to": "/a/d"}, {"remove": "/list/0"}, {"set": "/list/-", "value": 3}]));
        assert_eq!(edited(&steps.unwrap()).unwrap(), json!({"a": {"d": 1}, "list": [2, 3]}));
    }

    #[test]
    fn a_missing_place_is_named() {
        let step = Step::Remove { remove: "/list/7".to_owned() };
        assert_eq!(edited(&[step]).unwrap_err().to_string(), "`/list/7` does not exist");
    }
}

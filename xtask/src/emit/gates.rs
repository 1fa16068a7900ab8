//! Cargo features in the generated code. An operation needs the feature of its gate; a type needs any of the features of the
//! operations that use it.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

use crate::lower::extension;
use crate::walk;

/// The features of operations and types.
#[derive(Debug, Default)]
pub struct Gates {
    operations: BTreeMap<String, String>,
    types: BTreeMap<String, BTreeSet<String>>,
}

impl Gates {
    /// Reads the gates from the lowered document.
    pub fn of(lowered: &Value) -> Self {
        let mut gates = Self::default();
        let mut free = BTreeSet::new();
        for operation in walk::operations(lowered) {
            let mut used = BTreeSet::new();
            walk::references(operation.value, &mut used);
            let used = walk::closure(lowered, used);
            match operation.value.get(extension::GATE).and_then(Value::as_str) {
                None => free.extend(used),
                Some(gate) => {
                    gates.operations.insert(operation.id(), gate.to_owned());
                    for name in used {
                        gates.types.entry(name).or_default().insert(gate.to_owned());
                    }
                }
            }
        }
        gates.types.retain(|name, _| !free.contains(name));
        gates
    }

    /// The feature that an operation needs.
    pub fn feature(&self, operation: &str) -> Option<&str> {
        self.operations.get(operation).map(String::as_str)
    }

    /// The `cfg` attribute for the items of an operation.
    pub fn of_operation(&self, operation: &str) -> TokenStream {
        attribute(self.operations.get(operation).into_iter())
    }

    /// The `cfg` attribute for a type.
    pub fn of_type(&self, name: &str) -> TokenStream {
        attribute(self.types.get(name).into_iter().flatten())
    }
}

fn attribute<'a>(features: impl Iterator<Item = &'a String>) -> TokenStream {
    let features: Vec<&String> = features.collect();
    match features.as_slice() {
        [] => TokenStream::new(),
        [feature] => quote!(#[cfg(feature = #feature)]),
        several => quote!(#[cfg(any(#(feature = #several),*))]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_type_needs_any_feature_of_the_operations_that_use_it() {
        let uses =
            |name: &str| json!({"operationId": "x", "s": {"$ref": format!("#/components/schemas/{name}")}});
        let gated = |id: &str, gate: &str, name: &str| {
            let mut operation = uses(name);
            operation["operationId"] = id.into();
            operation["x-gate"] = gate.into();
            operation
        };
        let gates = Gates::of(&json!({
            "paths": {"/a": {"get": uses("Free"), "put": gated("p", "preview", "Both"), "post": gated("l", "legacy", "Both"),
                             "patch": gated("q", "preview", "Free")}},
            "components": {"schemas": {"Free": {}, "Both": {"s": {"$ref": "#/components/schemas/Inner"}}, "Inner": {}}}
        }));
        assert_eq!(gates.feature("p"), Some("preview"));
        assert!(gates.of_type("Free").is_empty());
        assert_eq!(
            gates.of_type("Inner").to_string(),
            quote!(#[cfg(any(feature = "legacy", feature = "preview"))]).to_string()
        );
    }
}

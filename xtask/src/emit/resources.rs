//! Decides the file of each item: that of its resource, or `shared` for a type of several resources. Public paths do not
//! depend on it.

use std::collections::{BTreeMap, BTreeSet};

use quote::format_ident;
use serde_json::Value;
use syn::Ident;

use super::operations;
use crate::lower::extension;
use crate::lower::resources::SHARED;
use crate::walk::{self, Operation};

/// The resources of a document.
#[derive(Debug)]
pub struct Resources {
    /// All resources except the shared one, sorted by name.
    pub all: Vec<Resource>,
    types: BTreeMap<String, String>,
}

/// One resource.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Name in snake case.
    pub name: String,
    /// Title in the document.
    pub title: String,
    /// Description in the document.
    pub description: String,
}

impl Resources {
    /// Reads the resources from the lowered document.
    pub fn of(lowered: &Value, all: &[Operation<'_>]) -> Self {
        let mut owners: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for operation in all {
            let resource = operations::text(operation.value, extension::RESOURCE);
            for component in operations::components(lowered, operation) {
                owners.entry(component).or_default().insert(resource);
            }
        }
        let types = owners.into_iter().map(|(component, owners)| {
            let owner = match owners.iter().collect::<Vec<_>>().as_slice() {
                [only] => only,
                _ => SHARED,
            };
            (component, owner.to_owned())
        });
        let described = lowered.get(extension::RESOURCES).and_then(Value::as_object).into_iter().flatten();
        let resources = described.map(|(name, entry)| Resource {
            name: name.clone(),
            title: operations::text(entry, "title").to_owned(),
            description: operations::text(entry, "description").to_owned(),
        });
        Self { all: resources.collect(), types: types.collect() }
    }

    /// The components of a resource, by name.
    pub fn types<'a>(&self, lowered: &'a Value, resource: &str) -> Vec<(&'a String, &'a Value)> {
        let owner = |name: &String| self.types.get(name).map_or(SHARED, String::as_str);
        walk::components(lowered).filter(|(name, _)| owner(name) == resource).collect()
    }
}

/// The module of a resource. A Rust keyword gets an underscore.
pub fn module(resource: &str) -> Ident {
    syn::parse_str::<Ident>(resource).unwrap_or_else(|_| format_ident!("{resource}_"))
}

//! The normal form of a schema, in which equivalent schemas are equal.
//!
//! References are followed, `allOf` is merged, `null` is a property of the schema wherever it is written, a constant is an
//! enumeration of one value, and titles and examples are left out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::lower::any_of::is_condition;
use crate::walk;

/// Maximum number of nested references and `allOf`. A longer chain is a cycle.
const MAX_DEPTH: usize = 64;

/// Keywords that bound a value.
const BOUNDS: [&str; 12] = [
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
];

/// Keywords that say nothing about the values that a schema takes.
const SILENT: [&str; 6] = ["title", "example", "examples", "$comment", "externalDocs", "xml"];

/// A schema in its normal form.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shape {
    /// The component that the schema refers to, if the reference was not followed.
    pub target: Option<String>,
    /// Names of JSON types, without `null`.
    pub types: BTreeSet<String>,
    /// Whether `null` is a value.
    pub nullable: bool,
    /// The format.
    pub format: Option<String>,
    /// Values of an enumeration, as JSON.
    pub values: Option<BTreeSet<String>>,
    /// Keywords that bound a value, such as `maxLength`.
    pub bounds: BTreeMap<String, Value>,
    /// The default; `null` counts as no default.
    pub default: Option<Value>,
    /// Whether it is deprecated.
    pub deprecated: bool,
    /// `read-only` or `write-only`.
    pub access: Option<&'static str>,
    /// Schemas of the fields.
    pub properties: BTreeMap<String, Value>,
    /// Names of the required fields.
    pub required: BTreeSet<String>,
    /// The schema of additional fields; `false` if they are forbidden.
    pub additional: Option<Value>,
    /// The schema of an array's items.
    pub items: Option<Value>,
    /// Members of a union.
    pub members: Vec<Value>,
    /// The property that distinguishes them.
    pub tag: Option<String>,
    /// The reference for each value of the tag.
    pub mapping: BTreeMap<String, String>,
    /// The description.
    pub description: String,
    /// Keywords that nothing here reads.
    pub other: BTreeMap<String, Value>,
}

fn is_silent(key: &str) -> bool {
    SILENT.contains(&key) || key.starts_with("x-")
}

impl Shape {
    /// The normal form of a schema, with the content of the component that it refers to.
    pub fn of(document: &Value, schema: &Value) -> Self {
        Self::taken(document, schema, true)
    }

    /// The normal form of a schema, without the content of the component that it refers to.
    pub fn at_place(document: &Value, schema: &Value) -> Self {
        Self::taken(document, schema, false)
    }

    fn taken(document: &Value, schema: &Value, follow: bool) -> Self {
        let mut shape = Self::default();
        shape.take(document, schema, follow, 0);
        if shape.types.is_empty() && shape.target.is_none() {
            shape.infer_type();
        }
        shape
    }

    fn take(&mut self, document: &Value, schema: &Value, follow: bool, depth: usize) {
        let Some(map) = schema.as_object().filter(|_| depth < MAX_DEPTH) else { return };
        match walk::reference(schema) {
            Some(name) if !follow => self.target = Some(name.to_owned()),
            Some(name) => {
                if let Some(target) = walk::component(document, name) {
                    self.take(document, target, true, depth + 1);
                }
            }
            None => {}
        }
        for (key, value) in map {
            self.keyword(document, key, value, follow, depth);
        }
    }

    fn keyword(&mut self, document: &Value, key: &str, value: &Value, follow: bool, depth: usize) {
        match key {
            "$ref" => {}
            "type" => self.take_type(value),
            "nullable" => self.nullable |= value == &Value::Bool(true),
            "format" => self.format = value.as_str().map(str::to_owned),
            "enum" => self.take_values(value.as_array().into_iter().flatten()),
            "const" => self.take_values([value]),
            "default" => self.default = Some(value.clone()).filter(|value| !value.is_null()),
            "deprecated" => self.deprecated = value == &Value::Bool(true),
            "readOnly" if value == &Value::Bool(true) => self.access = Some("read-only"),
            "writeOnly" if value == &Value::Bool(true) => self.access = Some("write-only"),
            "readOnly" | "writeOnly" => {}
            "properties" => {
                let all = value.as_object().into_iter().flatten();
                self.properties.extend(all.map(|(name, schema)| (name.clone(), schema.clone())));
            }
            "required" => {
                let names = value.as_array().into_iter().flatten().filter_map(Value::as_str);
                self.required.extend(names.map(str::to_owned));
            }
            "additionalProperties" => {
                // `true` and no keyword are the same.
                self.additional = Some(value.clone()).filter(|value| value != &Value::Bool(true));
            }
            "items" => self.items = Some(value.clone()),
            "description" => self.description = value.as_str().unwrap_or_default().trim().to_owned(),
            "discriminator" => {
                self.tag = value.get("propertyName").and_then(Value::as_str).map(str::to_owned);
                let mapping = value.get("mapping").and_then(Value::as_object).into_iter().flatten();
                let pairs =
                    mapping.filter_map(|(tag, target)| Some((tag.clone(), target.as_str()?.to_owned())));
                self.mapping.extend(pairs);
            }
            "allOf" => {
                let parts = value.as_array().map(Vec::as_slice).unwrap_or_default();
                let follow = follow || parts.len() > 1;
                parts.iter().for_each(|part| self.take(document, part, follow, depth + 1));
            }
            "anyOf" | "oneOf" => self.take_members(document, value, follow, depth),
            _ if is_silent(key) => {}
            _ if BOUNDS.contains(&key) => self.take_bound(key, value),
            _ => {
                self.other.insert(key.to_owned(), value.clone());
            }
        }
    }

    fn take_type(&mut self, value: &Value) {
        let names = match value {
            Value::String(name) => vec![name.as_str()],
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        for name in names {
            match name {
                "null" => self.nullable = true,
                name => {
                    self.types.insert(name.to_owned());
                }
            }
        }
    }

    fn take_values<'a>(&mut self, values: impl IntoIterator<Item = &'a Value>) {
        let mut known = BTreeSet::new();
        for value in values {
            match value {
                Value::Null => self.nullable = true,
                value => {
                    known.insert(value.to_string());
                }
            }
        }
        self.values = Some(known);
    }

    /// `exclusiveMinimum: true` beside `minimum` is OpenAPI 3.0's way to write `exclusiveMinimum: 1`.
    fn take_bound(&mut self, key: &str, value: &Value) {
        // A length of at least zero is not a bound.
        let is_empty = key.starts_with("min") && key != "minimum" && value.as_u64() == Some(0);
        if !(value.is_boolean() || is_empty) {
            self.bounds.insert(key.to_owned(), number(value));
        } else if value == &Value::Bool(true) {
            self.bounds.insert(key.to_owned(), true.into());
        }
    }

    fn take_members(&mut self, document: &Value, value: &Value, follow: bool, depth: usize) {
        let all = value.as_array().into_iter().flatten();
        let mut members: Vec<&Value> = Vec::new();
        for member in all {
            let is_null = member.get("type").and_then(Value::as_str) == Some("null");
            match is_null {
                true => self.nullable = true,
                false => members.push(member),
            }
        }
        match members.as_slice() {
            // A union of one is that one. Its description is that of another place.
            [only] => {
                let described = std::mem::take(&mut self.description);
                self.take(document, only, follow, depth + 1);
                if !described.is_empty() {
                    self.description = described;
                }
            }
            // Several ways to fulfil one schema, such as one of two required fields.
            many if many.iter().all(|member| is_condition(member)) => {
                let required = many.iter().map(|member| member["required"].clone()).collect();
                self.other.insert("anyOf of required fields".to_owned(), required);
            }
            many => self.members.extend(many.iter().map(|member| (*member).clone())),
        }
    }

    fn infer_type(&mut self) {
        let name = if !self.properties.is_empty() || self.additional.is_some() {
            "object"
        } else if self.items.is_some() {
            "array"
        } else if self.values.as_ref().is_some_and(|values| values.iter().all(|value| value.starts_with('"')))
        {
            "string"
        } else {
            return;
        };
        self.types.insert(name.to_owned());
    }

    /// The type in words.
    pub fn words(&self) -> String {
        if !self.members.is_empty() {
            return "a union".to_owned();
        }
        match self.types.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [] => "any value".to_owned(),
            many => many.join(" or "),
        }
    }
}

/// `1.0` and `1` are one number.
fn number(value: &Value) -> Value {
    match value.as_f64() {
        Some(number) if number.fract() == 0.0 && number.abs() < 9e15 => (number as i64).into(),
        _ => value.clone(),
    }
}

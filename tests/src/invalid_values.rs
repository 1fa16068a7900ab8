//! Invalid values for schemas, each with the invalid place. They are derived from the document (3.1) alone.

use std::collections::{BTreeMap, HashSet};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::canonical::{self, Fill};

/// A value that is invalid in one place.
#[derive(Debug, Clone)]
pub struct InvalidValue {
    /// What is wrong.
    pub label: String,
    /// The whole value.
    pub value: Value,
    /// The invalid place, such as `scenes.0.input.avatar_id`; `None` for the value itself.
    pub param: Option<String>,
}

/// An invalid value of a parameter.
#[derive(Debug, Clone)]
pub struct InvalidParameter {
    /// What is wrong.
    pub label: String,
    /// The value to send; `None` if the parameter must be omitted.
    pub text: Option<String>,
}

/// How the valid values are filled from which the invalid ones are made. Only the first must be valid: required properties
/// alone do not satisfy every rule.
const FILLS: [Fill; 3] = [Fill::Everything, Fill::Required, Fill::Nulls];

/// Maximum number of cases of a schema. Beyond it, repeated components are changed only a limited number of times.
const MAX_CASES: usize = 3000;

/// How often the inside of a component is changed if there are too many cases.
const MAX_VISITS: usize = 2;

/// Maximum nesting of a component inside itself.
const MAX_NESTING: usize = 2;

/// A string that matches no pattern and is in no enumeration.
const UNKNOWN_WORD: &str = "not one word!";

/// A member that no object has.
const UNKNOWN_MEMBER: &str = "unknown_member";

/// The keywords that [`Walk`] violates or descends into.
const HANDLED_KEYWORDS: [&str; 19] = [
    "$ref",
    "additionalProperties",
    "anyOf",
    "const",
    "discriminator",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "oneOf",
    "pattern",
    "properties",
    "required",
];

/// The keywords that forbid nothing. `type` is violated by values of another type.
const IGNORED_KEYWORDS: [&str; 9] =
    ["default", "deprecated", "description", "example", "examples", "format", "readOnly", "title", "type"];

/// All bodies that are invalid in one place.
///
/// # Panics
///
/// The schema has a keyword that this module does not handle, or no valid value was cases_of.
pub fn bodies(document: &Value, schema: &Value) -> Vec<InvalidValue> {
    let cases = Walk::over(document, schema, usize::MAX);
    if cases.len() <= MAX_CASES { cases } else { Walk::over(document, schema, MAX_VISITS) }
}

/// All invalid values of a parameter.
///
/// # Panics
///
/// The schema has a keyword that this module does not handle.
pub fn parameter(document: &Value, parameter: &Value) -> Vec<InvalidParameter> {
    let (schema, _) = resolved(document, &parameter["schema"]);
    assert_known(schema);
    let validator = validator(document, schema);
    let valid = canonical::value(document, schema, Fill::Everything);
    let mut cases = Vec::new();
    if parameter["required"] == true && parameter["in"] != "path" {
        cases.push(InvalidParameter { label: "missing".into(), text: None });
    }
    let mut seen = HashSet::new();
    for (label, wrong) in wrong_values(schema, &valid) {
        let text = wrong.as_str().map_or_else(|| wrong.to_string(), str::to_owned);
        // An empty path segment would change the path.
        let another_path = parameter["in"] == "path" && text.is_empty();
        if !another_path && !validator.is_valid(&typed(schema, &text)) && seen.insert(text.clone()) {
            cases.push(InvalidParameter { label, text: Some(text) });
        }
    }
    cases
}

/// Parses a string if the schema has a type that JSON writes without quotes.
fn typed(schema: &Value, text: &str) -> Value {
    let parsed = match schema["type"].as_str() {
        Some("integer") => text.parse::<i64>().ok().map(Value::from),
        Some("number") => text.parse::<f64>().ok().map(Value::from),
        Some("boolean") => text.parse::<bool>().ok().map(Value::from),
        _ => None,
    };
    parsed.unwrap_or_else(|| text.into())
}

/// A JSON Schema 2020-12 validator for a schema of the document. It uses none of our code.
///
/// # Panics
///
/// The schema itself is invalid.
pub fn validator(document: &Value, schema: &Value) -> Validator {
    let whole = json!({"allOf": [schema], "components": document.get("components")});
    jsonschema::draft202012::new(&whole)
        .unwrap_or_else(|error| panic!("the schema itself is invalid: {error}"))
}

/// Walks through a schema and a valid value in parallel.
struct Walk<'a> {
    document: &'a Value,
    validator: Validator,
    fill: Fill,
    /// The valid value, which has a value at every visited place.
    base: Value,
    path: Vec<String>,
    max_visits: usize,
    /// How often each component was visited.
    visits: BTreeMap<&'a str, usize>,
    /// The components around the current place.
    open: Vec<&'a str>,
    seen: HashSet<String>,
    cases: Vec<InvalidValue>,
}

impl<'a> Walk<'a> {
    fn over(document: &'a Value, schema: &'a Value, max_visits: usize) -> Vec<InvalidValue> {
        let mut walk = Self {
            document,
            validator: validator(document, schema),
            fill: Fill::Everything,
            base: Value::Null,
            path: Vec::new(),
            max_visits,
            visits: BTreeMap::new(),
            open: Vec::new(),
            seen: HashSet::new(),
            cases: Vec::new(),
        };
        for fill in FILLS {
            walk.fill = fill;
            walk.base = canonical::value(document, schema, fill);
            walk.visits.clear();
            if walk.is_base_valid() {
                walk.visit(schema);
            }
        }
        walk.cases
    }

    /// Adds cases for the current place and the places inside it.
    fn visit(&mut self, schema: &'a Value) {
        let (schema, components) = resolved(self.document, schema);
        assert_known(schema);
        for (label, wrong) in wrong_values(schema, self.current()) {
            self.add_case(&label, wrong);
        }
        // The result of a first walk with too many cases is discarded, so it can stop.
        let too_many = self.max_visits == usize::MAX && self.cases.len() > MAX_CASES;
        let nested = |name: &&str| self.open.iter().filter(|open| *open == name).count() >= MAX_NESTING;
        let visits = |name: &&str| self.visits.get(name).is_some_and(|times| *times >= self.max_visits);
        if too_many || components.iter().any(nested) || components.iter().any(visits) {
            return;
        }
        for name in &components {
            *self.visits.entry(name).or_default() += 1;
        }
        self.open.extend(&components);
        self.union(schema);
        self.object(schema);
        if let (Some(items), true) = (schema.get("items"), self.current().get(0).is_some()) {
            self.descend("0", items);
        }
        self.open.truncate(self.open.len() - components.len());
    }

    /// Replaces the value by each member of a tagged union. Adds cases for the tag and the member.
    fn union(&mut self, schema: &'a Value) {
        let Some(tag) = schema.pointer("/discriminator/propertyName").and_then(Value::as_str) else { return };
        let pointer = self.pointer();
        for member in listed(schema, "oneOf") {
            let value = canonical::value(self.document, member, self.fill);
            let before = std::mem::replace(self.base.pointer_mut(&pointer).expect("a place"), value);
            if self.is_base_valid() {
                self.add_member_case("the tag is missing", tag, None);
                self.add_member_case("the tag is unknown", tag, Some(UNKNOWN_WORD.into()));
                self.visit(member);
            }
            *self.base.pointer_mut(&pointer).expect("a place") = before;
        }
    }

    fn object(&mut self, schema: &'a Value) {
        let Some(present) = self.current().as_object().cloned() else { return };
        for name in names(schema) {
            self.add_member_case("a required member is missing", name, None);
        }
        if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
            self.add_member_case("an unknown member", UNKNOWN_MEMBER, Some(true.into()));
        }
        // `anyOf` without a discriminator requires one of several groups of members.
        let groups: Vec<&str> = listed(schema, "anyOf").flat_map(names).collect();
        if !groups.is_empty() {
            let mut without = present.clone();
            without.retain(|name, _| !groups.contains(&name.as_str()));
            self.add_case("none of the groups of members", without.into());
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            if present.contains_key(name) {
                self.descend(name, property);
            }
        }
        if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object()) {
            let known = |name: &String| properties.is_some_and(|properties| properties.contains_key(name));
            for name in present.keys().filter(|name| !known(name)) {
                self.descend(name, values);
            }
        }
    }

    fn descend(&mut self, segment: &str, schema: &'a Value) {
        self.path.push(segment.to_owned());
        self.visit(schema);
        self.path.pop();
    }

    fn current(&self) -> &Value {
        self.base.pointer(&self.pointer()).expect("a place")
    }

    fn pointer(&self) -> String {
        self.path.iter().map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1"))).collect()
    }

    fn add_case(&mut self, label: &str, wrong: Value) {
        let mut value = self.base.clone();
        *value.pointer_mut(&self.pointer()).expect("a place") = wrong;
        self.add_invalid(label, value, self.path.clone());
    }

    /// Adds a case in which a member of the current object has another value, or is missing.
    fn add_member_case(&mut self, label: &str, name: &str, wrong: Option<Value>) {
        let mut value = self.base.clone();
        let object: &mut Map<String, Value> =
            value.pointer_mut(&self.pointer()).and_then(Value::as_object_mut).expect("an object");
        match wrong {
            Some(wrong) => object.insert(name.to_owned(), wrong),
            None => object.remove(name),
        };
        let mut place = self.path.clone();
        place.push(name.to_owned());
        self.add_invalid(label, value, place);
    }

    /// Adds a case if its value is invalid and new.
    fn add_invalid(&mut self, label: &str, value: Value, place: Vec<String>) {
        if !self.validator.is_valid(&value) && self.seen.insert(value.to_string()) {
            let param = Some(place.join(".")).filter(|param| !param.is_empty());
            self.cases.push(InvalidValue { label: label.to_owned(), value, param });
        }
    }

    fn is_base_valid(&self) -> bool {
        let problem = self.validator.iter_errors(&self.base).next().map(|error| error.to_string());
        let needed = self.fill == Fill::Everything;
        assert!(problem.is_none() || !needed, "no valid value to break at {:?}: {problem:?}", self.path);
        problem.is_none()
    }
}

/// Follows references and removes `null` from a schema. Also returns the components on the path.
fn resolved<'a>(document: &'a Value, mut schema: &'a Value) -> (&'a Value, Vec<&'a str>) {
    let mut components = Vec::new();
    loop {
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            components.push(target);
            schema = document.pointer(target.trim_start_matches('#')).unwrap_or(&Value::Null);
            continue;
        }
        let null = |member: &&Value| member.get("type") == Some(&Value::from("null"));
        let members: Vec<&Value> = listed(schema, "anyOf").filter(|member| !null(member)).collect();
        match (listed(schema, "anyOf").any(|member| null(&member)), members.as_slice()) {
            (true, [only]) => schema = only,
            _ => return (schema, components),
        }
    }
}

/// Panics if a keyword is not handled, because it would not be tested.
fn assert_known(schema: &Value) {
    for keyword in schema.as_object().into_iter().flat_map(Map::keys) {
        let known = keyword.starts_with("x-")
            || HANDLED_KEYWORDS.contains(&keyword.as_str())
            || IGNORED_KEYWORDS.contains(&keyword.as_str());
        assert!(known, "the keyword `{keyword}` is not handled: {schema}");
    }
    // The type of the value selects the member of a union without a tag.
    let tagged = schema.get("discriminator").is_some();
    let typed = listed(schema, "oneOf").all(|member| member.get("type").is_some());
    assert!(tagged || typed, "a union without a tag is not handled: {schema}");
}

fn listed<'a>(schema: &'a Value, keyword: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    schema.get(keyword).and_then(Value::as_array).into_iter().flatten()
}

fn names(schema: &Value) -> impl Iterator<Item = &str> {
    listed(schema, "required").filter_map(Value::as_str)
}

/// Candidates for invalid values of a schema without references, in place of `valid`. Some may be valid; callers must check.
fn wrong_values(schema: &Value, valid: &Value) -> Vec<(String, Value)> {
    let other_type = if valid.is_string() { json!(7) } else { json!("text") };
    let mut wrong = vec![("null".to_owned(), Value::Null), ("another type".to_owned(), other_type)];
    for keyword in ["enum", "const"].into_iter().filter(|keyword| schema.get(*keyword).is_some()) {
        let unknown = if valid.is_number() { json!(987_654) } else { json!(UNKNOWN_WORD) };
        wrong.push((format!("not of the {keyword}"), unknown));
    }
    if schema.get("pattern").is_some() {
        wrong.push(("not of the pattern".to_owned(), UNKNOWN_WORD.into()));
    }
    if schema["type"] == "integer" {
        wrong.push(("not an integer".to_owned(), json!(1.5)));
    }
    let size = |keyword: &str| schema.get(keyword).and_then(Value::as_u64).map(|size| size as usize);
    if valid.is_string() {
        let below = size("minLength").and_then(|least| least.checked_sub(1));
        let above = size("maxLength").map(|most| most + 1);
        for (label, length) in [("too short", below), ("too long", above)] {
            wrong.extend(length.map(|length| (label.to_owned(), "a".repeat(length).into())));
        }
    }
    if let Some(items) = valid.as_array() {
        let below = size("minItems").and_then(|least| least.checked_sub(1));
        let above = size("maxItems").map(|most| most + 1);
        for (label, length) in [("too few items", below), ("too many items", above)] {
            let repeated = |length| items.iter().cycle().take(length).cloned().collect();
            wrong.extend(length.map(|length| (label.to_owned(), Value::Array(repeated(length)))));
        }
    }
    for (keyword, step) in [("minimum", -1), ("maximum", 1), ("exclusiveMinimum", 0), ("exclusiveMaximum", 0)]
    {
        let beyond = |bound: &Value| match (bound.as_i64(), bound.as_f64()) {
            (Some(bound), _) => Some(json!(bound + step)),
            (None, Some(bound)) if schema["type"] == "integer" => Some(json!(bound as i64 + step)),
            (None, bound) => bound.map(|bound| json!(bound + step as f64)),
        };
        let beyond = schema.get(keyword).and_then(beyond);
        wrong.extend(beyond.map(|beyond| (format!("beyond the {keyword}"), beyond)));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases_of(document: &Value, schema: &Value) -> Vec<String> {
        let shown =
            |case: InvalidValue| format!("{} {}: {}", case.param.unwrap_or_default(), case.label, case.value);
        bodies(document, schema).into_iter().map(shown).collect()
    }

    #[test]
    fn each_case_changes_one_place_and_keeps_the_rest() {
        let schema = json!({"type": "object", "required": ["a"], "additionalProperties": false, "properties": {
            "a": {"type": "integer", "minimum": 1, "maximum": 9},
            "b": {"anyOf": [{"type": "array", "maxItems": 1, "items": {"enum": ["x"]}}, {"type": "null"}]}}});
        let expected = [
            " null: null",
            " another type: \"text\"",
            "a a required member is missing: {\"b\":[\"x\"]}",
            "unknown_member an unknown member: {\"a\":7,\"b\":[\"x\"],\"unknown_member\":true}",
            "a null: {\"a\":null,\"b\":[\"x\"]}",
            "a another type: {\"a\":\"text\",\"b\":[\"x\"]}",
            "a not an integer: {\"a\":1.5,\"b\":[\"x\"]}",
            "a beyond the minimum: {\"a\":0,\"b\":[\"x\"]}",
            "a beyond the maximum: {\"a\":10,\"b\":[\"x\"]}",
            "b another type: {\"a\":7,\"b\":\"text\"}",
            "b too many items: {\"a\":7,\"b\":[\"x\",\"x\"]}",
            "b.0 null: {\"a\":7,\"b\":[null]}",
            "b.0 another type: {\"a\":7,\"b\":[7]}",
            "b.0 not of the enum: {\"a\":7,\"b\":[\"not one word!\"]}",
            "a a required member is missing: {}",
            "unknown_member an unknown member: {\"a\":7,\"unknown_member\":true}",
            "a null: {\"a\":null}",
            "a another type: {\"a\":\"text\"}",
            "a not an integer: {\"a\":1.5}",
            "a beyond the minimum: {\"a\":0}",
            "a beyond the maximum: {\"a\":10}",
        ];
        let (with_nulls, rest): (Vec<String>, Vec<String>) =
            cases_of(&Value::Null, &schema).into_iter().partition(|case| case.contains("\"b\":null"));
        assert_eq!(rest, expected);
        assert_eq!(with_nulls.len(), 7, "{with_nulls:#?}");
    }

    #[test]
    fn every_member_of_a_union_has_cases_even_a_recursive_one() {
        let union = json!({"oneOf": [{"$ref": "#/components/schemas/Leaf"}, {"$ref": "#/components/schemas/Tree"}],
            "discriminator": {"propertyName": "kind", "mapping": {
                "leaf": "#/components/schemas/Leaf", "tree": "#/components/schemas/Tree"}}});
        let member = |tag: &str| json!({"type": "object", "required": ["kind"], "properties": {"kind": {"const": tag}}});
        let mut tree = member("tree");
        tree["properties"]["of"] = json!({"type": "object", "additionalProperties": union});
        let document = json!({"components": {"schemas": {"Leaf": member("leaf"), "Tree": tree}}});
        let found = cases_of(&document, &union);
        let deep = "of.key.kind the tag is missing: {\"kind\":\"tree\",\"of\":{\"key\":{\"of\":{\"key\":{\"kind\":\"leaf\"}}}}}";
        assert!(found.iter().any(|case| case == deep), "{found:#?}");
        assert!(found.iter().any(|case| case.starts_with("of.key.of.key another type")), "{found:#?}");
        assert!(found.iter().all(|case| !case.starts_with("of.key.of.key.of.key.")), "{found:#?}");
        let once = Walk::over(&document, &union, 1).len();
        assert!(0 < once && once < found.len(), "{once} of {}", found.len());
    }
}

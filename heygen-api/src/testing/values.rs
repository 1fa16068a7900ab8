//! Makes a value that is valid for a schema.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::draws::Draws;
use super::schemas::Schemas;
use super::{example, text};

/// The name of a member that the document does not have.
pub(super) const UNKNOWN_MEMBER: &str = "member_of_a_newer_version";

/// A value that no enumeration and no union of the document has.
pub(super) const UNKNOWN_VALUE: &str = "value_of_a_newer_version";

/// Largest number of types inside each other; what is deeper is null. A type that requires itself reaches it, and no type of the
/// document does.
const DEEPEST: usize = 32;

/// What a value contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Content {
    pub(super) required_only: bool,
    pub(super) unknown_member: bool,
    pub(super) unknown_value: bool,
}

/// Makes values from the schemas.
#[derive(Debug, Clone, Copy)]
pub(super) struct Maker<'a> {
    pub(super) schemas: &'a Schemas,
    pub(super) content: Content,
}

/// A place in a value.
#[derive(Debug, Clone)]
struct Place<'a> {
    draws: Draws,
    /// The name of the member, or of the list that the value is an item of.
    name: String,
    /// The types that the place is in, outermost first.
    inside: Vec<&'a str>,
}

impl<'a> Place<'a> {
    fn member(&self, name: &str) -> Self {
        Self { draws: self.draws.at(name), name: name.to_owned(), inside: self.inside.clone() }
    }

    fn item(&self, index: usize) -> Self {
        let name = self.name.strip_suffix('s').unwrap_or(&self.name).to_owned();
        Self { draws: self.draws.at(&index.to_string()), name, inside: self.inside.clone() }
    }

    fn within(&self, name: &'a str) -> Self {
        let mut place = self.clone();
        place.inside.push(name);
        place
    }

    /// The same place with other choices, to make a list whose items differ.
    fn again(&self, attempt: usize) -> Self {
        Self { draws: self.draws.at(&format!("attempt {attempt}")).drawn(), ..self.clone() }
    }
}

impl<'a> Maker<'a> {
    /// A value of the type or operation `root`, for its schema.
    pub(super) fn value(&self, seed: u64, root: &'a str, schema: &'a Value) -> Value {
        let is_type = self.schemas.of_type(root).is_some();
        let inside = if is_type { vec![root] } else { Vec::new() };
        self.of(schema, &Place { draws: Draws::new(seed, root), name: root.to_owned(), inside })
    }

    fn of(&self, schema: &'a Value, place: &Place<'a>) -> Value {
        if place.draws.are_canonical()
            && !self.has_unknown_value(self.target(schema))
            && let Some(example) = example::of(self.schemas, schema)
        {
            return example;
        }
        if let Some(name) = reference(schema) {
            if place.inside.len() > DEEPEST {
                return Value::Null;
            }
            return self.of(self.target(schema), &place.within(name));
        }
        if self.has_unknown_value(schema) {
            return match schema.get("tag").and_then(Value::as_str) {
                Some(tag) => json!({tag: UNKNOWN_VALUE}),
                None => UNKNOWN_VALUE.into(),
            };
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            let picked = place.draws.pick(values.iter().collect(), |value| value.to_string());
            return picked.cloned().unwrap_or_default();
        }
        if let Some(tag) = schema.get("tag").and_then(Value::as_str) {
            return self.union(schema, tag, place);
        }
        if let Some(members) = schema.get("members").and_then(Value::as_array) {
            let picked = place.draws.pick(members.iter().collect(), |member| member.to_string());
            return picked.map_or(Value::Null, |member| self.of(member, place));
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("object") if schema.get("properties").is_some() => self.object(schema, place),
            Some("object") => self.map(schema, place),
            Some("array") => self.array(schema, place),
            Some("integer") => integer(schema, place).into(),
            Some("number") => number(schema, place).into(),
            Some("boolean") => (place.draws.are_canonical() || place.draws.below(2) == 1).into(),
            _ if schema.get("properties").is_some() => self.object(schema, place),
            // A text is valid where the schema allows anything.
            _ => text::of(schema, &place.name, place.draws).into(),
        }
    }

    /// The schema that a schema refers to, or the schema itself.
    fn target(&self, schema: &'a Value) -> &'a Value {
        reference(schema).map_or(schema, |name| self.schemas.of_type(name).unwrap_or(&Value::Null))
    }

    fn has_unknown_value(&self, schema: &Value) -> bool {
        let is_enum = || schema.get("enum").is_some() && schema.get("type") == Some(&"string".into());
        self.content.unknown_value && (schema.get("tag").is_some() || is_enum())
    }

    /// One variant, with its tag.
    fn union(&self, schema: &'a Value, tag: &str, place: &Place<'a>) -> Value {
        let all = schema.get("variants").and_then(Value::as_array).into_iter().flatten();
        let all = all.filter_map(|variant| Some((variant.get("value")?.as_str()?, variant)));
        // A recursive type ends at a variant that does not contain it.
        let (inside, outside): (Vec<_>, Vec<_>) =
            all.partition(|(_, variant)| self.is_inside(variant, place));
        let options = if outside.is_empty() { inside } else { outside };
        let picked = place.draws.pick(options, |(value, _)| (*value).to_owned());
        let Some((value, variant)) = picked else { return Value::Null };
        match self.of(variant, place) {
            Value::Object(members) => {
                let tagged = members.into_iter().chain([(tag.to_owned(), value.into())]);
                sorted(tagged)
            }
            other => other,
        }
    }

    /// Whether a schema is a type that the place is in.
    fn is_inside(&self, schema: &Value, place: &Place<'_>) -> bool {
        reference(schema).is_some_and(|name| place.inside.contains(&name))
    }

    fn object(&self, schema: &'a Value, place: &Place<'a>) -> Value {
        let required: BTreeSet<&str> = texts(schema, "required").chain(condition(schema)).collect();
        let excluded: BTreeSet<&str> =
            other_conditions(schema).filter(|name| !required.contains(name)).collect();
        let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let properties = properties.filter(|(name, property)| {
            let wanted = !self.content.required_only && !self.is_inside(property, place);
            required.contains(name.as_str()) || wanted && !excluded.contains(name.as_str())
        });
        let members =
            properties.map(|(name, property)| (name.clone(), self.of(property, &place.member(name))));
        let unknown = (UNKNOWN_MEMBER.to_owned(), json!({"added": true}));
        sorted(members.chain(self.content.unknown_member.then_some(unknown)))
    }

    /// An object whose members have any names.
    fn map(&self, schema: &'a Value, place: &Place<'a>) -> Value {
        let least = text::length(schema, "minProperties").unwrap_or(0);
        let count = if self.content.required_only { least } else { least.max(1) };
        let value = |name: &str| match schema.get("additionalProperties") {
            Some(values) => self.of(values, &place.member(name)),
            None => text::of(&Value::Null, "value", place.draws.at(name)).into(),
        };
        let names =
            (1..=count).map(|number| if number == 1 { "key".to_owned() } else { format!("key_{number}") });
        sorted(names.map(|name| {
            let value = value(&name);
            (name, value)
        }))
    }

    fn array(&self, schema: &'a Value, place: &Place<'a>) -> Value {
        let items = schema.get("items").unwrap_or(&Value::Null);
        let count = self.count(schema, items, place);
        let is_unique = schema.get("uniqueItems").and_then(Value::as_bool) == Some(true);
        let mut made: Vec<Value> = Vec::new();
        for index in 0..count {
            let place = place.item(index);
            let item = self.of(items, &place);
            let attempts = (1..64).map(|attempt| self.of(items, &place.again(attempt)));
            match is_unique {
                true => made.extend([item].into_iter().chain(attempts).find(|item| !made.contains(item))),
                false => made.push(item),
            }
        }
        made.into()
    }

    /// The number of items of a list.
    fn count(&self, schema: &Value, items: &Value, place: &Place<'_>) -> usize {
        let least = text::length(schema, "minItems").unwrap_or(0);
        let most = text::length(schema, "maxItems").unwrap_or(usize::MAX).max(least);
        let wanted = match place.draws.are_canonical() {
            true => 1,
            false => usize::try_from(place.draws.at("count").between(1, 3)).unwrap_or(1),
        };
        match self.content.required_only || self.is_inside(items, place) {
            true => least,
            false => wanted.clamp(least, most),
        }
    }
}

fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()
}

/// The strings of a list.
fn texts<'a>(schema: &'a Value, keyword: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    schema.get(keyword).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// The properties that the first of the schema's conditions requires.
fn condition(schema: &Value) -> impl Iterator<Item = &str> {
    let first = ["anyOf", "oneOf"].into_iter().filter_map(|keyword| schema.get(keyword)?.get(0));
    let all = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
    first.chain(all).flat_map(|condition| texts(condition, "required"))
}

/// The properties that only the conditions after the first require, of which exactly one may hold.
fn other_conditions(schema: &Value) -> impl Iterator<Item = &str> {
    let conditions = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    conditions.skip(1).flat_map(|condition| texts(condition, "required"))
}

/// An object with its members in the order of their names, whichever order `serde_json::Map` keeps.
fn sorted(members: impl Iterator<Item = (String, Value)>) -> Value {
    Value::Object(members.collect::<BTreeMap<_, _>>().into_iter().collect())
}

/// Bounds of a number, as far as the schema has them.
fn bounds(schema: &Value) -> (Option<f64>, Option<f64>) {
    let bound = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
    (bound("minimum"), bound("maximum"))
}

fn is_exclusive(schema: &Value, keyword: &str) -> bool {
    schema.get(keyword).and_then(Value::as_bool) == Some(true)
}

fn integer(schema: &Value, place: &Place<'_>) -> i64 {
    let bound = |keyword: &str| schema.get(keyword).and_then(Value::as_i64);
    let low = bound("minimum").map(|low| low.saturating_add(is_exclusive(schema, "exclusiveMinimum").into()));
    let high =
        bound("maximum").map(|high| high.saturating_sub(is_exclusive(schema, "exclusiveMaximum").into()));
    let fits = |value: i64| low.is_none_or(|low| low <= value) && high.is_none_or(|high| value <= high);
    let second = text::second(place.draws);
    if text::is_time(&place.name) && fits(second) {
        return second;
    }
    // Small numbers are easy to read.
    let low = low.unwrap_or(1).min(high.unwrap_or(i64::MAX));
    let low = if low < 1 && high.is_none_or(|high| high >= 1) { 1 } else { low };
    let drawn = place.draws.between(low, high.unwrap_or(i64::MAX).min(low.saturating_add(99)));
    let step = bound("multipleOf").filter(|step| *step > 0).unwrap_or(1);
    let multiple = drawn.saturating_sub(drawn.rem_euclid(step));
    if fits(multiple) { multiple } else { multiple.saturating_add(step) }
}

fn number(schema: &Value, place: &Place<'_>) -> f64 {
    let (low, high) = bounds(schema);
    let low = low.unwrap_or_else(|| high.map_or(0.0, |high| high.min(0.0)));
    let high = high.unwrap_or(low + 100.0).min(low + 100.0);
    // Quarters are exact in binary, and they are never a bound of the range.
    let quarters = ((high - low) * 4.0).floor();
    match quarters >= 2.0 {
        true => low + f64::from(quarter(place, quarters)) / 4.0,
        false => (low + high) / 2.0,
    }
}

/// A number from 1 to `quarters`, exclusive.
fn quarter(place: &Place<'_>, quarters: f64) -> i32 {
    let drawn = place.draws.between(1, 399);
    let fitting = (1..400).rev().find(|number| f64::from(*number) < quarters).unwrap_or(1);
    i32::try_from(drawn).unwrap_or(1).rem_euclid(fitting) + 1
}

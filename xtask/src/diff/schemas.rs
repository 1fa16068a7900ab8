//! Compares schemas, recursively.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::effect::Direction;
use super::kind::Kind;
use super::report::{Place, Report};
use super::shape::Shape;
use crate::walk;

/// Two schemas at one place of an operation or a component.
#[derive(Clone)]
pub struct Pair<'a> {
    /// The schema in the older document.
    pub old: &'a Value,
    /// The schema in the newer document.
    pub new: &'a Value,
    /// The place of the schemas.
    pub place: Place,
    /// The direction in which its values are sent.
    pub direction: Direction,
}

/// Compares pairs of schemas. Components are compared once, not at each place that refers to them.
pub struct Schemas<'a> {
    old: &'a Value,
    new: &'a Value,
    /// Renamed components: old name to new name.
    renamed: &'a BTreeMap<String, String>,
    /// Pairs that are being compared, from the outermost on.
    entered: BTreeSet<(String, String)>,
}

impl<'a> Schemas<'a> {
    /// Creates a comparison of two documents.
    pub fn new(old: &'a Value, new: &'a Value, renamed: &'a BTreeMap<String, String>) -> Self {
        Self { old, new, renamed, entered: BTreeSet::new() }
    }

    /// Compares two schemas at one place, and reports the changes.
    pub fn compare(&mut self, pair: &Pair<'_>, report: &mut Report) {
        let (old, new) = (Shape::at_place(self.old, pair.old), Shape::at_place(self.new, pair.new));
        match (&old.target, &new.target) {
            (None, None) => self.shapes(&old, &new, pair, report),
            // The component itself is compared once, elsewhere.
            (Some(before), Some(now)) if before == now || self.renamed.get(before) == Some(now) => {
                compare_place_keywords(&old, &new, pair, report);
            }
            _ if self.compare_with_union(&old, &new, pair, report) => {
                compare_place_keywords(&old, &new, pair, report)
            }
            (before, now) => {
                // A recursive schema leads to the same pair again.
                let key = |target: &Option<String>, schema: &Value| {
                    target.clone().unwrap_or_else(|| schema.to_string())
                };
                let key = (key(before, pair.old), key(now, pair.new));
                if self.entered.insert(key.clone()) {
                    self.shapes(&Shape::of(self.old, pair.old), &Shape::of(self.new, pair.new), pair, report);
                    self.entered.remove(&key);
                }
            }
        }
    }

    /// Reports a component that became a member of a union in its place, or a union that became one of its members. Returns
    /// whether this is the case.
    fn compare_with_union(&self, old: &Shape, new: &Shape, pair: &Pair<'_>, report: &mut Report) -> bool {
        let members = |document: &Value, schema: &Value| {
            let members = Shape::of(document, schema).members.into_iter();
            members
                .map(|member| walk::reference(&member).unwrap_or("another schema").to_owned())
                .collect::<Vec<_>>()
        };
        let listed =
            |names: &[String]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let now_named = |name: &String| self.renamed.get(name).unwrap_or(name).clone();
        let (before, now) = (members(self.old, pair.old), members(self.new, pair.new));
        let joined = old.target.as_ref().is_some_and(|one| now.contains(&now_named(one)));
        let left = new.target.as_ref().is_some_and(|one| before.iter().any(|name| now_named(name) == *one));
        match (joined, left) {
            (true, _) => report.add(Kind::BecameUnion, &pair.place, pair.direction, "", &listed(&now)),
            (_, true) => report.add(Kind::CeasedUnion, &pair.place, pair.direction, &listed(&before), ""),
            _ => return false,
        }
        true
    }

    /// Compares the two versions of a component.
    pub fn component(&mut self, pair: &Pair<'_>, report: &mut Report) {
        self.shapes(&Shape::of(self.old, pair.old), &Shape::of(self.new, pair.new), pair, report);
    }

    fn shapes(&mut self, old: &Shape, new: &Shape, pair: &Pair<'_>, report: &mut Report) {
        compare_place_keywords(old, new, pair, report);
        let (place, direction) = (&pair.place, pair.direction);
        let mut add = |kind: Kind, old: &dyn ToString, new: &dyn ToString| {
            report.add(kind, place, direction, &old.to_string(), &new.to_string());
        };
        let (old_words, new_words) = (old.words(), new.words());
        if old_words != new_words {
            add(Kind::TypeChanged, &old_words, &new_words);
        }
        if old.format != new.format {
            add(Kind::FormatChanged, &or_none(old.format.as_deref()), &or_none(new.format.as_deref()));
        }
        match (&old.values, &new.values) {
            (Some(old), Some(new)) => {
                old.difference(new).for_each(|value| add(Kind::ValueRemoved, value, &""));
                new.difference(old).for_each(|value| add(Kind::ValueAdded, &"", value));
            }
            (None, Some(new)) => add(Kind::ValuesClosed, &"", &listed(new)),
            (Some(old), None) => add(Kind::ValuesOpened, &listed(old), &""),
            (None, None) => {}
        }
        bounds(old, new, &mut add);
        for key in old.other.keys().chain(new.other.keys()).collect::<BTreeSet<_>>() {
            if old.other.get(key) != new.other.get(key) {
                add(Kind::RuleChanged, &"", &format!("`{key}`"));
            }
        }
        self.properties(old, new, pair, report);
        self.additional(old, new, pair, report);
        if let (Some(old), Some(new)) = (&old.items, &new.items) {
            self.compare(&pair.below(old, new, "[]", "items"), report);
        }
        self.members(old, new, pair, report);
    }

    fn properties(&mut self, old: &Shape, new: &Shape, pair: &Pair<'_>, report: &mut Report) {
        for (name, schema) in &old.properties {
            let place = pair.place.field(name);
            let Some(newer) = new.properties.get(name) else {
                report.add(Kind::FieldRemoved, &place, pair.direction, "", "");
                continue;
            };
            match (old.required.contains(name), new.required.contains(name)) {
                (false, true) => report.add(Kind::FieldRequired, &place, pair.direction, "", ""),
                (true, false) => report.add(Kind::FieldOptional, &place, pair.direction, "", ""),
                _ => {}
            }
            self.compare(&Pair { old: schema, new: newer, place, direction: pair.direction }, report);
        }
        for name in new.properties.keys().filter(|name| !old.properties.contains_key(*name)) {
            let required = new.required.contains(name);
            let kind = if required { Kind::RequiredFieldAdded } else { Kind::FieldAdded };
            report.add(kind, &pair.place.field(name), pair.direction, "", "");
        }
    }

    fn additional(&mut self, old: &Shape, new: &Shape, pair: &Pair<'_>, report: &mut Report) {
        let refused = |schema: &Option<Value>| schema.as_ref() == Some(&Value::Bool(false));
        match (refused(&old.additional), refused(&new.additional)) {
            (true, false) => report.add(Kind::ExtraAllowed, &pair.place, pair.direction, "", ""),
            (false, true) => report.add(Kind::ExtraForbidden, &pair.place, pair.direction, "", ""),
            (true, true) => {}
            (false, false) => {
                let anything = Value::Bool(true);
                let (old, new) = (old.additional.as_ref(), new.additional.as_ref());
                if old.is_some() || new.is_some() {
                    let (old, new) = (old.unwrap_or(&anything), new.unwrap_or(&anything));
                    self.compare(&pair.below(old, new, "{}", "additionalProperties"), report);
                }
            }
        }
    }

    fn members(&mut self, old: &Shape, new: &Shape, pair: &Pair<'_>, report: &mut Report) {
        if old.members.is_empty() || new.members.is_empty() {
            return;
        }
        if old.tag != new.tag {
            let (old, new) = (or_none(old.tag.as_deref()), or_none(new.tag.as_deref()));
            report.add(Kind::TagChanged, &pair.place, pair.direction, &old, &new);
        }
        let before = named_members(self.old, old, Some(self.renamed));
        let after = named_members(self.new, new, None);
        for (name, schema) in &before {
            match after.get(name) {
                None => report.add(Kind::MemberRemoved, &pair.place, pair.direction, name, ""),
                Some(newer) => {
                    self.compare(
                        &pair.below(schema, newer, &format!("({})", name.trim_matches('`')), ""),
                        report,
                    );
                }
            }
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            report.add(Kind::MemberAdded, &pair.place, pair.direction, "", name);
        }
    }
}

impl Pair<'_> {
    fn below<'b>(&self, old: &'b Value, new: &'b Value, step: &str, pointer: &str) -> Pair<'b> {
        Pair { old, new, place: self.place.step(step, pointer), direction: self.direction }
    }
}

/// The members of a union by name: the value of the tag, the component or, if there is neither, the type.
fn named_members(
    document: &Value,
    shape: &Shape,
    renamed: Option<&BTreeMap<String, String>>,
) -> BTreeMap<String, Value> {
    let mut named = BTreeMap::new();
    for member in &shape.members {
        let component = walk::reference(member);
        let by_mapping = shape.mapping.iter().find(|(_, target)| {
            component.is_some_and(|name| *target == name || target.rsplit('/').next() == Some(name))
        });
        let inner = Shape::of(document, member);
        let by_constant = shape.tag.as_ref().and_then(|tag| {
            let tagged = Shape::of(document, inner.properties.get(tag)?);
            let values = tagged.values?;
            let [value] = values.iter().collect::<Vec<_>>()[..] else { return None };
            Some(value.trim_matches('"').to_owned())
        });
        let by_component = component.map(|name| match renamed.and_then(|renamed| renamed.get(name)) {
            Some(now) => now.clone(),
            None => name.to_owned(),
        });
        let name = by_mapping.map(|(tag, _)| tag.clone()).or(by_constant).or(by_component);
        let mut name = name.unwrap_or_else(|| match inner.format.as_deref() {
            Some(format) => format!("{} ({format})", inner.words()),
            None => inner.words(),
        });
        while named.contains_key(&format!("`{name}`")) {
            name.push('\'');
        }
        named.insert(format!("`{name}`"), member.clone());
    }
    named
}

fn bounds(old: &Shape, new: &Shape, add: &mut dyn FnMut(Kind, &dyn ToString, &dyn ToString)) {
    let keys: BTreeSet<&String> = old.bounds.keys().chain(new.bounds.keys()).collect();
    for key in keys {
        let words = |value: Option<&Value>| {
            value.map_or_else(|| format!("no `{key}`"), |value| format!("`{key}` {value}"))
        };
        let (old, new) = (old.bounds.get(key), new.bounds.get(key));
        if old != new {
            add(tightening(key, old, new), &words(old), &words(new));
        }
    }
}

/// Whether the change of a bound allows fewer values or more.
fn tightening(key: &str, old: Option<&Value>, new: Option<&Value>) -> Kind {
    let (old, new) = match (old, new) {
        (None, _) => return Kind::BoundTightened,
        (_, None) => return Kind::BoundLoosened,
        (Some(old), Some(new)) => (old.as_f64(), new.as_f64()),
    };
    let is_lower = key.to_lowercase().contains("min");
    match (old, new) {
        (Some(old), Some(new)) if key != "multipleOf" => {
            if (new > old) == is_lower {
                Kind::BoundTightened
            } else {
                Kind::BoundLoosened
            }
        }
        _ => Kind::BoundChanged,
    }
}

/// Compares the keywords that belong to the place, not to the component that it refers to.
fn compare_place_keywords(old: &Shape, new: &Shape, pair: &Pair<'_>, report: &mut Report) {
    let mut add = |kind: Kind, old: &str, new: &str| report.add(kind, &pair.place, pair.direction, old, new);
    if old.nullable != new.nullable {
        add(if new.nullable { Kind::NullAllowed } else { Kind::NullForbidden }, "", "");
    }
    if old.default != new.default {
        add(Kind::DefaultChanged, &or_unset(old.default.as_ref()), &or_unset(new.default.as_ref()));
    }
    if old.deprecated != new.deprecated {
        add(if new.deprecated { Kind::FieldDeprecated } else { Kind::FieldRevived }, "", "");
    }
    if old.access != new.access {
        add(Kind::AccessChanged, &or_none(old.access), &or_none(new.access));
    }
    if old.description != new.description {
        add(Kind::TextChanged, "", "");
    }
}

fn or_none(value: Option<&str>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| format!("`{value}`"))
}

fn or_unset(value: Option<&Value>) -> String {
    value.map_or_else(|| "unset".to_owned(), |value| format!("`{value}`"))
}

fn listed(values: &BTreeSet<String>) -> String {
    values.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

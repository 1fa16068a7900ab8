//! `cargo xtask spec lint --fix`: proposes overlay actions for findings. Each proposal is tried: with it, the finding is gone
//! and no other one appears at its place. A person decides whether it is right.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Context, Result};
use heck::{ToLowerCamelCase, ToUpperCamelCase};
use serde_json::{Value, json};

use crate::diagnostic::Diagnostic;
use crate::generate;
use crate::names_lock::NamesLock;
use crate::overlay::{self, Overlay};
use crate::walk;

/// An action for the overlay.
#[derive(Debug, Clone, PartialEq)]
struct Action {
    target: String,
    /// What to merge; `None` to remove the target.
    update: Option<Value>,
}

/// What `--fix` has found.
#[derive(Debug, Default)]
pub struct Proposals {
    /// The actions, in the style of `openapi/overlay.yaml`.
    pub text: String,
    /// Findings that have a proposal.
    pub answered: usize,
    /// Findings without a proposal.
    pub open: Vec<Diagnostic>,
}

/// Proposes actions for all findings of a document with this overlay.
///
/// # Errors
///
/// The overlay is not valid.
pub fn propose(document: &Value, overlay_text: &str, lock: &NamesLock) -> Result<Proposals> {
    let mut proposals = Proposals::default();
    let findings = |added: &str| -> Result<Vec<Diagnostic>> {
        let overlay = with(overlay_text, added)?;
        Ok(generate::prepare(document.clone(), &overlay, lock).err().map(|found| found.0).unwrap_or_default())
    };
    let mut left = findings("")?;
    while let Some(finding) = left.first().cloned() {
        let known: BTreeSet<_> =
            left.iter().chain(&proposals.open).map(|one| (one.rule, one.place.clone())).collect();
        let published = overlay::apply_all(document.clone(), &with(overlay_text, &proposals.text)?).document;
        let mut answer = None;
        for actions in candidates(&finding, &published) {
            let added =
                actions.iter().map(|action| written(action, &finding.problem)).collect::<Result<String>>()?;
            let all = format!("{}{added}", proposals.text);
            let found = findings(&all)?;
            // The stages after a finding may have findings of their own, but not at this place.
            let is_new = |one: &Diagnostic| {
                one.place.starts_with(&finding.place) && !known.contains(&(one.rule, one.place.clone()))
            };
            if !found.contains(&finding) && !found.iter().any(is_new) {
                answer = Some((all, found));
                break;
            }
        }
        match answer {
            Some((text, found)) => {
                proposals.text = text;
                left = found;
                proposals.answered += 1;
            }
            None => proposals.open.push(finding),
        }
        left.retain(|one| !proposals.open.contains(one));
    }
    // An action may answer more than the finding that it was proposed for.
    let unanswered = findings(&proposals.text)?;
    proposals.open.retain(|one| unanswered.contains(one));
    Ok(proposals)
}

/// The overlay with more actions.
fn with(text: &str, added: &str) -> Result<Overlay> {
    overlay::parse(&format!("{}\n{added}", text.trim_end()))
        .context("the overlay with the proposals is not valid")
}

/// An action in the style of the file.
fn written(action: &Action, problem: &str) -> Result<String> {
    let mut out = format!(
        "  - target: {}\n    description: {}\n",
        quoted(&action.target)?,
        quoted(&sentence(problem))?
    );
    match &action.update {
        None => out.push_str("    remove: true\n"),
        Some(update) => {
            out.push_str("    update:\n");
            for line in serde_norway::to_string(update)?.lines() {
                let _ = writeln!(out, "      {line}");
            }
        }
    }
    Ok(out)
}

fn quoted(text: &str) -> Result<String> {
    Ok(serde_norway::to_string(text)?.trim_end().to_owned())
}

fn sentence(problem: &str) -> String {
    let mut letters = problem.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}

/// Where a finding is.
struct Place<'a> {
    pointer: String,
    value: &'a Value,
}

impl<'a> Place<'a> {
    /// Reads a JSON pointer, or method and path of an operation.
    fn of(place: &str, document: &'a Value) -> Option<Self> {
        let pointer = match place.strip_prefix('#') {
            Some(pointer) => pointer.to_owned(),
            None => {
                let mut words = place.split(' ');
                let (method, path) = (words.next()?.to_lowercase(), words.next()?);
                format!("/paths/{}/{method}", walk::escape(path))
            }
        };
        Some(Self { value: document.pointer(&pointer)?, pointer })
    }

    /// A JSONPath query for this place, or for one below it.
    fn target(&self, below: &str) -> String {
        let steps = self.pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"));
        let path: String = steps.map(|step| step_of(&step)).collect();
        format!("${path}{below}")
    }

    fn remove(&self, below: &str) -> Vec<Action> {
        vec![Action { target: self.target(below), update: None }]
    }

    fn update(&self, below: &str, update: Value) -> Vec<Action> {
        vec![Action { target: self.target(below), update: Some(update) }]
    }
}

fn step_of(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match name.parse::<usize>() {
        Ok(index) => format!("[{index}]"),
        Err(_) if name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()) => {
            format!(".{name}")
        }
        Err(_) => format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'")),
    }
}

/// What may answer a finding, the best first.
fn candidates(finding: &Diagnostic, document: &Value) -> Vec<Vec<Action>> {
    let Some(place) = Place::of(&finding.place, document) else { return Vec::new() };
    let named: Vec<&str> = finding.problem.split('`').skip(1).step_by(2).collect();
    let last_step = || place.pointer.rsplit('/').next().unwrap_or_default().to_owned();
    match finding.rule {
        "ignored-section" | "operation-server" | "security-scheme" | "keyword-type"
        | "dropshot-extension" => {
            vec![place.remove("")]
        }
        "schema-keyword" | "reference-siblings" => {
            named.iter().map(|name| place.remove(&step_of(name))).collect()
        }
        "additional-members" => vec![place.remove(".additionalProperties")],
        "enum-type" => vec![place.remove(".enum")],
        "array-items" => vec![place.update("", json!({"items": {}}))],
        "schema-type" => {
            let kinds = [("properties", "object"), ("items", "array"), ("enum", "string")];
            let fitting = kinds.iter().filter(|(keyword, _)| place.value.get(keyword).is_some());
            fitting.map(|(_, kind)| place.update("", json!({"type": kind}))).collect()
        }
        "type-name" | "type-name-collision" => {
            let name = last_step().to_upper_camel_case();
            let endings = ["Details", "Value", "Item"];
            endings
                .iter()
                .map(|end| place.update("", json!({"x-rust-name": format!("{name}{end}")})))
                .collect()
        }
        "body-name" => {
            let names = named.iter().skip(1).map(|id| format!("{}Request", id.to_upper_camel_case()));
            names.map(|name| place.update("", json!({"x-rust-name": name}))).collect()
        }
        "field-name" | "field-name-collision" => {
            named.iter().rev().map(|name| place.remove(&format!(".properties{}", step_of(name)))).collect()
        }
        "variant-name-collision" => {
            named.iter().rev().map(|value| place.remove(&format!(".enum[?@ == '{value}']"))).collect()
        }
        "untagged-union" => {
            tag_of(place.value, document).map(|tag| require(place.value, &tag)).into_iter().collect()
        }
        "union-tag-optional" => {
            let tag = place.value.pointer("/discriminator/propertyName").and_then(Value::as_str);
            tag.map(|tag| require(place.value, tag)).into_iter().collect()
        }
        "dangling-reference" => {
            let component = place.value.get("$ref").and_then(|_| walk::reference(place.value));
            let update = |name: &str| {
                vec![Action { target: "$.components.schemas".into(), update: Some(json!({name: {}})) }]
            };
            component.map(update).into_iter().collect()
        }
        "operation-id-missing" | "operation-id-twice" | "operation-name-collision" => {
            vec![place.update("", json!({"operationId": operation_id(&place.pointer)}))]
        }
        "path-parameter-optional" => {
            vec![place.update(".parameters[?@.in == 'path']", json!({"required": true}))]
        }
        "parameter-schema" => named.first().map_or_else(Vec::new, |name| {
            let parameter = format!(".parameters[?@.name == '{name}']");
            let mut actions = place.remove(&format!("{parameter}.schema"));
            actions.extend(place.update(&parameter, json!({"schema": {"type": "string"}})));
            vec![actions]
        }),
        "page-limit" => vec![place.update(".parameters[?@.name == 'limit'].schema", json!({"maximum": 100}))],
        "resource-name" => vec![place.remove(".tags")],
        "request-media-types" => {
            vec![others(&place, ".requestBody.content", "/requestBody/content", "application/json")]
        }
        "response-media-types" => {
            let all = place.value.get("responses").and_then(Value::as_object).into_iter().flatten();
            let of_status = |(status, _): (&String, &Value)| {
                let below = format!(".responses['{status}'].content");
                others(&place, &below, &format!("/responses/{status}/content"), "application/json")
            };
            vec![all.flat_map(of_status).collect()]
        }
        "success-types-differ" | "success-bodies-differ" => {
            let all = place.value.get("responses").and_then(Value::as_object).into_iter().flatten();
            let successes: Vec<&String> =
                all.map(|(status, _)| status).filter(|status| walk::is_success(status)).collect();
            vec![
                successes
                    .iter()
                    .skip(1)
                    .flat_map(|status| place.remove(&format!(".responses['{status}']")))
                    .collect(),
            ]
        }
        _ => Vec::new(),
    }
}

/// Removes the members of an object except one.
fn others(place: &Place<'_>, below: &str, pointer: &str, kept: &str) -> Vec<Action> {
    let all = place.value.pointer(pointer).and_then(Value::as_object).filter(|all| all.contains_key(kept));
    let others = all.into_iter().flatten().map(|(name, _)| name).filter(|name| *name != kept);
    others.flat_map(|name| place.remove(&format!("{below}{}", step_of(name)))).collect()
}

/// The components that are members of a union.
fn members(union: &Value) -> Vec<&str> {
    let members = ["oneOf", "anyOf"].iter().find_map(|keyword| union.get(keyword)?.as_array());
    members.into_iter().flatten().filter_map(walk::reference).collect()
}

/// A property that has another constant in each member of a union.
fn tag_of(union: &Value, document: &Value) -> Option<String> {
    let all: Vec<&Value> =
        members(union).into_iter().filter_map(|name| walk::component(document, name)).collect();
    let constant = |member: &Value, name: &str| {
        let property = member.pointer(&format!("/properties/{}", walk::escape(name)))?;
        let values = property.get("enum").and_then(Value::as_array).filter(|values| values.len() == 1);
        property.get("const").or(values.and_then(|values| values.first())).map(Value::to_string)
    };
    let properties = all.first()?.get("properties")?.as_object()?;
    let differs = |name: &&String| {
        let values: Option<BTreeSet<String>> = all.iter().map(|member| constant(member, name)).collect();
        values.is_some_and(|values| values.len() == all.len())
    };
    properties.keys().find(differs).cloned()
}

/// Makes the tag of a union required in its members.
fn require(union: &Value, tag: &str) -> Vec<Action> {
    let names: Vec<String> = members(union).iter().map(|name| format!("'{name}'")).collect();
    let target = format!("$.components.schemas[{}]", names.join(","));
    vec![Action { target, update: Some(json!({"required": [tag]})) }]
}

/// An `operationId` made of method and path.
fn operation_id(pointer: &str) -> String {
    let mut steps = pointer.split('/').skip(2);
    let path = steps.next().unwrap_or_default().replace("~1", " ").replace(['{', '}', '-', '_'], " ");
    let path = path.trim_start_matches(" v3");
    format!("{} {path}", steps.next().unwrap_or_default()).to_lower_camel_case()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_as_a_jsonpath() {
        let document = json!({"paths": {"/v3/a/{id}": {"get": {"x": [1]}}}, "components": {"schemas": {"A": {"b-c": {}}}}});
        let target = |place: &str| Place::of(place, &document).unwrap().target("");
        assert_eq!(target("#/paths/~1v3~1a~1{id}/get/x/0"), "$.paths['/v3/a/{id}'].get.x[0]");
        assert_eq!(target("GET /v3/a/{id} (getA)"), "$.paths['/v3/a/{id}'].get");
        assert_eq!(target("#/components/schemas/A/b-c"), "$.components.schemas.A['b-c']");
    }

    #[test]
    fn an_operation_id_is_made_of_method_and_path() {
        assert_eq!(operation_id("/paths/~1v3~1brand-kits~1{kit_id}/get"), "getBrandKitsKitId");
    }
}

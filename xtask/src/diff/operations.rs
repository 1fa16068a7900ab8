//! Compares operations: added and removed ones, and all parts of the others except shared schemas.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::effect::Direction;
use super::kind::Kind;
use super::report::{Place, Report};
use super::schemas::{Pair, Schemas};
use crate::document::resolve;
use crate::lower::names::method_name;
use crate::names_lock::NamesLock;
use crate::walk::{self, Operation};

/// How many references are followed from one place.
const MAX_REFERENCES: usize = 8;

/// The same operation in the older and in the newer document.
struct OperationPair<'a> {
    old: Operation<'a>,
    new: Operation<'a>,
}

/// Compares the operations of two documents.
pub fn compare(old: &Value, new: &Value, names: &NamesLock, schemas: &mut Schemas<'_>, report: &mut Report) {
    let place = |operation: &Operation<'_>| place(operation, names);
    let (pairs, removed, added) = pair(walk::operations(old), walk::operations(new));
    for operation in removed {
        report.add(Kind::OperationRemoved, &place(&operation), Direction::Both, "", "");
    }
    for operation in added {
        report.add(Kind::OperationAdded, &place(&operation), Direction::Both, "", "");
    }
    for pair in &pairs {
        Comparison { old, new, pair, place: place(&pair.new), schemas, report }.run();
    }
}

fn place(operation: &Operation<'_>, names: &NamesLock) -> Place {
    let id = operation.id();
    let method = names.operations.get(&id).cloned().unwrap_or_else(|| method_name(&id, operation.path));
    Place {
        subject: title(operation),
        path: String::new(),
        pointer: format!("#/paths/{}/{}", walk::escape(operation.path), operation.method),
        item: Some(format!("Client::{method}")),
        has_fields: false,
    }
}

/// `POST /v3/videos`.
pub fn title(operation: &Operation<'_>) -> String {
    format!("{} {}", operation.method.to_uppercase(), operation.path)
}

/// Pairs operations: by path and method, then by `operationId`, then by paths that differ only in parameter names.
fn pair<'a>(
    old: Vec<Operation<'a>>,
    new: Vec<Operation<'a>>,
) -> (Vec<OperationPair<'a>>, Vec<Operation<'a>>, Vec<Operation<'a>>) {
    let mut pairs = Vec::new();
    let (mut old, mut new) = (old, new);
    let keys: [fn(&Operation<'_>) -> String; 3] = [
        title,
        |operation| operation.id(),
        |operation| {
            let parts = operation.path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
            format!("{} {}", operation.method, parts.collect::<Vec<_>>().join("/"))
        },
    ];
    for key in keys {
        let mut by_key: BTreeMap<String, Operation<'a>> = new.iter().map(|one| (key(one), *one)).collect();
        old.retain(|one| match by_key.remove(&key(one)) {
            Some(other) => {
                new.retain(|one| title(one) != title(&other));
                pairs.push(OperationPair { old: *one, new: other });
                false
            }
            None => true,
        });
    }
    (pairs, old, new)
}

/// The operations that have another id in the newer document: old id to new id.
pub fn renamed(old: &Value, new: &Value) -> BTreeMap<String, String> {
    let (pairs, _, _) = pair(walk::operations(old), walk::operations(new));
    let ids = pairs.iter().map(|pair| (pair.old.id(), pair.new.id()));
    ids.filter(|(before, now)| before != now).collect()
}

struct Comparison<'c, 's, 'a> {
    old: &'c Value,
    new: &'c Value,
    pair: &'c OperationPair<'c>,
    place: Place,
    schemas: &'c mut Schemas<'s>,
    report: &'a mut Report,
}

impl Comparison<'_, '_, '_> {
    fn add(&mut self, kind: Kind, old: &str, new: &str) {
        self.report.add(kind, &self.place, Direction::Both, old, new);
    }

    fn run(mut self) {
        let (old, new) = (self.pair.old, self.pair.new);
        if title(&old) != title(&new) {
            self.add(Kind::OperationMoved, &title(&old), &title(&new));
        }
        if old.id() != new.id() {
            self.add(Kind::OperationRenamed, &old.id(), &new.id());
        }
        let flag =
            |operation: &Operation<'_>, name: &str| operation.value.get(name) == Some(&Value::Bool(true));
        match (flag(&old, "deprecated"), flag(&new, "deprecated")) {
            (false, true) => self.add(Kind::OperationDeprecated, "", ""),
            (true, false) => self.add(Kind::OperationRevived, "", ""),
            _ => {}
        }
        match (flag(&old, "x-excluded"), flag(&new, "x-excluded")) {
            (false, true) => self.add(Kind::GateAdded, "", ""),
            (true, false) => self.add(Kind::GateRemoved, "", ""),
            _ => {}
        }
        let scopes = |operation: &Operation<'_>| texts(operation.value.get(crate::lower::extension::SCOPES));
        let (before, now) = (scopes(&old), scopes(&new));
        now.difference(&before).for_each(|scope| self.add(Kind::ScopeAdded, "", scope));
        before.difference(&now).for_each(|scope| self.add(Kind::ScopeRemoved, scope, ""));
        let (before, now) = (security(self.old, &old), security(self.new, &new));
        if before != now {
            self.add(Kind::SecurityChanged, &before, &now);
        }
        let (before, now) = (addresses(old.value), addresses(new.value));
        now.difference(&before).for_each(|address| self.add(Kind::AddressAdded, "", address));
        before.difference(&now).for_each(|address| self.add(Kind::AddressRemoved, address, ""));
        let tag = |operation: &Operation<'_>| {
            texts(operation.value.get("tags")).into_iter().collect::<Vec<_>>().join(", ")
        };
        if tag(&old) != tag(&new) {
            self.add(Kind::ResourceChanged, &tag(&old), &tag(&new));
        }
        match (is_paged(self.old, &old), is_paged(self.new, &new)) {
            (true, false) => self.add(Kind::PagerLost, "", ""),
            (false, true) => self.add(Kind::PagerGained, "", ""),
            _ => {}
        }
        for name in ["summary", "description"] {
            let text = |operation: &Operation<'_>| {
                operation.value.get(name).and_then(Value::as_str).map(|text| text.trim().to_owned())
            };
            if text(&old) != text(&new) {
                let place = self.place.step(name, name);
                self.report.add(Kind::TextChanged, &place, Direction::Both, "", "");
            }
        }
        self.parameters();
        self.body();
        self.responses();
    }

    fn parameters(&mut self) {
        let (before, now) = (parameters(self.old, &self.pair.old), parameters(self.new, &self.pair.new));
        for (name, old) in &before {
            let place = self.place.step(name, "parameters");
            let Some(new) = now.get(name) else {
                self.report.add(Kind::ParameterRemoved, &place, Direction::Request, "", "");
                continue;
            };
            match (is_required(old), is_required(new)) {
                (false, true) => self.report.add(Kind::ParameterRequired, &place, Direction::Request, "", ""),
                (true, false) => self.report.add(Kind::ParameterOptional, &place, Direction::Request, "", ""),
                _ => {}
            }
            if style(old) != style(new) {
                self.report.add(Kind::ParameterStyle, &place, Direction::Request, &style(old), &style(new));
            }
            if text(old, "description") != text(new, "description") {
                self.report.add(Kind::TextChanged, &place, Direction::Request, "", "");
            }
            self.schema(old.get("schema"), new.get("schema"), place, Direction::Request);
        }
        for (name, new) in now.iter().filter(|(name, _)| !before.contains_key(*name)) {
            let kind = if is_required(new) { Kind::RequiredParameterAdded } else { Kind::ParameterAdded };
            self.report.add(kind, &self.place.step(name, "parameters"), Direction::Request, "", "");
        }
    }

    fn body(&mut self) {
        let body = |document, operation: &Operation<'_>| {
            referred(document, operation.value.get("requestBody")).cloned()
        };
        let place = self.place.step("body", "requestBody");
        let (old, new) = (body(self.old, &self.pair.old), body(self.new, &self.pair.new));
        let (old, new) = match (old, new) {
            (None, None) => return,
            (None, Some(_)) => return self.report.add(Kind::BodyAdded, &place, Direction::Request, "", ""),
            (Some(_), None) => return self.report.add(Kind::BodyRemoved, &place, Direction::Request, "", ""),
            (Some(old), Some(new)) => (old, new),
        };
        match (is_required(&old), is_required(&new)) {
            (false, true) => self.report.add(Kind::BodyRequired, &place, Direction::Request, "", ""),
            (true, false) => self.report.add(Kind::BodyOptional, &place, Direction::Request, "", ""),
            _ => {}
        }
        if text(&old, "description") != text(&new, "description") {
            self.report.add(Kind::TextChanged, &place, Direction::Request, "", "");
        }
        self.content(&old, &new, &place, Direction::Request);
    }

    fn responses(&mut self) {
        let all = |operation: &Operation<'_>| {
            operation.responses().map(|(status, _)| status.clone()).collect::<BTreeSet<_>>()
        };
        let (before, now) = (all(&self.pair.old), all(&self.pair.new));
        for status in before.union(&now) {
            let get = |document, operation: &Operation<'_>| {
                referred(document, operation.value.pointer(&format!("/responses/{status}"))).cloned()
            };
            let (old, new) = (get(self.old, &self.pair.old), get(self.new, &self.pair.new));
            let succeeds = walk::is_success(status);
            let step = if succeeds { "reply".to_owned() } else { format!("reply {status}") };
            let place = self.place.step(&step, &format!("responses/{status}"));
            match (old, new) {
                (Some(old), Some(new)) => {
                    if text(&old, "description") != text(&new, "description") {
                        self.report.add(Kind::TextChanged, &place, Direction::Reply, "", "");
                    }
                    self.headers(&old, &new, &place);
                    self.content(&old, &new, &place, Direction::Reply);
                }
                (None, Some(_)) => {
                    let kind = if succeeds { Kind::SuccessAdded } else { Kind::FailureAdded };
                    self.report.add(kind, &place, Direction::Reply, "", status);
                }
                (Some(_), None) => {
                    let kind = if succeeds { Kind::SuccessRemoved } else { Kind::FailureRemoved };
                    self.report.add(kind, &place, Direction::Reply, status, "");
                }
                (None, None) => {}
            }
        }
    }

    fn headers(&mut self, old: &Value, new: &Value, place: &Place) {
        let names = |response: &Value| {
            let headers = response.get("headers").and_then(Value::as_object).into_iter().flatten();
            headers.map(|(name, _)| name.to_lowercase()).collect::<BTreeSet<_>>()
        };
        let (before, now) = (names(old), names(new));
        now.difference(&before)
            .for_each(|name| self.report.add(Kind::HeaderAdded, place, Direction::Reply, "", name));
        before
            .difference(&now)
            .for_each(|name| self.report.add(Kind::HeaderRemoved, place, Direction::Reply, name, ""));
        for (name, old) in old.get("headers").and_then(Value::as_object).into_iter().flatten() {
            let new = new.get("headers").and_then(Value::as_object).into_iter().flatten();
            let new = new.into_iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
            let Some((_, new)) = new else { continue };
            let place = place.step(
                &format!(" header `{}`", name.to_lowercase()),
                &format!("headers/{}", walk::escape(name)),
            );
            if text(old, "description") != text(new, "description") {
                self.report.add(Kind::TextChanged, &place, Direction::Reply, "", "");
            }
            self.schema(old.get("schema"), new.get("schema"), place, Direction::Reply);
        }
    }

    fn content(&mut self, old: &Value, new: &Value, place: &Place, direction: Direction) {
        let (before, now) = (media(old), media(new));
        for (name, old) in &before {
            match now.get(name) {
                None => self.report.add(Kind::MediaRemoved, place, direction, &format!("`{name}`"), ""),
                Some(new) => {
                    let step = format!("content/{}/schema", walk::escape(name));
                    self.schema(old.get("schema"), new.get("schema"), place.step("", &step), direction);
                }
            }
        }
        for name in now.keys().filter(|name| !before.contains_key(*name)) {
            self.report.add(Kind::MediaAdded, place, direction, "", &format!("`{name}`"));
        }
    }

    fn schema(&mut self, old: Option<&Value>, new: Option<&Value>, place: Place, direction: Direction) {
        let anything = Value::Bool(true);
        let (old, new) = (old.unwrap_or(&anything), new.unwrap_or(&anything));
        self.schemas.compare(&Pair { old, new, place, direction }, self.report);
    }
}

/// Follows a reference to a parameter, a body or a response.
fn referred<'a>(document: &'a Value, value: Option<&'a Value>) -> Option<&'a Value> {
    // One reference may lead to another; more than a few are a ring.
    value.map(|value| (0..MAX_REFERENCES).fold(value, |value, _| resolve(document, value)))
}

/// The parameters of an operation and of its path, by location and name, such as `query limit`.
fn parameters(document: &Value, operation: &Operation<'_>) -> BTreeMap<String, Value> {
    let item = document.pointer(&format!("/paths/{}/parameters", walk::escape(operation.path)));
    let shared = item.and_then(Value::as_array).into_iter().flatten();
    let all =
        shared.chain(operation.parameters()).filter_map(|parameter| referred(document, Some(parameter)));
    all.map(|parameter| (format!("{} {}", text(parameter, "in"), text(parameter, "name")), parameter.clone()))
        .collect()
}

fn media(holder: &Value) -> BTreeMap<String, &Value> {
    let content = holder.get("content").and_then(Value::as_object).into_iter().flatten();
    content.map(|(name, object)| (name.to_lowercase(), object)).collect()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default().trim()
}

fn is_required(value: &Value) -> bool {
    value.get("required") == Some(&Value::Bool(true)) || text(value, "in") == "path"
}

/// The serialization style of a parameter, with the defaults of the specification.
fn style(parameter: &Value) -> String {
    let default = if matches!(text(parameter, "in"), "query" | "cookie") { "form" } else { "simple" };
    let style = if text(parameter, "style").is_empty() { default } else { text(parameter, "style") };
    let explode = parameter.get("explode").and_then(Value::as_bool).unwrap_or(style == "form");
    format!("{style}{}", if explode { ", one for each value" } else { "" })
}

fn texts(value: Option<&Value>) -> BTreeSet<String> {
    let values = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    values.map(str::to_owned).collect()
}

/// The accepted security schemes of an operation, such as `A or B with C`.
fn security(document: &Value, operation: &Operation<'_>) -> String {
    let alternatives =
        operation.value.get("security").or_else(|| document.get("security")).and_then(Value::as_array);
    let alternatives: BTreeSet<String> = alternatives
        .into_iter()
        .flatten()
        .map(|alternative| {
            let names = alternative
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| name.as_str())
                .collect::<Vec<_>>();
            if names.is_empty() { "nothing".to_owned() } else { names.join(" with ") }
        })
        .collect();
    if alternatives.is_empty() {
        "nothing".to_owned()
    } else {
        alternatives.into_iter().collect::<Vec<_>>().join(" or ")
    }
}

/// The server URLs of a document or an operation.
pub fn addresses(value: &Value) -> BTreeSet<String> {
    let servers = value.get("servers").and_then(Value::as_array).into_iter().flatten();
    servers.filter_map(|server| Some(server.get("url")?.as_str()?.trim_end_matches('/').to_owned())).collect()
}

/// Whether an operation lists page by page: it has the parameter `token`, and its reply has `next_token`.
fn is_paged(document: &Value, operation: &Operation<'_>) -> bool {
    let takes = parameters(document, operation).contains_key("query token");
    let gives = operation.success_media().any(|(_, _, object)| {
        let Some(schema) = object.get("schema") else { return false };
        let whole = super::shape::Shape::of(document, schema);
        let nested =
            whole.properties.get("data").map(|data| super::shape::Shape::of(document, data).properties);
        whole.properties.contains_key("next_token")
            || nested.is_some_and(|data| data.contains_key("next_token"))
    });
    takes && gives
}

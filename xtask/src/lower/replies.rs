//! Removes the envelope from replies. The service wraps every reply in `{"data": …}`, and the client's `Response` reads this
//! envelope. So the schema of a successful response becomes that of `data` or, for a list, that of one item; an extension
//! of the operation records which. A member that the document adds beside `data` therefore changes no type. Another extension
//! keeps the members beside `data`, from which samples of whole answers are made.

use serde_json::{Map, Value, json};

use super::{extension, hoist};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::walk;

/// What the schema of a successful response describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// The member `data` of the body.
    Data,
    /// One item of a page of a list.
    Page,
    /// The whole body.
    Whole,
    /// A body that is text, not JSON.
    Text,
    /// A body that is neither text nor JSON.
    Bytes,
}

impl Reply {
    /// The value of the extension in the lowered document.
    pub fn word(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Page => "page",
            Self::Whole => "whole",
            Self::Text => "text",
            Self::Bytes => "bytes",
        }
    }

    /// Reads the extension of an operation; `None` if its reply is empty or an event stream.
    pub fn of(operation: &Value) -> Option<Self> {
        let word = operation.get(extension::REPLY)?.as_str()?;
        [Self::Data, Self::Page, Self::Whole, Self::Text, Self::Bytes]
            .into_iter()
            .find(|reply| reply.word() == word)
    }
}

/// The members of a page. An object with other members beside these is not a page.
const PAGE_MEMBERS: [&str; 3] = ["items", "next_token", "has_more"];

/// Runs the pass.
pub fn apply(document: &mut Value) -> Result<(), Diagnostics> {
    let mut found = Vec::new();
    let components = document.pointer("/components/schemas").cloned().unwrap_or_default();
    let resolve = |schema: &Value| {
        let component = walk::target(schema).and_then(|name| components.get(name));
        component.unwrap_or(schema).clone()
    };
    walk::operations_mut(document, |_, _, operation| {
        let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut first: Option<(Reply, String)> = None;
        let mut beside = Value::Null;
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten();
        for (status, response) in responses.filter(|(status, _)| walk::is_success(status)) {
            if let Some(reply) = without_json(response) {
                first.get_or_insert((reply, String::new()));
                continue;
            }
            let Some(schema) = response.pointer_mut("/content/application~1json/schema") else { continue };
            let envelope = resolve(schema);
            let reply = remove_envelope(schema, &resolve);
            let key = hoist::key(schema);
            match &first {
                None => (first, beside) = (Some((reply, key)), beside_data(reply, &envelope, &components)),
                Some(first) if *first == (reply, key) => {}
                Some(_) => found.push(Diagnostic::new(
                    "success-bodies-differ",
                    &id,
                    format!("the response {status} has another schema than the successful response before it"),
                    "give them the same schema in the overlay, or remove the one that the service does not send",
                )),
            }
        }
        if let Some((reply, _)) = first {
            operation[extension::REPLY] = reply.word().into();
            if reply != Reply::Whole {
                operation[extension::ENVELOPE] = beside;
            }
        }
    });
    Diagnostics::into_result(found)
}

/// What a response with one media type other than JSON and event streams is. Its schema says nothing more, and is removed.
fn without_json(response: &mut Value) -> Option<Reply> {
    let content = response.get_mut("content")?.as_object_mut()?;
    if content.len() > 1 {
        return None;
    }
    let (media, object) = content.iter_mut().next()?;
    let reply = match media.as_str() {
        "application/json" | "text/event-stream" => return None,
        media if media.starts_with("text/") || media.ends_with("/xml") || media.ends_with("+xml") => {
            Reply::Text
        }
        media if media.ends_with("+json") => return None,
        _ => Reply::Bytes,
    };
    *object = Value::Object(Map::new());
    Some(reply)
}

/// Replaces the schema of an envelope by that of its content, and returns what the new schema describes.
fn remove_envelope(schema: &mut Value, resolve: &impl Fn(&Value) -> Value) -> Reply {
    let envelope = resolve(schema);
    let Some(data) = envelope.pointer("/properties/data") else { return Reply::Whole };
    let is_list = |schema: &Value| schema.get("type") == Some(&"array".into());
    let flat = is_list(data) && envelope.pointer("/properties/next_token").is_some();
    let members = resolve(data);
    let members = members.get("properties").and_then(Value::as_object);
    let nested = members.filter(|members| {
        members.contains_key("next_token") && members.keys().all(|name| PAGE_MEMBERS.contains(&name.as_str()))
    });
    let items = match nested.and_then(|members| members.get("items")) {
        Some(list) => list.get("items"),
        None if flat => data.get("items"),
        None => None,
    };
    let (reply, inner) = match items {
        Some(item) => (Reply::Page, item.clone()),
        None => (Reply::Data, data.clone()),
    };
    *schema = inner;
    reply
}

/// The members beside `data`, and those beside the items of a page in `data`. References are replaced by their targets, so
/// that these members do not become types. A successful answer has no `error`.
fn beside_data(reply: Reply, envelope: &Value, components: &Value) -> Value {
    let members = |schema: &Value, left_out: &[&str]| {
        let all = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let beside = all.filter(|(name, _)| !left_out.contains(&name.as_str()));
        let beside = beside.map(|(name, schema)| (name.clone(), without_references(schema, components, &[])));
        Value::Object(beside.collect())
    };
    let data = envelope.pointer("/properties/data").filter(|_| reply == Reply::Page);
    let data = data.map(|data| walk::target(data).and_then(|name| components.get(name)).unwrap_or(data));
    let items = data.map(|data| members(data, &["items"]));
    json!({"data": members(envelope, &["data", "error"]), "items": items.unwrap_or_else(|| json!({}))})
}

/// Largest number of components in each other whose schemas are kept.
const DEEPEST: usize = 16;

/// Replaces every reference by its target. A component inside itself, and one that is too deep, becomes a schema of any value.
fn without_references(schema: &Value, components: &Value, inside: &[&str]) -> Value {
    if let Some(name) = walk::target(schema) {
        let target = components.get(name).filter(|_| !inside.contains(&name) && inside.len() < DEEPEST);
        let target = target.map_or_else(
            || json!({}),
            |target| without_references(target, components, &[inside, &[name]].concat()),
        );
        let mut target = target.as_object().cloned().unwrap_or_default();
        let beside = schema.as_object().into_iter().flatten();
        let beside = beside.filter(|(keyword, _)| !matches!(keyword.as_str(), "$ref" | "allOf"));
        target.extend(beside.map(|(keyword, value)| (keyword.clone(), value.clone())));
        return Value::Object(target);
    }
    match schema {
        Value::Object(map) => {
            let members =
                map.iter().map(|(name, child)| (name.clone(), without_references(child, components, inside)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(items) => {
            items.iter().map(|item| without_references(item, components, inside)).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn lowered(schema: Value) -> Value {
        let mut document = json!({
            "paths": {"/a": {"get": {"operationId": "get_a", "responses": {
                "200": {"content": {"application/json": {"schema": schema}}}}}}},
            "components": {"schemas": {
                "Item": {"properties": {"id": {}}},
                "Items": {"properties": {"items": {"type": "array", "items": {"type": "string"}}, "next_token": {}}},
                "Batch": {"properties": {"items": {"type": "array"}, "next_token": {}, "status": {}}}}}});
        super::apply(&mut document).unwrap();
        let operation = &document["paths"]["/a"]["get"];
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        json!([operation["x-reply"], schema])
    }

    #[test]
    fn the_envelope_is_removed_and_its_kind_is_recorded() {
        let item = json!({"$ref": "#/components/schemas/Item"});
        let envelope = |data: &Value| json!({"properties": {"data": data, "new": {"type": "string"}}});
        assert_eq!(lowered(envelope(&item)), json!(["data", item]));
        let list = json!({"type": "array", "items": item});
        assert_eq!(lowered(envelope(&list)), json!(["data", list]));
        let flat = json!({"properties": {"data": list, "next_token": {}, "has_more": {}, "total": {}}});
        assert_eq!(lowered(flat), json!(["page", item]));
        let nested = json!({"$ref": "#/components/schemas/Items"});
        assert_eq!(lowered(envelope(&nested)), json!(["page", {"type": "string"}]));
        let batch = json!({"$ref": "#/components/schemas/Batch"});
        assert_eq!(lowered(envelope(&batch)), json!(["data", batch]));
        let whole = json!({"properties": {"ok": {}}});
        assert_eq!(lowered(whole.clone()), json!(["whole", whole]));
    }

    #[test]
    fn a_body_that_is_not_json_is_text_or_bytes() {
        for (media, word) in [
            ("text/plain", json!("text")),
            ("application/xml", json!("text")),
            ("image/png", json!("bytes")),
            ("application/octet-stream", json!("bytes")),
            ("text/event-stream", Value::Null),
            ("application/problem+json", Value::Null),
        ] {
            let content = json!({media: {"schema": {"type": "string", "format": "binary"}}});
            let mut document =
                json!({"paths": {"/a": {"get": {"responses": {"200": {"content": content}}}}}});
            super::apply(&mut document).unwrap();
            assert_eq!(
                document["paths"]["/a"]["get"].get("x-reply").cloned().unwrap_or_default(),
                word,
                "{media}"
            );
        }
    }

    #[test]
    fn the_members_beside_data_are_kept_without_references() {
        let object = |properties: Value| json!({"type": "object", "properties": properties});
        let warning = json!({"$ref": "#/components/schemas/Warning"});
        let page = object(json!({"items": {"type": "array", "items": {}}, "next_token": {"type": "string"}}));
        let schema =
            object(json!({"data": page, "error": {}, "warning": {"allOf": [warning], "nullable": true}}));
        let mut document = json!({
            "paths": {"/a": {"get": {"operationId": "get_a", "responses": {
                "200": {"content": {"application/json": {"schema": schema}}}}}}},
            "components": {"schemas": {"Warning": object(json!({"causes": {"type": "array", "items": warning}}))}}});
        super::apply(&mut document).unwrap();
        let mut kept = object(json!({"causes": {"type": "array", "items": {}}}));
        kept["nullable"] = json!(true);
        assert_eq!(
            document["paths"]["/a"]["get"]["x-envelope"],
            json!({"data": {"warning": kept}, "items": {"next_token": {"type": "string"}}})
        );
    }

    #[test]
    fn two_schemas_of_successful_responses_are_refused() {
        let response = |schema: Value| json!({"content": {"application/json": {"schema": schema}}});
        let mut document = json!({"paths": {"/a": {"get": {"operationId": "get_a", "responses": {
            "200": response(json!({"properties": {"a": {}}})), "202": response(json!({"properties": {"b": {}}}))}}}}});
        assert!(super::apply(&mut document).unwrap_err().has("success-bodies-differ"));
    }
}

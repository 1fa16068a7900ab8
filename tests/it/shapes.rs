//! Types decode what the service sends now, and what newer versions of it may send.

use std::collections::BTreeSet;

use heygen_api::Client;
use heygen_tests::canonical::{self, Fill};
use heygen_tests::generated::{CALLS, ENUMS, OPERATIONS, ROUNDS, UNIONS};
use heygen_tests::{Recorder, Reply};
use serde_json::{Value, json};
use xtask::walk;

fn round(name: &str, value: &Value) -> Value {
    let (_, round) = ROUNDS
        .iter()
        .find(|(of, _)| *of == name)
        .unwrap_or_else(|| panic!("{name} has no entry in `ROUNDS`"));
    round(value).unwrap_or_else(|error| panic!("{name}: {error} in {value:#}")).0
}

#[test]
fn every_type_round_trips_with_all_fields_and_with_required_fields() {
    let lowered = super::lowered();
    let mut count = 0;
    for (name, schema) in walk::components(&lowered).filter(|(_, schema)| schema.get("enum").is_none()) {
        for fill in [Fill::Everything, Fill::Required] {
            let value = canonical::value(&lowered, schema, fill);
            assert_eq!(round(name, &value), value, "{name}");
            count += 1;
        }
    }
    assert!(count > 550, "{count}");
}

/// Values are made from the document before lowering, so that a mistake in a pass is found.
#[tokio::test]
async fn every_reply_of_the_document_round_trips() {
    let document = super::overlaid();
    let mut fills = vec![Fill::Everything, Fill::Required, Fill::Nulls];
    fills.extend((0..6).map(Fill::Member));
    let mut count = 0;
    for operation in walk::operations(&document) {
        let Some((_, _, object)) =
            operation.success_media().find(|(_, media, _)| *media == "application/json")
        else {
            continue;
        };
        let facts = OPERATIONS.iter().find(|facts| facts.document_id() == operation.id()).unwrap();
        let mut schema = object["schema"].clone();
        // The service always sends `data`, but the document does not require it.
        if schema.get("required").is_none() {
            schema["required"] = json!(["data"]);
        }
        let arguments = super::wire::arguments(&document, &operation);
        for fill in &fills {
            let mut body = canonical::value(&document, &schema, *fill);
            assert_eq!(canonical::first_problem(&document, &schema, &body), None, "{}: {body:#}", facts.id());
            // With `error`, the reply would be an error.
            if let Some(members) = body.as_object_mut() {
                members.remove("error");
            }
            let reply = reply(facts.id(), &arguments, &body).await;
            assert_eq!(reply.json, body, "{}", facts.id());
            let expected = expected(&body, &reply.value);
            let without_nulls = without_nulls(&reply.value, expected);
            assert_eq!(reply.value, without_nulls, "{} with {fill:?}", facts.id());
            count += 1;
        }
    }
    assert!(count > fills.len(), "{count}");
}

/// The reply of a call to which the service responds with `body`.
async fn reply(id: &str, arguments: &Value, body: &Value) -> Reply {
    let recorder = Recorder::default();
    recorder.answer(http::Response::new(body.to_string().into()));
    let client = Client::new(recorder);
    let (_, call) = CALLS.iter().find(|(name, _)| *name == id).unwrap();
    call(&client, arguments).await.unwrap_or_else(|error| panic!("{id}: {error} in {body:#}"))
}

/// The expected value: `data`, or for a page the items and the token of the next page.
pub(super) fn expected(body: &Value, value: &Value) -> Value {
    let is_page = value.get("items").is_some() && value.as_object().is_some_and(|members| members.len() == 3);
    if !body.is_object() {
        return body.clone();
    }
    if !is_page {
        return body["data"].clone();
    }
    let page = if body["data"].is_array() { body } else { &body["data"] };
    let items = body["data"].as_array().map_or_else(|| body["data"]["items"].clone(), |items| json!(items));
    let more = page["has_more"].as_bool();
    let token = page["next_token"].as_str().filter(|_| more != Some(false));
    json!({"items": items, "next_token": token, "has_more": more.unwrap_or(token.is_some())})
}

#[tokio::test]
async fn a_new_member_beside_data_is_readable_and_changes_no_type() {
    let document = super::overlaid();
    for id in ["get_video", "list_videos", "delete_webhook_endpoint"] {
        let facts = OPERATIONS.iter().find(|facts| facts.id() == id).unwrap();
        let operations = walk::operations(&document);
        let operation = operations.iter().find(|operation| operation.id() == facts.document_id()).unwrap();
        let arguments = super::wire::arguments(&document, operation);
        let (_, _, object) = operation.success_media().next().unwrap();
        let mut body = canonical::value(&document, &object["schema"], Fill::Everything);
        body.as_object_mut().unwrap().remove("error");
        let before = reply(id, &arguments, &body).await;
        body["warning"] = json!({"text": "new"});
        let after = reply(id, &arguments, &body).await;
        assert_eq!(after.value, before.value, "{id}");
        assert_eq!(after.json["warning"]["text"], "new", "{id}");
    }
}

/// Removes nulls that a type may omit when it is encoded: those that are absent in `kept`. Nulls of required fields and in
/// free-form JSON stay.
pub(super) fn without_nulls(kept: &Value, value: Value) -> Value {
    match (kept, value) {
        (Value::Object(kept), Value::Object(map)) => {
            let there = map.into_iter().filter(|(name, value)| !value.is_null() || kept.contains_key(name));
            let there = there.map(|(name, value)| {
                let inner = kept.get(&name).map_or(value.clone(), |kept| without_nulls(kept, value));
                (name, inner)
            });
            there.collect()
        }
        (Value::Array(kept), Value::Array(items)) if kept.len() == items.len() => {
            kept.iter().zip(items).map(|(kept, item)| without_nulls(kept, item)).collect()
        }
        (_, value) => value,
    }
}

/// Types of replies omit it, types of requests return an error that names it, and types of both keep it.
#[test]
fn an_unknown_field_is_omitted_refused_or_kept_by_direction() {
    let lowered = super::lowered();
    let (requests, responses) = walk::directions(&lowered);
    for name in requests.union(&responses) {
        let schema = &lowered["components"]["schemas"][name];
        if schema.get("enum").is_some() {
            continue;
        }
        let value = canonical::value(&lowered, schema, Fill::Everything);
        let mut extended = value.clone();
        // A member of a union may be a text or a number.
        let has_fields = value.is_array() || value.as_object().is_some_and(|fields| !fields.is_empty());
        assert!(add_unknown_fields(&lowered, schema, &mut extended) > 0 || !has_fields, "{name}");
        match (requests.contains(name), responses.contains(name)) {
            (true, true) => assert_eq!(round(name, &extended), extended, "{name}"),
            (false, _) => {
                assert_eq!(round(name, &extended), kept_of(&lowered, &requests, schema, &extended), "{name}")
            }
            // A union of requests may have a member that is also in replies.
            (true, false) => {
                let (_, round) = ROUNDS.iter().find(|(of, _)| of == name).unwrap();
                match round(&extended) {
                    Ok((kept, _)) => assert_eq!(kept, extended, "{name}"),
                    Err(error) => assert!(
                        error.to_string().contains("unknown field `field_from_the_future`"),
                        "{name}: {error}"
                    ),
                }
            }
        }
    }
}

/// The value without the unknown fields of objects that are only in replies.
fn kept_of(lowered: &Value, requests: &BTreeSet<String>, schema: &Value, value: &Value) -> Value {
    let (value, schema, keeps) = match component(lowered, schema, value) {
        Some((name, inner)) => (value, inner, requests.contains(&name)),
        None => (value, schema, false),
    };
    match value {
        Value::Object(map) => {
            let described =
                |name: &String| schema["properties"].get(name).or(schema.get("additionalProperties"));
            let inner = map.iter().filter(|(name, _)| keeps || *name != "field_from_the_future");
            inner
                .map(|(name, child)| {
                    let child = described(name)
                        .map_or(child.clone(), |schema| kept_of(lowered, requests, schema, child));
                    (name.clone(), child)
                })
                .collect()
        }
        Value::Array(items) => {
            items.iter().map(|item| kept_of(lowered, requests, &schema["items"], item)).collect()
        }
        other => other.clone(),
    }
}

/// The component that describes a value: the target of the reference, or the member of a union for its tag.
fn component<'a>(lowered: &'a Value, schema: &Value, value: &Value) -> Option<(String, &'a Value)> {
    let name = match walk::target(schema) {
        Some(name) => name.to_owned(),
        None => {
            let tag = schema.pointer("/discriminator/propertyName")?.as_str()?;
            let member = schema["discriminator"]["mapping"].get(value[tag].as_str()?)?.as_str()?;
            member.rsplit('/').next()?.to_owned()
        }
    };
    let inner = &lowered["components"]["schemas"][&name];
    component(lowered, inner, value).or(Some((name, inner)))
}

/// Adds an unknown field to every object that the schema describes. Returns the number of objects.
fn add_unknown_fields(lowered: &Value, schema: &Value, value: &mut Value) -> usize {
    if let Some(target) = walk::target(schema) {
        return add_unknown_fields(lowered, &lowered["components"]["schemas"][target], value);
    }
    if let Some(tag) = schema.pointer("/discriminator/propertyName").and_then(Value::as_str) {
        let member = value[tag].as_str().and_then(|tag| schema["discriminator"]["mapping"].get(tag)).unwrap();
        let component = member.as_str().unwrap().rsplit('/').next().unwrap();
        return add_unknown_fields(lowered, &lowered["components"]["schemas"][component], value);
    }
    match value {
        Value::Object(map) => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let values = schema.get("additionalProperties").filter(|values| values.is_object());
            let inner = map.iter_mut().filter_map(|(name, child)| {
                let schema = properties.and_then(|properties| properties.get(name)).or(values)?;
                Some(add_unknown_fields(lowered, schema, child))
            });
            let count: usize = inner.sum();
            if properties.is_none() {
                return count;
            }
            map.insert("field_from_the_future".into(), json!({"deep": [1, null]}));
            count + 1
        }
        Value::Array(items) => match schema.get("items") {
            Some(schema) => items.iter_mut().map(|item| add_unknown_fields(lowered, schema, item)).sum(),
            None => 0,
        },
        _ => 0,
    }
}

#[test]
fn every_enumeration_keeps_unknown_values() {
    let lowered = super::lowered();
    let known = walk::components(&lowered).filter(|(_, schema)| schema.get("enum").is_some()).count();
    assert_eq!(ENUMS.len(), known);
    for (name, read, values) in ENUMS {
        assert_eq!(read("value_from_the_future"), ("value_from_the_future".to_owned(), true), "{name}");
        let listed = &lowered["components"]["schemas"][*name]["enum"];
        assert_eq!(json!(values), *listed, "{name}");
        for value in *values {
            assert_eq!(read(value), ((*value).to_owned(), false), "{name}");
        }
    }
}

#[test]
fn every_union_in_a_reply_keeps_unknown_members() {
    let lowered = super::lowered();
    let (_, responses) = walk::directions(&lowered);
    let unions =
        responses.iter().filter(|name| lowered["components"]["schemas"][*name].get("oneOf").is_some());
    let (tagged, others): (Vec<&String>, Vec<_>) =
        unions.partition(|name| lowered["components"]["schemas"][*name].get("discriminator").is_some());
    assert_eq!(UNIONS.len(), tagged.len());
    // The type of the value selects the member of the others.
    for name in others {
        let members = lowered["components"]["schemas"][name]["oneOf"].as_array().unwrap();
        let kinds: Vec<&Value> = members
            .iter()
            .map(|member| match walk::target(member) {
                Some(target) => &lowered["components"]["schemas"][target]["type"],
                None => &member["type"],
            })
            .collect();
        for (kind, value) in [("boolean", json!(true)), ("object", json!({"x": [1]})), ("array", json!([1]))]
        {
            if !kinds.contains(&&json!(kind)) {
                assert_eq!(round(name, &value), value, "{name}");
            }
        }
    }
    for (name, tag, is_unknown) in UNIONS {
        for member in
            [json!({*tag: "member_from_the_future", "x": {"y": [1]}}), json!({"x": 1}), json!("text")]
        {
            assert!(is_unknown(member.clone()).unwrap(), "{name}: {member}");
            assert_eq!(round(name, &member), member, "{name}");
        }
        let schema = &lowered["components"]["schemas"][*name];
        assert!(!is_unknown(canonical::value(&lowered, schema, Fill::Everything)).unwrap(), "{name}");
    }
}

#[test]
fn an_invalid_known_member_is_an_error_not_an_unknown_member() {
    let broken = json!({"type": "image", "id": 7});
    let (_, _, is_unknown) = UNIONS.iter().find(|(name, ..)| *name == "SceneElement").unwrap();
    assert!(is_unknown(broken).is_err());
}

#[test]
fn null_and_absent_differ_in_a_patch() {
    for value in
        [json!({}), json!({"url": null}), json!({"url": "https://example.com"}), json!({"events": null})]
    {
        assert_eq!(round("UpdateWebhookEndpointRequest", &value), value);
    }
}

#[test]
fn an_empty_list_is_sent() {
    let body = heygen_api::types::UpdateBrandGlossaryRequest::builder()
        .terms(Vec::<heygen_api::types::BrandGlossaryTermWrite>::new())
        .build()
        .unwrap();
    assert_eq!(serde_json::to_value(body).unwrap(), json!({"terms": []}));
}

//! Types decode what the service sends today, and what it may send tomorrow.

use heygen_tests::canonical::{self, Fill};
use heygen_tests::generated::{ENUMS, OPERATIONS, ROUNDS, UNIONS};
use serde_json::{Value, json};
use xtask::walk;

fn round(name: &str, value: &Value) -> Value {
    let (_, round) =
        ROUNDS.iter().find(|(of, _)| *of == name).unwrap_or_else(|| panic!("{name} has no round"));
    round(value).unwrap_or_else(|error| panic!("{name}: {error} in {value:#}")).0
}

#[test]
fn every_type_round_trips_whole_and_with_only_what_is_required() {
    let lowered = super::lowered();
    let mut count = 0;
    for (name, schema) in walk::components(&lowered).filter(|(_, schema)| schema.get("enum").is_none()) {
        for fill in [Fill::Everything, Fill::Required] {
            let value = canonical::value(&lowered, schema, fill);
            assert_eq!(round(name, &value), value, "{name}");
            count += 1;
        }
    }
    assert!(count > 800, "{count}");
}

/// Of the document as published, not as our passes left it: a type that a pass got wrong shows here.
#[test]
fn every_reply_of_the_published_document_decodes_and_gives_itself_back() {
    let document = super::overlaid();
    let mut fills = vec![Fill::Everything, Fill::Required, Fill::Nulls];
    fills.extend((0..6).map(Fill::Member));
    let mut count = 0;
    for operation in walk::operations(&document) {
        let facts = OPERATIONS.iter().find(|facts| facts.document_id() == operation.id()).unwrap();
        let Some((_, _, object)) =
            operation.success_media().find(|(_, media, _)| *media == "application/json")
        else {
            continue;
        };
        let mut schema = object["schema"].clone();
        // What the service always sends, though the document does not say so.
        if schema.get("required").is_none() {
            schema["required"] = json!(["data"]);
        }
        let name = format!("{}Envelope", facts.id().split('_').map(capital).collect::<String>());
        for fill in &fills {
            let value = canonical::value(&document, &schema, *fill);
            assert_eq!(canonical::first_problem(&document, &schema, &value), None, "{name}: {value:#}");
            let kept = round(&name, &value);
            assert_eq!(kept, without_nulls(&kept, value.clone()), "{name} with {fill:?}");
            count += 1;
        }
    }
    assert_eq!(count, 148 * fills.len());
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A null that came may be left out again; a null that is required, or is in free-form JSON, is given back.
fn without_nulls(kept: &Value, value: Value) -> Value {
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

#[test]
fn every_reply_decodes_with_a_field_that_nobody_knows() {
    let lowered = super::lowered();
    let (_, responses) = walk::directions(&lowered);
    for name in responses {
        let schema = &lowered["components"]["schemas"][&name];
        if schema.get("enum").is_some() {
            continue;
        }
        let value = canonical::value(&lowered, schema, Fill::Everything);
        let mut grown = value.clone();
        assert!(grow(&lowered, schema, &mut grown) > 0 || value == json!({}), "{name}");
        assert_eq!(round(&name, &grown), value, "{name}");
    }
}

/// Adds an unknown field to every object that the schema describes; how many there were.
fn grow(lowered: &Value, schema: &Value, value: &mut Value) -> usize {
    if let Some(target) = walk::target(schema) {
        return grow(lowered, &lowered["components"]["schemas"][target], value);
    }
    if let Some(tag) = schema.pointer("/discriminator/propertyName").and_then(Value::as_str) {
        let member = value[tag].as_str().and_then(|tag| schema["discriminator"]["mapping"].get(tag)).unwrap();
        let component = member.as_str().unwrap().rsplit('/').next().unwrap();
        return grow(lowered, &lowered["components"]["schemas"][component], value);
    }
    match value {
        Value::Object(map) => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let values = schema.get("additionalProperties").filter(|values| values.is_object());
            let inner = map.iter_mut().filter_map(|(name, child)| {
                let schema = properties.and_then(|properties| properties.get(name)).or(values)?;
                Some(grow(lowered, schema, child))
            });
            let count: usize = inner.sum();
            if properties.is_none() {
                return count;
            }
            map.insert("field_from_the_future".into(), json!({"deep": [1, null]}));
            count + 1
        }
        Value::Array(items) => match schema.get("items") {
            Some(schema) => items.iter_mut().map(|item| grow(lowered, schema, item)).sum(),
            None => 0,
        },
        _ => 0,
    }
}

#[test]
fn every_enumeration_takes_a_value_that_nobody_knows_and_gives_it_back() {
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
fn every_union_in_a_reply_keeps_a_member_that_nobody_knows() {
    let lowered = super::lowered();
    let (_, responses) = walk::directions(&lowered);
    let open = responses.iter().filter(|name| lowered["components"]["schemas"][*name].get("oneOf").is_some());
    assert_eq!(UNIONS.len(), open.count());
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
fn a_known_member_that_does_not_fit_is_an_error_and_not_an_unknown_one() {
    let broken = json!({"type": "image", "id": 7});
    let (_, _, is_unknown) = UNIONS.iter().find(|(name, ..)| *name == "SceneElement").unwrap();
    assert!(is_unknown(broken).is_err());
}

#[test]
fn null_and_absent_are_two_things_in_a_patch() {
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

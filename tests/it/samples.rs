//! Samples of `heygen_api::testing`, of every type and operation: valid against the provider's document, and decoded without a
//! loss.

use std::collections::BTreeSet;

use heygen_api::testing::Sample;
use heygen_api::{Client, types};
use heygen_tests::Recorder;
use heygen_tests::canonical::{self, Fill};
use heygen_tests::generated::{CALLS, OPERATIONS, SAMPLES};
use jsonschema::Validator;
use serde_json::{Map, Value, json};
use xtask::walk;

use super::shapes::{expected, without_nulls};

const UNKNOWN_MEMBER: &str = "member_of_a_newer_version";

/// The samples to test, each with its name: at full and at minimum, with and without what is unknown, of many seeds.
fn samples() -> Vec<(String, Sample)> {
    let mut all = Vec::new();
    for seed in 0..=20 {
        let full = Sample::new().seed(seed);
        for (name, sample) in [("full", full), ("minimum", full.required_only())] {
            all.push((format!("{name}, seed {seed}"), sample));
            if seed % 10 == 0 {
                all.push((format!("{name}, unknown member, seed {seed}"), sample.with_unknown_member()));
            }
        }
    }
    all
}

/// A validator for a schema of the document before lowering. Formats are checked too.
fn validator(document: &Value, schema: &Value) -> Validator {
    let mut used = BTreeSet::new();
    walk::references(schema, &mut used);
    let used = walk::closure(document, used).into_iter();
    let schemas: Map<String, Value> =
        used.map(|name| (name.clone(), document["components"]["schemas"][&name].clone())).collect();
    let whole = json!({"allOf": [schema], "components": {"schemas": schemas}});
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
    options.should_validate_formats(true).build(&whole).unwrap()
}

#[track_caller]
fn assert_valid(validator: &Validator, value: &Value, what: &str) {
    let problems: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{error} at `{}`", error.instance_path())).collect();
    assert!(problems.is_empty(), "{what}: {problems:?} in {value:#}");
}

/// Removes the unknown member from every object. Returns how many had it.
fn remove_unknown(value: &mut Value) -> usize {
    match value {
        Value::Object(members) => {
            let found = usize::from(members.remove(UNKNOWN_MEMBER).is_some());
            found + members.values_mut().map(remove_unknown).sum::<usize>()
        }
        Value::Array(items) => items.iter_mut().map(remove_unknown).sum(),
        _ => 0,
    }
}

#[test]
fn the_samples_of_every_type_are_decoded_and_encoded_without_a_loss() {
    let lowered = super::lowered();
    let names: Vec<&str> = SAMPLES.iter().map(|(name, _)| *name).collect();
    let components: Vec<&str> = walk::components(&lowered).map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, components);
    let (sent, received) = walk::directions(&lowered);
    for (name, sampled) in SAMPLES {
        let is_object = lowered["components"]["schemas"][*name].get("properties").is_some();
        for (what, sample) in samples() {
            let (mut json, encoded) = sampled(sample);
            let mut encoded = encoded.unwrap();
            let with_unknown = what.contains("unknown");
            let added = remove_unknown(&mut json);
            if is_object && with_unknown {
                let is_only_sent = sent.contains(*name) && !received.contains(*name);
                assert_eq!(added > 0, !is_only_sent, "{name}: {what}");
            }
            remove_unknown(&mut encoded);
            assert_eq!(encoded, json, "{name}: {what}");
        }
        let (json, encoded) = sampled(Sample::new().with_unknown_value());
        assert_eq!(encoded.unwrap(), json, "{name}");
        assert_eq!(sampled(Sample::new()).0.to_string(), sampled(Sample::new()).0.to_string(), "{name}");
    }
}

#[test]
fn the_samples_of_every_component_are_valid_for_the_component() {
    let (document, lowered) = (super::overlaid(), super::lowered());
    let mut tested = 0;
    for (component, name) in lowered["x-names"]["components"].as_object().unwrap() {
        let Some((_, sampled)) = SAMPLES.iter().find(|(of, _)| of == name) else { continue };
        let schema = &document["components"]["schemas"][component];
        // The type of a variant does not have the tag: the union adds it.
        let known = &lowered["components"]["schemas"][name.as_str().unwrap()]["properties"];
        let properties = schema["properties"].as_object().into_iter().flatten();
        let tags: Vec<(&String, Value)> = properties
            .filter(|(property, _)| known.is_object() && known.get(property).is_none())
            .map(|(property, schema)| (property, canonical::value(&document, schema, Fill::Everything)))
            .collect();
        let validator = validator(&document, schema);
        for (what, sample) in samples() {
            let (mut json, _) = sampled(sample);
            for (tag, value) in &tags {
                json[*tag] = value.clone();
            }
            remove_unknown(&mut json);
            assert_valid(&validator, &json, &format!("{name}, {what}"));
            tested += 1;
        }
    }
    assert!(tested > 10_000, "{tested}");
}

/// The schema of a JSON response.
fn json_schema<'a>(mut media: impl Iterator<Item = (&'a String, &'a Value)>) -> Option<&'a Value> {
    media.find(|(media, _)| *media == "application/json").map(|(_, object)| &object["schema"])
}

/// Requests and answers are validated before lowering, sent through the client, and compared with what comes out.
#[tokio::test]
async fn the_samples_of_every_operation_are_valid_and_pass_through_the_client() {
    let document = super::overlaid();
    let (mut requests, mut answers) = (0, 0);
    for operation in walk::operations(&document) {
        let facts = OPERATIONS.iter().find(|facts| facts.document_id() == operation.id()).unwrap();
        let request = super::wire::body(&operation).map(|(_, schema)| validator(&document, schema));
        let answer = json_schema(operation.success_media().map(|(_, media, object)| (media, object)));
        let answer = answer.map(|schema| validator(&document, schema));
        let arguments = super::wire::arguments(&document, &operation);
        for (what, sample) in samples() {
            let what = format!("{}, {what}", facts.id());
            let (sent, received) = (sample.request(facts), sample.answer(facts));
            assert_eq!((sent.is_some(), received.is_some()), (request.is_some(), answer.is_some()), "{what}");
            if let (Some(validator), Some(sent)) = (&request, &sent) {
                assert_valid(validator, sent, &what);
                requests += 1;
            }
            if let (Some(validator), Some(received)) = (&answer, &received) {
                // The document of a newer service would have the member.
                let mut known = received.clone();
                remove_unknown(&mut known);
                assert_valid(validator, &known, &what);
                answers += 1;
            }
            pass_through_the_client(facts.id(), arguments.clone(), sent, received, &what).await;
        }
    }
    assert!(requests > 2_500 && answers > 6_000, "{requests} requests, {answers} answers");
}

async fn pass_through_the_client(
    id: &str,
    mut arguments: Value,
    sent: Option<Value>,
    received: Option<Value>,
    what: &str,
) {
    if let Some(sent) = &sent {
        arguments["body"] = sent.clone();
    }
    let recorder = Recorder::default();
    if let Some(received) = &received {
        recorder.answer(http::Response::new(received.to_string().into()));
    }
    let (_, call) = CALLS.iter().find(|(name, _)| *name == id).unwrap();
    let reply = call(&Client::new(recorder.clone()), &arguments).await;
    if let Some(sent) = sent {
        super::wire::assert_body(&recorder.take()[0], &sent, what);
    }
    if let Some(mut received) = received {
        let mut reply = reply.unwrap_or_else(|error| panic!("{what}: {error} in {received:#}"));
        assert_eq!(reply.json, received, "{what}");
        remove_unknown(&mut received);
        remove_unknown(&mut reply.value);
        let expected = expected(&received, &reply.value);
        assert_eq!(reply.value, without_nulls(&reply.value, expected), "{what}");
    }
}

#[test]
fn the_answer_of_every_list_is_its_last_page() {
    let mut lists = 0;
    for operation in OPERATIONS {
        let Some(answer) = Sample::new().answer(operation) else { continue };
        let nested = answer["data"].as_object().is_some_and(|data| data.len() == 3);
        let page = if nested && answer["data"]["items"].is_array() { &answer["data"] } else { &answer };
        if page.get("has_more").is_some() {
            assert_eq!(
                (&page["has_more"], &page["next_token"]),
                (&json!(false), &json!(null)),
                "{operation:?}"
            );
            lists += 1;
        }
    }
    assert!(lists > 30, "{lists}");
}

#[test]
fn unknown_values_decode_as_unknown() {
    let newer = Sample::new().with_unknown_value();
    let video: types::VideoDetail = newer.of();
    assert_eq!(video.status.as_str(), "value_of_a_newer_version");
    assert!(matches!(video.status, types::VideoStatus::Unknown(_)));
    assert!(matches!(newer.of(), types::SceneElement::Unknown(_)));
    let request = newer.with_unknown_member().request(&heygen_api::operations::CREATE_VIDEO);
    assert_eq!(request, Sample::new().request(&heygen_api::operations::CREATE_VIDEO));
}

#[test]
fn seeds_vary_what_is_chosen() {
    let statuses: BTreeSet<String> =
        (1..30).map(|seed| Sample::new().seed(seed).of::<types::VideoDetail>().status.to_string()).collect();
    assert_eq!(statuses.len(), types::VideoStatus::VALUES.len());
}

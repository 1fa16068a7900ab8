//! Snapshot tests of the portal against the shapes of the API. Each test is three lines.
//!
//! After an update of heygen-api, `cargo insta review` shows what the update changes for the portal.

use heygen_api::testing::{Sample, sample};
use heygen_api::{Client, Operation, TransportError, operations, transport_fn};
use heygen_example_shapes::{Lesson, catalogue, catalogue_entry, element_label, lesson_request};
use insta::{assert_json_snapshot, assert_snapshot};

#[test]
fn a_video_becomes_an_entry() {
    assert_json_snapshot!(catalogue_entry(&sample()));
}

#[test]
fn a_video_with_only_the_required_members_becomes_an_entry() {
    assert_json_snapshot!(catalogue_entry(&Sample::new().required_only().of()));
}

#[test]
fn a_video_of_a_newer_service_becomes_an_entry() {
    assert_json_snapshot!(catalogue_entry(&Sample::new().with_unknown_member().with_unknown_value().of()));
}

#[test]
fn ten_videos_become_entries() {
    let entries: Vec<_> = (1..=10).map(|seed| catalogue_entry(&Sample::new().seed(seed).of())).collect();
    assert_json_snapshot!(entries);
}

#[test]
fn elements_of_a_scene_are_named() {
    let labels: Vec<_> = (1..=10).map(|seed| element_label(&Sample::new().seed(seed).of())).collect();
    assert_snapshot!(labels.join("\n"));
}

#[test]
fn an_element_of_a_newer_service_is_named() {
    assert_snapshot!(element_label(&Sample::new().with_unknown_value().of()));
}

#[test]
fn a_lesson_becomes_a_request() {
    let lesson = Lesson {
        avatar_id: "ada".into(),
        voice_id: "ada_en".into(),
        script: "Welcome".into(),
        is_for_phones: true,
    };
    assert_json_snapshot!(lesson_request(&lesson).unwrap());
}

/// What the service requires in a request, which the portal must be able to fill in.
#[test]
fn the_smallest_request_is_known() {
    assert_json_snapshot!(Sample::new().required_only().request(&operations::CREATE_VIDEO));
}

#[tokio::test]
async fn the_answer_of_a_list_becomes_a_catalogue() {
    assert_json_snapshot!(catalogue(&service(Sample::new())).await.unwrap());
}

#[tokio::test]
async fn the_answer_of_a_newer_service_becomes_a_catalogue() {
    assert_json_snapshot!(catalogue(&service(Sample::new().with_unknown_member())).await.unwrap());
}

/// A client whose calls are all answered by samples.
fn service(sample: Sample) -> Client {
    Client::new(transport_fn(move |_request, operation: &Operation| {
        let answer = sample.answer(operation).unwrap_or_default().to_string();
        async move { Ok::<_, TransportError>(http::Response::new(answer)) }
    }))
}

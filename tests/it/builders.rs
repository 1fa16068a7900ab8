//! Setters and bodies accept every value that converts into their type.

use heygen_api::types::{
    AssetInput, AssetUrl, AvatarEngine, BackgroundSetting, CreateBatchVideoFromAvatar,
    CreateVideoBatchRequest, CreateVideoFromAvatar, Orientation,
};
use heygen_api::{BuildError, types};
use serde::Serialize;
use serde_json::{Value, json};

fn sent(body: impl Serialize) -> Value {
    serde_json::to_value(body).unwrap()
}

#[test]
fn members_of_unions_have_constructors() {
    for (sent_json, expected) in [
        (
            sent(AssetInput::url("https://example.com/a.png")),
            json!({"type": "url", "url": "https://example.com/a.png"}),
        ),
        (sent(AssetInput::asset_id("asset_1")), json!({"type": "asset_id", "asset_id": "asset_1"})),
        (sent(AvatarEngine::avatar_iv()), json!({"type": "avatar_iv"})),
        (sent(BackgroundSetting::color("#ffffff")), json!({"type": "color", "value": "#ffffff"})),
    ] {
        assert_eq!(sent_json, expected);
    }
}

#[test]
fn maybe_setters_take_an_option() {
    let builder = || CreateVideoFromAvatar::builder().avatar_id("look");
    let with = builder().maybe_script(Some("Hello")).maybe_voice_id(None::<String>).build().unwrap();
    let without = builder().script("Hello").build().unwrap();
    assert_eq!(with, without);
    assert_eq!(
        builder().script("Hello").maybe_script(None::<String>).build().unwrap(),
        builder().build().unwrap()
    );
    // In a PATCH, `None` is not sent; only `clear_` sends null.
    let patch = types::UpdateWebhookEndpointRequest::builder;
    assert_eq!(sent(patch().maybe_url(None::<String>).build().unwrap()), json!({}));
    assert_eq!(
        sent(patch().maybe_events(Some(["avatar_video.success"])).build().unwrap()),
        json!({"events": ["avatar_video.success"]})
    );
    assert_eq!(sent(patch().clear_url().build().unwrap()), json!({"url": null}));
}

#[test]
fn a_video_converts_into_a_video_of_a_batch_and_back() {
    let video = || CreateVideoFromAvatar::builder().avatar_id("look").script("Hello");
    let batch = |batch: Result<CreateVideoBatchRequest, BuildError>| sent(batch.unwrap())["videos"].clone();
    let expected = json!([{"type": "avatar", "avatar_id": "look", "script": "Hello"}]);
    let builder = CreateVideoBatchRequest::builder;
    assert_eq!(batch(builder().videos([video()]).build()), expected);
    assert_eq!(batch(builder().videos([video().build().unwrap()]).build()), expected);
    let of_batch: CreateBatchVideoFromAvatar = video().build().unwrap().try_into().unwrap();
    assert_eq!(CreateVideoFromAvatar::from(of_batch), video().build().unwrap());
    let error = builder().videos([video(), video().folder_id("f")]).build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "CreateVideoBatchRequest: `videos[1].folder_id`: `CreateBatchVideoFromAvatar` does not have this field; remove it"
    );
}

#[test]
fn setters_take_literals_for_enumerations_and_arrays_for_lists() {
    let one = types::CreateVideoAgentRequest::builder().prompt("p").orientation("portrait");
    let files = [AssetUrl::builder().url("u")];
    let one = one.files(files).build().unwrap();
    assert_eq!(one.orientation, Some(Orientation::Portrait));
    assert_eq!(sent(one)["files"], json!([{"type": "url", "url": "u"}]));
}

#[test]
fn debug_of_a_builder_shows_no_values() {
    let builder = AssetUrl::builder().url("https://example.com/?signature=marked");
    assert_eq!(format!("{builder:?}"), "AssetUrlBuilder { .. }");
    let client = heygen_api::Client::new(heygen_tests::Recorder::default());
    let call = client.create_video().body(CreateVideoFromAvatar::builder().avatar_id("marked"));
    assert_eq!(format!("{call:?}"), "Call { operation: \"create_video\", .. }");
}

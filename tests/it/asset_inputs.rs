//! Every operation that takes a file takes the same type.

use heygen_api::types::{AssetBase64, AssetById, AssetInput, AssetReference, AssetUrl, CreateVideoFromImage};
use heygen_api::{Client, types};
use heygen_tests::Recorder;
use serde_json::{Value, json};
use xtask::walk;

/// Finds every place in the document that takes a file, and whether it allows the tag `base64`.
fn places(document: &Value, at: &str, found: &mut Vec<(String, bool)>) {
    let value = document.pointer(at).unwrap();
    match value {
        Value::Object(map) => {
            let mapping =
                value.pointer("/discriminator/mapping").filter(|mapping| mapping.get("asset_id").is_some());
            if let Some(mapping) = mapping {
                found.push((at.to_owned(), mapping.get("base64").is_some()));
            }
            for name in map.keys() {
                places(document, &format!("{at}/{}", walk::escape(name)), found);
            }
        }
        Value::Array(items) => {
            for index in 0..items.len() {
                places(document, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn every_place_that_takes_a_file_has_one_of_two_types() {
    let mut found = Vec::new();
    places(&super::overlaid(), "", &mut found);
    let inline = found.iter().filter(|(_, inline)| *inline).count();
    let places = (inline, found.len() - inline);
    assert!(places.0 > 0 && places.1 > 0, "{found:?}");

    let lowered = super::lowered();
    let mut uses = (0, 0);
    walk::schemas(&lowered, |place, schema| match walk::target(schema) {
        Some("AssetInput") if !place.is_component_root() => uses.0 += 1,
        Some("AssetReference") if !place.is_component_root() => uses.1 += 1,
        _ => {}
    });
    // The walk visits a reference inside `allOf` twice.
    let counted = |name: &str| {
        lowered["components"]["schemas"].to_string().matches(&format!("schemas/{name}\"")).count()
    };
    assert_eq!((counted("AssetInput"), counted("AssetReference")), places);
    assert!(uses.0 >= places.0 && uses.1 >= places.1);
}

#[tokio::test]
async fn a_body_may_be_a_variant_a_builder_or_the_union() {
    let recorder = Recorder::default();
    let client = Client::new(recorder.clone());
    let image = AssetUrl::builder().url("https://example.com/face.png");
    let _ = client
        .create_video()
        .body(types::CreateVideoFromAvatar::builder().avatar_id("look").script("Hello").voice_id("voice"))
        .send()
        .await;
    let _ = client
        .create_video()
        .body(CreateVideoFromImage::builder().image(image.clone()).script("Hello"))
        .send()
        .await;
    let built: CreateVideoFromImage =
        CreateVideoFromImage::builder().image(image.build().unwrap()).build().unwrap();
    let _ = client.create_video().body(types::CreateVideoBody::from(built)).send().await;
    let bodies: Vec<Value> = recorder
        .take()
        .into_iter()
        .map(|request| serde_json::from_slice(request.body.as_ref().unwrap()).unwrap())
        .collect();
    let image = json!({"type": "url", "url": "https://example.com/face.png"});
    assert_eq!(
        bodies,
        [
            json!({"type": "avatar", "avatar_id": "look", "script": "Hello", "voice_id": "voice"}),
            json!({"type": "image", "image": image, "script": "Hello"}),
            json!({"type": "image", "image": image}),
        ]
    );
}

#[test]
fn each_variant_converts_into_the_union() {
    let all: [AssetInput; 3] = [
        AssetUrl::builder().url("u").build().unwrap().into(),
        AssetById::builder().asset_id("a").build().unwrap().into(),
        AssetBase64::builder().media_type("image/png").data("AA==").build().unwrap().into(),
    ];
    let sent: Vec<Value> = all.iter().map(|one| serde_json::to_value(one).unwrap()).collect();
    assert_eq!(
        sent,
        [
            json!({"type": "url", "url": "u"}),
            json!({"type": "asset_id", "asset_id": "a"}),
            json!({"type": "base64", "media_type": "image/png", "data": "AA=="}),
        ]
    );
    let reference: AssetReference = AssetById::builder().asset_id("a").try_into().unwrap();
    assert_eq!(serde_json::to_value(reference).unwrap(), sent[1]);
}

#[tokio::test]
async fn errors_name_the_missing_field_and_nothing_is_sent() {
    let recorder = Recorder::default();
    let client = Client::new(recorder.clone());
    let error =
        client.create_video().body(CreateVideoFromImage::builder().script("Hello")).send().await.unwrap_err();
    assert_eq!(error.to_string(), "create_video: `body.image` is required; set it");
    let error = client
        .create_video()
        .body(CreateVideoFromImage::builder().image(AssetUrl::builder()))
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "create_video: `body.image.url` is required; set it");
    let error = client.get_video().send().await.unwrap_err();
    assert_eq!(error.to_string(), "get_video: `video_id` is required; set it");
    let error = client.list_videos().limit(-1).send().await.unwrap_err();
    assert!(error.to_string().starts_with("list_videos: `limit`: "), "{error}");
    let error = client.create_video().idempotency_key("a\nb").body(avatar_body()).send().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "create_video: `idempotency_key`: contains characters that are invalid in a header; remove them"
    );
    assert!(!error.may_have_executed());
    assert!(recorder.take().is_empty());
}

fn avatar_body() -> types::builder::CreateVideoFromAvatarBuilder {
    types::CreateVideoFromAvatar::builder().avatar_id("look")
}

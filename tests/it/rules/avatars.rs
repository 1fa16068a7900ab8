//! Rules for avatars: groups and looks, which of them may be changed and deleted, and consent.

use heygen_sim::Sim;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Harness, INVALID, invalid, rule};

const PATH: &str = "/v3/avatars";
/// Groups: one with a digital twin and consent, one without a twin, and one that waits for consent.
const APPROVED: &str = "a0000000000000000000000000000001";
const WITHOUT_TWIN: &str = "a0000000000000000000000000000002";
const WAITING: &str = "a0000000000000000000000000000003";
const OTHER_LOOK: &str = "b0000000000000000000000000000003";

#[tokio::test]
async fn an_avatar_can_be_added_to_a_private_group_only() {
    let mut harness = Harness::new().await;
    let file = json!({"type": "url", "url": "https://example.com/a.png"});
    let photo = json!({"type": "photo", "name": "A photo", "file": file});
    let rules = vec![
        rule(
            "an unknown group",
            json!({"avatar_group_id": "x"}),
            404,
            "avatar_group_not_found",
            "avatar_group_id",
        ),
        rule(
            "a public group",
            json!({"avatar_group_id": "Anna_public"}),
            403,
            "forbidden",
            "avatar_group_id",
        ),
        invalid("a blank name", json!({"name": " "}), "name"),
        rule(
            "a page",
            json!({"file": {"url": "https://example.com/a.html"}}),
            400,
            "download_failed",
            "file.url",
        ),
    ];
    harness.check_rules(PATH, &photo, &[json!({"avatar_group_id": APPROVED})], rules).await;
    let speech = harness.upload("speech.mp3").await;
    let picture = harness.upload("thumbnail.png").await;
    for (what, kind, asset) in [("audio", "photo", &speech), ("a picture", "digital_twin", &picture)] {
        let change = json!({"type": kind, "file": {"type": "asset_id", "url": null, "asset_id": asset}});
        harness
            .expect_post_refusal(what, PATH, super::changed(&photo, &change), (400, INVALID, "file.asset_id"))
            .await;
    }

    let drawing = json!({"type": "prompt", "name": "A drawing", "prompt": "Blue"});
    let allowed = [
        json!({"avatar_id": OTHER_LOOK, "avatar_group_id": WITHOUT_TWIN}),
        json!({"avatar_id": "Lea_photo_public"}),
    ];
    let rules = vec![
        invalid(
            "a reference from another group",
            json!({"avatar_id": OTHER_LOOK, "avatar_group_id": APPROVED}),
            "avatar_id",
        ),
        rule("an unknown reference", json!({"avatar_id": "x"}), 404, "avatar_not_found", "avatar_id"),
    ];
    harness.check_rules(PATH, &drawing, &allowed, rules).await;
    // A look that is in training, has failed or waits for consent cannot be a reference.
    let look = |reply: &super::Reply| reply.text("/data/avatar_item/id");
    let failing = look(&harness.post(PATH, super::changed(&photo, &json!({"name": "[sim:fail]"}))).await);
    let young = look(&harness.post(PATH, photo.clone()).await);
    let video =
        |look: &str| json!({"type": "avatar", "avatar_id": look, "script": "Hi", "voice_id": "en-us-clara"});
    let early = (409, "resource_not_ready", "avatar_id");
    harness.expect_post_refusal("a look in training", "/v3/videos", video(&failing), early).await;
    harness.advance(30);
    harness
        .expect_post_refusal("a failed look", "/v3/videos", video(&failing), (400, INVALID, "avatar_id"))
        .await;
    for reference in [&failing, &young, "b0000000000000000000000000000004"] {
        let body = super::changed(&drawing, &json!({"avatar_id": reference}));
        harness.expect_post_refusal(reference, PATH, body, (400, INVALID, "avatar_id")).await;
    }
    // Without a group, the avatar is added to the group of its reference.
    let made = harness.post(PATH, super::changed(&drawing, &json!({"avatar_id": OTHER_LOOK}))).await;
    assert_eq!(made.text("/data/avatar_group/id"), WITHOUT_TWIN);
    harness.finish();
}

#[tokio::test]
async fn public_avatars_cannot_be_changed_or_deleted() {
    let mut harness = Harness::new().await;
    let voice = json!({"default_voice_id": "en-gb-henry"});
    let name = json!({"name": "Another"});
    let path = |id: &str| format!("{PATH}/{id}");
    let look = |id: &str| format!("{PATH}/looks/{id}");
    let (patch, delete) = (Method::PATCH, Method::DELETE);
    let cases = [
        ("a public group deleted", &delete, path("Anna_public"), None, (400, INVALID, "group_id")),
        ("an unknown group deleted", &delete, path("x"), None, (404, "avatar_group_not_found", "")),
        ("a studio look deleted", &delete, look("Anna_sitting_public"), None, (403, "forbidden", "")),
        ("a public photo deleted", &delete, look("Lea_photo_public"), None, (403, "forbidden", "")),
        ("an unknown look deleted", &delete, look("x"), None, (404, "avatar_not_found", "")),
        ("a public group's voice", &patch, path("Anna_public"), Some(&voice), (403, "forbidden", "")),
        ("a studio look's name", &patch, look("Anna_sitting_public"), Some(&name), (400, INVALID, "look_id")),
        ("a public photo's name", &patch, look("Lea_photo_public"), Some(&name), (403, "forbidden", "")),
    ];
    for (what, method, path, body, refusal) in cases {
        harness.expect_refusal(what, method.clone(), &path, body.cloned(), refusal).await;
    }
    let unknown = json!({"default_voice_id": "x"});
    let refusal = (404, "voice_not_found", "default_voice_id");
    harness.expect_refusal("an unknown voice", patch.clone(), &path(APPROVED), Some(unknown), refusal).await;
    let blank = json!({"name": " "});
    harness
        .expect_refusal("a blank name", patch.clone(), &look(OTHER_LOOK), Some(blank), (400, INVALID, "name"))
        .await;
    assert_eq!(harness.send(patch.clone(), &path(APPROVED), None, Some(&voice)).await.status, 200);
    assert_eq!(harness.send(patch, &look(OTHER_LOOK), None, Some(&name)).await.text("/data/name"), "Another");

    // Deleting the last look deletes its group.
    assert_eq!(harness.send(delete, &look(OTHER_LOOK), None, None).await.status, 200);
    let gone = (404, "avatar_group_not_found", "");
    harness.expect_refusal("a group without looks", Method::GET, &path(WITHOUT_TWIN), None, gone).await;
    harness.finish();
}

/// In the document, only private avatars have a training status, but public looks were seen with one.
#[tokio::test]
async fn a_public_look_is_completed_and_a_public_group_has_no_status() {
    let harness = Harness::new().await;
    for (path, status) in [
        ("Anna_public", Value::Null),
        ("looks/Anna_sitting_public", json!("completed")),
        (APPROVED, json!("completed")),
        ("looks/b0000000000000000000000000000001", json!("completed")),
        (WAITING, json!("pending_consent")),
    ] {
        assert_eq!(harness.get(&format!("{PATH}/{path}")).await.body["data"]["status"], status, "{path}");
    }
}

#[tokio::test]
async fn consent_can_be_given_once() {
    let mut harness = Harness::new().await;
    let path = |group: &str| format!("{PATH}/{group}/consent");
    let recording = json!({"consent_video": {"type": "url", "url": "https://example.com/a.mp4"}});
    let rules = vec![
        invalid("a text with tags", json!({"consent_text": "<b>I agree</b>"}), "consent_text"),
        rule("a custom text", json!({"consent_text": "I agree"}), 403, "forbidden", "consent_text"),
        rule("a recording", recording.clone(), 403, "forbidden", "consent_video"),
        invalid(
            "a recording and a redirect",
            super::changed(&recording, &json!({"reroute_url": "https://example.com"})),
            "reroute_url",
        ),
        invalid(
            "a recording and a text",
            super::changed(&recording, &json!({"consent_text": "I agree"})),
            "consent_text",
        ),
    ];
    let allowed = [json!({"reroute_url": "https://example.com/thanks"})];
    harness.check_rules(&path(WAITING), &json!({}), &allowed, rules).await;
    harness.expect_post_refusal("no twin", &path(WITHOUT_TWIN), json!({}), (400, INVALID, "group_id")).await;
    harness
        .expect_post_refusal(
            "consent that was given before",
            &path(APPROVED),
            json!({}),
            (409, "conflict", ""),
        )
        .await;
    harness.expect_post_refusal("no group", &path("x"), json!({}), (404, "avatar_group_not_found", "")).await;

    let visit = async |harness: &Harness, link: &str| {
        harness.client.post(link).send().await.unwrap().status().as_u16()
    };
    let lapsed = harness.post(&path(WAITING), json!({})).await.text("/data/url");
    harness.advance(24 * 60 * 60);
    assert_eq!(visit(&harness, &lapsed).await, 410);
    let link = harness.post(&path(WAITING), json!({})).await.text("/data/url");
    let video = json!({"type": "avatar", "avatar_id": "b0000000000000000000000000000004", "script": "Hello"});
    let required = (403, "avatar_consent_required", "avatar_id");
    harness.expect_post_refusal("a video before", "/v3/videos", video.clone(), required).await;
    assert_eq!(visit(&harness, &link).await, 200);
    assert_eq!(visit(&harness, &link).await, 410);
    harness.post("/v3/videos", video).await;
    harness.finish();

    let harness = Harness::of(Sim::builder().enterprise(true)).await;
    harness.post(&path(WAITING), json!({"consent_text": "I agree"})).await;
    let reviewed = harness.post(&path(WAITING), recording).await;
    assert_eq!(reviewed.body["data"]["url"], Value::Null);
}

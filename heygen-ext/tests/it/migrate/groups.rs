//! Groups of photo avatars, in the steps that programs of v2 take.

use std::time::Duration;

use heygen_ext::http::Method;
use heygen_ext::migrate::types::{AddLooks, CreatePhotoGroup, GenerateLook, TrainGroup};
use heygen_ext::migrate::{Legacy, LegacyRequest, MigrateOptions};
use heygen_ext::{CallOptions, HeyGen};
use heygen_sim::{Clock, Sim};
use serde_json::json;

use super::gateway::PNG;

/// A client, with a group from an uploaded picture: the picture's key, the id of the group, and that of its look.
async fn with_group() -> (Sim, Legacy, String, String, String) {
    let sim = Sim::builder().clock(Clock::manual()).concurrency(100).start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url());
    let heygen = heygen.options(CallOptions::new().max_attempts(1)).build().unwrap();
    let legacy = heygen.legacy().with_options(MigrateOptions::new().accept_avatar_charges(true));
    let key = legacy.upload_asset("image/png", PNG).await.unwrap().image_key.clone().unwrap();
    let group = CreatePhotoGroup {
        name: Some("Me".to_owned()),
        image_key: Some(key.clone()),
        ..CreatePhotoGroup::default()
    };
    let made = legacy.create_photo_group(&group).await.unwrap();
    let (group, look) = (made.group_id.clone().unwrap(), made.id.clone().unwrap());
    assert_ne!(group, look);
    sim.advance(Duration::from_secs(600));
    (sim, legacy, key, group, look)
}

/// Generates a look for a group, and returns its id and its key.
async fn generate(sim: &Sim, legacy: &Legacy, group: &str) -> (String, String) {
    let look = GenerateLook {
        group_id: Some(group.to_owned()),
        prompt: Some("in the rain".to_owned()),
        ..GenerateLook::default()
    };
    let id = legacy.generate_look(&look).await.unwrap().generation_id.clone().unwrap();
    sim.advance(Duration::from_secs(600));
    let key = legacy.generation(&id).await.unwrap().image_key_list[0].clone();
    (id, key)
}

fn avatars(sim: &Sim) -> usize {
    sim.requests().iter().filter(|one| one.method == "POST" && one.path == "/v3/avatars").count()
}

fn add(group: &str, keys: Vec<String>) -> AddLooks {
    AddLooks { group_id: Some(group.to_owned()), image_keys: keys, ..AddLooks::default() }
}

#[tokio::test]
async fn a_look_that_was_generated_for_a_group_is_in_it() {
    let (sim, legacy, _, group, _) = with_group().await;
    let (id, key) = generate(&sim, &legacy, &group).await;
    let before = avatars(&sim);
    let added = legacy.add_looks(&add(&group, vec![key.clone()])).await.unwrap();
    assert_eq!(added.photo_avatar_list.len(), 1);
    assert_eq!(added.photo_avatar_list[0].id.as_deref(), Some(id.as_str()));
    assert_eq!(added.photo_avatar_list[0].group_id.as_deref(), Some(group.as_str()));
    assert_eq!(avatars(&sim), before, "nothing is created or paid again");
    let other = legacy.add_looks(&add("a0000000000000000000000000000002", vec![key])).await.unwrap_err();
    assert!(other.to_string().contains("is a look of another group"), "{other}");
}

#[tokio::test]
async fn the_id_of_a_photo_avatar_is_taken_where_v2_took_it_for_that_of_its_group() {
    let (sim, legacy, key, group, look) = with_group().await;
    let train = TrainGroup { group_id: Some(look.clone()), ..TrainGroup::default() };
    legacy.train_group(&train).await.unwrap();
    assert_eq!(legacy.train_status(&look).await.unwrap().status.as_deref(), Some("ready"));
    assert_eq!(legacy.group_looks(&look).await.unwrap().avatar_list.len(), 1);
    let (_, generated) = generate(&sim, &legacy, &look).await;
    let added = legacy.add_looks(&add(&look, vec![key.clone(), generated])).await.unwrap();
    assert_eq!(added.photo_avatar_list.len(), 2);
    assert!(added.photo_avatar_list.iter().all(|one| one.group_id.as_deref() == Some(group.as_str())));
    assert_eq!(legacy.group_looks(&group).await.unwrap().avatar_list.len(), 3);

    // With an idempotency key, the same looks are added once.
    let body = json!({"group_id": look, "image_keys": [key]});
    let request = LegacyRequest::new(&Method::POST, "/v2/photo_avatar/avatar_group/add").unwrap().json(body);
    for _ in 0..2 {
        let _ = legacy.run_with_key(&request, Some("order-7")).await.unwrap();
    }
    assert_eq!(legacy.group_looks(&group).await.unwrap().avatar_list.len(), 4);

    // The group has more looks than the one that is named, so it is not deleted.
    assert_eq!(legacy.delete_photo_group(&look).await.unwrap_err().status().as_u16(), 404);
    assert_eq!(legacy.train_status("unknown").await.unwrap_err().code(), "avatar_group_not_found");
    assert!(legacy.group_looks("unknown").await.unwrap().avatar_list.is_empty());
}

//! Tests lists of the simulator.

use futures_util::TryStreamExt;
use heygen_ext::heygen_api::types::CreateVideoFromAvatar;
use heygen_ext::{HeyGen, Paged};
use heygen_sim::Sim;

#[tokio::test]
async fn every_video_is_listed_once_while_others_are_created() {
    let sim = Sim::builder().concurrency(100).start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
    let make = async |title: &str| {
        let body =
            CreateVideoFromAvatar::builder().avatar_id("Anna_sitting_public").script("Hello").title(title);
        heygen.api().create_video().body(body).await.unwrap().into_inner().video_id
    };
    let mut made = Vec::new();
    for number in 0..12 {
        made.insert(0, make(&format!("old {number}")).await);
    }
    let mut items = heygen.api().list_videos().items().page_size(5);
    let mut seen = Vec::new();
    while let Some(video) = items.try_next().await.unwrap() {
        make("new").await;
        seen.push(video.id);
    }
    assert_eq!(seen, made);
    let first = heygen.api().list_videos().pages().page_size(5).try_next().await.unwrap().unwrap();
    let rest = heygen.api().list_videos().items().resume(first.next_token.unwrap());
    let rest: Vec<_> = rest.map_ok(|video| video.id).try_collect().await.unwrap();
    assert_eq!(rest.len(), 24 - 5);
    assert_eq!(rest[rest.len() - 1], made[11]);
}

#[tokio::test]
async fn filters_apply_to_every_page() {
    let sim = Sim::builder().start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
    let voices: Vec<_> = heygen.api().list_voices().language("English").items().try_collect().await.unwrap();
    assert!(voices.len() > 3 && voices.iter().all(|voice| voice.language == "English"));
}

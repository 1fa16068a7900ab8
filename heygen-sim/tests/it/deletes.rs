//! Tests of deletions: a hard one also deletes the files, a soft one keeps them.

use reqwest::Method;
use serde_json::json;

use crate::program::Program;

#[tokio::test]
async fn a_hard_deletion_deletes_the_files_and_a_soft_one_keeps_them() {
    let program = Program::start().await;
    let url = |file: &str| json!({"type": "url", "url": format!("https://example.com/{file}")});
    let (video, audio) = (url("a.mp4"), url("a.mp3"));
    for (path, body, id, link, after) in [
        ("/v3/lipsyncs", json!({"video": video, "audio": audio}), "/lipsync_id", "/video_url", 404),
        (
            "/v3/video-translations",
            json!({"video": video, "output_languages": ["German"]}),
            "/video_translation_ids/0",
            "/video_url",
            404,
        ),
        ("/v3/ai-clipping", json!({"video": video}), "/ai_clipping_id", "/clips/0/video_url", 200),
        ("/v3/background-removals", json!({"video": video}), "/id", "/layers/mask", 200),
    ] {
        let created = program.post(path, body).await;
        program.advance(300);
        let resource = format!("{path}/{}", created.pointer(id).unwrap().as_str().unwrap());
        let link = program.get(&resource).await.pointer(link).unwrap().clone();
        assert_eq!(program.fetch(&link).await.0, 200, "{path}");
        program.call(Method::DELETE, &resource, None).await;
        assert_eq!(program.fetch(&link).await.0, after, "{path}");
        assert_eq!(program.get(path).await, json!([]), "{path}");
        if path != "/v3/background-removals" {
            assert_eq!(
                program.refused(Method::GET, &resource, None).await,
                (404, "resource_not_found".into())
            );
        }
    }
}

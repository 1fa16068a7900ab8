//! HeyGen's plugin for OpenClaw, which waits in two stages: for the video of a session, and then for the video.
//!
//! Source: heygen-com/openclaw-plugin-heygen, `video-generation-provider.ts`, version 0.1.2 (April 2026).

use std::time::Duration;

use heygen_sim::{Fault, Sim};
use serde_json::{Value, json};

use super::{Client, data, text};

/// How often the plugin reads a resource.
const POLLS: u32 = 240;

/// After so many reads in a row, a session in generate mode that is still `thinking` counts as stuck.
const THINKING_POLLS: u32 = 8;

async fn plugin(speed: u64) -> Client {
    let headers = [
        ("accept", "application/json"),
        ("user-agent", "OpenClaw-HeyGen-Provider/0.1.2"),
        ("x-heygen-source", "openclaw-plugin"),
    ];
    Client { speed, ..Client::start(Sim::builder(), "x-api-key", &headers).await }
}

fn pause(poll: u32) -> Duration {
    Duration::from_secs(match poll {
        0..6 => 5,
        6..18 => 15,
        _ => 30,
    })
}

/// Waits until the session names a video.
async fn wait_for_video_id(client: &Client, session: &str) -> Result<String, String> {
    let mut thinking = 0;
    for poll in 0..POLLS {
        let session = client.get(&format!("/v3/video-agents/{session}")).await;
        let video = session["video_id"].as_str().map(str::to_owned);
        match (text(&session["status"]), video) {
            ("failed", _) => return Err("the session failed".to_owned()),
            ("waiting_for_input", _) => return Err("the session waits for input".to_owned()),
            ("completed", None) => return Err("the session completed without a video".to_owned()),
            (_, Some(video)) => return Ok(video),
            ("thinking", None) => thinking += 1,
            _ => thinking = 0,
        }
        if thinking >= THINKING_POLLS {
            return Err(format!("the session is stuck in thinking after {:?}", client.waited.get()));
        }
        client.wait(pause(poll));
    }
    Err("the session did not name a video".to_owned())
}

/// Waits until the video has ended.
async fn wait_for_video(client: &Client, video: &str) -> Result<Value, String> {
    for poll in 0..POLLS {
        let video = client.get(&format!("/v3/videos/{video}")).await;
        match text(&video["status"]) {
            "completed" => return Ok(video),
            "failed" => return Err(text(&video["failure_message"]).to_owned()),
            _ => client.wait(pause(poll)),
        }
    }
    Err("the video did not end".to_owned())
}

/// Creates a session, waits in two stages, and downloads the video.
async fn generate(client: &Client, body: &Value) -> Result<(), String> {
    let created = data(client.post("/v3/video-agents", body).await);
    assert_ne!(created["status"], "failed");
    let session = text(&created["session_id"]);
    let video = match created["video_id"].as_str() {
        Some(video) => video.to_owned(),
        None => wait_for_video_id(client, session).await?,
    };
    let video = wait_for_video(client, &video).await?;
    assert!(client.download(&video["video_url"]).await.starts_with("video/"));
    text(&video["thumbnail_url"]);
    assert!(video["duration"].as_f64().is_some_and(|duration| duration > 0.0));
    Ok(())
}

/// A body of the plugin. A picture goes with it by its URL, or inline.
fn body(prompt: &str) -> Value {
    let picture = "iVBORw0KGgo=";
    json!({
        "prompt": prompt,
        "mode": "generate",
        "avatar_id": "Anna_sitting_public",
        "voice_id": "en-us-clara",
        "orientation": "portrait",
        "files": [
            {"type": "url", "url": "https://example.com/picture.png"},
            {"type": "base64", "media_type": "image/png", "data": picture},
        ],
        "incognito_mode": true,
    })
}

#[tokio::test]
async fn a_video_is_made_in_two_stages_at_every_speed() {
    for speed in [1, 60] {
        // By default the video is named at once, so there is only the second stage.
        let client = plugin(speed).await;
        assert_eq!(generate(&client, &body("Our launch")).await, Ok(()), "{speed}");
        // In the other documented form, it is named while the agent thinks.
        let late = plugin(speed).await;
        assert_eq!(generate(&late, &body("Our launch [sim:late-video]")).await, Ok(()), "{speed}");
        let operations: Vec<_> =
            late.program.sim.requests().into_iter().filter_map(|request| request.operation).collect();
        let reads = operations.iter().filter(|operation| *operation == "getVideoAgentSession").count();
        assert!(reads > 1 && operations.contains(&"getVideoV3".to_owned()), "{operations:?}");
    }
}

#[tokio::test]
async fn failures_end_both_stages() {
    let client = plugin(60).await;
    for prompt in ["[sim:fail]", "[sim:fail][sim:late-video]"] {
        let failed = generate(&client, &body(prompt)).await;
        assert!(failed.is_err(), "{prompt}");
    }
}

/// In production a session may be lost while its video is made. The plugin reads only the video then.
#[tokio::test]
async fn a_lost_session_does_not_stop_the_plugin() {
    let client = plugin(1).await;
    let lost = Fault::refuse(404, "resource_not_found", "no session").on("get_video_agent_session");
    client.program.sim.inject(lost).unwrap();
    assert_eq!(generate(&client, &body("Our launch")).await, Ok(()));
}

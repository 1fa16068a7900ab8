//! Agent sessions: alone, and in a conversation.

use reqwest::Method;
use serde_json::{Value, json};

use crate::program::Program;

async fn begin(program: &Program, prompt: &str, mode: &str) -> String {
    let made = program.post("/v3/video-agents", json!({"prompt": prompt, "mode": mode})).await;
    format!("/v3/video-agents/{}", made["session_id"].as_str().unwrap())
}

async fn status(program: &Program, session: &str) -> String {
    program.get(session).await["status"].as_str().unwrap().to_owned()
}

async fn say(program: &Program, session: &str, message: &str) {
    let answer = program.post(session, json!({"message": message})).await;
    assert_eq!(answer["run_id"].as_str().map(str::len), Some(32));
}

#[tokio::test]
async fn a_chat_asks_shows_a_storyboard_and_makes_a_video_and_another_one() {
    let program = Program::start().await;
    let session = begin(&program, "Launch [sim:ask]", "chat").await;
    assert_eq!(status(&program, &session).await, "thinking");
    program.advance(60);
    assert_eq!(status(&program, &session).await, "waiting_for_input");
    program.advance(100_000);
    assert_eq!(status(&program, &session).await, "waiting_for_input");
    say(&program, &session, "For customers").await;
    assert_eq!(status(&program, &session).await, "thinking");
    program.advance(60);
    let reviewing = program.get(&session).await;
    assert_eq!((&reviewing["status"], &reviewing["video_id"]), (&json!("reviewing"), &Value::Null));
    let newest = &reviewing["messages"][0];
    assert_eq!((&newest["role"], &newest["type"]), (&json!("model"), &json!("resource")));
    let draft =
        program.get(&format!("{session}/resources/{}", newest["resource_ids"][0].as_str().unwrap())).await;
    assert_eq!(draft["resource_type"], "draft");

    say(&program, &session, "Go on").await;
    let generating = program.get(&session).await;
    assert_eq!(generating["status"], "generating");
    let first = generating["video_id"].as_str().unwrap().to_owned();
    assert_eq!(program.get(&format!("/v3/videos/{first}")).await["status"], "pending");
    program.advance(480);
    assert_eq!(status(&program, &session).await, "completed");
    assert_eq!(program.get(&format!("/v3/videos/{first}")).await["status"], "completed");

    say(&program, &session, "Shorter, please").await;
    assert_eq!(status(&program, &session).await, "thinking");
    program.advance(600);
    let videos = program.get(&format!("{session}/videos")).await;
    let ids: Vec<&str> =
        videos.as_array().unwrap().iter().map(|video| video["id"].as_str().unwrap()).collect();
    assert_eq!((ids.len(), ids[1]), (2, first.as_str()));
    assert_ne!(ids[0], first);
    let messages = program.get(&session).await["messages"].as_array().unwrap().len();
    assert!(messages > 6, "{messages}");
}

#[tokio::test]
async fn a_session_fails_hangs_and_stops() {
    let program = Program::start().await;
    let fails = begin(&program, "Launch [sim:fail=script_too_long]", "generate").await;
    let hangs = begin(&program, "Launch [sim:hang]", "generate").await;
    let stops = begin(&program, "Launch", "generate").await;
    program.advance(130);
    assert_eq!(status(&program, &fails).await, "failed");
    let failed = program.get(&fails).await;
    assert_eq!(failed["messages"][0]["type"], "error");
    assert_eq!(status(&program, &hangs).await, "thinking");
    program.post(&format!("{stops}/stop"), json!({})).await;
    assert_eq!(status(&program, &stops).await, "generating");
    program.advance(10);
    assert_eq!(status(&program, &stops).await, "completed");
    let video = program.get(&stops).await["video_id"].as_str().unwrap().to_owned();
    assert_eq!(program.get(&format!("/v3/videos/{video}")).await["status"], "completed");
    program.advance(100_000);
    assert_eq!(status(&program, &hangs).await, "thinking");
}

#[tokio::test]
async fn messages_go_to_chats_only_and_what_is_named_must_exist() {
    let program = Program::start().await;
    let session = begin(&program, "Launch", "generate").await;
    let message = Some(json!({"message": "More"}));
    assert_eq!(program.refused(Method::POST, &session, message).await, (409, "conflict".into()));
    for (body, code) in [
        (json!({"avatar_id": "nobody"}), "avatar_not_found"),
        (json!({"voice_id": "nobody"}), "voice_not_found"),
        (json!({"style_id": "none"}), "resource_not_found"),
        (json!({"brand_kit_id": "none"}), "resource_not_found"),
        (json!({"files": [{"type": "asset_id", "asset_id": "none"}]}), "asset_not_found"),
    ] {
        let mut body = body;
        body["prompt"] = json!("Launch");
        assert_eq!(program.refused(Method::POST, "/v3/video-agents", Some(body)).await, (404, code.into()));
    }
}

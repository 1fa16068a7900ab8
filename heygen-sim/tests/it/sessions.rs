//! Tests of agent sessions in generate mode and in chat mode.

use heygen_sim::{Fault, Sim};
use reqwest::Method;
use serde_json::{Value, json};

use crate::program::Program;
use crate::receiver::Receiver;

async fn begin(program: &Program, prompt: &str, mode: &str) -> String {
    let created = program.post("/v3/video-agents", json!({"prompt": prompt, "mode": mode})).await;
    format!("/v3/video-agents/{}", created["session_id"].as_str().unwrap())
}

async fn status(program: &Program, session: &str) -> String {
    program.get(session).await["status"].as_str().unwrap().to_owned()
}

async fn say(program: &Program, session: &str, message: &str) {
    let answer = program.post(session, json!({"message": message})).await;
    assert_eq!(answer["run_id"].as_str().map(str::len), Some(32));
}

#[tokio::test]
async fn a_chat_asks_a_question_shows_a_storyboard_and_creates_two_videos() {
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
async fn markers_of_prompt_and_messages_apply_until_the_next_video() {
    let program = Program::start().await;
    let direct = begin(&program, "Launch [sim:ask][sim:no-review]", "chat").await;
    let fails = begin(&program, "Launch [sim:ask][sim:fail=script_too_long]", "chat").await;
    let large = begin(&program, "Launch [sim:size=70000][sim:takes=100]", "chat").await;
    let hinted = begin(&program, "Launch", "chat").await;
    say(&program, &hinted, "But quickly [sim:takes=50]").await;
    program.advance(120);
    for session in [&direct, &fails] {
        assert_eq!(status(&program, session).await, "waiting_for_input");
        say(&program, session, "For customers").await;
    }
    for session in [&large, &hinted] {
        assert_eq!(status(&program, session).await, "reviewing");
        say(&program, session, "Go on").await;
    }
    program.advance(50);
    assert_eq!(status(&program, &fails).await, "failed");
    assert!(program.get(&fails).await["messages"].to_string().contains("script_too_long"));
    assert_eq!(status(&program, &hinted).await, "completed");
    program.advance(70);
    assert_eq!(status(&program, &direct).await, "generating");
    let videos = program.get(&format!("{large}/videos")).await;
    assert_eq!(program.fetch(&videos[0]["video_url"]).await.1.len(), 70_000);
    // The marker does not apply to the second video.
    say(&program, &large, "Once more").await;
    program.advance(600);
    let videos = program.get(&format!("{large}/videos")).await;
    assert_ne!(program.fetch(&videos[0]["video_url"]).await.1.len(), 70_000);
}

#[tokio::test]
async fn messages_at_the_same_time_keep_their_order() {
    let program = Program::start().await;
    let session = begin(&program, "Launch [sim:takes=0]", "chat").await;
    program.advance(120);
    say(&program, &session, "Go on").await;
    let messages = program.get(&session).await["messages"].clone();
    let contents: Vec<&str> =
        messages.as_array().unwrap().iter().map(|item| item["content"].as_str().unwrap()).collect();
    let expected = [
        "Your video is ready.",
        "I am making your video now.",
        "Go on",
        "Here is the storyboard. Shall I go on?",
    ];
    assert_eq!(contents[..4], expected);
}

#[tokio::test]
async fn a_session_fails_hangs_or_is_stopped() {
    let program = Program::start().await;
    let fails = begin(&program, "Launch [sim:fail=script_too_long]", "generate").await;
    let hangs = begin(&program, "Launch [sim:hang][sim:late-video]", "generate").await;
    let stops = begin(&program, "Launch [sim:late-video]", "generate").await;
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
async fn messages_to_generate_sessions_and_unknown_ids_are_refused() {
    let program = Program::start().await;
    let session = begin(&program, "Launch", "generate").await;
    let message = Some(json!({"message": "More"}));
    assert_eq!(program.refused(Method::POST, &session, message).await, (409, "conflict".into()));
    for (body, code) in [
        (json!({"avatar_id": "unknown"}), "avatar_not_found"),
        (json!({"voice_id": "unknown"}), "voice_not_found"),
        (json!({"style_id": "none"}), "resource_not_found"),
        (json!({"brand_kit_id": "none"}), "resource_not_found"),
        (json!({"files": [{"type": "asset_id", "asset_id": "none"}]}), "asset_not_found"),
    ] {
        let mut body = body;
        body["prompt"] = json!("Launch");
        assert_eq!(program.refused(Method::POST, "/v3/video-agents", Some(body)).await, (404, code.into()));
    }
}

/// HeyGen's own command line polls only the video that the response to the creation names.
#[tokio::test]
async fn a_session_in_generate_mode_names_its_video_at_once() {
    let program = Program::start().await;
    let create = async |prompt: &str| program.post("/v3/video-agents", json!({"prompt": prompt})).await;
    let (good, fails) = (create("Launch").await, create("Launch [sim:fail=avatar_unavailable]").await);
    let (hangs, stops) = (create("Launch [sim:hang]").await, create("Launch [sim:hang]").await);
    for created in [&good, &fails, &hangs, &stops] {
        assert_eq!(
            (&created["status"], created["video_id"].as_str().map(str::len)),
            (&json!("generating"), Some(32))
        );
    }
    let read = async |created: &Value| {
        let session =
            program.get(&format!("/v3/video-agents/{}", created["session_id"].as_str().unwrap())).await;
        assert_eq!(session["video_id"], created["video_id"]);
        let video = program.get(&format!("/v3/videos/{}", created["video_id"].as_str().unwrap())).await;
        (session["status"].as_str().unwrap().to_owned(), video["status"].as_str().unwrap().to_owned())
    };
    let pair = |session: &str, video: &str| (session.to_owned(), video.to_owned());
    assert_eq!(read(&good).await, pair("generating", "pending"));
    program
        .post(&format!("/v3/video-agents/{}/stop", stops["session_id"].as_str().unwrap()), json!({}))
        .await;
    program.advance(30);
    assert_eq!(read(&fails).await, pair("failed", "failed"));
    assert_eq!(read(&stops).await, pair("completed", "completed"));
    let failed = program.get(&format!("/v3/videos/{}", fails["video_id"].as_str().unwrap())).await;
    assert_eq!(failed["failure_code"], "avatar_unavailable");
    program.advance(569);
    assert_eq!(read(&good).await, pair("generating", "processing"));
    program.advance(1);
    assert_eq!(read(&good).await, pair("completed", "completed"));
    assert_eq!(read(&hangs).await, pair("generating", "processing"));
    let videos =
        program.get(&format!("/v3/video-agents/{}/videos", good["session_id"].as_str().unwrap())).await;
    assert_eq!(videos[0]["id"], good["video_id"]);
}

/// In production, the session of a video that completes was seen to answer 404.
#[tokio::test]
async fn a_session_can_get_lost_while_its_video_completes() {
    let program = Program::start().await;
    let lost = Fault::answer(404, "application/json", "{}").on("getVideoAgentSession");
    program.sim.inject(lost).unwrap();
    let created = program.post("/v3/video-agents", json!({"prompt": "Launch"})).await;
    let session = format!("/v3/video-agents/{}", created["session_id"].as_str().unwrap());
    assert_eq!(program.refused(Method::GET, &session, None).await.0, 404);
    program.advance(600);
    assert_eq!(program.refused(Method::GET, &session, None).await.0, 404);
    let video = program.get(&format!("/v3/videos/{}", created["video_id"].as_str().unwrap())).await;
    assert_eq!(program.fetch(&video["video_url"]).await.0, 200);
}

#[tokio::test]
async fn a_session_that_is_stopped_while_thinking_creates_no_video() {
    let program = Program::start().await;
    let receiver = Receiver::start().await;
    program.post("/v3/webhooks/endpoints", json!({"url": receiver.url})).await;
    let session = begin(&program, "Launch [sim:late-video]", "generate").await;
    let fails = begin(&program, "Launch [sim:fail][sim:late-video]", "generate").await;
    let balance = program.sim.balance();
    for session in [&session, &fails] {
        program.post(&format!("{session}/stop"), json!({})).await;
        assert_eq!(status(&program, session).await, "thinking");
    }
    program.advance(1000);
    for session in [&session, &fails] {
        let stopped = program.get(session).await;
        assert_eq!((&stopped["status"], &stopped["video_id"]), (&json!("completed"), &Value::Null));
        assert_eq!(stopped["messages"].as_array().unwrap().len(), 1, "{stopped}");
        assert_eq!(program.get(&format!("{session}/videos")).await, json!([]));
    }
    assert_eq!(program.get("/v3/videos").await, json!([]));
    program.sim.idle().await;
    assert_eq!((receiver.received().len(), program.sim.balance()), (0, balance));
}

#[tokio::test]
async fn each_turn_sends_one_event_at_its_end() {
    let program = Program::start().await;
    let receiver = Receiver::start().await;
    program.post("/v3/webhooks/endpoints", json!({"url": receiver.url})).await;
    let expect_events = async |count: usize| {
        program.sim.idle().await;
        assert_eq!(receiver.received().len(), count, "{:?}", program.sim.deliveries());
    };
    let session = begin(&program, "Launch [sim:no-review]", "chat").await;
    program.advance(130);
    program.post(&format!("{session}/stop"), json!({})).await;
    program.advance(10);
    let first = program.get(&session).await["video_id"].clone();
    assert_eq!(status(&program, &session).await, "completed");
    // It ends at the time at which the first turn would have ended without the stop.
    say(&program, &session, "Shorter [sim:takes=460]").await;
    program.advance(459);
    expect_events(0).await;
    program.advance(1);
    expect_events(1).await;
    let second = program.get(&session).await["video_id"].clone();
    assert_ne!(first, second);
    let event = receiver.received()[0].json();
    let data = &event["event_data"];
    assert_eq!((&event["event_type"], &data["video_id"]), (&json!("video_agent.success"), &second));
    // The first video, which the stop ended early, still exists.
    let messages = program.get(&session).await["messages"].to_string();
    assert!(messages.contains(first.as_str().unwrap()), "{messages}");

    // A stopped session continues with a message whose video fails: one event, one refund.
    say(&program, &session, "Once more [sim:takes=300]").await;
    let balance = program.sim.balance();
    program.post(&format!("{session}/stop"), json!({})).await;
    program.advance(10);
    say(&program, &session, "And again [sim:fail]").await;
    program.advance(30);
    expect_events(2).await;
    program.advance(1000);
    expect_events(2).await;
    assert_eq!(receiver.received()[1].json()["event_type"], "video_agent.fail");
    assert_eq!(program.sim.balance(), balance);
}

#[tokio::test]
async fn a_chat_counts_as_running_unless_it_waits_for_a_person() {
    let program = Program::with(Sim::builder().concurrency(1)).await;
    let session = begin(&program, "Launch", "chat").await;
    program.advance(120);
    assert_eq!(status(&program, &session).await, "reviewing");
    let hangs = begin(&program, "Launch [sim:hang]", "generate").await;
    let refused = async |path: &str, body: Value| program.refused(Method::POST, path, Some(body)).await;
    let too_many = (429, "rate_limit_exceeded".to_owned());
    assert_eq!(refused(&session, json!({"message": "Go on"})).await, too_many);
    let unchanged = program.get(&session).await;
    assert_eq!(
        (&unchanged["status"], unchanged["messages"].as_array().unwrap().len()),
        (&json!("reviewing"), 2)
    );
    program.advance(100_000);
    assert_eq!(refused("/v3/video-agents", json!({"prompt": "Launch"})).await, too_many);
    program.post(&format!("{hangs}/stop"), json!({})).await;
    say(&program, &session, "Go on").await;
    assert_eq!(refused("/v3/video-agents", json!({"prompt": "Launch"})).await, too_many);
    program.advance(480);
    begin(&program, "Launch", "generate").await;
}

#[tokio::test]
async fn a_message_does_not_change_the_order_of_sessions() {
    let program = Program::start().await;
    let first = begin(&program, "One [sim:no-review]", "chat").await;
    let second = begin(&program, "Two", "chat").await;
    program.advance(600);
    say(&program, &first, "Again").await;
    let list = program.get("/v3/video-agents").await;
    let ids: Vec<String> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|item| format!("/v3/video-agents/{}", item["session_id"].as_str().unwrap()))
        .collect();
    assert_eq!(ids, [second, first]);
}

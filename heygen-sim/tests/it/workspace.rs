//! Tests of the workspace: permissions of keys, folders, templates, looks, languages, retired paths and limits of requests.

use heygen_sim::Sim;
use reqwest::Method;
use serde_json::{Value, json};

use crate::program::Program;

fn video() -> Value {
    json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello"})
}

#[tokio::test]
async fn a_key_needs_the_permission_of_the_operation() {
    let read_only = Program::with(Sim::builder().scopes(["*:read"])).await;
    read_only.get("/v3/videos").await;
    let refused = read_only.send(Method::POST, "/v3/videos", &[], Some(video())).await;
    assert_eq!((refused.status, &refused.body["error"]["code"]), (403, &json!("insufficient_api_key_scope")));
    let message = refused.body["error"]["message"].as_str().unwrap();
    assert!(message.ends_with("Required scope: videos:write."), "{message}");
    assert_eq!(read_only.sim.requests().len(), 2);

    let custom = Program::with(Sim::builder().scopes(["videos:write"])).await;
    custom.post("/v3/videos", video()).await;
    custom.get("/v3/videos").await;
    let refused = custom.send(Method::GET, "/v3/users/me", &[], None).await;
    assert!(refused.body["error"]["message"].as_str().unwrap().ends_with("Required scope: account:read."));
    // The key tells what it may do without a permission, and an access token has all.
    let key = custom.get("/v3/api_keys/self").await;
    assert_eq!((&key["scope_mode"], &key["scopes"]), (&json!("custom"), &json!(["videos:write"])));
    let token = custom.client.get(custom.url("/v3/users/me")).bearer_auth(custom.sim.access_token());
    assert_eq!(token.send().await.unwrap().status(), 200);
    assert_eq!(Program::start().await.get("/v3/api_keys/self").await["scope_mode"], "full");
    assert_eq!(read_only.get("/v3/api_keys/self").await["scope_mode"], "read_only");
}

#[tokio::test]
async fn a_folder_must_exist_before_something_is_put_into_it() {
    let program = Program::start().await;
    let outer = program.post("/v3/folders", json!({"name": "Outer"})).await;
    let inner = json!({"name": "Inner", "parent_id": outer["folder_id"], "type": "video"});
    let inner = program.post("/v3/folders", inner).await;
    assert_eq!((&inner["parent_id"], outer.get("parent_id")), (&outer["folder_id"], None));
    let id = inner["folder_id"].as_str().unwrap();
    assert_eq!(program.get(&format!("/v3/folders/{id}")).await, inner);
    let mut body = video();
    body["folder_id"] = json!(id);
    program.post("/v3/videos", body.clone()).await;
    assert_eq!(program.get(&format!("/v3/videos?folder_id={id}")).await.as_array().unwrap().len(), 1);
    let balance = program.sim.balance();
    body["folder_id"] = json!("unknown");
    let missing = (404, "resource_not_found".to_owned());
    assert_eq!(program.refused(Method::POST, "/v3/videos", Some(body)).await, missing);
    let orphan = json!({"name": "Orphan", "parent_id": "unknown"});
    assert_eq!(program.refused(Method::POST, "/v3/folders", Some(orphan)).await, missing);
    assert_eq!(program.sim.balance(), balance);
}

#[tokio::test]
async fn a_template_is_made_from_a_video_and_gets_variables() {
    let program = Program::start().await;
    let scene = |avatar: &str, script: &str| json!({"type": "avatar_video", "input": {"type": "avatar", "avatar_id": avatar, "script": script, "voice_id": "en-us-clara"}});
    let studio = json!({"type": "studio", "title": "Launch",
        "scenes": [scene("Anna_sitting_public", "Hello Ada"), scene("Anna_standing_public", "Bye")]});
    let video = program.post("/v3/videos", studio).await["video_id"].clone();
    let source = json!({"video_id": video});
    assert_eq!(
        program.refused(Method::POST, "/v3/templates", Some(source.clone())).await,
        (409, "resource_not_ready".into())
    );
    program.advance(300);
    let made = program.post("/v3/templates", source).await;
    assert_eq!(
        (&made["name"], &made["source_video_id"], &made["variables"]),
        (&json!("Launch"), &video, &json!({}))
    );
    let path = format!("/v3/templates/{}", made["id"].as_str().unwrap());
    let listed = async || {
        let list = program.get("/v3/templates?limit=100").await;
        list.as_array().unwrap().iter().any(|template| template["id"] == made["id"])
    };
    assert!(!listed().await, "a template without variables is not listed");
    let set = async |variables: Value, version: &Value| {
        let body = json!({"variables": variables, "expected_edit_version": version});
        program.send(Method::PUT, &format!("{path}/variables"), &[], Some(body)).await
    };
    let (avatar, text) = (
        made["composition"]["scenes"][0]["elements"][0]["id"].clone(),
        made["composition"]["scenes"][0]["script"][0]["id"].clone(),
    );
    let variables = json!({"name": {"type": "text", "match": "Ada"}, "who": {"type": "character", "element_id": avatar},
        "voice": {"type": "voice", "element_id": text}});
    let version = made["edit_version"].clone();
    let changed = set(variables.clone(), &version).await.body["data"].clone();
    assert_eq!(changed["scenes"][0]["script"], "Hello {{name}}");
    assert_eq!(changed["variables"]["name"], json!({"type": "text", "content": "Ada"}));
    assert_eq!(changed["variables"]["who"]["character_id"], "Anna_sitting_public");
    assert!(listed().await && changed["edit_version"] != version);
    let stale = set(json!({}), &version).await;
    assert_eq!((stale.status, &stale.body["error"]["code"]), (409, &json!("stale_edit_version")));
    for (wrong, param) in [
        (json!({"1st": {"type": "text", "match": "Ada"}}), "variables.1st"),
        (json!({"a": {"type": "text", "match": "Grace"}}), "variables.a.match"),
        (json!({"a": {"type": "image", "element_id": avatar}}), "variables.a.element_id"),
    ] {
        let refused = set(wrong, &Value::Null).await;
        assert_eq!((refused.status, &refused.body["error"]["param"]), (400, &json!(param)));
    }
    // The values can be sent back as they are.
    program.post(&path, json!({"variables": changed["variables"]})).await;
    let renamed = program.call(Method::PATCH, &path, Some(json!({"name": "New"}))).await;
    assert_eq!((&renamed["name"], &renamed["edit_version"]), (&json!("New"), &changed["edit_version"]));
    program.call(Method::DELETE, &path, None).await;
    assert_eq!(program.refused(Method::GET, &path, None).await, (404, "template_not_found".into()));
    // The video of an agent cannot become a template.
    let agent = program.post("/v3/video-agents", json!({"prompt": "Launch"})).await;
    program.advance(600);
    let body = json!({"video_id": agent["video_id"]});
    let refused = program.refused(Method::POST, "/v3/templates", Some(body)).await;
    assert_eq!(refused, (400, "template_source_unsupported".into()));
}

#[tokio::test]
async fn looks_are_made_from_look_templates() {
    let program = Program::start().await;
    let packs = program.get("/v3/avatars/look-templates?type=look_pack").await;
    assert_eq!((packs.as_array().unwrap().len(), &packs[0]["looks_count"]), (1, &json!(4)));
    let body = |reference: &str| json!({"type": "look_pack", "template_id": packs[0]["id"], "reference_look_id": reference});
    let before = program.sim.balance();
    let made = program.post("/v3/avatars/looks", body("b0000000000000000000000000000001")).await;
    assert!((before - program.sim.balance() - 4.0).abs() < 1e-9);
    assert_eq!(
        (made["looks"].as_array().unwrap().len(), &made["group_id"]),
        (4, &json!("a0000000000000000000000000000001"))
    );
    let look = format!("/v3/avatars/looks/{}", made["looks"][3]["id"].as_str().unwrap());
    assert_eq!(program.get(&look).await["status"], "processing");
    program.advance(60);
    assert_eq!(program.get(&look).await["status"], "completed");
    let public = program.refused(Method::POST, "/v3/avatars/looks", Some(body("Anna_sitting_public"))).await;
    assert_eq!(public, (403, "forbidden".into()));
    let wrong = json!({"type": "template", "template_id": packs[0]["id"], "reference_look_id": "b0000000000000000000000000000001"});
    assert_eq!(program.refused(Method::POST, "/v3/avatars/looks", Some(wrong)).await.0, 404);
}

#[tokio::test]
async fn unusual_looks_and_voices_exist_as_at_the_service() {
    let program = Program::start().await;
    let looks = program.get("/v3/avatars/looks?ownership=public&limit=50").await;
    assert!(looks.as_array().unwrap().iter().all(|look| look["status"] == "completed"), "{looks}");
    let video = |look: &str| Some(json!({"type": "avatar", "avatar_id": look, "script": "Hello"}));
    let gone = program.refused(Method::POST, "/v3/videos", video("Vera_old_public")).await;
    assert_eq!(gone, (404, "voice_not_found".into()));
    let no_engine = program.send(Method::POST, "/v3/videos", &[], video("Vera_legacy_public")).await;
    assert_eq!((no_engine.status, &no_engine.body["error"]["code"]), (400, &json!("invalid_parameter")));
    let message = no_engine.body["error"]["message"].as_str().unwrap();
    assert!(message.contains("no engine renders the look"), "{message}");
    let voices = program.get("/v3/voices?language=Multilingual").await;
    assert_eq!((voices.as_array().unwrap().len(), &voices[0]["gender"]), (1, &json!("unknown")));
}

#[tokio::test]
async fn every_listed_language_is_taken_alone_and_in_batches() {
    let program = Program::with(Sim::builder().concurrency(1_000)).await;
    let languages = program.get("/v3/video-translations/languages").await["languages"].clone();
    let languages = languages.as_array().unwrap();
    assert!(languages.len() >= 175, "{}", languages.len());
    for name in [
        "German",
        "German (Austria)",
        "English",
        "English (UK)",
        "Spanish (Spain)",
        "Chinese (Cantonese, Traditional)",
    ] {
        assert!(languages.contains(&json!(name)), "{name}");
    }
    let film = json!({"type": "url", "url": "https://example.com/a.mp4"});
    for chunk in languages.chunks(100) {
        let body = json!({"video": film, "output_languages": chunk});
        let single = program.post("/v3/video-translations", body.clone()).await;
        assert_eq!(single["video_translation_ids"].as_array().unwrap().len(), chunk.len());
        let batch =
            program.post("/v3/video-translations/batches", json!({"video_translations": [body]})).await;
        let path = format!("/v3/video-translations/batches/{}", batch["batch_id"].as_str().unwrap());
        assert_eq!(program.get(&path).await["counts_by_status"], json!({"queued": chunk.len()}));
    }
}

#[tokio::test]
async fn retired_paths_name_their_counterparts() {
    let program = Program::with(Sim::builder().legacy(true)).await;
    for (method, path, counterpart) in [
        (Method::POST, "/v2/video/generate", "POST /v3/videos"),
        (Method::GET, "/v1/video_status.get?video_id=x", "GET /v3/videos/{video_id}"),
        (Method::GET, "/v1/video.list", "GET /v3/videos"),
        (Method::GET, "/v2/avatars", "GET /v3/avatars/looks"),
        (Method::GET, "/v2/avatar_group.list", "GET /v3/avatars"),
        (Method::POST, "/v2/template/x/generate", "GET /v3/templates/{template_id}"),
        (Method::GET, "/v2/voices", "GET /v3/voices"),
        (Method::POST, "/v1/webhook/endpoint.add", "POST /v3/webhooks/endpoints"),
        (Method::GET, "/v2/user/remaining_quota", "GET /v3/users/me"),
        (Method::POST, "/v2/video_translate/proofread", "POST /v3/video-translations/proofreads"),
        (Method::GET, "/v1/streaming.new", "the v3 API"),
        // The document has the path, but without this method.
        (Method::PUT, "/v2/videos", "GET /v3/videos"),
    ] {
        let answer = program.send(method, path, &[], None).await;
        let message = answer.body.pointer("/error/message").or(answer.body.get("message")).unwrap();
        let message = message.as_str().unwrap();
        assert!(
            answer.status == 410 && message.ends_with(&format!("use {counterpart}")),
            "{path}: {message}"
        );
    }
    // Every path of the document that is served with `legacy` is in the guide.
    let guide = include_str!("../../GUIDE.md");
    let document: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    for (path, _) in
        document["paths"].as_object().unwrap().iter().filter(|(path, _)| !path.starts_with("/v3/"))
    {
        assert!(guide.contains(path.as_str()), "{path}");
    }
}

#[tokio::test]
async fn unknown_members_and_lone_callback_ids_are_switches() {
    let strict = Program::start().await;
    let mut body = video();
    (body["test"], body["callback_id"]) = (json!(false), json!("mine"));
    body["voice_settings"] = json!({"speed": 1.0, "emotion": "Friendly"});
    assert_eq!(
        strict.refused(Method::POST, "/v3/videos", Some(body.clone())).await,
        (400, "invalid_parameter".into())
    );
    let lenient = Program::with(Sim::builder().lenient(true)).await;
    lenient.post("/v3/videos", body.clone()).await;
    // What is known is checked all the same.
    body["script"] = json!(7);
    assert_eq!(
        lenient.refused(Method::POST, "/v3/videos", Some(body)).await,
        (400, "invalid_parameter".into())
    );
    let mut body = video();
    body["callback_id"] = json!("mine");
    strict.post("/v3/videos", body.clone()).await;
    let picky = Program::with(Sim::builder().callback_id_needs_url(true)).await;
    let refused = picky.send(Method::POST, "/v3/videos", &[], Some(body.clone())).await;
    assert_eq!((refused.status, &refused.body["error"]["param"]), (400, &json!("callback_id")));
    body["callback_url"] = json!("https://example.com/hook");
    picky.post("/v3/videos", body).await;
}

/// Twenty requests at once were measured at the service: 13 were taken, and all of them ran.
#[tokio::test]
async fn a_burst_is_taken_in_part() {
    let program = Program::with(Sim::builder().burst_limit(13).concurrency(20)).await;
    let mut taken = 0;
    for _ in 0..20 {
        let answer = program.send(Method::POST, "/v3/videos", &[], Some(video())).await;
        match answer.status {
            200 => taken += 1,
            status => {
                assert_eq!((status, &answer.body["error"]["code"]), (429, &json!("rate_limit_exceeded")));
                assert_eq!(answer.body["error"]["message"], "please reduce the RATE to call this api");
                assert_eq!(answer.headers["retry-after"], "1");
            }
        }
    }
    assert_eq!(taken, 13);
    program.advance(1);
    program.video("again").await;
    assert!(
        (program.sim.balance() - (1000.0 - 14.0 * 0.2415)).abs() < 1e-9,
        "a refused request costs nothing"
    );
}

/// The provider's command line sends nothing to stop a session.
#[tokio::test]
async fn a_body_without_required_members_may_be_left_out() {
    let program = Program::start().await;
    let session = program.post("/v3/video-agents", json!({"prompt": "Launch"})).await;
    let id = session["session_id"].as_str().unwrap();
    let bare = async |method: Method, path: String| {
        let request =
            program.client.request(method, program.url(&path)).header("x-api-key", program.sim.api_key());
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(bare(Method::POST, format!("/v3/video-agents/{id}/stop")).await, 200);
    assert_eq!(bare(Method::POST, format!("/v3/video-agents/{id}")).await, 400, "a message is required");
    assert_eq!(bare(Method::POST, "/v3/videos".into()).await, 400);
    let missing = program.send(Method::POST, "/v3/assets/x/complete", &[], None).await;
    assert_eq!((missing.status, missing.body["error"]["code"].as_str()), (404, Some("asset_not_found")));
}

#[tokio::test]
async fn a_missing_key_has_the_same_response_as_a_wrong_one() {
    let program = Program::start().await;
    let send = async |key: Option<&str>| {
        let request = program.client.get(program.url("/v3/videos"));
        let request = key.into_iter().fold(request, |request, key| request.header("x-api-key", key));
        request.send().await.unwrap().text().await.unwrap()
    };
    let (missing, wrong) = (send(None).await, send(Some("wrong")).await);
    assert_eq!(missing, wrong);
    assert!(!missing.contains("param"), "{missing}");
}

#[tokio::test]
async fn ids_of_renders_have_dashes() {
    let program = Program::start().await;
    let body = json!({"project": {"type": "url", "url": "https://example.com/a.zip"}});
    let id = program.post("/v3/hyperframes/renders", body).await["render_id"].as_str().unwrap().to_owned();
    let lengths: Vec<usize> = id.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12]);
}

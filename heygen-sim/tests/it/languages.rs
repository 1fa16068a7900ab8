//! Tests of jobs for several languages in one request.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::program::Program;

/// The status of the job of each language, by its code.
async fn statuses_by_language(program: &Program, path: &str, ids: &Value) -> BTreeMap<String, String> {
    let mut statuses = BTreeMap::new();
    for id in ids.as_array().unwrap() {
        let job = program.get(&format!("{path}/{}", id.as_str().unwrap())).await;
        let text = |name: &str| job[name].as_str().unwrap().to_owned();
        statuses.insert(text("output_language"), text("status"));
    }
    statuses
}

#[tokio::test]
async fn one_language_of_several_fails() {
    let program = Program::start().await;
    let body = |title: &str| {
        json!({"video": {"type": "url", "url": "https://example.com/a.mp4"}, "title": title,
            "output_languages": ["German", "Spanish (Spain)", "French"]})
    };
    for (path, ids) in [
        ("/v3/video-translations", "video_translation_ids"),
        ("/v3/video-translations/proofreads", "proofread_ids"),
    ] {
        let one = program.post(path, body("Launch [sim:fail-in=Spanish (Spain)]")).await;
        let two =
            program.post(path, body("Launch [sim:fail-in=de][sim:fail-in=French][sim:fail=no_speech]")).await;
        program.advance(300);
        let completed = |code: &str| (code.to_owned(), "completed".to_owned());
        let failed = |code: &str| (code.to_owned(), "failed".to_owned());
        let statuses = statuses_by_language(&program, path, &one[ids]).await;
        assert_eq!(statuses, BTreeMap::from([completed("de"), failed("es-ES"), completed("fr")]), "{path}");
        let statuses = statuses_by_language(&program, path, &two[ids]).await;
        assert_eq!(statuses, BTreeMap::from([failed("de"), completed("es-ES"), failed("fr")]), "{path}");
        // A language that the request does not have would have no effect.
        let wrong = program.send(Method::POST, path, &[], Some(body("[sim:fail-in=Spanisch]"))).await;
        assert_eq!((wrong.status, &wrong.body["error"]["param"]), (400, &json!("title")), "{path}");
    }
    // In a batch, the languages of an item are items of their own.
    let batch = json!({"video_translations": [body("[sim:fail-in=French]")]});
    let created = program.post("/v3/video-translations/batches", batch).await;
    program.advance(600);
    let path = format!("/v3/video-translations/batches/{}", created["batch_id"].as_str().unwrap());
    let counts = program.get(&path).await["counts_by_status"].take();
    assert_eq!(counts, json!({"completed": 2, "failed": 1}));
}

//! Reports about recorded requests and the source of programs.

use heygen_ext::migrate::inspect::{Outcome, inspect};
use heygen_ext::migrate::{MigrateOptions, Policy};
use serde_json::json;

fn har() -> String {
    let entry = |method: &str, url: &str, body: Option<&str>| {
        let mut request =
            json!({"method": method, "url": url, "headers": [{"name": "X-Api-Key", "value": "marked"}]});
        if let Some(body) = body {
            request["postData"] = json!({"mimeType": "application/json", "text": body});
        }
        json!({"request": request, "response": {"status": 200}})
    };
    let scaled = r#"{"video_inputs":[{"character":{"type":"avatar","avatar_id":"A","scale":2},
        "voice":{"type":"text","voice_id":"V","input_text":"Hi"}}]}"#;
    json!({"log": {"version": "1.2", "entries": [
        entry("OPTIONS", "https://api.heygen.com/v2/video/generate", None),
        entry("POST", "https://api.heygen.com/v2/video/generate", Some(scaled)),
        entry("GET", "https://api.heygen.com/v1/video_status.get?video_id=v1&token=marked", None),
        entry("GET", "https://example.com/v2/avatars", None),
        entry("POST", "https://api.heygen.com/v1/streaming.new", Some("{}")),
        entry("POST", "https://api.heygen.com/v3/videos", Some("{}")),
        entry("POST", "https://api.heygen.com/v2/video_translate", Some("{broken")),
    ]}})
    .to_string()
}

#[test]
fn a_har_file_is_reported_entry_by_entry() {
    let report = inspect("log.har", &har(), &MigrateOptions::new());
    let lines: Vec<(&str, &str)> =
        report.entries.iter().map(|entry| (entry.place.as_str(), entry.request.as_str())).collect();
    assert_eq!(
        lines,
        [
            ("log.har, entry 2", "POST /v2/video/generate"),
            ("log.har, entry 3", "GET /v1/video_status.get"),
            ("log.har, entry 5", "POST /v1/streaming.new"),
            ("log.har, entry 7", "POST /v2/video_translate"),
        ]
    );
    assert!(
        matches!(&report.entries[0].outcome, Outcome::Refused(_, Some(plan)) if plan.losses().len() == 1)
    );
    assert!(matches!(&report.entries[1].outcome, Outcome::Planned(_)));
    assert!(matches!(&report.entries[2].outcome, Outcome::Refused(_, None)));
    assert!(!report.is_clean());
    let text = report.to_string();
    for part in [
        "\n  refused: video_inputs[0].character.scale: 2 is lost (shown)",
        "\n  remedy: change the request, or accept this with `accept_loss` (\"scale\"), or everything with",
        "LiveAvatar",
        "the body is not JSON",
        "GET /v3/videos/v1",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let json = report.to_json();
    assert_eq!(json[0]["losses"][0]["path"], "video_inputs[0].character.scale");
    assert_eq!(json[0]["lenient_plan"]["requests"][0]["path"], "/v3/videos");
    assert_eq!(json[2]["level"], "none");
    assert!(!text.contains("marked") && !json.to_string().contains("marked"), "{text}");

    let lenient = inspect("log.har", &har(), &MigrateOptions::new().policy(Policy::Lenient));
    assert!(matches!(&lenient.entries[0].outcome, Outcome::Planned(plan) if plan.costs().len() == 1));
    assert!(lenient.entries[0].advice().contains("change what is seen"), "{}", lenient.entries[0].advice());
}

#[test]
fn json_with_urls_and_programs_are_reported() {
    let one = json!({"url": "/v2/video_translate", "body": {"video_url": "https://x.example/a.mp4", "output_language": "French"}});
    let report = inspect("one.json", &one.to_string(), &MigrateOptions::new());
    assert!(matches!(&report.entries[0].outcome, Outcome::Planned(plan) if plan.requests().len() == 1));
    let list = json!([one, {"method": "get", "url": "https://api.heygen.com/v2/avatars"}]);
    let report = inspect("all.json", &list.to_string(), &MigrateOptions::new());
    assert_eq!((report.entries.len(), report.entries[1].place.as_str()), (2, "all.json, request 2"));

    let program = "import requests\n\ndef make(body):\n    r = requests.post(\n        'https://api.heygen.com/v2/video/generate', json=body)\n\
                   def share(id):\n    requests.post(BASE + '/v1/video/share', json={'video_id': id})\n";
    let report = inspect("make.py", program, &MigrateOptions::new());
    let places: Vec<&str> = report.entries.iter().map(|entry| entry.place.as_str()).collect();
    assert_eq!(places, ["make.py:5", "make.py:7"]);
    assert!(matches!(report.entries[0].outcome, Outcome::Named));
    let unknown_body = inspect(
        "make.py",
        "requests.post('https://api.heygen.com/v2/video/generate', json=body)",
        &MigrateOptions::new(),
    );
    assert!(!unknown_body.is_clean(), "the body may be refused: {unknown_body}");
    let program = "s = requests.get(BASE + '/v1/video_status.get', params={'video_id': id})";
    let named = inspect("status.py", program, &MigrateOptions::new());
    assert!(matches!(named.entries[0].outcome, Outcome::Named) && named.is_clean(), "{named}");
    let documented = format!("# curl https://api.heygen.com/v1/video_status.get\n{program}");
    let documented = inspect("status.py", &documented, &MigrateOptions::new());
    let places: Vec<&str> = documented.entries.iter().map(|entry| entry.place.as_str()).collect();
    assert_eq!(places, ["status.py:1", "status.py:2"], "a command in a comment hides nothing");
    assert!(report.entries[0].advice().starts_with("call POST /v3/videos; record a request"));
    assert!(report.to_string().contains("enable_sharing"));
    let nothing = inspect("a.txt", "nothing", &MigrateOptions::new()).to_string();
    assert!(nothing.starts_with("no requests of v1 or v2; pass a HAR file"), "{nothing}");
}

#[test]
fn collections_and_logs_are_reported() {
    let body = r#"{"video_url": "https://x.example/a.mp4", "output_language": "French"}"#;
    let collection = json!({
        "info": {"name": "HeyGen", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
        "item": [
            {"name": "Videos", "item": [
                {"name": "Translate", "request": {"method": "POST", "url": {"raw": "{{base}}/v2/video_translate"},
                    "body": {"mode": "raw", "raw": body}}},
                {"name": "Upload", "request": {"method": "POST", "url": "https://upload.heygen.com/v1/asset",
                    "body": {"mode": "file", "file": {"src": "a.png"}}}},
            ]},
            {"name": "Other", "request": "https://example.com/v2/avatars"},
            {"name": "Voices", "request": "https://{{host}}/v2/voices"},
        ],
    });
    let report = inspect("all.json", &collection.to_string(), &MigrateOptions::new());
    let lines: Vec<String> =
        report.entries.iter().map(|entry| format!("{}: {}", entry.place, entry.request)).collect();
    assert_eq!(
        lines,
        [
            "all.json, `Translate`: POST /v2/video_translate",
            "all.json, `Upload`: POST /v1/asset",
            "all.json, `Voices`: GET /v2/voices",
        ]
    );
    assert!(matches!(report.entries[0].outcome, Outcome::Planned(_)), "{report}");
    assert!(matches!(report.entries[1].outcome, Outcome::Named), "its file is not known");

    let log = format!(
        "{}\n\n{}\n{}\n",
        json!({"level": "info", "message": "started"}),
        json!({"method": "POST", "url": "https://api.heygen.com/v2/video_translate", "body": body}),
        json!({"method": "GET", "url": "https://example.com/v2/avatars"}),
    );
    let report = inspect("calls.jsonl", &log, &MigrateOptions::new());
    assert_eq!((report.entries.len(), report.entries[0].place.as_str()), (1, "calls.jsonl:3"));
    assert!(matches!(report.entries[0].outcome, Outcome::Planned(_)), "{report}");
}

#[test]
fn nothing_beside_a_request_is_lost() {
    let requests = |name: &str, text: &str| {
        let report = inspect(name, text, &MigrateOptions::new());
        let lines: Vec<String> =
            report.entries.iter().map(|entry| format!("{}: {}", entry.place, entry.request)).collect();
        (lines, report)
    };
    // The second command of a line, and one in quotes.
    let script = "BASE=\"${HEYGEN_BASE:-https://api.heygen.com}\"\n\
                  curl \"$BASE/v2/voices\" && curl https://api.heygen.com/v2/avatars https://api.heygen.com/v2/templates\n\
                  ID=\"$(curl -s \"https://api.heygen.com/v1/streaming.list\")\"; curl $VAULT_ADDR/v1/secret/data/app\n";
    assert_eq!(
        requests("run.sh", script).0,
        [
            "run.sh:2: GET /v2/voices",
            "run.sh:2: GET /v2/avatars",
            "run.sh:2: GET /v2/templates",
            "run.sh:3: GET /v1/streaming.list",
        ]
    );
    // A URL of another service does not hide what else is in a file.
    let steps =
        json!({"url": "https://our.app/hook", "steps": [{"call": "https://api.heygen.com/v2/voices"}]});
    assert_eq!(requests("steps.json", &steps.to_string()).0, ["steps.json:1: GET /v2/voices"]);

    let collection = json!({
        "info": {"name": "Old", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
        "variable": [{"key": "base", "value": "https://api.heygen.com/v2"}],
        "event": [{"script": {"exec": ["let a;", "pm.sendRequest('https://api.heygen.com/v1/voice.list')"]}}],
        "item": [
            {"name": "Avatars\u{1b}[2J\n  refused: nothing", "request": {"url": {"raw": "{{base}}/avatars"}}},
            {"name": "Voices", "request": {"url": {"host": ["{{host}}"], "path": ["v2", "voices"]}}},
            {"name": "Status", "request": {"url": {"protocol": "https", "host": ["api", "heygen", "com"],
                "path": ["v1", "video_status.get"], "query": [{"key": "video_id", "value": "v"}]}}},
            {"name": "Upload", "request": {"method": "POST", "url": "https://upload.heygen.com/v1/asset",
                "body": {"mode": "formdata", "formdata": [], "raw": ""}}},
        ],
    });
    let (lines, report) = requests("old.json", &collection.to_string());
    assert_eq!(
        lines,
        [
            "old.json, `Old`, script:2: GET /v1/voice.list",
            "old.json, `Avatars\u{1b}[2J\n  refused: nothing`: GET /v2/avatars",
            "old.json, `Voices`: GET /v2/voices",
            "old.json, `Status`: GET /v1/video_status.get",
            "old.json, `Upload`: POST /v1/asset",
        ]
    );
    let text = report.to_string();
    assert!(!text.contains('\u{1b}') && !text.contains("\n  refused: nothing"), "{text}");
    assert!(text.contains("GET /v3/videos/v"), "the query was read: {text}");
    let form = report.entries[4].to_owned();
    assert!(matches!(form.outcome, Outcome::Refused(..)), "a form is refused: {form}");
    let command = "curl -F file=@a.png https://upload.heygen.com/v1/asset";
    let from_curl = requests("run.sh", command).1.entries.remove(0);
    assert_eq!(from_curl.to_string().lines().nth(1), form.to_string().lines().nth(1));
}

#[test]
fn hostile_files_are_reported_without_a_panic() {
    for text in [
        "",
        "{}",
        "[]",
        "[1]",
        "{\"log\":{\"entries\":5}}",
        "{\"log\":{\"entries\":[{}]}}",
        "curl",
        "curl '",
        "curl -H",
        "/v1/",
        "/v2/{",
        "/v2/\u{0}",
        "{\"url\":7}",
        "{\"url\":7}\n{\"url\":\"$\"}",
        "{\"info\":{\"schema\":1},\"item\":[{\"item\":1,\"request\":[]}]}",
        "curl $; curl ${; curl ${}/v1/; A= curl $A",
        "heygen.com/v1 '/' \"/é\" }/",
        "curl \\",
        "é/v2/é",
        "{\"url\":\"/v2/voices\",\"method\":\"\\u0000\"}",
    ] {
        let report = inspect("a", text, &MigrateOptions::new());
        let _ = (report.to_string(), report.to_json());
    }
}

//! The guide shows what the conversions do.

use heygen_ext::migrate::{self, LegacyRequest, LookUps, MigrateOptions};
use serde_json::Value;

const GUIDE: &str = include_str!("../../../src/migrate/guide/guide.md");

/// The JSON blocks of the guide: method and path, and the body.
fn blocks() -> Vec<(String, Value)> {
    let blocks = GUIDE.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks
        .map(|block| {
            let (line, body) = block.split_once('\n').unwrap();
            let body = if body.trim().is_empty() { Value::Null } else { serde_json::from_str(body).unwrap() };
            (line.to_owned(), body)
        })
        .collect()
}

#[test]
fn each_pair_of_requests_is_what_the_plan_makes() {
    let blocks = blocks();
    assert_eq!(blocks.len(), 20);
    for pair in blocks.chunks(2) {
        let [(before, body), (after, expected)] = pair else { panic!("a block without its pair") };
        let (method, target) = before.split_once(' ').unwrap();
        let request = LegacyRequest::new(&method.parse().unwrap(), target).unwrap().json(body.clone());
        let plan = request
            .plan(&LookUps::new(), &MigrateOptions::new())
            .unwrap_or_else(|error| panic!("{before}: {error}"));
        assert!(plan.losses().is_empty(), "{before}: {:?}", plan.losses());
        let made = &plan.requests()[0];
        assert_eq!(format!("{} {}", made.operation().method(), made.path()), *after);
        assert_eq!(made.body().unwrap_or(&Value::Null), expected, "{before}");
    }
}

#[test]
fn each_page_for_programs_says_how_a_request_is_repeated() {
    let pages = ["guide.md", "python.md", "javascript.md"];
    for page in pages {
        let path = format!("{}/src/migrate/guide/{page}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        for word in ["Idempotency-Key", "warning", "costs", "accept-avatar-charges"] {
            assert!(text.contains(word), "{page} does not name {word}");
        }
    }
}

#[test]
fn the_table_has_every_endpoint_with_its_level() {
    let mut table = String::from("| v1 or v2 | level | v3 |\n|---|---|---|\n");
    for endpoint in migrate::endpoints() {
        let counterpart = endpoint.counterpart();
        table.push_str(&format!("| `{endpoint}` | {} | {counterpart} |\n", endpoint.level()));
    }
    let given =
        GUIDE.split_once("| v1 or v2 |").map(|(_, rest)| format!("| v1 or v2 |{rest}")).unwrap_or_default();
    assert_eq!(given.trim_end(), table.trim_end(), "replace the table at the end of guide.md by:\n{table}");
}

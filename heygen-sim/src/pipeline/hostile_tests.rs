//! Bounds of the memory and the work that hostile bodies cost. The work is counted in allocations, so that the tests do not
//! depend on the speed of the machine.

use http::StatusCode;

use super::Expected;
use crate::body::BODY_LIMIT;
use crate::bounded_json;
use crate::bounded_json::MAX_MEMORY;
use crate::document::document;

const MEDIA: &str = "application/json";

/// A megabyte of JSON, of which the first problem is near the beginning.
fn bodies() -> Vec<(&'static str, &'static str, String, StatusCode)> {
    let list =
        |item: &str, bytes: usize| format!("[{}0]", format!("{item},").repeat(bytes / (item.len() + 1)));
    let text = |bytes: usize| "x".repeat(bytes);
    let (megabyte, invalid, large) = (1024 * 1024, StatusCode::BAD_REQUEST, StatusCode::PAYLOAD_TOO_LARGE);
    vec![
        ("empty arrays", "createVideoAgentV3", list("[]", megabyte), invalid),
        ("numbers", "createVideo", list("0", megabyte), invalid),
        ("texts", "createVideo", list("\"\"", megabyte), invalid),
        ("objects", "createVideo", list("{\"a\":0}", megabyte), large),
        (
            "wrong files",
            "createVideoAgentV3",
            format!("{{\"prompt\":\"x\",\"files\":{}}}", list("{\"type\":\"url\"}", megabyte / 2)),
            invalid,
        ),
        (
            "wrong scenes",
            "createVideo",
            format!("{{\"type\":\"studio\",\"scenes\":{}}}", list("{\"type\":\"image\"}", megabyte / 2)),
            invalid,
        ),
        ("a long text", "createVideoAgentV3", format!("{{\"prompt\":\"{}\"}}", text(megabyte)), invalid),
        (
            "a long name",
            "createVideoAgentV3",
            format!("{{\"prompt\":\"x\",\"{}\":0}}", text(megabyte)),
            invalid,
        ),
        (
            "many unknown names",
            "createVideoAgentV3",
            format!(
                "{{\"prompt\":\"x\"{}}}",
                (0..20_000).map(|number| format!(",\"n{number}\":0")).collect::<String>()
            ),
            invalid,
        ),
    ]
}

#[test]
fn a_large_body_costs_little_more_than_its_value() {
    for (label, operation, text, status) in bodies() {
        for lenient in [false, true] {
            let expected = Expected { route: document().route(operation).unwrap(), required: true, lenient };
            // The validator is built when it is first used.
            drop(expected.parse(MEDIA, b"{}"));
            let value =
                allocation_counter::measure(|| drop(bounded_json::parse(text.as_bytes(), MAX_MEMORY)));
            let mut outcome = Ok(());
            let whole = allocation_counter::measure(|| {
                outcome = expected.parse(MEDIA, text.as_bytes()).and_then(|parsed| parsed.checked);
            });
            let refused = outcome.err().map(|refusal| refusal.status);
            // Only the long name is a valid body, if unknown members are ignored.
            let expected = Some(status).filter(|_| !(lenient && label == "a long name"));
            assert_eq!(refused, expected, "{label}, lenient: {lenient}");
            // The check stops at the first problem. Without this, it would allocate for each of a hundred thousand elements.
            let work = whole.count_total - value.count_total;
            assert!(work < 1_000, "{label}, lenient: {lenient}: {work} allocations for the check");
            let peak = whole.bytes_max.saturating_sub(value.bytes_max);
            assert!(peak < 8 * text.len() as u64, "{label}, lenient: {lenient}: {peak} bytes for the check");
        }
    }
}

/// The largest body that is accepted, in the forms that cost the most memory.
#[test]
fn the_largest_hostile_bodies_stay_under_300_megabytes() {
    let repeated =
        |item: &str| format!("[{}0]", format!("{item},").repeat(BODY_LIMIT / (item.len() + 1) - 2));
    let expected =
        Expected { route: document().route("createVideo").unwrap(), required: true, lenient: true };
    for item in ["0", "[]", "{\"a\":0}", "\"\"", "[[[[0]]]]"] {
        let text = repeated(item);
        assert!(text.len() <= BODY_LIMIT, "{item}: {} bytes", text.len());
        let measured = allocation_counter::measure(|| drop(expected.parse(MEDIA, text.as_bytes())));
        // The text itself is in memory, too.
        let peak = measured.bytes_max + text.len() as u64;
        assert!(peak < 300 * 1024 * 1024, "{item}: {} MiB", peak >> 20);
    }
}

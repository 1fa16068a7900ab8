//! The idempotency keys that heygen-ext accepts are those that match the pattern in the document.

use heygen_ext::{CallOptions, HeyGen};
use serde_json::Value;

use heygen_tests::Recorder;

#[tokio::test]
async fn accepted_keys_match_the_pattern_of_the_document() {
    let document: Value = serde_json::from_slice(include_bytes!("../../openapi/heygen.json")).unwrap();
    let pattern = document.pointer("/components/parameters/IdempotencyKey/schema").unwrap();
    let pattern = jsonschema::validator_for(pattern).unwrap();
    let ascii = (0_u8..128).map(|byte| format!("a{}b", char::from(byte)));
    let lengths = [0, 1, 254, 255, 256].map(|length| "k".repeat(length));
    let others = ["ä", "launch-1", "a_b:c.d-e", " a", "a ", "\n"].map(str::to_owned);
    let recorder = Recorder::default();
    let heygen = HeyGen::builder().api_key("k").transport(recorder.clone()).build().unwrap();
    for key in ascii.chain(lengths).chain(others) {
        recorder.answer(http::Response::new(r#"{"data":{"endpoint_id":"e","secret":"s"}}"#.into()));
        let keyed = heygen.with(CallOptions::new().idempotency_key(&*key));
        let call = keyed.api().rotate_webhook_endpoint_secret().endpoint_id("e").send().await;
        let valid = pattern.is_valid(&Value::from(key.as_str()));
        assert_eq!(call.is_ok(), valid, "{key:?}");
        assert_eq!(recorder.take().len(), usize::from(valid), "{key:?}");
    }
}

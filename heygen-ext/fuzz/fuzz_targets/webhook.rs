//! Whatever comes by the network: what is not signed is never accepted, and what is signed never panics.
//!
//! ```text
//! cargo +nightly fuzz run --fuzz-dir heygen-ext/fuzz --target-dir target webhook
//! ```
//!
//! An input is lines up to an empty one, which are headers, and after it a body. The first byte of a line chooses the name of
//! the header, the rest of it is the value.

#![no_main]

use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use heygen_ext::webhook::testing::{Generation, Signer, types};
use heygen_ext::webhook::{Event, Verifier, VerifyError};
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;

const SECRET: &str = "whsec_fuzz";
const SIGNATURES: [&str; 2] = ["heygen-signature", "signature"];
const OTHERS: [&str; 2] = ["heygen-timestamp", "heygen-event-id"];

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| Verifier::new(SECRET).expect("it is not empty"));
static SIGNER: LazyLock<Signer> = LazyLock::new(|| Signer::new(SECRET).expect("it is not empty"));

fuzz_target!(|input: &[u8]| {
    // Timestamps of ten digits are near it, so that they can be found.
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let (headers, body) = split(input);
    unsigned(&headers, body, now);
    altered(&headers, body, now);
    // As it is, and as the data of an event of some known type, whose fields are looked for then.
    signed(&headers, body.to_vec(), now);
    if let Some((first, data)) = body.split_first() {
        let types = types();
        let kind = types[usize::from(*first) % types.len()];
        let mut event = format!(r#"{{"event_type":"{kind}","event_data":"#).into_bytes();
        event.extend_from_slice(data);
        event.push(b'}');
        signed(&headers, event, now);
    }
});

fn split(mut input: &[u8]) -> (HeaderMap, &[u8]) {
    let mut headers = HeaderMap::new();
    while let Some(end) = input.iter().position(|byte| *byte == b'\n') {
        let line = &input[..end];
        input = &input[end + 1..];
        let Some((first, value)) = line.split_first() else { break };
        let name = [SIGNATURES, OTHERS].concat()[usize::from(*first) % 4];
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }
    (headers, input)
}

/// Headers of the fuzzer's own make get nothing in.
fn unsigned(headers: &HeaderMap, body: &[u8], now: SystemTime) {
    let accepted = VERIFIER.verify_at(headers, body.to_vec(), now).is_ok();
    assert!(!accepted || carries(headers, &SIGNER.sign(body)), "accepted without its signature: {headers:?}");
}

/// Whether that signature is among the headers: an input may be a true delivery.
fn carries(headers: &HeaderMap, signature: &str) -> bool {
    let mut values = SIGNATURES.into_iter().flat_map(|name| headers.get_all(name));
    values.any(|value| value.as_bytes().to_ascii_lowercase().ends_with(signature.as_bytes()))
}

/// A true signature gets no other body in, and a signature with another digit gets nothing in.
fn altered(headers: &HeaderMap, body: &[u8], now: SystemTime) {
    let with = |signature: &str| {
        let mut headers = headers.clone();
        SIGNATURES.into_iter().for_each(|name| drop(headers.remove(name)));
        headers.insert(SIGNATURES[0], signature.parse().expect("hexadecimal digits fit"));
        headers
    };
    let signature = SIGNER.sign(body);
    let longer = [body, b" "].concat();
    assert_eq!(VERIFIER.verify_at(&with(&signature), longer, now).err(), Some(VerifyError::Mismatch));
    let place = body.len() % signature.len();
    let digit = if signature[place..].starts_with('0') { "1" } else { "0" };
    let mut other = signature;
    other.replace_range(place..=place, digit);
    assert_eq!(VERIFIER.verify_at(&with(&other), body.to_vec(), now).err(), Some(VerifyError::Mismatch));
}

/// What is signed gets in, by either name of the header, and is the same event each time.
fn signed(headers: &HeaderMap, body: Vec<u8>, now: SystemTime) {
    let events = [Generation::HeygenSignature, Generation::Signature].map(|generation| {
        let mut delivery = SIGNER.deliver_at(generation, body.clone(), now);
        if let Some(id) = headers.get(OTHERS[1]) {
            delivery.headers_mut().insert(OTHERS[1], id.clone());
        }
        let verified = VERIFIER.verify_at(delivery.headers(), body.clone(), now).expect("it is signed");
        assert_eq!(*verified.body(), body);
        verified.event().ok()
    });
    let [first, second] = events.each_ref().map(|event| event.as_ref().map(read));
    assert_eq!(first, second);
}

/// Everything that can be asked of an event. What it says, for its key.
fn read(event: &Event) -> String {
    let _ = format!("{event:?} {:?} {:?} {:?}", event.payload(), event.failure(), event.outcome());
    let _ = (event.callback_id(), event.created_at(), event.id(), event.job_id(), event.job_kind());
    let key = event.dedup_key();
    assert!(key.content.len() <= 200, "{key}");
    assert_eq!(key.id.as_deref(), event.id());
    key.content
}

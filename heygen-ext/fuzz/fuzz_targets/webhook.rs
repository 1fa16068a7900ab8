//! Fuzzes the verification of deliveries: an unsigned delivery is never accepted, and a signed one never panics.
//!
//! ```text
//! cargo +nightly fuzz run --fuzz-dir heygen-ext/fuzz --target-dir target webhook
//! ```
//!
//! An input consists of header lines, an empty line, and a body. The first byte of a header line selects the name of the
//! header; the rest of the line is the value.

#![no_main]

use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use heygen_ext::webhook::testing::{Generation, Signer, types};
use heygen_ext::webhook::{Event, Verifier, VerifyError, Webhook};
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;

const SECRET: &str = "whsec_fuzz";
const SIGNATURES: [&str; 2] = ["heygen-signature", "signature"];
const OTHERS: [&str; 2] = ["heygen-timestamp", "heygen-event-id"];

/// Secrets of several endpoints, as the input has them.
fn check_secret(secret: &[u8], body: &[u8]) {
    let Ok(secret) = std::str::from_utf8(secret) else { return };
    match Signer::new(secret) {
        Ok(signer) => {
            let signature = signer.sign(body);
            let verified = Verifier::new(secret).and_then(|verifier| Ok(verifier.verify_parts(body, &signature, None, None)));
            assert!(verified.expect("the signer accepted the secret").is_ok());
            let trimmed = format!("\n {secret}\r\n");
            assert!(!matches!(Webhook::verify(body, &signature, trimmed), Err(VerifyError::Mismatch)));
        }
        Err(_) => assert!(Verifier::new(secret).is_err(), "one accepts a secret that the other refuses"),
    }
}

/// A timestamp of ten digits, so that the fuzzer can find one within the tolerance.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

static VERIFIER: LazyLock<Verifier> =
    LazyLock::new(|| Verifier::new(SECRET).expect("the secret is not empty").clock(now));
static SIGNER: LazyLock<Signer> = LazyLock::new(|| Signer::new(SECRET).expect("the secret is not empty"));

fuzz_target!(|input: &[u8]| {
    let (headers, body) = split(input);
    check_secret(&input[..input.len().min(64)], body);
    check_unsigned(&headers, body);
    check_altered(&headers, body);
    // Once as the complete body, and once as the data of an event of a known type, whose fields are then read.
    check_signed(&headers, body.to_vec());
    if let Some((first, data)) = body.split_first() {
        let types = types();
        let kind = types[usize::from(*first) % types.len()];
        let mut event = format!(r#"{{"event_type":"{kind}","event_data":"#).into_bytes();
        event.extend_from_slice(data);
        event.push(b'}');
        check_signed(&headers, event);
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

/// A delivery with the headers of the input is refused, unless they contain the right signature.
fn check_unsigned(headers: &HeaderMap, body: &[u8]) {
    let accepted = VERIFIER.verify(headers, body.to_vec()).is_ok();
    assert!(
        !accepted || has_signature(headers, &SIGNER.sign(body)),
        "accepted without its signature: {headers:?}"
    );
}

/// Whether the headers contain this signature.
fn has_signature(headers: &HeaderMap, signature: &str) -> bool {
    let mut values = SIGNATURES.into_iter().flat_map(|name| headers.get_all(name));
    values.any(|value| value.as_bytes().to_ascii_lowercase().ends_with(signature.as_bytes()))
}

/// A delivery is refused if its body or a digit of its signature was changed.
fn check_altered(headers: &HeaderMap, body: &[u8]) {
    let with = |signature: &str| {
        let mut headers = headers.clone();
        SIGNATURES.into_iter().for_each(|name| drop(headers.remove(name)));
        headers
            .insert(SIGNATURES[0], signature.parse().expect("hexadecimal digits are a valid header value"));
        headers
    };
    let signature = SIGNER.sign(body);
    let longer = [body, b" "].concat();
    assert_eq!(VERIFIER.verify(&with(&signature), longer).err(), Some(VerifyError::Mismatch));
    let place = body.len() % signature.len();
    let digit = if signature[place..].starts_with('0') { "1" } else { "0" };
    let mut other = signature;
    other.replace_range(place..=place, digit);
    assert_eq!(VERIFIER.verify(&with(&other), body.to_vec()).err(), Some(VerifyError::Mismatch));
}

/// A signed delivery is accepted in both forms, and is the same event in both.
fn check_signed(headers: &HeaderMap, body: Vec<u8>) {
    let events = [Generation::HeygenSignature, Generation::Signature].map(|generation| {
        let mut delivery = SIGNER.deliver_at(generation, body.clone(), now());
        if let Some(id) = headers.get(OTHERS[1]) {
            delivery.headers_mut().insert(OTHERS[1], id.clone());
        }
        let verified =
            VERIFIER.verify(delivery.headers(), body.clone()).expect("the delivery is signed");
        assert_eq!(*verified.body(), body);
        verified.event().ok()
    });
    let [first, second] = events.each_ref().map(|event| event.as_ref().map(read));
    assert_eq!(first, second);
}

/// Calls every accessor of an event. Returns its key.
fn read(event: &Event) -> String {
    let _ = format!("{event:?} {:?} {:?} {:?}", event.payload(), event.failure(), event.outcome());
    let _ = (event.callback_id(), event.created_at(), event.id(), event.job_id(), event.job_kind());
    let key = event.key().to_string();
    assert!(key.len() <= 400 && key.bytes().all(|byte| byte.is_ascii_graphic()), "{key}");
    let stored = Event::from_stored(event.to_stored()).expect("a stored event is read");
    assert_eq!((&stored, stored.key().to_string()), (event, key.clone()));
    key
}

//! Test vectors and property tests of the verifier.

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::webhook::headers;
use crate::webhook::testing::{Generation, Signer};

const SECRET: &str = "whsec_test_only";
const BODY: &str =
    r#"{"event_type":"avatar_video.success","event_data":{"video_id":"v1","callback_id":"cb"}}"#;
const SIGNATURE: &str = "8cad854b0799b9fd8452c68dc6d5109e66daf61314146ab60c12df0adf16a700";

/// The current time in every test, in seconds since 1970.
const NOW: u64 = 1_795_000_000;

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
}

/// A verifier that also refuses by timestamps.
fn strict() -> Verifier {
    verifier().strict_timestamps(true)
}

fn verifier() -> Verifier {
    let keys = KeyRing::new();
    for (endpoint, secret) in [("ep_1", SECRET), ("ep_2", "whsec_other"), ("ep_2", "whsec_older")] {
        keys.add(endpoint, secret).unwrap();
    }
    Verifier::with_keys(keys).clock(now)
}

fn headers(pairs: &[(&'static str, &[u8])]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &[u8])| {
        (HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap())
    };
    let mut headers = HeaderMap::new();
    for (name, value) in pairs.iter().map(pair) {
        headers.append(name, value);
    }
    headers
}

/// The headers, the body, and the expected result: the endpoint, or the error.
struct Row(&'static [(&'static str, &'static [u8])], &'static [u8], Result<&'static str, VerifyError>);

#[test]
fn deliveries_are_accepted_or_refused_as_in_the_table() {
    use VerifyError::{
        Future, MalformedSignature, MalformedTimestamp, Mismatch, MissingSignature, Stale, TooLarge,
    };
    const GOOD: &[u8] = SIGNATURE.as_bytes();
    const UPPER: &[u8] = b"8CAD854B0799B9FD8452C68DC6D5109E66DAF61314146AB60C12DF0ADF16A700";
    const PREFIXED: &[u8] = b"sha256=8cad854b0799b9fd8452c68dc6d5109e66daf61314146ab60c12df0adf16a700";
    const SPACED: &[u8] = b"  8cad854b0799b9fd8452c68dc6d5109e66daf61314146ab60c12df0adf16a700\t";
    const ALTERED: &[u8] = b"9cad854b0799b9fd8452c68dc6d5109e66daf61314146ab60c12df0adf16a700";
    const TRUNCATED: &[u8] = b"8cad854b0799b9fd8452c68dc6d5109e66daf61314146ab60c12df0adf16a70";
    const LONGER: &[u8] = b"8cad854b0799b9fd8452c68dc6d5109e66daf61314146ab60c12df0adf16a7000";
    const NOT_HEX: &[u8] = b"8cad854b0799b9fd8452c68dc6d5109e66daf61314146ab60c12df0adf16a70g";
    const UMLAUTS: &[u8] = "sïgnätüre".as_bytes();
    const OF_EMPTY: &[u8] = b"9cbe0b0f02bf4569f3322629d3771dd71c0059349e10e0f7c6695d28893767c9";
    let body = BODY.as_bytes();
    let skew = Duration::from_secs(301);
    let rows = [
        // Both forms. v1 has the second one.
        Row(&[("heygen-signature", GOOD)], body, Ok("ep_1")),
        Row(&[("signature", GOOD)], body, Ok("ep_1")),
        Row(&[("heygen-signature", GOOD), ("heygen-timestamp", b"1795000000")], body, Ok("ep_1")),
        // Several notations of the same signature.
        Row(&[("signature", UPPER)], body, Ok("ep_1")),
        Row(&[("signature", PREFIXED)], body, Ok("ep_1")),
        Row(&[("signature", SPACED)], body, Ok("ep_1")),
        // Missing and malformed signatures.
        Row(&[], body, Err(MissingSignature)),
        Row(&[("x-signature", GOOD), ("x-hub-signature-256", GOOD)], body, Err(MissingSignature)),
        Row(&[("signature", b"")], body, Err(MalformedSignature)),
        Row(&[("signature", TRUNCATED)], body, Err(MalformedSignature)),
        Row(&[("signature", LONGER)], body, Err(MalformedSignature)),
        Row(&[("signature", NOT_HEX)], body, Err(MalformedSignature)),
        Row(&[("signature", UMLAUTS)], body, Err(MalformedSignature)),
        Row(&[("signature", b"t=1795000000,v1=8cad")], body, Err(MalformedSignature)),
        Row(&[("signature", b"sha256=")], body, Err(MalformedSignature)),
        Row(
            &[("signature", b"sha1=8cad854b0799b9fd8452c68dc6d5109e66daf613")],
            body,
            Err(MalformedSignature),
        ),
        // The body or the signature was changed.
        Row(&[("signature", ALTERED)], body, Err(Mismatch)),
        Row(&[("signature", GOOD)], b"", Err(Mismatch)),
        Row(&[("signature", OF_EMPTY)], b"", Ok("ep_1")),
        Row(&[("signature", GOOD)], br#"{"event_type":"avatar_video.success"}"#, Err(Mismatch)),
        // Several signatures: one that matches is sufficient, because a proxy may add others.
        Row(&[("heygen-signature", ALTERED), ("signature", GOOD)], body, Ok("ep_1")),
        Row(&[("signature", b"sig1=:AAAA:"), ("signature", GOOD)], body, Ok("ep_1")),
        Row(&[("signature", ALTERED), ("signature", ALTERED)], body, Err(Mismatch)),
        Row(&[("signature", b"sig1=:AAAA:"), ("signature", ALTERED)], body, Err(Mismatch)),
        // Timestamps.
        Row(&[("signature", GOOD), ("heygen-timestamp", b"1794999700")], body, Ok("ep_1")),
        Row(&[("signature", GOOD), ("heygen-timestamp", b"1795000300")], body, Ok("ep_1")),
        Row(&[("signature", GOOD), ("heygen-timestamp", b"1795000000123")], body, Ok("ep_1")),
        Row(&[("signature", GOOD), ("heygen-timestamp", b"1794999699")], body, Err(Stale { age: skew })),
        Row(&[("signature", GOOD), ("heygen-timestamp", b"1795000301")], body, Err(Future { ahead: skew })),
        Row(
            &[("signature", GOOD), ("heygen-timestamp", b"0")],
            body,
            Err(Stale { age: Duration::from_secs(NOW) }),
        ),
        Row(&[("signature", GOOD), ("heygen-timestamp", b"")], body, Err(MalformedTimestamp)),
        Row(&[("signature", GOOD), ("heygen-timestamp", b"-1")], body, Err(MalformedTimestamp)),
        Row(&[("signature", GOOD), ("heygen-timestamp", b"+1")], body, Err(MalformedTimestamp)),
        Row(&[("signature", GOOD), ("heygen-timestamp", b"2026-11-18")], body, Err(MalformedTimestamp)),
        Row(&[("signature", GOOD), ("heygen-timestamp", b"99999999999999")], body, Err(MalformedTimestamp)),
        Row(
            &[("signature", GOOD), ("heygen-timestamp", b"1795000000"), ("heygen-timestamp", b"1795000001")],
            body,
            Err(MalformedTimestamp),
        ),
        // A forged delivery is a mismatch, even if its timestamp is too old.
        Row(&[("signature", ALTERED), ("heygen-timestamp", b"0")], body, Err(Mismatch)),
        // The limit of a body is 128 KiB.
        Row(&[("signature", GOOD)], &[b' '; 128 << 10], Err(Mismatch)),
        Row(&[("signature", GOOD)], &[b' '; (128 << 10) + 1], Err(TooLarge { limit: 128 << 10 })),
    ];
    for (number, Row(pairs, body, expected)) in rows.into_iter().enumerate() {
        let result = strict().verify(&headers(pairs), Bytes::from_static(body));
        let lenient = verifier().verify(&headers(pairs), Bytes::from_static(body));
        match expected {
            // The timestamp is not signed: without the strict mode it is reported, and the delivery is accepted.
            Err(problem @ (Stale { .. } | Future { .. } | MalformedTimestamp)) => {
                assert_eq!(lenient.unwrap().timestamp_problem(), Some(problem), "row {number}: {pairs:?}");
            }
            _ => assert_eq!(lenient.map(drop), result.as_ref().map(drop).map_err(|error| *error)),
        }
        let result = result.as_ref().map(Verified::endpoint).map_err(|error| *error);
        assert_eq!(result, expected, "row {number}: {pairs:?}");
    }
}

#[test]
fn every_secret_of_the_key_ring_is_tried() {
    for (secret, endpoint) in [(SECRET, "ep_1"), ("whsec_other", "ep_2"), ("whsec_older", "ep_2")] {
        let signed = Signer::new(secret).unwrap().deliver_at(Generation::HeygenSignature, BODY, now());
        let verified = verifier().verify(signed.headers(), BODY).unwrap();
        assert_eq!((verified.endpoint(), verified.event_id().map(str::len)), (endpoint, Some(32)));
        assert_eq!(verified.event().unwrap().id(), verified.event_id());
    }
    let keys = verifier().keys().clone();
    let signed = Signer::new("whsec_other").unwrap().sign(BODY.as_bytes());
    let of = |endpoint| {
        let headers = DeliveryHeaders::of_parts(&signed, None, None).unwrap();
        Verifier::with_keys(keys.clone()).verify_read(&headers, endpoint, BODY.into()).map(drop)
    };
    assert_eq!((of(None), of(Some("ep_2"))), (Ok(()), Ok(())));
    assert_eq!(
        (of(Some("ep_1")), of(Some("ep_3"))),
        (Err(VerifyError::Mismatch), Err(VerifyError::Mismatch))
    );
    let signed = headers(&[("signature", SIGNATURE.as_bytes())]);
    let without_secrets = Verifier::with_keys(KeyRing::new()).verify(&signed, BODY);
    assert_eq!(without_secrets.unwrap_err(), VerifyError::NoSecret);
}

#[test]
fn a_body_of_any_bytes_is_verified() {
    let bodies: [&[u8]; 6] = [
        b"",
        b"{}\r\n",
        b"\xef\xbb\xbf{}",
        "{\"a\":\"Zoë 🎬\"}".as_bytes(),
        &[0xff, 0x00, 0x80],
        &[b' '; 128 << 10],
    ];
    for body in bodies {
        for generation in [Generation::HeygenSignature, Generation::Signature] {
            let signed = Signer::new(SECRET).unwrap().deliver_at(generation, body.to_vec(), now());
            assert!(verifier().verify(signed.headers(), body.to_vec()).is_ok());
        }
    }
}

#[test]
fn timestamp_tolerance_and_body_size_are_configurable() {
    let signed = headers(&[("signature", SIGNATURE.as_bytes())]);
    let timeless = verifier().require_timestamp(true).verify(&signed, BODY);
    assert_eq!(timeless.unwrap_err(), VerifyError::MissingTimestamp);
    let timed = headers(&[("signature", SIGNATURE.as_bytes()), ("heygen-timestamp", b"1794990000")]);
    assert!(strict().tolerance(Duration::from_secs(10_000)).verify(&timed, BODY).is_ok());
    let small = verifier().max_body(BODY.len() - 1).verify(&signed, BODY);
    assert_eq!(small.unwrap_err(), VerifyError::TooLarge { limit: BODY.len() - 1 });
    assert!(verifier().max_body(BODY.len()).verify(&signed, BODY).is_ok());
}

#[test]
fn at_most_eight_signatures_are_checked() {
    let mut headers = HeaderMap::new();
    for _ in 0..7 {
        headers.append(headers::SIGNATURE, "0".repeat(64).parse().unwrap());
    }
    let with = |headers: &HeaderMap| {
        let mut headers = headers.clone();
        headers.append(headers::SIGNATURE, SIGNATURE.parse().unwrap());
        verifier().verify(&headers, BODY).map(drop)
    };
    assert_eq!(with(&headers), Ok(()));
    headers.append(headers::SIGNATURE, "0".repeat(64).parse().unwrap());
    assert_eq!(with(&headers), Err(VerifyError::Mismatch));
}

#[test]
fn an_event_has_the_endpoint_of_the_secret_and_the_id_of_the_body() {
    let body = r#"{"event_type":"podcast.success","event_id":"of the body","event_data":{"podcast_id":"p"}}"#;
    for (body, id) in [(body, "of the body"), (BODY, "of the header")] {
        let mut headers =
            Signer::new("whsec_other").unwrap().deliver(Generation::Signature, body).headers().clone();
        headers.insert(headers::EVENT_ID, "of the header".parse().unwrap());
        let event = verifier().verify(&headers, body).unwrap().event().unwrap();
        assert_eq!((event.id(), event.endpoint()), (Some(id), "ep_2"));
    }
    let long = "x".repeat(201);
    assert_eq!(Event::of_delivery(BODY.as_bytes(), Some(&long), "".into()).unwrap().id(), None);
}

#[test]
fn parts_and_one_line_are_verified_as_a_header_map_is() {
    let parts = |signature: &str, timestamp: Option<&str>, id: Option<&str>| {
        strict().verify_parts(BODY.as_bytes(), signature, timestamp, id)
    };
    let verified = parts(SIGNATURE, Some("1795000000"), Some(" id ")).unwrap();
    assert_eq!((verified.endpoint(), verified.event_id()), ("ep_1", Some("id")));
    assert_eq!(parts("", None, None).unwrap_err(), VerifyError::MissingSignature);
    assert_eq!(parts("abc", None, None).unwrap_err(), VerifyError::MalformedSignature);
    assert_eq!(parts(&"0".repeat(64), None, None).unwrap_err(), VerifyError::Mismatch);
    assert!(matches!(parts(SIGNATURE, Some("0"), None), Err(VerifyError::Stale { .. })));

    let verify = |body: &[u8], secret: &str| Webhook::verify(body, SIGNATURE, secret);
    assert_eq!(verify(BODY.as_bytes(), " whsec_test_only\r\n").unwrap().job_id(), Some("v1"));
    assert_eq!(verify(b"{}", SECRET).unwrap_err(), VerifyError::Mismatch);
    assert_eq!(verify(BODY.as_bytes(), " ").unwrap_err(), VerifyError::NoSecret);
    let signature = Signer::new(SECRET).unwrap().sign(b"[]");
    assert!(matches!(Webhook::verify(b"[]", &signature, SECRET), Err(VerifyError::NotAnEvent(_))));
}

#[test]
fn an_error_does_not_contain_the_secret_or_the_expected_signature() {
    let signer = Signer::new("whsec_marked").unwrap();
    let expected = signer.sign(BODY.as_bytes());
    let verifier = Verifier::new("whsec_marked").unwrap();
    for value in ["", "0", &"0".repeat(64)] {
        let error = verifier.verify(
            &HeaderMap::from_iter([(HeaderName::from_static(headers::SIGNATURE), value.parse().unwrap())]),
            BODY,
        );
        let shown = format!("{0} {0:?} {verifier:?} {signer:?}", error.unwrap_err());
        assert!(!shown.contains("marked") && !shown.contains(&expected[..8]), "{shown}");
    }
}

/// Any valid header value.
fn any_header() -> impl Strategy<Value = HeaderValue> {
    proptest::collection::vec(any::<u8>(), 0..100)
        .prop_filter_map("not a header value", |bytes| HeaderValue::from_bytes(&bytes).ok())
}

#[test]
fn unusual_but_valid_json_is_verified_as_received_and_read() {
    for body in [
        "\u{feff}{\"event_type\":\"avatar_video.success\",\"event_data\":{\"video_id\":\"v1\"}}",
        "{\"event_type\":\"avatar_video.success\",\"event_data\":{\"video_id\":\"v1\",\"title\":\"cut \\ud83d\"}}",
    ] {
        let signed = Signer::new(SECRET).unwrap().deliver_at(Generation::HeygenSignature, body, now());
        let (parts, sent) = signed.into_parts();
        let verified = verifier().verify(&parts.headers, sent).unwrap();
        let event = verified.event().unwrap();
        assert_eq!((event.kind().as_str(), event.job_id()), ("avatar_video.success", Some("v1")), "{body}");
        // The signature covers the bytes as received. The same JSON in another notation has another signature.
        let plain = body.trim_start_matches('\u{feff}').replace("\\ud83d", "\\ufffd");
        assert_eq!(verifier().verify(&parts.headers, plain).unwrap_err(), VerifyError::Mismatch);
    }
}

proptest! {
    #[test]
    fn a_changed_byte_is_refused(
        body in proptest::collection::vec(any::<u8>(), 1..2000),
        place in any::<prop::sample::Index>(),
        change in 1_u8..,
        in_signature in any::<bool>(),
        first in any::<bool>(),
    ) {
        let generation = if first { Generation::HeygenSignature } else { Generation::Signature };
        let signed = Signer::new(SECRET).unwrap().deliver_at(generation, body.clone(), now());
        prop_assert!(verifier().verify(signed.headers(), body.clone()).is_ok());
        let (mut headers, mut altered) = (signed.headers().clone(), body);
        if in_signature {
            let name = [headers::HEYGEN_SIGNATURE, headers::SIGNATURE].into_iter().find(|name| headers.contains_key(*name)).unwrap();
            let mut text = headers[name].as_bytes().to_vec();
            let place = place.index(text.len());
            // Another digit, not the same one in the other case.
            text[place] = if text[place] == b'0' { b'1' + change % 9 } else { b'0' };
            headers.insert(name, HeaderValue::from_bytes(&text).unwrap());
        } else {
            let place = place.index(altered.len());
            altered[place] ^= change;
        }
        prop_assert_eq!(verifier().verify(&headers, altered).unwrap_err(), VerifyError::Mismatch);
    }

    #[test]
    fn a_body_of_another_length_is_refused(body in proptest::collection::vec(any::<u8>(), 1..500), cut in any::<prop::sample::Index>()) {
        let signed = Signer::new(SECRET).unwrap().deliver_at(Generation::Signature, body.clone(), now());
        let shorter = body[..cut.index(body.len())].to_vec();
        prop_assert!(verifier().verify(signed.headers(), shorter).is_err());
        let longer = [&body[..], &[0]].concat();
        prop_assert!(verifier().verify(signed.headers(), longer).is_err());
    }

    #[test]
    fn no_delivery_panics(
        signatures in proptest::collection::vec(any_header(), 0..12),
        timestamp in proptest::option::of(any_header()),
        id in proptest::option::of(any_header()),
        body in proptest::collection::vec(any::<u8>(), 0..300),
        is_signed in any::<bool>(),
    ) {
        let mut headers = HeaderMap::new();
        for (number, value) in signatures.into_iter().enumerate() {
            headers.append([headers::HEYGEN_SIGNATURE, headers::SIGNATURE][number % 2], value);
        }
        if is_signed {
            let signature = Signer::new(SECRET).unwrap().sign(&body);
            headers.insert(headers::HEYGEN_SIGNATURE, signature.parse().unwrap());
        }
        headers.extend(timestamp.map(|value| (HeaderName::from_static(headers::TIMESTAMP), value)));
        headers.extend(id.map(|value| (HeaderName::from_static(headers::EVENT_ID), value)));
        let result = verifier().require_timestamp(false).verify(&headers, body);
        prop_assert!(is_signed || result.is_err());
        if let Ok(event) = result.and_then(|verified| verified.event().map_err(|_| VerifyError::Mismatch)) {
            let _ = (event.payload(), event.key(), event.failure(), format!("{event:?}"));
        }
    }

    #[test]
    fn every_json_object_is_an_event(json in any_json()) {
        let body = json.to_string();
        match Event::of_delivery(body.as_bytes(), None, "".into()) {
            Ok(event) => {
                let _ = (event.payload(), event.failure(), event.callback_id(), event.created_at());
                prop_assert!(event.key().as_str().len() <= 400);
                prop_assert_eq!(Event::from_stored(event.to_stored()).unwrap().key(), event.key());
                prop_assert_eq!(serde_json::Value::Object(event.raw().clone()), json);
            }
            Err(_) => prop_assert!(!json.is_object()),
        }
    }
}

/// JSON that contains members of events, with any values.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let types = super::super::testing::types();
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(types).prop_map(Value::from),
    ];
    let name = prop_oneof![
        prop::sample::select(vec![
            "event_type",
            "event_data",
            "event_id",
            "video_id",
            "session_id",
            "id",
            "url",
            "video_url",
            "error",
            "msg",
            "clips",
            "callback_id",
            "created_at",
            "duration",
            "total_items",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(name.clone(), inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

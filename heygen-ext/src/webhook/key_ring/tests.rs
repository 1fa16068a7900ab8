//! Tests of rotations, and of codes and secrets.

use std::time::Duration;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn is_valid(keys: &KeyRing, now: SystemTime, secret: &str) -> bool {
    let code = Mac::new(&secret.into()).unwrap().code(b"m");
    keys.find(None, Some(now), |mac| mac.code(b"m") == code).is_ok()
}

#[test]
fn a_replaced_secret_is_valid_until_its_window_ends() {
    let (keys, now) = (KeyRing::new(), SystemTime::UNIX_EPOCH + 1000 * HOUR);
    assert!(matches!(keys.find(None, Some(now), |_| true), Err(VerifyError::NoSecret)));
    keys.add("a", "one").unwrap();
    keys.add("b", "other").unwrap();
    keys.rotate("a", "two", now + HOUR).unwrap();
    let soon = now + HOUR - Duration::from_secs(1);
    assert!(["one", "two", "other"].iter().all(|secret| is_valid(&keys, soon, secret)));
    assert!(!is_valid(&keys, now + HOUR, "one"));
    assert!(is_valid(&keys, now + HOUR, "two") && is_valid(&keys, now + 1000 * HOUR, "other"));
    // A second rotation does not extend the time of a replaced secret.
    keys.rotate("a", "three", now + 10 * HOUR).unwrap();
    assert!(!is_valid(&keys, now + HOUR, "one") && is_valid(&keys, now + 2 * HOUR, "two"));
    keys.rotate("a", "four", now + 3 * HOUR).unwrap();
    assert_eq!(keys.len(), 5);
    keys.remove("a");
    assert!(!is_valid(&keys, now, "four") && is_valid(&keys, now, "other"));
}

#[test]
fn a_rotation_replaces_only_secrets_of_its_own_endpoint() {
    let (keys, now) = (KeyRing::new(), SystemTime::UNIX_EPOCH + 1000 * HOUR);
    keys.add("", "unnamed").unwrap();
    keys.add("ep_2", "other").unwrap();
    keys.rotate("ep_1", "new", now + HOUR).unwrap();
    assert!(["unnamed", "other", "new"].iter().all(|secret| is_valid(&keys, now + 2 * HOUR, secret)));
}

#[test]
fn a_search_in_one_endpoint_computes_no_code_of_another() {
    let (keys, now) = (KeyRing::new(), SystemTime::UNIX_EPOCH);
    for number in 0..1000 {
        keys.add(&format!("tenant {number}"), format!("secret {number}")).unwrap();
    }
    let calls = std::cell::Cell::new(0);
    let count = |_: &Mac| {
        calls.set(calls.get() + 1);
        false
    };
    assert!(matches!(keys.find(Some("tenant 7"), Some(now), count), Err(VerifyError::Mismatch)));
    assert!(matches!(keys.find(Some("unknown"), Some(now), count), Err(VerifyError::Mismatch)));
    assert_eq!(calls.get(), 1);
    assert!(matches!(keys.find(Some("tenant 7"), None, |_| true), Ok(name) if &*name == "tenant 7"));
}

#[test]
fn a_secret_is_stored_once() {
    let (keys, now) = (KeyRing::new(), SystemTime::UNIX_EPOCH + 1000 * HOUR);
    for (endpoint, secret) in [("a", "one"), ("a", "one"), ("b", "one"), ("a", "two")] {
        keys.add(endpoint, secret).unwrap();
    }
    assert_eq!(keys.len(), 3);
    // A secret that is added again no longer expires.
    keys.rotate("a", "three", now + HOUR).unwrap();
    keys.add("a", "one").unwrap();
    assert!(is_valid(&keys, now + HOUR, "one") && !is_valid(&keys, now + HOUR, "two"));
}

#[test]
fn an_empty_secret_is_refused_and_debug_prints_no_secrets() {
    let keys = KeyRing::new();
    keys.add("ep_1", "marked").unwrap();
    assert!(keys.add("ep_1", "").is_err() && keys.rotate("ep_1", "", SystemTime::UNIX_EPOCH).is_err());
    assert_eq!((keys.len(), format!("{keys:?}").as_str()), (1, "[\"ep_1\"]"));
}

#[test]
fn a_code_is_parsed_from_its_hexadecimal_digits() {
    let code = Mac::new(&"k".into()).unwrap().code(b"m");
    let text = code.to_hex();
    assert_eq!(Code::from_hex(text.as_bytes()), Some(code.clone()));
    assert_eq!(Code::from_hex(text.to_uppercase().as_bytes()), Some(code.clone()));
    assert_ne!(Mac::new(&"k".into()).unwrap().code(b"n"), code);
    let prefixed = [format!("0x{text}"), format!("0x{}", &text[2..])];
    for wrong in [&text[1..], &text[..63], "", &format!("{text}0"), &prefixed[0], &prefixed[1]] {
        assert_eq!(Code::from_hex(wrong.as_bytes()), None, "{wrong}");
    }
    for byte in 0..=255_u8 {
        let digits = [byte; 64];
        let read = Code::from_hex(&digits).map(|code| code.to_hex());
        let lower = byte.is_ascii_hexdigit().then(|| char::from(byte).to_ascii_lowercase());
        assert_eq!(read, lower.map(|digit| digit.to_string().repeat(64)), "{byte}");
    }
}

#[test]
fn white_space_around_a_secret_is_not_part_of_the_key() {
    let code = |secret: &str| Mac::new(&secret.into()).unwrap().code(b"m");
    for secret in ["k\n", " k", "\tk\r\n"] {
        assert_eq!(code(secret), code("k"), "{secret:?}");
    }
    assert_ne!(code("\"k\""), code("k"));
}

#[test]
fn a_blank_key_is_refused_and_debug_prints_no_key() {
    for blank in ["", " ", "\r\n"] {
        assert_eq!(Mac::new(&blank.into()).unwrap_err(), EmptySecret);
    }
    let mac = Mac::new(&"7".repeat(1000).into()).unwrap();
    assert_eq!(format!("{mac:?} {:?}", mac.code(b"m")), "Mac Code");
}

#[test]
fn a_dropped_key_is_overwritten() {
    // A key consists of two states of SHA-256, which overwrite themselves.
    fn assert_overwrites<T: hmac::digest::zeroize::ZeroizeOnDrop>() {}
    assert_overwrites::<sha2::block_api::Sha256VarCore>();
    assert_overwrites::<CtOutput<Hmac<Sha256>>>();
}

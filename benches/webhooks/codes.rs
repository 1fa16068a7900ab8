//! HMAC-SHA256 with several crates, each with a prepared key, which is its fastest form.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Whether a code matches a message.
pub(crate) type Check = Box<dyn Fn(&[u8], &[u8]) -> bool>;

/// The checks of all crates, with their names.
pub(crate) fn all(secret: &[u8]) -> Vec<(&'static str, Check)> {
    vec![("hmac + sha2", rust_crypto(secret)), ("ring", ring(secret)), ("aws-lc-rs", aws_lc(secret))]
}

fn rust_crypto(secret: &[u8]) -> Check {
    let key = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC accepts a key of any length");
    Box::new(move |message, code| {
        let mut mac = key.clone();
        mac.update(message);
        mac.verify_slice(code).is_ok()
    })
}

fn ring(secret: &[u8]) -> Check {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    Box::new(move |message, code| ring::hmac::verify(&key, message, code).is_ok())
}

fn aws_lc(secret: &[u8]) -> Check {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    Box::new(move |message, code| aws_lc_rs::hmac::verify(&key, message, code).is_ok())
}

//! HMAC-SHA256 under a key that was set up once.

use std::fmt;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Bytes of a code.
pub(super) const LENGTH: usize = 32;

/// A key, in the form that codes are made with. The secret itself is not kept.
#[derive(Clone)]
pub(super) struct Mac(Hmac<Sha256>);

/// A key of no bytes, with which everybody could sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmptySecret;

impl fmt::Display for EmptySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the secret is empty, and everybody could sign with it: give the one that the service gave",
        )
    }
}

impl std::error::Error for EmptySecret {}

impl Mac {
    /// The key of a secret: its bytes as they are.
    pub(super) fn new(secret: &[u8]) -> Result<Self, EmptySecret> {
        match Hmac::new_from_slice(secret) {
            Ok(mac) if !secret.is_empty() => Ok(Self(mac)),
            _ => Err(EmptySecret),
        }
    }

    pub(super) fn code(&self, message: &[u8]) -> [u8; LENGTH] {
        let mut mac = self.0.clone();
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mac")
    }
}

/// Whether two codes are the same, in a time that says nothing of where they differ.
pub(super) fn same(one: &[u8; LENGTH], other: &[u8; LENGTH]) -> bool {
    one.ct_eq(other).into()
}

/// A code in hexadecimal digits.
pub(super) fn hex(code: &[u8; LENGTH]) -> String {
    code.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A code from exactly its hexadecimal digits, of either case.
pub(super) fn from_hex(text: &[u8]) -> Option<[u8; LENGTH]> {
    if text.len() != 2 * LENGTH {
        return None;
    }
    let digit = |byte: u8| DIGITS.get(usize::from(byte)).copied().unwrap_or(NO_DIGIT);
    let (mut code, mut all) = ([0; LENGTH], 0);
    for (byte, pair) in code.iter_mut().zip(text.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        let (high, low) = (digit(*high), digit(*low));
        all |= high | low;
        *byte = high << 4 | low & 0xf;
    }
    (all < NO_DIGIT).then_some(code)
}

/// The value of each byte as a hexadecimal digit: looked up, for every delivery has 64 of them.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0_u8;
    while value < 16 {
        let [lower, upper] = if value < 10 { [b'0', b'0'] } else { [b'a' - 10, b'A' - 10] };
        digits[(lower + value) as usize] = value;
        digits[(upper + value) as usize] = value;
        value += 1;
    }
    digits
};

/// What is none; no digit has its bit.
const NO_DIGIT: u8 = 0x10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_they_are_written() {
        let code = Mac::new(b"k").unwrap().code(b"m");
        assert_eq!(from_hex(hex(&code).as_bytes()), Some(code));
        assert_eq!(from_hex(hex(&code).to_uppercase().as_bytes()), Some(code));
        let text = hex(&code);
        for wrong in [&text[1..], &text[..63], "", &format!("{text}0"), &text.replace(&text[..1], "g")] {
            assert_eq!(from_hex(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(from_hex(&[0xc3; 64]), None);
        for byte in 0..=255_u8 {
            let is_digit = byte.is_ascii_hexdigit();
            assert_eq!(from_hex(&[byte; 64]).is_some(), is_digit, "{byte}");
            let value =
                char::from(byte).to_digit(16).map(|digit| [u8::try_from(digit * 17).unwrap(); LENGTH]);
            assert_eq!(from_hex(&[byte; 64]), value, "{byte}");
        }
    }

    #[test]
    fn a_key_is_not_empty_and_does_not_show() {
        assert_eq!(Mac::new(b"").unwrap_err(), EmptySecret);
        assert!(Mac::new(&[7; 1000]).is_ok());
        assert_eq!(format!("{:?}", Mac::new(b"marked").unwrap()), "Mac");
    }
}

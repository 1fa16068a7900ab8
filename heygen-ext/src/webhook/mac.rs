//! HMAC-SHA256 with a prepared key.

use std::fmt;

use hmac::digest::CtOutput;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::secret;

/// Length of a code, in bytes.
const LENGTH: usize = 32;

/// A key that is derived from a secret. The secret itself is not stored, and dropping the key overwrites its memory.
#[derive(Clone)]
pub(super) struct Mac(Hmac<Sha256>);

/// The error when a secret is empty, or only white space. Anyone could sign with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmptySecret;

impl fmt::Display for EmptySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the secret is empty or blank, so anyone could sign with it; pass the secret of the endpoint",
        )
    }
}

impl std::error::Error for EmptySecret {}

impl Mac {
    /// Creates the key from a secret, without the white space around it.
    pub(super) fn new(secret: &SecretString) -> Result<Self, EmptySecret> {
        let secret = secret::clean("the webhook secret", secret).ok_or(EmptySecret)?;
        Hmac::new_from_slice(secret.expose_secret().as_bytes()).map(Self).map_err(|_| EmptySecret)
    }

    pub(super) fn code(&self, message: &[u8]) -> Code {
        let mut mac = self.0.clone();
        mac.update(message);
        Code(mac.finalize())
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mac")
    }
}

/// The code of a message. Comparison takes constant time.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Code(CtOutput<Hmac<Sha256>>);

impl Code {
    /// Returns the code in hexadecimal.
    pub(super) fn to_hex(&self) -> String {
        const_hex::encode(self.0.as_bytes())
    }

    /// Parses exactly 64 hexadecimal digits, in upper or lower case.
    pub(super) fn from_hex(text: &[u8]) -> Option<Self> {
        // The decoder accepts the prefix `0x`, so check the length first.
        if text.len() != 2 * LENGTH {
            return None;
        }
        let bytes: [u8; LENGTH] = const_hex::decode_to_array(text).ok()?;
        Some(Self(CtOutput::new(bytes.into())))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}

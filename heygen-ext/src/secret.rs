//! Secrets as people paste them: with white space around them, in quotes, or with a byte order mark.

use secrecy::{ExposeSecret, SecretString};

/// Removes the white space and line ends around a secret. Returns `None` if nothing else is left.
///
/// A secret in quotes, or with a byte order mark, is kept as it is and reported as a warning, because a service may have
/// made it so. `name` is what the warning calls it.
pub(crate) fn clean(name: &str, secret: &SecretString) -> Option<SecretString> {
    let text = secret.expose_secret().trim();
    if text.is_empty() || text == BYTE_ORDER_MARK {
        return None;
    }
    if let Some(problem) = suspicion(text) {
        tracing::warn!("{name} {problem}; remove them if the service did not send them");
    }
    Some(text.into())
}

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// What makes a secret look as if more than the secret was copied.
fn suspicion(text: &str) -> Option<&'static str> {
    let quoted = |quote: char| text.starts_with(quote) || text.ends_with(quote);
    if text.contains(BYTE_ORDER_MARK) {
        Some("contains a byte order mark (the three bytes EF BB BF)")
    } else if quoted('"') || quoted('\'') || quoted('`') {
        Some("begins or ends with quotation marks")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_removed_and_blank_secrets_are_refused() {
        for (given, expected) in [
            ("whsec_a", Some("whsec_a")),
            (" whsec_a\r\n", Some("whsec_a")),
            ("\twhsec a\n\n", Some("whsec a")),
            ("\"whsec_a\"", Some("\"whsec_a\"")),
            ("", None),
            (" \r\n\t", None),
            ("\u{feff}\n", None),
        ] {
            let cleaned = clean("the secret", &given.into());
            assert_eq!(cleaned.as_ref().map(ExposeSecret::expose_secret), expected, "{given:?}");
        }
    }

    #[test]
    fn quotes_and_byte_order_marks_are_suspicious() {
        for (text, suspicious) in [
            ("whsec_a", false),
            ("wh\"sec", false),
            ("'a'", true),
            ("\"a", true),
            ("a`", true),
            ("\u{feff}a", true),
        ] {
            assert_eq!(suspicion(text).is_some(), suspicious, "{text}");
        }
    }
}

//! Redacts secrets in `Debug`.

use std::collections::BTreeMap;
use std::fmt;

use crate::patch::Patch;

/// Implements `Debug` for a struct. Each field is `shown`, `hidden` or printed `without_query`.
macro_rules! redacted_debug {
    ($name:ident { $($how:ident $field:ident,)* }) => {
        impl std::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    $(.field(stringify!($field), &crate::redact::$how(&self.$field)))*
                    .finish()
            }
        }
    };
}
pub(crate) use redacted_debug;

/// Shows the value.
pub(crate) fn shown<T: fmt::Debug>(value: &T) -> &T {
    value
}

/// Shows only whether there is a value.
pub(crate) fn hidden<T: Redact>(value: &T) -> impl fmt::Debug {
    Shown(value.text().map(|_| "[redacted]".to_owned()))
}

/// Shows a URL without its query, which may contain a signature, and without user name and password.
pub(crate) fn without_query<T: Redact>(value: &T) -> impl fmt::Debug {
    Shown(value.text().map(|url| {
        let url = match url.split_once(['?', '#']) {
            Some((address, _)) => format!("{address}?[redacted]"),
            None => url.to_owned(),
        };
        match url.split_once("://") {
            Some((scheme, rest)) => {
                let end = rest.find('/').unwrap_or(rest.len());
                match rest.get(..end).and_then(|host| host.rfind('@')) {
                    Some(at) => format!("{scheme}://[redacted]{}", rest.get(at..).unwrap_or_default()),
                    None => url,
                }
            }
            None => url,
        }
    }))
}

/// A text that may be missing.
pub(crate) trait Redact {
    fn text(&self) -> Option<&str>;
}

impl Redact for String {
    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

/// A map is shown or hidden as a whole.
impl<T> Redact for BTreeMap<String, T> {
    fn text(&self) -> Option<&str> {
        Some("")
    }
}

impl Redact for serde_json::Map<String, serde_json::Value> {
    fn text(&self) -> Option<&str> {
        Some("")
    }
}

impl<T: Redact> Redact for Option<T> {
    fn text(&self) -> Option<&str> {
        self.as_ref().and_then(T::text)
    }
}

impl<T: Redact> Redact for Patch<T> {
    fn text(&self) -> Option<&str> {
        self.value().and_then(T::text)
    }
}

struct Shown(Option<String>);

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(text) => fmt::Debug::fmt(text, f),
            None => f.write_str("None"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_and_secrets_are_redacted() {
        let url = Some("https://files.example/v.mp4?Signature=abc".to_owned());
        assert_eq!(format!("{:?}", without_query(&url)), "\"https://files.example/v.mp4?[redacted]\"");
        let url = |text: &str| format!("{:?}", without_query(&text.to_owned()));
        assert_eq!(url("https://me:abc@hook.example/a@b"), "\"https://[redacted]@hook.example/a@b\"");
        assert_eq!(url("https://me:a@b@hook.example?x"), "\"https://[redacted]@hook.example?[redacted]\"");
        assert_eq!(url("no address"), "\"no address\"");
        let url = Some("abc".to_owned());
        assert_eq!(format!("{:?}", hidden(&url)), "\"[redacted]\"");
        assert_eq!(format!("{:?}", hidden(&None::<String>)), "None");
    }
}

//! Colors in legacy requests.

/// Reads a color as old programs wrote it, and returns it as `#rrggbb`: with or without `#`, with three digits, or with an
/// alpha channel, which is dropped.
pub(crate) fn six_digits(text: &str) -> Option<String> {
    let text = text.trim();
    let digits = text.strip_prefix('#').unwrap_or(text);
    if !digits.bytes().all(|one| one.is_ascii_hexdigit()) {
        return None;
    }
    match digits.len() {
        3 | 4 => Some(format!("#{}", digits.chars().take(3).flat_map(|one| [one, one]).collect::<String>())),
        6 | 8 => Some(format!("#{}", digits.get(..6)?)),
        _ => None,
    }
}

/// Red, green and blue of a color that [`six_digits`] returned.
pub(crate) fn components(color: &str) -> [u8; 3] {
    let number = color.strip_prefix('#').and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let [_, red, green, blue] = number.unwrap_or_default().to_be_bytes();
    [red, green, blue]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_have_six_digits() {
        for (given, read) in [
            ("#FAFAFA", Some("#FAFAFA")),
            ("fafafa", Some("#fafafa")),
            (" #abc ", Some("#aabbcc")),
            ("#abcd", Some("#aabbcc")),
            ("#11223344", Some("#112233")),
            ("#12", None),
            ("white", None),
            ("#12345é", None),
            ("", None),
        ] {
            assert_eq!(six_digits(given).as_deref(), read, "{given}");
        }
        assert_eq!(components("#0a0B0c"), [10, 11, 12]);
    }
}

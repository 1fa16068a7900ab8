//! Texts that match a pattern.
//!
//! It supports what patterns in API documents consist of: literals, classes, groups, alternatives and repetitions. The
//! standard crates for regular expressions only match texts, they do not make them.

use std::iter::Peekable;
use std::str::Chars;

use super::draws::Draws;

/// Largest number of additional repetitions of `*`, `+` and `{n,}`.
const ADDITIONAL: u32 = 7;

/// Letters and digits: what `\w`, `\S` and `.` become.
const WORD: [(char, char); 3] = [('a', 'z'), ('A', 'Z'), ('0', '9')];

/// A text that matches a pattern and has a length from `low` to `high` characters. `None` if the pattern contains what is not
/// supported, such as a look-ahead, or if no attempt has such a length.
pub(super) fn text(pattern: &str, low: usize, high: usize, draws: Draws) -> Option<String> {
    let mut source = pattern.chars().peekable();
    let node = alternatives(&mut source)?;
    if source.next().is_some() {
        return None;
    }
    let attempts = (0..64).map(|attempt: u32| {
        let mut out = String::new();
        node.write(draws.at(&attempt.to_string()), &mut out);
        out
    });
    attempts.into_iter().find(|text| (low..=high).contains(&text.chars().count()))
}

enum Node {
    /// One character of these ranges.
    Class(Vec<(char, char)>),
    /// Each node, between the two numbers of times.
    Sequence(Vec<(Node, u32, u32)>),
    /// One of the nodes.
    Alternatives(Vec<Node>),
}

impl Node {
    fn write(&self, draws: Draws, out: &mut String) {
        match self {
            Self::Class(ranges) => {
                let total = ranges.iter().map(|(low, high)| width(*low, *high)).sum();
                let mut index = draws.below(total);
                for (low, high) in ranges {
                    if index < width(*low, *high) {
                        let code = u64::from(u32::from(*low)).saturating_add(index);
                        out.extend(u32::try_from(code).ok().and_then(char::from_u32));
                        return;
                    }
                    index = index.saturating_sub(width(*low, *high));
                }
            }
            Self::Sequence(parts) => {
                for (place, (node, low, high)) in parts.iter().enumerate() {
                    let draws = draws.at(&place.to_string());
                    let count = draws.at("count").between(i64::from(*low), i64::from(*high));
                    for repetition in 0..count {
                        node.write(draws.at(&repetition.to_string()), out);
                    }
                }
            }
            Self::Alternatives(nodes) => {
                let index = usize::try_from(draws.below(nodes.len() as u64)).unwrap_or(0);
                nodes.iter().skip(index).take(1).for_each(|node| node.write(draws.at("chosen"), out));
            }
        }
    }
}

fn width(low: char, high: char) -> u64 {
    u64::from(u32::from(high).saturating_sub(u32::from(low))).saturating_add(1)
}

type Source<'a> = Peekable<Chars<'a>>;

fn alternatives(source: &mut Source<'_>) -> Option<Node> {
    let mut nodes = vec![sequence(source)?];
    while source.next_if_eq(&'|').is_some() {
        nodes.push(sequence(source)?);
    }
    Some(Node::Alternatives(nodes))
}

fn sequence(source: &mut Source<'_>) -> Option<Node> {
    let mut parts = Vec::new();
    while let Some(next) = source.next_if(|next| !matches!(next, '|' | ')')) {
        let node = match next {
            // The text is matched as a whole.
            '^' | '$' => continue,
            '(' => group(source)?,
            '[' => class(source)?,
            '.' => Node::Class(WORD.to_vec()),
            '\\' => Node::Class(escape(source.next()?)?),
            '*' | '+' | '?' | '{' => return None,
            literal => Node::Class(vec![(literal, literal)]),
        };
        let (low, high) = repetitions(source)?;
        parts.push((node, low, high));
    }
    Some(Node::Sequence(parts))
}

fn group(source: &mut Source<'_>) -> Option<Node> {
    if source.next_if_eq(&'?').is_some() {
        source.next_if_eq(&':')?;
    }
    let inner = alternatives(source)?;
    source.next_if_eq(&')')?;
    Some(inner)
}

fn repetitions(source: &mut Source<'_>) -> Option<(u32, u32)> {
    let found = match source.peek() {
        Some('*') => (0, ADDITIONAL),
        Some('+') => (1, 1 + ADDITIONAL),
        Some('?') => (0, 1),
        Some('{') => {
            source.next();
            let low = count(source)?;
            let high = match source.next_if_eq(&',') {
                None => low,
                Some(_) if source.peek() == Some(&'}') => low.saturating_add(ADDITIONAL),
                Some(_) => count(source)?,
            };
            if source.peek() != Some(&'}') || high < low {
                return None;
            }
            (low, high)
        }
        _ => return Some((1, 1)),
    };
    source.next();
    // A lazy repetition matches the same texts.
    source.next_if_eq(&'?');
    Some(found)
}

fn count(source: &mut Source<'_>) -> Option<u32> {
    let mut digits = String::new();
    while let Some(digit) = source.next_if(char::is_ascii_digit) {
        digits.push(digit);
    }
    // A longer text is of no use as a sample.
    digits.parse().ok().filter(|count| *count <= 4096)
}

fn class(source: &mut Source<'_>) -> Option<Node> {
    let negated = source.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        let low = match source.next()? {
            ']' => break,
            '\\' => {
                let mut escaped = escape(source.next()?)?;
                match escaped.as_slice() {
                    [(low, high)] if low == high => *low,
                    _ => {
                        ranges.append(&mut escaped);
                        continue;
                    }
                }
            }
            literal => literal,
        };
        let mut ahead = source.clone();
        let high = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(high)) if high != ']' => {
                *source = ahead;
                if high == '\\' { source.next()? } else { high }
            }
            _ => low,
        };
        ranges.push((low, high));
    }
    if negated {
        let is_excluded = |one: &char| ranges.iter().any(|(low, high)| (low..=high).contains(&one));
        ranges = ('!'..='~').filter(|one| !is_excluded(one)).map(|one| (one, one)).collect();
    }
    (!ranges.is_empty()).then_some(Node::Class(ranges))
}

fn escape(letter: char) -> Option<Vec<(char, char)>> {
    match letter {
        'd' => Some(vec![('0', '9')]),
        'w' | 'S' => Some(WORD.to_vec()),
        's' => Some(vec![(' ', ' ')]),
        'D' => Some(vec![('a', 'z')]),
        'W' => Some(vec![('-', '-')]),
        't' => Some(vec![('\t', '\t')]),
        'n' => Some(vec![('\n', '\n')]),
        // A boundary, a property, a back reference.
        other if other.is_ascii_alphanumeric() => None,
        other => Some(vec![(other, other)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(pattern: &str) -> Vec<String> {
        (0..40).map(|seed| text(pattern, 0, 99, Draws::new(seed, "A")).unwrap()).collect()
    }

    #[test]
    fn texts_match_their_pattern() {
        let color = |text: &String| {
            text.len() == 7 && text.starts_with('#') && text.chars().skip(1).all(|c| c.is_ascii_hexdigit())
        };
        assert!(made("^#[0-9a-fA-F]{6}$").iter().all(color));
        assert!(made(r"^\S+$").iter().all(|text| !text.is_empty() && !text.contains(' ')));
        assert!(made(r"a{2}b?").iter().all(|text| text == "aa" || text == "aab"));
        assert!(made("^(?:on|off)(-[a-c]{1,2})?$").iter().all(|text| {
            let rest = text.strip_prefix("on").or(text.strip_prefix("off")).unwrap();
            rest.is_empty() || rest.strip_prefix('-').unwrap().chars().all(|c| ('a'..='c').contains(&c))
        }));
        assert!(made(r"[^a-z\d]").iter().all(|text| !text.contains(|c: char| c.is_ascii_lowercase())));
        assert!(made(r"[\w.\-]+@x\.y").iter().all(|text| text.ends_with("@x.y") && text.len() > 4));
        let texts: std::collections::BTreeSet<String> = made("^[a-z]{4}$").into_iter().collect();
        assert!(texts.len() > 30, "{texts:?}");
    }

    #[test]
    fn a_text_has_a_length_within_the_limits() {
        for seed in 0..40 {
            let text = text("^[a-z]*$", 3, 4, Draws::new(seed, "A")).unwrap();
            assert!((3..=4).contains(&text.len()), "{text}");
        }
        assert_eq!(text("^[a-z]{9}$", 1, 4, Draws::new(0, "A")), None);
    }

    #[test]
    fn an_unsupported_pattern_makes_no_text() {
        for pattern in ["(?=a)b", r"\p{L}", r"(a)\1", "a)", "(a", "[a", "a{2", "*", r"\"] {
            assert_eq!(text(pattern, 0, 99, Draws::new(0, "A")), None, "{pattern}");
        }
    }
}

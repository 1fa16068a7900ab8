//! Doc comments from the document's descriptions: one `///` per line, and nothing that rustdoc takes for markup by
//! mistake.

use syn::{Attribute, parse_quote};

/// The attributes for a doc comment; none for an empty text.
pub fn attributes(text: &str) -> Vec<Attribute> {
    let text = text.trim();
    if text.is_empty() {
        return Vec::new();
    }
    // A fenced example is Rust of ours; everything else is prose.
    let mut fenced = false;
    text.lines()
        .map(|line| {
            let fence = line.trim_start().starts_with("```");
            let safe = if fenced || fence { line.to_owned() } else { prose(line) };
            fenced ^= fence;
            let line = if safe.is_empty() { safe } else { format!(" {}", safe.trim_end()) };
            parse_quote!(#[doc = #line])
        })
        .collect()
}

/// The text of the doc attributes among `attributes`.
pub fn text(attributes: &[Attribute]) -> String {
    let lines =
        attributes.iter().filter(|attribute| attribute.path().is_ident("doc")).filter_map(|attribute| {
            match &attribute.meta {
                syn::Meta::NameValue(pair) => match &pair.value {
                    syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
                    _ => None,
                },
                _ => None,
            }
        });
    lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>().join("\n")
}

/// Escapes what rustdoc would read as a link or as HTML, outside code spans; gives bare URLs their brackets.
fn prose(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(next) = rest.chars().next() {
        if next == '`' {
            let ticks = rest.len() - rest.trim_start_matches('`').len();
            let fence = &rest[..ticks];
            if let Some(end) = rest[ticks..].find(fence) {
                let whole = ticks + end + ticks;
                out.push_str(&rest[..whole]);
                rest = &rest[whole..];
                continue;
            }
        }
        if rest.starts_with("<https://") || rest.starts_with("<http://") {
            let end = rest.find('>').map_or(rest.len(), |end| end + 1);
            out.push_str(&rest[..end]);
            rest = &rest[end..];
            continue;
        }
        if rest.starts_with("https://") || rest.starts_with("http://") {
            let end =
                rest.find(|c: char| c.is_whitespace() || "\"'`<>)],;".contains(c)).unwrap_or(rest.len());
            let url = rest[..end].trim_end_matches(['.', ':']);
            out.push_str(&format!("<{url}>"));
            rest = &rest[url.len()..];
            continue;
        }
        match next {
            '<' | '>' | '[' | ']' => {
                out.push('\\');
                out.push(next);
            }
            _ => out.push(next),
        }
        rest = &rest[next.len_utf8()..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::prose;

    #[test]
    fn markup_by_mistake_is_escaped_and_code_is_left_alone() {
        for (given, wanted) in [
            ("List[Item] <b>", "List\\[Item\\] \\<b\\>"),
            ("see `a[0] <T>` and ``b[1]``", "see `a[0] <T>` and ``b[1]``"),
            ("at https://heygen.com/x. Then", "at <https://heygen.com/x>. Then"),
            ("kept <https://heygen.com>", "kept <https://heygen.com>"),
            ("a lone ` tick [x]", "a lone ` tick \\[x\\]"),
        ] {
            assert_eq!(prose(given), wanted);
        }
    }
}

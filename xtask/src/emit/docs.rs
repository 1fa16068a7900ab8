//! Turns descriptions from the document into doc comments. They are treated as prose: no part of them becomes a link, HTML, or
//! code that rustdoc would compile and run.

use pulldown_cmark::{Event, Options, Parser, Tag};
use syn::{Attribute, parse_quote};

/// The attributes of a doc comment; empty for an empty text.
pub fn attributes(text: &str) -> Vec<Attribute> {
    let text = without_code(text.trim());
    if text.is_empty() {
        return Vec::new();
    }
    let mut fence: Option<&str> = None;
    text.lines()
        .map(|line| {
            let line = line.trim_end();
            let opened = line.trim_start().strip_suffix("text").filter(|ticks| is_fence(ticks));
            match (fence, opened) {
                (None, Some(ticks)) => {
                    fence = Some(ticks);
                    line.to_owned()
                }
                (None, None) => prose(line),
                (Some(ticks), _) => {
                    if line.trim_start() == ticks {
                        fence = None;
                    }
                    line.to_owned()
                }
            }
        })
        .map(attribute)
        .collect()
}

/// The attributes of a doc comment that this crate wrote, which may contain code.
pub fn code(text: &str) -> Vec<Attribute> {
    std::iter::once(String::new()).chain(text.lines().map(str::to_owned)).map(attribute).collect()
}

fn attribute(mut line: String) -> Attribute {
    // The compiler refuses characters in a comment that change the direction of the text after them.
    line.retain(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'));
    let line = if line.is_empty() { line } else { format!(" {}", line.trim_end()) };
    parse_quote!(#[doc = #line])
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
    lines
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Turns every code block, fenced or indented, into a fenced block of the language `text`.
fn without_code(text: &str) -> String {
    // Indentation is counted in columns.
    let text = &text.replace('\t', "    ");
    let mut blocks = Vec::new();
    let mut content = String::new();
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(_)) => content.clear(),
            Event::Text(line) => content.push_str(&line),
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => {
                blocks.push((range, std::mem::take(&mut content)))
            }
            _ => {}
        }
    }
    let mut out = text.to_owned();
    for (range, content) in blocks.into_iter().rev() {
        let line = out[..range.start].rfind('\n').map_or(0, |at| at + 1);
        // The range of an indented block starts after its indentation. Four columns of it mark the block as code.
        let before = &out[line..range.start];
        let indented = !out[range.clone()].trim_start().starts_with(['`', '~']);
        let before = match (indented, before.strip_suffix("    ")) {
            (true, Some(rest)) => rest.to_owned(),
            _ => before.to_owned(),
        };
        // The text before is the marker of a list or a quote. On the next lines, a quote repeats its marker, and a list uses
        // spaces.
        let margin: String = before.chars().map(|c| if c == '>' { '>' } else { ' ' }).collect();
        let longest = content.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let ticks = "`".repeat(longest.max(2) + 1);
        let mut block = format!("{before}{ticks}text\n");
        for line in content.lines() {
            block.push_str(format!("{margin}{line}").trim_end());
            block.push('\n');
        }
        block.push_str(&format!("{margin}{ticks}"));
        if range.end < out.len() && !out[range.end..].starts_with('\n') {
            block.push('\n');
        }
        out.replace_range(line..range.end, &block);
    }
    out
}

fn is_fence(text: &str) -> bool {
    text.len() >= 3 && text.bytes().all(|byte| byte == b'`')
}

/// Escapes what rustdoc would treat as a link or as HTML, except in code spans. Puts bare URLs in angle brackets.
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
            '<' | '>' | '[' | ']' | '\\' => {
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
    use super::*;

    #[test]
    fn markup_is_escaped_except_in_code_spans() {
        for (given, expected) in [
            ("List[Item] <b>", "List\\[Item\\] \\<b\\>"),
            ("see `a[0] <T>` and ``b[1]``", "see `a[0] <T>` and ``b[1]``"),
            ("at https://heygen.com/x. Then", "at <https://heygen.com/x>. Then"),
            ("kept <https://heygen.com>", "kept <https://heygen.com>"),
            ("\\[Foo\\](javascript:x)", "\\\\\\[Foo\\\\\\](javascript:x)"),
            ("a lone ` tick [x]", "a lone ` tick \\[x\\]"),
        ] {
            assert_eq!(prose(given), expected);
        }
    }

    fn shown(given: &str) -> String {
        text(&attributes(given))
    }

    #[test]
    fn code_blocks_become_text_blocks() {
        for (given, expected) in [
            ("```\nlet a = 1;\n```", "```text\nlet a = 1;\n```"),
            ("```rust\npanic!()\n```\nAfter.", "```text\npanic!()\n```\nAfter."),
            ("~~~\npanic!()\n~~~", "```text\npanic!()\n```"),
            ("```\nnot closed", "```text\nnot closed\n```"),
            ("Before.\n\n    panic!()\n\nAfter.", "Before.\n\n```text\npanic!()\n```\nAfter."),
            ("Before.\n\n\tpanic!()", "Before.\n\n```text\npanic!()\n```"),
            ("- a\n\n      panic!()\n", "- a\n\n  ```text\n  panic!()\n  ```"),
            ("- ```\n  panic!()\n  ```", "- ```text\n  panic!()\n  ```"),
            ("````\n```\npanic!()\n```\n````", "````text\n```\npanic!()\n```\n````"),
        ] {
            let shown = shown(given);
            assert_eq!(shown, expected, "{given}");
        }
    }

    #[test]
    fn every_code_block_is_marked_as_text() {
        let pieces =
            ["```", "~~~", "    x", "\tx", "- a", "> b", "", "```rust", "  ```", "1. c", "x", "      y"];
        for one in pieces {
            for two in pieces {
                for three in pieces {
                    for four in pieces {
                        let given = [one, two, three, four].join("\n");
                        let shown = shown(&given);
                        for event in Parser::new_ext(&shown, Options::ENABLE_TABLES) {
                            if let Event::Start(Tag::CodeBlock(kind)) = event {
                                let marked = matches!(&kind, pulldown_cmark::CodeBlockKind::Fenced(info) if &**info == "text");
                                assert!(marked, "{given:?} became {shown:?}");
                            }
                        }
                    }
                }
            }
        }
    }
}

//! Splits a text that is sent in parts into words. Each part is read once.

use std::ops::Range;

/// The words of a text. Punctuation before or after a word counts as a word.
#[derive(Default)]
pub(crate) struct Words {
    text: String,
    /// Byte range of each word in the text.
    ranges: Vec<Range<usize>>,
    /// The last token, if the text does not end with whitespace. The next part may continue it.
    open: Option<Token>,
}

/// Characters between whitespace: optional punctuation, a word, optional punctuation.
struct Token {
    /// Byte offset of the token in the text.
    start: usize,
    /// Byte range from the first letter or digit through the last; `None` if the token has only punctuation.
    word: Option<Range<usize>>,
    /// Number of words before the token.
    before: usize,
}

impl Words {
    /// Adds a text to the end.
    pub(crate) fn push(&mut self, text: &str) {
        let mut open = self.open.take();
        if let Some(token) = &open {
            self.ranges.truncate(token.before);
        }
        for (offset, letter) in text.char_indices() {
            let at = self.text.len() + offset;
            if letter.is_whitespace() {
                self.end(open.take(), at);
                continue;
            }
            let token = open.get_or_insert(Token { start: at, word: None, before: self.ranges.len() });
            if letter.is_alphanumeric() {
                let start = token.word.as_ref().map_or(at, |word| word.start);
                token.word = Some(start..at + letter.len_utf8());
            }
        }
        self.text.push_str(text);
        if let Some(token) = open {
            let (start, word, before) = (token.start, token.word.clone(), token.before);
            self.end(Some(token), self.text.len());
            self.open = Some(Token { start, word, before });
        }
    }

    /// Ends a token at `end`, and adds its parts as words.
    fn end(&mut self, token: Option<Token>, end: usize) {
        let Some(Token { start, word, .. }) = token else { return };
        let parts = match word {
            Some(word) => [start..word.start, word.clone(), word.end..end],
            None => [start..end, end..end, end..end],
        };
        self.ranges.extend(parts.into_iter().filter(|part| !part.is_empty()));
    }

    /// Length of the text, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The memory of the text and the words, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.text.len() + self.ranges.len() * size_of::<Range<usize>>()
    }

    /// Number of words.
    pub(crate) fn count(&self) -> usize {
        self.ranges.len()
    }

    /// The words from `number` on, with their numbers.
    pub(crate) fn from(&self, number: usize) -> impl Iterator<Item = (usize, &str)> {
        let ranges = self.ranges.iter().enumerate().skip(number);
        ranges.map(|(number, range)| (number, self.text.get(range.clone()).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(texts: &[&str]) -> Vec<String> {
        let mut words = Words::default();
        texts.iter().for_each(|text| words.push(text));
        words.from(0).map(|(_, word)| word.to_owned()).collect()
    }

    #[test]
    fn punctuation_around_a_word_is_a_word() {
        let wanted = ["(", "Hello", ",", "dear", "o'clock", "“", "Ü", "!)", "—"];
        assert_eq!(words(&["  (Hello, dear o'clock “Ü!) — "]), wanted);
        assert_eq!(words(&["", " \n"]), Vec::<String>::new());
    }

    #[test]
    fn a_text_in_parts_has_the_same_words_as_a_whole() {
        let text = "(Hello), it's nine—or ten… o'clock! ";
        let whole = words(&[text]);
        let bits: Vec<String> = text.chars().map(String::from).collect();
        assert_eq!(words(&bits.iter().map(String::as_str).collect::<Vec<_>>()), whole);
        for (cut, _) in text.char_indices() {
            assert_eq!(words(&[&text[..cut], &text[cut..]]), whole, "{cut}");
        }
    }

    /// This test would take an hour if each part caused the whole text to be read again.
    #[test]
    fn a_long_text_is_read_once() {
        let mut words = Words::default();
        for _ in 0..500_000 {
            words.push("a");
        }
        for number in 0..200_000 {
            words.push(" b");
            assert_eq!(words.from(number + 1).count(), 1);
        }
        assert_eq!((words.count(), words.bytes()), (200_001, 900_000));
    }
}

//! A text that grows, and the words in it: each text that comes is read once, however often the words are asked for.

use std::ops::Range;

/// Words and, each for itself, the punctuation around them.
#[derive(Default)]
pub(crate) struct Words {
    text: String,
    places: Vec<Range<usize>>,
    /// The last run of letters without a blank, to which the next text may add.
    open: Option<Run>,
}

/// A run of letters without a blank: punctuation, a word, punctuation.
struct Run {
    start: usize,
    /// From its first to behind its last letter or digit.
    word: Option<Range<usize>>,
    /// Words before it.
    before: usize,
}

impl Words {
    /// Adds a text to the end.
    pub(crate) fn push(&mut self, text: &str) {
        let mut open = self.open.take();
        if let Some(run) = &open {
            self.places.truncate(run.before);
        }
        for (place, letter) in text.char_indices() {
            let at = self.text.len() + place;
            if letter.is_whitespace() {
                self.end(open.take(), at);
                continue;
            }
            let run = open.get_or_insert(Run { start: at, word: None, before: self.places.len() });
            if letter.is_alphanumeric() {
                let start = run.word.as_ref().map_or(at, |word| word.start);
                run.word = Some(start..at + letter.len_utf8());
            }
        }
        self.text.push_str(text);
        if let Some(run) = open {
            let (start, word, before) = (run.start, run.word.clone(), run.before);
            self.end(Some(run), self.text.len());
            self.open = Some(Run { start, word, before });
        }
    }

    /// A run ends here: its parts are words.
    fn end(&mut self, run: Option<Run>, end: usize) {
        let Some(Run { start, word, .. }) = run else { return };
        let parts = match word {
            Some(word) => [start..word.start, word.clone(), word.end..end],
            None => [start..end, end..end, end..end],
        };
        self.places.extend(parts.into_iter().filter(|part| !part.is_empty()));
    }

    /// Bytes of the text.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }

    pub(crate) fn count(&self) -> usize {
        self.places.len()
    }

    /// The words from that one on, with their numbers.
    pub(crate) fn from(&self, number: usize) -> impl Iterator<Item = (usize, &str)> {
        let places = self.places.iter().enumerate().skip(number);
        places.map(|(number, place)| (number, self.text.get(place.clone()).unwrap_or_default()))
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
    fn punctuation_stands_for_itself() {
        let wanted = ["(", "Hello", ",", "dear", "o'clock", "“", "Ü", "!)", "—"];
        assert_eq!(words(&["  (Hello, dear o'clock “Ü!) — "]), wanted);
        assert_eq!(words(&["", " \n"]), Vec::<String>::new());
    }

    #[test]
    fn a_text_that_comes_bit_by_bit_has_the_same_words() {
        let text = "(Hello), it's nine—or ten… o'clock! ";
        let whole = words(&[text]);
        let bits: Vec<String> = text.chars().map(String::from).collect();
        assert_eq!(words(&bits.iter().map(String::as_str).collect::<Vec<_>>()), whole);
        for (cut, _) in text.char_indices() {
            assert_eq!(words(&[&text[..cut], &text[cut..]]), whole, "{cut}");
        }
    }

    /// Were the text read again for each bit, this would take an hour.
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

//! OAuth tokens: access tokens that expire, and the refresh token that makes new ones.

use std::collections::VecDeque;

/// Access tokens that are remembered.
const KEEP: usize = 100;

/// Seconds that an access token holds; ten days, as in the service's example.
pub(crate) const LIFETIME: u64 = 864_000;

/// Tokens that are good, and the one that makes others.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) access: VecDeque<(String, u64)>,
    pub(crate) made: u64,
    pub(crate) refresh: String,
}

impl Tokens {
    pub(crate) fn new(seed: u64, now: u64) -> Self {
        Self {
            access: VecDeque::from([(format!("access-{seed}-0"), now + LIFETIME * 1000)]),
            made: 1,
            refresh: format!("refresh-{seed}"),
        }
    }

    /// Another access token; the oldest go when there are too many.
    pub(crate) fn issue(&mut self, seed: u64, now: u64) -> String {
        let token = format!("access-{seed}-{}", self.made);
        self.made += 1;
        self.access.push_back((token.clone(), now + LIFETIME * 1000));
        if self.access.len() > KEEP {
            self.access.pop_front();
        }
        token
    }

    /// The newest access token.
    pub(crate) fn newest(&self) -> String {
        self.access.back().map(|(token, _)| token.clone()).unwrap_or_default()
    }

    pub(crate) fn is_good(&self, token: &str, now: u64) -> bool {
        self.access.iter().any(|(good, expires)| good == token && now < *expires)
    }

    pub(crate) fn expire(&mut self) {
        self.access.iter_mut().for_each(|(_, expires)| *expires = 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_tokens_are_the_same_and_the_oldest_go() {
        let mut tokens = Tokens::new(0, 0);
        let first = tokens.newest();
        let second = tokens.issue(0, 0);
        for _ in 0..KEEP {
            assert_ne!(tokens.issue(0, 0), second);
        }
        assert_eq!(tokens.access.len(), KEEP);
        assert!(!tokens.is_good(&first, 1) && tokens.is_good(&tokens.newest(), 1));
    }
}

//! OAuth tokens: access tokens that expire, and refresh tokens for new ones.

use std::collections::VecDeque;

/// Maximum number of access tokens. The oldest are removed.
const MAX_ACCESS_TOKENS: usize = 100;

/// Maximum number of refresh tokens. The oldest are removed.
const MAX_REFRESH_TOKENS: usize = 100;

/// How long an access token is valid, in seconds: ten days, as in the service's example.
pub(crate) const LIFETIME: u64 = 864_000;

/// The access tokens and the refresh tokens of the workspace.
#[derive(Debug)]
pub(crate) struct Tokens {
    /// Access tokens, oldest first, with their expiry times in milliseconds since 1970.
    access: VecDeque<(String, u64)>,
    /// How many access tokens were issued.
    issued: u64,
    /// The refresh tokens. The first exists from the start; each sign-in adds one.
    refresh: VecDeque<String>,
    /// How many refresh tokens were issued.
    refresh_issued: u64,
}

impl Tokens {
    /// The refresh token and a first access token.
    pub(crate) fn new(seed: u64, now: u64) -> Self {
        Self {
            access: VecDeque::from([(format!("access-{seed}-0"), now + LIFETIME * 1000)]),
            issued: 1,
            refresh: VecDeque::from([format!("refresh-{seed}")]),
            refresh_issued: 1,
        }
    }

    /// Issues another access token.
    pub(crate) fn issue(&mut self, seed: u64, now: u64) -> String {
        let token = format!("access-{seed}-{}", self.issued);
        self.issued += 1;
        self.access.push_back((token.clone(), now + LIFETIME * 1000));
        if self.access.len() > MAX_ACCESS_TOKENS {
            self.access.pop_front();
        }
        token
    }

    /// Issues another refresh token.
    pub(crate) fn issue_refresh(&mut self, seed: u64) -> String {
        let token = format!("refresh-{seed}-{}", self.refresh_issued);
        self.refresh_issued += 1;
        self.refresh.push_back(token.clone());
        if self.refresh.len() > MAX_REFRESH_TOKENS {
            self.refresh.pop_front();
        }
        token
    }

    /// The oldest refresh token; empty if all were revoked.
    pub(crate) fn refresh(&self) -> String {
        self.refresh.front().cloned().unwrap_or_default()
    }

    /// Whether `token` is a refresh token.
    pub(crate) fn is_refresh(&self, token: &str) -> bool {
        self.refresh.iter().any(|valid| valid == token)
    }

    /// Makes an access token or a refresh token invalid.
    pub(crate) fn revoke(&mut self, token: &str) {
        self.access.retain(|(valid, _)| valid != token);
        self.refresh.retain(|valid| valid != token);
    }

    /// The newest access token.
    pub(crate) fn newest(&self) -> String {
        self.access.back().map(|(token, _)| token.clone()).unwrap_or_default()
    }

    /// Whether `token` is an access token that has not expired.
    pub(crate) fn is_valid(&self, token: &str, now: u64) -> bool {
        self.access.iter().any(|(valid, expires)| valid == token && now < *expires)
    }

    /// Makes all access tokens invalid.
    pub(crate) fn expire(&mut self) {
        self.access.iter_mut().for_each(|(_, expires)| *expires = 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_tokens_are_unique_and_the_oldest_are_removed() {
        let mut tokens = Tokens::new(0, 0);
        let first = tokens.newest();
        let second = tokens.issue(0, 0);
        for _ in 0..MAX_ACCESS_TOKENS {
            assert_ne!(tokens.issue(0, 0), second);
        }
        assert_eq!(tokens.access.len(), MAX_ACCESS_TOKENS);
        assert!(!tokens.is_valid(&first, 1) && tokens.is_valid(&tokens.newest(), 1));
    }
}

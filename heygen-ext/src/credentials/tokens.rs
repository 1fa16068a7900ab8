//! OAuth tokens.

use std::time::SystemTime;

use secrecy::SecretString;

/// An access token, and what is necessary to renew it.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    pub(crate) access: SecretString,
    pub(crate) refresh: Option<SecretString>,
    pub(crate) expires: Option<SystemTime>,
    pub(crate) client_id: Option<String>,
}

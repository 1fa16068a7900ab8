//! The HTTP client for files: nothing of ours goes along, and redirects lead nowhere unsafe.

use std::fmt;
use std::time::Duration;

use reqwest::redirect::{Attempt, Policy};

use crate::address::is_local;

/// Time in which something must come.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// Most redirects that are followed.
const REDIRECTS: usize = 5;

/// What the client for files has beyond the others.
pub(crate) fn http_options(client: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    client
        .read_timeout(IDLE_TIMEOUT)
        .redirect(Policy::custom(|attempt| {
            let first = attempt.previous().first();
            let here = first.is_some_and(|first| first.scheme() == "http" && is_local(first));
            follow(attempt, here)
        }))
        // The address that a redirect comes from is signed.
        .referer(false)
        // What is counted and resumed are the bytes of the file, whatever other crates turn on.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
}

fn follow(attempt: Attempt<'_>, here: bool) -> reqwest::redirect::Action {
    if attempt.previous().len() > REDIRECTS {
        return attempt.error(UnsafeRedirect("the link redirects more than five times"));
    }
    match attempt.url().scheme() {
        "https" => attempt.follow(),
        "http" if here && is_local(attempt.url()) => attempt.follow(),
        _ => attempt.error(UnsafeRedirect("the link redirects to an address that is not https")),
    }
}

/// A redirect that is not followed.
#[derive(Debug)]
struct UnsafeRedirect(&'static str);

impl fmt::Display for UnsafeRedirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for UnsafeRedirect {}

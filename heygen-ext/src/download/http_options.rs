//! Options of the HTTP client for downloads, which follows only safe redirects.

use std::fmt;
use std::time::Duration;

use reqwest::redirect::{Attempt, Policy};

use crate::address::{is_local, shown};

/// A connection without data for this long counts as broken.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// The maximum number of redirects.
const MAX_REDIRECTS: usize = 5;

/// Sets the options of the client for downloads.
pub(crate) fn http_options(client: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    client
        .read_timeout(IDLE_TIMEOUT)
        .redirect(Policy::custom(|attempt| {
            let first = attempt.previous().first();
            let starts_local = first.is_some_and(|first| first.scheme() == "http" && is_local(first));
            follow(attempt, starts_local)
        }))
        // A `Referer` would contain the signed link.
        .referer(false)
        // Downloads count and resume the bytes of the file, so compression must be off, even if other crates enable it.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
}

fn follow(attempt: Attempt<'_>, starts_local: bool) -> reqwest::redirect::Action {
    if attempt.previous().len() > MAX_REDIRECTS {
        let problem = format!("the link redirects more than five times, last to {}", place(&attempt));
        return attempt.error(UnsafeRedirect(problem));
    }
    match attempt.url().scheme() {
        "https" => attempt.follow(),
        "http" if starts_local && is_local(attempt.url()) => attempt.follow(),
        _ => {
            let problem = format!("the link redirects to {}, which is not https", place(&attempt));
            attempt.error(UnsafeRedirect(problem))
        }
    }
}

/// Where a redirect leads, without its query, which may be a signature.
fn place(attempt: &Attempt<'_>) -> String {
    let place = shown(attempt.url().as_str());
    place.map_or_else(|| "an address without a host".to_owned(), |place| format!("`{place}`"))
}

/// Why a redirect was not followed.
#[derive(Debug)]
struct UnsafeRedirect(String);

impl fmt::Display for UnsafeRedirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UnsafeRedirect {}

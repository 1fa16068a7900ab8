//! URLs: whether one is on this machine, so that plain HTTP is allowed, and which part of one may be shown.

use std::net::{Ipv4Addr, Ipv6Addr};

use reqwest::Url;

/// Whether a URL is on this machine.
pub(crate) fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || address.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
}

/// Returns the URL without its user, query and fragment, which may be secret, or `None` if it is not a URL with a host.
pub(crate) fn shown(url: &str) -> Option<String> {
    match Url::parse(url) {
        Ok(url) if url.has_host() => {
            let host = url.host_str().unwrap_or_default();
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            Some(format!("{}://{host}{port}{}", url.scheme(), url.path()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_local() {
        let local = |url: &str| is_local(&url.parse().unwrap());
        for url in ["http://localhost:1", "http://127.0.0.1", "http://127.8.8.8/a", "http://[::1]:80"] {
            assert!(local(url), "{url}");
        }
        for url in ["http://localhost.example.com", "http://10.0.0.1", "http://[fe80::1]", "data:x"] {
            assert!(!local(url), "{url}");
        }
    }
}

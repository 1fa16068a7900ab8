//! URLs and hosts that requests name, read strictly.

use std::net::IpAddr;

use url::{Host, Url};

/// Parses an absolute `http` or `https` URL. Unlike a browser, it accepts no spaces, no backslashes and no missing slashes.
pub(crate) fn parse_url(text: &str) -> Option<Url> {
    let (scheme, rest) = text.split_once("://")?;
    let known = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let plain = !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\');
    if !known || !plain || rest.starts_with('/') {
        return None;
    }
    Url::parse(text).ok().filter(Url::has_host)
}

/// Whether a host is this machine: a loopback address, or the name `localhost` or one below it.
pub(crate) fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => is_localhost(name),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => IpAddr::V6(*address).to_canonical().is_loopback(),
    }
}

/// Whether a name is `localhost` or below it. These names are reserved for the loopback interface (RFC 6761).
pub(crate) fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// The URL of an authority, such as the value of the header `Host`; `None` if it is malformed.
pub(crate) fn of_authority(authority: &str) -> Option<Url> {
    if authority.is_empty() || authority.contains(['/', '?', '#', '@']) {
        return None;
    }
    parse_url(&format!("http://{authority}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_strictly() {
        for good in [
            "http://LOCALHOST:8080/a",
            "HTTPS://example.com",
            "https://example.com/a%20b?c=d#e",
            "https://bücher.example/",
            "http://[::1]:9/",
        ] {
            assert!(parse_url(good).is_some(), "{good}");
        }
        for bad in [
            "https://example.com:65536/",
            "https://example.com:abc/",
            "https:/example.com",
            "https:example.com",
            "https:///example.com",
            "https:\\\\example.com",
            "https://exa mple.com",
            "https://exam\nple.com",
            " https://example.com",
            "ftp://example.com",
            "https://",
            "//example.com",
            "https://[::1",
            "",
        ] {
            assert!(parse_url(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn only_the_loopback_interface_is_loopback() {
        let loopback = |text: &str| parse_url(text).is_some_and(|url| is_loopback(&url.host().unwrap()));
        for good in [
            "http://127.0.0.1",
            "http://127.9.9.9",
            "http://127.1",
            "http://0x7f000001",
            "http://localhost",
            "http://LOCALHOST.",
            "http://app.localhost",
            "http://[::1]",
            "http://[::ffff:127.0.0.1]",
        ] {
            assert!(loopback(good), "{good}");
        }
        for bad in [
            "http://0.0.0.0",
            "http://10.0.0.1",
            "http://169.254.169.254",
            "http://[::]",
            "http://[::ffff:10.0.0.1]",
            "http://localhost.example.com",
            "http://notlocalhost",
            "http://127.0.0.1.example.com",
        ] {
            assert!(!loopback(bad), "{bad}");
        }
    }
}

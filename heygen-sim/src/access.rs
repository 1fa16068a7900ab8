//! Who may use the simulator's own routes, which need no API key.
//!
//! A web page can send requests to this machine. So the routes refuse what a page of another origin sends, and every host but
//! loopback, because a name server may give any name the address 127.0.0.1.

use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, header};

use crate::address::{is_loopback, of_authority, parse_url};
use crate::api_error::ApiError;
use crate::settings::Settings;

/// Refuses a request without exactly one valid `Host`, as HTTP/1.1 requires.
pub(crate) fn check_host(headers: &HeaderMap) -> Result<(), ApiError> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let valid = |host: &http::HeaderValue| {
        host.to_str().is_ok_and(|host| is_local(host) || of_authority(host).is_some())
    };
    let message = match (hosts.next(), hosts.next()) {
        (Some(host), None) if valid(host) => return Ok(()),
        (Some(_), None) => "the header Host is malformed",
        (Some(_), Some(_)) => "a request has one header Host, not several",
        (None, _) => "the header Host is missing",
    };
    Err(ApiError::invalid("Host", message))
}

/// Whether a host is one of those that most requests name. They need no parser.
fn is_local(host: &str) -> bool {
    let port = host.strip_prefix("127.0.0.1").or_else(|| host.strip_prefix("localhost"));
    port.filter(|port| port.is_empty() || port.starts_with(':')).is_some_and(|port| {
        let digits = port.strip_prefix(':').unwrap_or("80");
        digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok()
    })
}

/// Refuses a request of another origin or for another host. `navigates` tells that the route only shows a page to which other
/// sites may lead.
pub(crate) fn check_origin(settings: &Settings, parts: &Parts, navigates: bool) -> Result<(), ApiError> {
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let host = text("host").unwrap_or_default();
    let addressed = [Some(host), parts.uri.authority().map(|authority| authority.as_str())];
    if let Some(other) = addressed.into_iter().flatten().find(|host| !is_allowed(settings, host)) {
        let message = format!("the host `{other}` is not this machine; allow it with --allow-host");
        return Err(forbidden(message));
    }
    if navigates && matches!(parts.method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let own = of_authority(host).map(|url| url.origin());
    if let Some(origin) = text("origin")
        && parse_url(origin).map(|url| url.origin()) != own
    {
        return Err(forbidden(format!("a page of the origin `{origin}` may not control the simulator")));
    }
    if let Some(site @ ("cross-site" | "same-site")) = text("sec-fetch-site") {
        return Err(forbidden(format!("a page of another origin ({site}) may not control the simulator")));
    }
    Ok(())
}

/// Whether a host is loopback, or one of the settings.
fn is_allowed(settings: &Settings, host: &str) -> bool {
    let Some(url) = of_authority(host) else { return false };
    let named = |name: &str| settings.allowed_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(name));
    url.host().is_some_and(|host| is_loopback(&host) || named(&host.to_string()))
}

fn forbidden(message: String) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, "forbidden", message)
}

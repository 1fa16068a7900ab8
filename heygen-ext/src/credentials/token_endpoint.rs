//! The token endpoint, which renews tokens.

use std::fmt;
use std::time::Duration;

use heygen_api::{TransportError, content_coding, from_json_slice, redirect_location};
use http::{StatusCode, header};
use reqwest::{Url, redirect, retry};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::address::is_local;
use crate::error::Error;
use crate::http_client::HttpClientFactory;

/// The URL of the service's token endpoint.
pub(crate) const TOKEN_URL: &str = "https://api2.heygen.com/v1/oauth/token";

/// The timeout of a renewal.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The maximum size of an answer, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// The error codes of RFC 6749. Errors show no other part of an answer, because it may repeat the sent tokens.
const CODES: [&str; 6] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

/// A token endpoint.
pub(crate) struct TokenEndpoint {
    http: reqwest::Client,
    url: Url,
}

/// The tokens in an answer.
#[derive(Debug)]
pub(crate) struct Renewed {
    pub(crate) access: SecretString,
    /// `None` if the old refresh token stays valid.
    pub(crate) refresh: Option<SecretString>,
    pub(crate) lifetime: Option<Duration>,
}

/// Why the tokens could not be renewed.
#[derive(Debug, Clone)]
pub(crate) struct RenewalError {
    problem: String,
    /// Why the token endpoint did not answer. `problem` includes its text.
    cause: Option<TransportError>,
    /// Whether a new login is necessary.
    pub(crate) rejected: bool,
}

impl RenewalError {
    /// A renewal that may succeed later.
    pub(crate) fn transient(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), cause: None, rejected: false }
    }

    /// A renewal that cannot succeed with these tokens.
    pub(crate) fn rejected(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), cause: None, rejected: true }
    }
}

impl fmt::Display for RenewalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl std::error::Error for RenewalError {
    /// Skips the direct cause, because the text includes it.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref()?.source()
    }
}

impl TokenEndpoint {
    pub(crate) fn new(url: &str, clients: &HttpClientFactory) -> Result<Self, Error> {
        let url = Url::parse(url).map_err(|problem| {
            Error::configuration(format!("the URL of the token endpoint is invalid: {problem}"))
        })?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::configuration(
                "the URL of the token endpoint contains a user or a password: remove them",
            ));
        }
        if url.scheme() != "https" && !(url.scheme() == "http" && is_local(&url)) {
            return Err(Error::configuration(
                "the URL of the token endpoint is not https, which would send the refresh token unencrypted: use https \
                 (plain http is allowed only to this machine)",
            ));
        }
        let clients = HttpClientFactory { local: is_local(&url), ..clients.clone() };
        let http = clients.build(|options| {
            options.redirect(redirect::Policy::none()).retry(retry::never()).timeout(TIMEOUT)
        })?;
        Ok(Self { http, url })
    }

    /// Renews tokens. A request is repeated only if no connection was made, because a refresh token may be valid only once.
    pub(crate) async fn renew(
        &self,
        refresh: &SecretString,
        client_id: &str,
    ) -> Result<Renewed, RenewalError> {
        let form = form(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.expose_secret()),
            ("client_id", client_id),
        ]);
        let send = || {
            self.http
                .post(self.url.clone())
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(header::ACCEPT, "application/json")
                .header(header::ACCEPT_ENCODING, "identity")
                .body(form.clone())
                .send()
        };
        let sent = match send().await {
            Err(error) if error.is_connect() => send().await,
            sent => sent,
        };
        let unanswered = |error: reqwest::Error| {
            let cause = TransportError::from(error);
            let problem = format!("the token could not be renewed: {cause}: check the network and try again");
            RenewalError { cause: Some(cause), ..RenewalError::transient(problem) }
        };
        let mut response = sent.map_err(unanswered)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unanswered)? {
            if body.len() + chunk.len() > MAX_ANSWER {
                break;
            }
            body.extend_from_slice(&chunk);
        }
        let answer: Value = from_json_slice(&body).unwrap_or_default();
        match status {
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED => Err(refusal(status, &answer)),
            _ if status.is_success() => renewed(&answer).ok_or_else(|| {
                RenewalError::transient(content_coding(&headers).unwrap_or_else(|| {
                    "the answer of the token endpoint does not contain a token: try again later".to_owned()
                }))
            }),
            _ => {
                let remedy = match redirect_location(status, &headers) {
                    Some(location) => format!(
                        "redirect to `{location}`, which is not followed; if the endpoint has moved, use this as its URL"
                    ),
                    None => "try again later".to_owned(),
                };
                let status = status.as_u16();
                Err(RenewalError::transient(format!(
                    "the token could not be renewed: the token endpoint answered {status}: {remedy}"
                )))
            }
        }
    }
}

impl fmt::Debug for TokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenEndpoint").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

fn refusal(status: StatusCode, answer: &Value) -> RenewalError {
    let error = answer.get("error").and_then(Value::as_str).unwrap_or_default();
    let status = status.as_u16();
    match CODES.iter().find(|code| **code == error) {
        Some(code @ (&"invalid_client" | &"unauthorized_client")) => RenewalError::rejected(format!(
            "the token could not be renewed ({status} {code}): set the client id that the tokens were issued to, or log \
             in again"
        )),
        Some(code) => {
            RenewalError::rejected(format!("the refresh token was refused ({status} {code}): log in again"))
        }
        None => RenewalError::rejected(format!("the refresh token was refused ({status}): log in again")),
    }
}

fn renewed(answer: &Value) -> Option<Renewed> {
    let text = |name: &str| {
        let text = answer.get(name)?.as_str()?.trim();
        (!text.is_empty()).then(|| SecretString::from(text))
    };
    let seconds = answer
        .get("expires_in")
        .and_then(|seconds| seconds.as_f64().or_else(|| seconds.as_str()?.trim().parse().ok()));
    Some(Renewed {
        access: text("access_token")?,
        refresh: text("refresh_token"),
        lifetime: seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
    })
}

/// Encodes pairs as a form.
fn form(pairs: &[(&str, &str)]) -> String {
    // The query of a URL has the same encoding.
    let url = Url::parse_with_params("form:", pairs);
    url.ok().and_then(|url| url.query().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_encoded() {
        assert_eq!(form(&[("a", "1 &=+%é"), ("b", "x")]), "a=1+%26%3D%2B%25%C3%A9&b=x");
    }

    #[test]
    fn tokens_are_sent_only_encrypted_or_to_this_machine() {
        for good in [TOKEN_URL, "http://127.0.0.1:1/t", "http://localhost/t", "http://[::1]:2/t"] {
            assert!(TokenEndpoint::new(good, &HttpClientFactory::default()).is_ok(), "{good}");
        }
        for wrong in [
            "http://api2.heygen.com/t",
            "http://localhost.example.com/t",
            "http://10.0.0.1/t",
            "ftp://x/t",
            "/v1/oauth/token",
            "https://user:marked-secret@x/t",
        ] {
            let error = TokenEndpoint::new(wrong, &HttpClientFactory::default()).unwrap_err();
            assert_eq!(error.kind(), crate::error::ErrorKind::Configuration, "{wrong}");
            assert!(error.to_string().contains("token endpoint") && !error.to_string().contains("marked"));
        }
    }

    #[test]
    fn answers_are_parsed_leniently() {
        let read = |text: &str| renewed(&serde_json::from_str(text).unwrap());
        let full =
            read(r#"{"access_token":"marked-a","refresh_token":"marked-r","expires_in":"90"}"#).unwrap();
        assert_eq!(full.lifetime, Some(Duration::from_secs(90)));
        assert_eq!(full.refresh.as_ref().map(|token| token.expose_secret()), Some("marked-r"));
        assert!(!format!("{full:?}").contains("marked"));
        let bare = read(r#"{"access_token":"a","refresh_token":"","expires_in":-5}"#).unwrap();
        assert!(bare.refresh.is_none() && bare.lifetime.is_none());
        assert!(read(r#"{"access_token":""}"#).is_none() && read("[]").is_none());
    }

    #[test]
    fn a_refusal_shows_only_codes_of_the_standard() {
        let refusal = |body: &str| {
            let error = refusal(StatusCode::BAD_REQUEST, &serde_json::from_str(body).unwrap());
            assert!(error.rejected);
            error.to_string()
        };
        assert_eq!(
            refusal(r#"{"error":"invalid_grant"}"#),
            "the refresh token was refused (400 invalid_grant): log in again"
        );
        assert!(refusal(r#"{"error":"invalid_client"}"#).contains("client id"));
        assert!(!refusal(r#"{"error":"marked","error_description":"marked"}"#).contains("marked"));
    }
}

//! The token endpoint: a refresh token goes out, new tokens come in.

use std::fmt;
use std::time::Duration;

use heygen_api::{TransportError, from_json_slice};
use http::{StatusCode, header};
use reqwest::{Url, redirect, retry};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::address::is_local;
use crate::error::Error;
use crate::http_client::HttpClientFactory;

/// Where the service has it.
pub(crate) const TOKEN_URL: &str = "https://api2.heygen.com/v1/oauth/token";

/// Time for the whole exchange.
const PATIENCE: Duration = Duration::from_secs(30);

/// Most bytes that an answer can sensibly have.
const LONGEST: usize = 64 * 1024;

/// Codes of refusals by RFC 6749; nothing else of an answer is shown, for it may repeat what was sent.
const CODES: [&str; 6] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

/// An address that tokens are renewed at.
pub(crate) struct TokenEndpoint {
    http: reqwest::Client,
    url: Url,
}

/// What it gave.
#[derive(Debug)]
pub(crate) struct Renewed {
    pub(crate) access: SecretString,
    /// None when the old one stays good.
    pub(crate) refresh: Option<SecretString>,
    pub(crate) lifetime: Option<Duration>,
}

/// Why the tokens could not be renewed.
#[derive(Debug, Clone)]
pub(crate) struct RenewalError {
    problem: String,
    /// Why the token endpoint did not answer; its text is in the problem.
    cause: Option<TransportError>,
    /// Whether only a person can help, by logging in.
    pub(crate) rejected: bool,
}

impl RenewalError {
    /// It may succeed later.
    pub(crate) fn passing(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), cause: None, rejected: false }
    }

    /// It will never succeed with these tokens.
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
    /// What the text does not say yet.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref()?.source()
    }
}

impl TokenEndpoint {
    pub(crate) fn new(url: &str, clients: &HttpClientFactory) -> Result<Self, Error> {
        let url = Url::parse(url).map_err(|problem| {
            Error::configuration(format!("the address of the token endpoint is not a URL: {problem}"))
        })?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::configuration("the address of the token endpoint holds a user or a password"));
        }
        if url.scheme() != "https" && !(url.scheme() == "http" && is_local(&url)) {
            return Err(Error::configuration(
                "the address of the token endpoint would send the refresh token in the clear: use https (plain http only \
                 to this machine)",
            ));
        }
        let clients = HttpClientFactory { local: is_local(&url), ..clients.clone() };
        let http = clients.build(|options| {
            options.redirect(redirect::Policy::none()).retry(retry::never()).timeout(PATIENCE)
        })?;
        Ok(Self { http, url })
    }

    /// Renews tokens. An exchange is repeated only if no connection was made: a refresh token may be good once.
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
                .body(form.clone())
                .send()
        };
        let sent = match send().await {
            Err(error) if error.is_connect() => send().await,
            sent => sent,
        };
        let unanswered = |error: reqwest::Error| {
            let cause = TransportError::from(error);
            let problem =
                format!("the token could not be renewed: {cause}: look at the network and try again");
            RenewalError { cause: Some(cause), ..RenewalError::passing(problem) }
        };
        let mut response = sent.map_err(unanswered)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unanswered)? {
            if body.len() + chunk.len() > LONGEST {
                break;
            }
            body.extend_from_slice(&chunk);
        }
        let answer: Value = from_json_slice(&body).unwrap_or_default();
        match status {
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED => Err(refusal(status, &answer)),
            _ if status.is_success() => renewed(&answer).ok_or_else(|| {
                RenewalError::passing("the token endpoint answered with something that is not a token")
            }),
            _ => Err(RenewalError::passing(format!(
                "the token could not be renewed: the token endpoint answered {}: try again later",
                status.as_u16()
            ))),
        }
    }
}

impl fmt::Debug for TokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenEndpoint").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

fn refusal(status: StatusCode, answer: &Value) -> RenewalError {
    let said = answer.get("error").and_then(Value::as_str).unwrap_or_default();
    let status = status.as_u16();
    match CODES.iter().find(|code| **code == said) {
        Some(code @ (&"invalid_client" | &"unauthorized_client")) => RenewalError::rejected(format!(
            "the token could not be renewed ({status} {code}): the refresh token belongs to another client id, or log in \
             again"
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

/// Pairs as a form has them.
fn form(pairs: &[(&str, &str)]) -> String {
    // The query of an address has the same form.
    let address = Url::parse_with_params("form:", pairs);
    address.ok().and_then(|address| address.query().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_encoded() {
        assert_eq!(form(&[("a", "1 &=+%é"), ("b", "x")]), "a=1+%26%3D%2B%25%C3%A9&b=x");
    }

    #[test]
    fn tokens_go_only_where_nobody_listens() {
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
    fn answers_are_read_as_they_come() {
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

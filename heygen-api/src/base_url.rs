//! The base URL of a client: its validation, and the remedy for an invalid one.

use std::net::IpAddr;
use std::str::FromStr;

use reqwest::Url;

use crate::error::Error;
use crate::operations::BASE_URL;

/// The URL to which the paths of operations are appended.
#[derive(Clone)]
pub(crate) struct BaseUrl {
    /// Without white space around it, and without slashes at its end.
    text: String,
    /// Parsed once, not by each call.
    url: Result<Url, <Url as FromStr>::Err>,
}

impl BaseUrl {
    /// The URL of the service.
    pub(crate) fn of_service() -> Self {
        Self::new(BASE_URL)
    }

    /// Validates a base URL.
    ///
    /// # Errors
    ///
    /// The text is not the address of a server, or would send the key unencrypted over a network. The message shows the
    /// text without possible secrets, and says what to write.
    pub(crate) fn validated(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        problem(text).map_or_else(
            || Ok(Self::new(text)),
            |(problem, remedy)| {
                Err(Error::configuration(format!("invalid base URL `{}`: {problem}; {remedy}", shown(text))))
            },
        )
    }

    fn new(text: &str) -> Self {
        let text = without_slash(text).to_owned();
        Self { url: text.parse(), text }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The parsed URL, and its path without a slash at its end.
    ///
    /// # Errors
    ///
    /// The document has an invalid URL of the service; a validated URL can be parsed.
    pub(crate) fn parsed(&self) -> Result<(&Url, &str), String> {
        match &self.url {
            Ok(url) => Ok((url, without_slash(url.path()))),
            Err(problem) => {
                Err(format!("invalid base URL `{}`: {problem}; set another with `base_url`", self.text))
            }
        }
    }

    /// Whether the URL is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        self.url.as_ref().is_ok_and(is_loopback_host)
    }
}

fn is_loopback_host(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The problem of a base URL, and its remedy.
fn problem(text: &str) -> Option<(String, String)> {
    let found = |problem: &str, remedy: String| Some((problem.to_owned(), remedy));
    let write = |url: &str| format!("write `{url}`");
    if text.is_empty() {
        return found("empty", write(BASE_URL));
    }
    if text.contains(|character: char| character.is_whitespace() || character.is_control()) {
        return found("contains white space", "remove it".to_owned());
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return match address(text) {
            Some(url) if text.starts_with(':') => found("missing scheme and host", write(&url)),
            Some(url) => found("missing scheme", write(&url)),
            None => found("missing scheme", "write it as `https://host`".to_owned()),
        };
    };
    let url = match Url::parse(text) {
        Ok(url) if url.has_host() => url,
        Ok(_) => return found("missing host", "write it as `https://host`".to_owned()),
        Err(error) => return Some((error.to_string(), "write it as `https://host`".to_owned())),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return found(
            "contains a user name or password",
            "remove it, and pass the key with `api_key`".to_owned(),
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        let end = text.find(['?', '#']).unwrap_or(text.len());
        return found("contains a query or fragment", write(without_slash(text.get(..end).unwrap_or(text))));
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback_host(&url) => {}
        "http" => {
            let problem = "plain HTTP exposes the key to the network";
            return found(problem, write(&format!("https://{}", without_slash(rest))));
        }
        _ => {
            let problem = format!("unsupported scheme `{scheme}`");
            return Some((problem, write(&format!("https://{}", without_slash(rest)))));
        }
    }
    // Look for a segment that is a version, such as `v3` or `V3`.
    let path = text.get(scheme.len() + 3..).unwrap_or_default();
    let start = path.find('/').unwrap_or(path.len());
    let segments = path.get(start..).unwrap_or_default();
    let at = segments.to_ascii_lowercase().match_indices("/v").find_map(|(at, _)| {
        let segment = segments.get(at + 1..)?.split('/').next()?;
        matches!(segment.get(1..), Some("1" | "2" | "3")).then_some(at)
    })?;
    let version: String = segments.get(at..).unwrap_or_default().chars().take(3).collect();
    let base = without_slash(text.get(..scheme.len() + 3 + start + at).unwrap_or(text));
    Some((format!("paths already begin with `{}`", version.to_ascii_lowercase()), write(base)))
}

/// The complete URL for an address without a scheme, if that URL is valid.
fn address(text: &str) -> Option<String> {
    let rest = text.trim_start_matches('/');
    let rest = if rest.starts_with(':') { format!("localhost{rest}") } else { rest.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    // Do not repeat a possible password, and do not suggest an invalid URL.
    let plain = Url::parse(&format!("http://{host}")).ok().filter(Url::has_host)?;
    let scheme = if is_loopback_host(&plain) { "http" } else { "https" };
    let url = without_slash(&format!("{scheme}://{host}{path}")).to_owned();
    match problem(&url) {
        None => Some(url),
        Some(_) => None,
    }
}

fn without_slash(url: &str) -> &str {
    url.trim_end_matches('/')
}

/// A base URL with its user name, password and query redacted.
fn shown(text: &str) -> String {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), text),
    };
    // A password may contain `?` or `#`, so remove the user name and password first.
    let (user, rest) = match rest.rsplit_once('@') {
        Some((_, host)) => ("[redacted]@", host),
        None => ("", rest),
    };
    let (rest, query) = match rest.find(['?', '#']) {
        Some(at) => (rest.get(..at).unwrap_or_default(), "?[redacted]"),
        None => (rest, ""),
    };
    let rest = format!("{user}{rest}");
    format!("{scheme}{rest}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_urls_are_accepted_and_trimmed() {
        for (text, url) in [
            ("https://api.heygen.com", "https://api.heygen.com"),
            (" https://api.heygen.com/\n", "https://api.heygen.com"),
            ("https://gateway.example/heygen//", "https://gateway.example/heygen"),
            ("https://gateway.example/api-v3", "https://gateway.example/api-v3"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://localhost/", "http://localhost"),
            ("http://[::1]:1", "http://[::1]:1"),
            ("HTTPS://API.HEYGEN.COM", "HTTPS://API.HEYGEN.COM"),
        ] {
            assert_eq!(BaseUrl::validated(text).unwrap().as_str(), url, "{text}");
        }
    }

    #[test]
    fn an_invalid_url_is_shown_with_its_remedy() {
        for (text, wanted) in [
            (
                "https://api.heygen.com/v3",
                "`https://api.heygen.com/v3`: paths already begin with `/v3`; write `https://api.heygen.com`",
            ),
            (
                "https://gateway.example/heygen/v2/",
                "`https://gateway.example/heygen/v2/`: paths already begin with `/v2`; write \
                 `https://gateway.example/heygen`",
            ),
            (
                "https://api.heygen.com/V3/videos",
                "`https://api.heygen.com/V3/videos`: paths already begin with `/v3`; write `https://api.heygen.com`",
            ),
            ("", "``: empty; write `https://api.heygen.com`"),
            ("localhost:80", "`localhost:80`: missing scheme; write `http://localhost:80`"),
            ("127.0.0.1", "`127.0.0.1`: missing scheme; write `http://127.0.0.1`"),
            ("[::1]:80", "`[::1]:80`: missing scheme; write `http://[::1]:80`"),
            (":8080", "`:8080`: missing scheme and host; write `http://localhost:8080`"),
            ("api.heygen.com", "`api.heygen.com`: missing scheme; write `https://api.heygen.com`"),
            (
                "api.heygen.com:443",
                "`api.heygen.com:443`: missing scheme; write `https://api.heygen.com:443`",
            ),
            ("//api.heygen.com/", "`//api.heygen.com/`: missing scheme; write `https://api.heygen.com`"),
            ("api.heygen.com/v3", "`api.heygen.com/v3`: missing scheme; write it as `https://host`"),
            ("nonsense here", "`nonsense here`: contains white space; remove it"),
            ("https://a\nb", "`https://a\nb`: contains white space; remove it"),
            ("https://", "`https://`: empty host; write it as `https://host`"),
            (
                "http://api.heygen.com/",
                "`http://api.heygen.com/`: plain HTTP exposes the key to the network; write \
                 `https://api.heygen.com`",
            ),
            (
                "ftp://api.heygen.com",
                "`ftp://api.heygen.com`: unsupported scheme `ftp`; write `https://api.heygen.com`",
            ),
            (
                "https://example.com/?marked=1",
                "`https://example.com/?[redacted]`: contains a query or fragment; write `https://example.com`",
            ),
            (
                "https://me:marked@example.com",
                "`https://[redacted]@example.com`: contains a user name or password; remove it, and pass the key with \
                 `api_key`",
            ),
            (
                "https://me:marked#x@example.com",
                "`https://[redacted]@example.com`: invalid port number; write it as `https://host`",
            ),
            ("me:marked@example.com", "`[redacted]@example.com`: missing scheme; write it as `https://host`"),
        ] {
            let error = BaseUrl::validated(text).err().unwrap().to_string();
            assert_eq!(error, format!("invalid base URL {wanted}"));
        }
    }

    #[test]
    fn an_invalid_url_in_the_document_is_named_by_a_call() {
        let problem = BaseUrl::new("nowhere").parsed().err().unwrap();
        assert!(problem.starts_with("invalid base URL `nowhere`: "), "{problem}");
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for url in ["http://localhost:1", "http://127.0.0.1", "http://127.8.8.8/a", "http://[::1]:80"] {
            assert!(BaseUrl::new(url).is_loopback(), "{url}");
        }
        for url in ["http://localhost.example.com", "http://10.0.0.1", "http://[fe80::1]", "data:x", "x"] {
            assert!(!BaseUrl::new(url).is_loopback(), "{url}");
        }
    }
}

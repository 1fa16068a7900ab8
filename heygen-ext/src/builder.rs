//! Options of a client, and how they are read from the environment.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use heygen_api::{Client, Transport};
use reqwest::Url;
use secrecy::SecretString;

use crate::address::is_local;
use crate::call::limits::Limits;
use crate::call::retry_budget::RetryBudget;
use crate::call::telemetry::{Observer, Observers};
use crate::call::{HttpSender, Shared};
use crate::call_options::CallOptions;
use crate::client::{HeyGen, NullTransport, PRODUCT, user_agent};
use crate::credentials::file::{CredentialsFile, Stored};
use crate::credentials::oauth::OAuth;
use crate::credentials::{Ready, Source, TokenProvider};
use crate::download::http_options;
use crate::error::Error;
use crate::http_client::HttpClientFactory;
use crate::runtime::{Runtime, SystemRuntime};

/// Options of a [`HeyGen`].
#[derive(Default)]
#[must_use]
pub struct HeyGenBuilder {
    base_url: Option<String>,
    given: Option<Given>,
    user_agent_suffix: Option<String>,
    http_client: Option<reqwest::Client>,
    http: HttpClientFactory,
    transport: Option<Arc<dyn Transport>>,
    options: CallOptions,
    in_flight: Option<usize>,
    per_second: Option<f64>,
    observer: Observers,
    runtime: Option<Arc<dyn Runtime>>,
}

/// Credentials, as the program set them.
enum Given {
    Ready(Source),
    /// Tokens whose renewal needs the rest of the options.
    OAuth(OAuth),
}

impl HeyGenBuilder {
    /// Reads the environment: credentials, and the address in `HEYGEN_API_BASE` or `HEYGEN_API_URL`, if there is one.
    /// Variables that are empty count as not set.
    ///
    /// The first of these credentials that exists is used:
    ///
    /// 1. the API key in `HEYGEN_API_KEY`;
    /// 2. the access token in `HEYGEN_ACCESS_TOKEN`, until it expires;
    /// 3. the file `~/.heygen/credentials` of HeyGen's own tools, or `credentials` in the directory that
    ///    `HEYGEN_CONFIG_DIR` names: an API key as its one line, or JSON with `api_key` or `oauth`.
    ///
    /// The tokens of a file are renewed as [`OAuth`] says. Renewed tokens are written to the file, and tokens that another
    /// program writes there are used. HeyGen renews a token only for the OAuth client that it was issued to: `client_id` in
    /// the file, or `HEYGEN_OAUTH_CLIENT_ID`. Without either, the tokens are used until they expire.
    /// `HEYGEN_OAUTH_TOKEN_URL` is the address of another token endpoint.
    ///
    /// ```no_run
    /// use heygen_ext::HeyGenBuilder;
    ///
    /// let heygen = HeyGenBuilder::from_env()?.user_agent_suffix("app/1.2").build()?;
    /// # Ok::<_, heygen_ext::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Credentials are missing, or the file cannot be used; the text names it.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(|name| std::env::var(name).ok(), std::env::home_dir())
    }

    /// Like [`from_env`](Self::from_env), with variables and a home directory from another source: a `.env` file, a test.
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use heygen_ext::HeyGenBuilder;
    ///
    /// let variables = HashMap::from([("HEYGEN_API_KEY", "KEY")]);
    /// let variable = |name: &str| variables.get(name).map(ToString::to_string);
    /// let heygen = HeyGenBuilder::from_variables(variable, None)?.build()?;
    /// # Ok::<_, heygen_ext::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`from_env`](Self::from_env).
    pub fn from_variables(
        variable: impl Fn(&str) -> Option<String>,
        home: Option<PathBuf>,
    ) -> Result<Self, Error> {
        let state = |name: &str| if variable(name).is_some() { "is empty" } else { "is not set" };
        let states = [state("HEYGEN_API_KEY"), state("HEYGEN_ACCESS_TOKEN")];
        let variable = |name: &str| {
            variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let builder = match (variable("HEYGEN_API_KEY"), variable("HEYGEN_ACCESS_TOKEN")) {
            (Some(key), _) => Self::default().api_key(key),
            (None, Some(token)) => Self::default().access_token(token),
            (None, None) => Self::from_file(&variable, home, states)?,
        };
        Ok(match variable("HEYGEN_API_BASE").or_else(|| variable("HEYGEN_API_URL")) {
            Some(base) => builder.base_url(base),
            None => builder,
        })
    }

    fn from_file(
        variable: &impl Fn(&str) -> Option<String>,
        home: Option<PathBuf>,
        [key, token]: [&str; 2],
    ) -> Result<Self, Error> {
        let file = CredentialsFile::find(variable("HEYGEN_CONFIG_DIR"), home);
        let stored = file.as_ref().map(CredentialsFile::read).transpose()?.flatten();
        match (stored, file) {
            (Some(Stored::Key(key)), _) => {
                Ok(Self { given: Some(Given::Ready(Source::Key(key))), ..Self::default() })
            }
            (Some(Stored::OAuth(mut tokens)), Some(file)) => {
                tokens.client_id = tokens.client_id.or_else(|| variable("HEYGEN_OAUTH_CLIENT_ID"));
                let oauth = OAuth::from_file(tokens, file);
                Ok(Self::default().oauth(match variable("HEYGEN_OAUTH_TOKEN_URL") {
                    Some(url) => oauth.token_url(url),
                    None => oauth,
                }))
            }
            (_, file) => {
                let place = match file {
                    Some(file) => format!("the file `{}` does not exist", file.path().display()),
                    None => {
                        "the home directory is unknown, so `.heygen/credentials` cannot be found".to_owned()
                    }
                };
                Err(Error::configuration(format!(
                    "no credentials: HEYGEN_API_KEY {key}, HEYGEN_ACCESS_TOKEN {token}, and {place}; make a key in the \
                     provider's dashboard and export it as HEYGEN_API_KEY"
                )))
            }
        }
    }

    /// Uses this API key.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.given = Some(Given::Ready(Source::Key(SecretString::from(key.into()))));
        self
    }

    /// Uses this OAuth access token, until it expires; [`oauth`](Self::oauth) renews it.
    pub fn access_token(mut self, token: impl Into<String>) -> Self {
        self.given = Some(Given::Ready(Source::Token(SecretString::from(token.into()))));
        self
    }

    /// Asks for a token before every attempt.
    pub fn token_provider(mut self, provider: impl TokenProvider) -> Self {
        self.given = Some(Given::Ready(Source::Provider(Arc::new(provider))));
        self
    }

    /// Uses these OAuth tokens, and renews them. Renewals use a separate HTTP client, which
    /// [`http_options`](Self::http_options) configures too.
    pub fn oauth(mut self, tokens: OAuth) -> Self {
        self.given = Some(Given::OAuth(tokens));
        self
    }

    /// Sets the base URL, in place of the service's own. It has a scheme and a host, but not `/v3`, because the paths begin
    /// with it. Plain HTTP is refused, except to this machine.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Adds this to the `User-Agent`, such as `my-program/1.2`.
    pub fn user_agent_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent_suffix = Some(suffix.into());
        self
    }

    /// Sets options of every HTTP client that the library makes, for calls, files, the storage and tokens: your own
    /// certificates, a proxy. What protects secrets is set after them: redirects never carry a key.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let heygen = heygen_ext::HeyGen::builder()
    ///     .api_key("YOUR_API_KEY")
    ///     .http_options(|options| options.pool_idle_timeout(Duration::from_secs(20)))
    ///     .build()?;
    /// # Ok::<_, heygen_ext::Error>(())
    /// ```
    pub fn http_options(
        mut self,
        set: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync + 'static,
    ) -> Self {
        self.http.options = Some(Arc::new(set));
        self
    }

    /// Sends calls with this HTTP client, with its timeouts, proxies and certificates. Turn redirects off in it: a redirect
    /// would send the API key to another address. Transfers of files use separate HTTP clients, which
    /// [`http_options`](Self::http_options) configures.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// Sends through this transport, below the policies: it gets each attempt with its credentials. A transport for tests
    /// needs no key.
    ///
    /// ```
    /// use heygen_ext::HeyGen;
    /// use heygen_ext::heygen_api::{TransportError, transport_fn};
    ///
    /// let mock = transport_fn(|_request, _operation| async {
    ///     let body = r#"{"data":[],"has_more":false}"#;
    ///     Ok::<_, TransportError>(http::Response::new(body))
    /// });
    /// let heygen = HeyGen::builder().transport(mock).build()?;
    /// # Ok::<_, heygen_ext::Error>(())
    /// ```
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Sets options of all calls, in place of the defaults.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// Limits how many calls run at once; others wait. By default nothing is limited.
    pub fn calls_in_flight(mut self, calls: usize) -> Self {
        self.in_flight = Some(calls);
        self
    }

    /// Limits the requests per second, evenly spaced; others wait. By default nothing is limited, because the service
    /// publishes no rate. It must be above zero, and may be a fraction.
    pub fn requests_per_second(mut self, requests: f64) -> Self {
        self.per_second = Some(requests);
        self
    }

    /// Reports every attempt and every call to this observer.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observer = Observers(Some(Arc::new(observer)));
        self
    }

    #[cfg(test)]
    pub(crate) fn runtime(mut self, runtime: Arc<dyn Runtime>) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// There are neither credentials nor a transport; a key or token is empty or not a valid header value; tokens from
    /// `oauth` lack a client id; the base URL is invalid; the suffix is not a valid header value; the requests per second
    /// are not a positive number; both a transport and an HTTP client were given; TLS could not be set up.
    pub fn build(self) -> Result<HeyGen, Error> {
        let mut address = Client::builder().transport(NullTransport);
        if let Some(url) = self.base_url {
            address = address.base_url(url);
        }
        let address = address.build()?;
        if self.transport.is_some() && self.http_client.is_some() {
            return Err(Error::configuration(
                "both a transport and an HTTP client: give the HTTP client to `HttpTransport`, or leave one out",
            ));
        }
        let local = Url::parse(address.base_url()).is_ok_and(|url| is_local(&url));
        let clients = HttpClientFactory { local, ..self.http };
        let runtime = self.runtime.unwrap_or_else(|| Arc::new(SystemRuntime));
        let credentials = match self.given {
            Some(Given::Ready(source)) => source.ready()?,
            Some(Given::OAuth(tokens)) => {
                Ready::Provider(Arc::new(tokens.provider(Arc::clone(&runtime), &clients)?))
            }
            None if self.transport.is_some() => Ready::Absent,
            None => {
                return Err(Error::configuration(
                    "no credentials: call `api_key`, `access_token`, `oauth` or `token_provider`",
                ));
            }
        };
        let sender = match (self.transport, self.http_client) {
            (Some(transport), _) => HttpSender::Custom(transport),
            (None, Some(client)) => HttpSender::Http(client),
            // Redirects are not followed, because they would send the key to another address.
            (None, None) => HttpSender::Http(
                clients.build(|options| options.redirect(reqwest::redirect::Policy::none()))?,
            ),
        };
        let shared = Shared {
            http: sender,
            credentials,
            user_agent: user_agent(self.user_agent_suffix.as_deref())?,
            retry_budget: RetryBudget::default(),
            limits: Arc::new(Limits::new(self.in_flight, self.per_second)?),
            observers: self.observer,
            runtime,
        };
        // Links to files are signed, so requests have no headers of the client except `User-Agent`.
        let files = clients.build(|options| http_options::http_options(options).user_agent(PRODUCT))?;
        // A read timeout would include the time of the upload, so uploads use their own idle timer. Redirects and a
        // `User-Agent` are off, because the storage expects the request exactly as it was signed.
        let storage = clients.build(|options| options.redirect(reqwest::redirect::Policy::none()))?;
        Ok(HeyGen::new(&address, shared, self.options, files, storage))
    }
}

impl fmt::Debug for HeyGenBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeyGenBuilder").field("options", &self.options).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn from(pairs: &[(&str, &str)]) -> Result<HeyGen, Error> {
        let variable =
            |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        HeyGenBuilder::from_variables(variable, None)?.build()
    }

    #[test]
    fn the_environment_is_read() {
        let heygen =
            from(&[("HEYGEN_API_KEY", " k\n"), ("HEYGEN_API_BASE", "http://127.0.0.1:1/ ")]).unwrap();
        assert_eq!(heygen.api().base_url(), "http://127.0.0.1:1");
        assert_eq!(
            from(&[("HEYGEN_ACCESS_TOKEN", "t"), ("HEYGEN_API_URL", "http://[::1]:2")])
                .unwrap()
                .api()
                .base_url(),
            "http://[::1]:2"
        );
        for wrong in [
            &[][..],
            &[("HEYGEN_API_KEY", " ")],
            &[("HEYGEN_API_KEY", "k"), ("HEYGEN_API_BASE", "nonsense")],
            &[("HEYGEN_API_KEY", "k"), ("HEYGEN_API_BASE", "http://example.com")],
            &[("HEYGEN_API_KEY", "a\nb")],
        ] {
            assert_eq!(from(wrong).unwrap_err().kind(), ErrorKind::Configuration, "{wrong:?}");
        }
    }

    #[test]
    fn an_error_names_all_sources_of_credentials() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(".heygen").join("credentials");
        let error = HeyGenBuilder::from_variables(|_| None, Some(home.path().into())).unwrap_err();
        for place in ["HEYGEN_API_KEY", "HEYGEN_ACCESS_TOKEN", &file.display().to_string()] {
            assert!(error.to_string().contains(place), "{error}");
        }
        assert!(from(&[]).unwrap_err().to_string().contains("the home directory is unknown"));
    }

    #[test]
    fn variables_have_precedence_over_the_file() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".heygen");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("credentials"), "{ broken").unwrap();
        let with = |name: &'static str| {
            let variable = move |asked: &str| (asked == name).then(|| "v".to_owned());
            HeyGenBuilder::from_variables(variable, Some(home.path().into()))
        };
        assert!(matches!(with("HEYGEN_API_KEY").unwrap().given, Some(Given::Ready(Source::Key(_)))));
        assert!(matches!(with("HEYGEN_ACCESS_TOKEN").unwrap().given, Some(Given::Ready(Source::Token(_)))));
        assert!(with("OTHER").unwrap_err().to_string().contains("not valid JSON"));
    }

    #[test]
    fn invalid_options_are_reported_by_build() {
        let built = HeyGen::builder().api_key("marked-secret").user_agent_suffix("a\nb").build();
        assert!(built.unwrap_err().to_string().contains("User-Agent"));
        let built = HeyGen::builder().api_key("marked\nsecret").build().unwrap_err();
        assert!(!format!("{built} {built:?}").contains("marked"));
        assert!(HeyGen::builder().build().unwrap_err().to_string().contains("api_key"));
    }
}

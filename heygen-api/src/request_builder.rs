//! Requests for operations that the document does not have.

use std::fmt::{self, Display};

use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::Call;
use crate::called_operation::CalledOperation;
use crate::client::Client;
use crate::error::Error;
use crate::open::Json;
use crate::operation::{IdempotencyKey, Operation};
use crate::operations;
use crate::response::Response;
use crate::transport::BoxFuture;

impl Client {
    /// Creates a request with any method and path, for operations newer than the document. It is sent with the same
    /// [`Transport`](crate::Transport), and so with the same policies, as every other operation.
    ///
    /// The path begins with `/` and may have parameters, such as `/v3/posters/{poster_id}`, which
    /// [`path`](RequestBuilder::path) sets. A path that would lead to another host is an error. When the document has the
    /// operation, the request carries its [`Operation`].
    ///
    /// ```no_run
    /// # async fn example(client: heygen_api::Client) -> Result<(), heygen_api::Error> {
    /// use heygen_api::http::Method;
    /// use serde_json::json;
    ///
    /// let made = client
    ///     .request(Method::POST, "/v3/posters")
    ///     .json(&json!({"title": "Launch"}))
    ///     .await?;
    /// let poster = client
    ///     .request(Method::GET, "/v3/posters/{poster_id}")
    ///     .path("poster_id", made["data"]["poster_id"].as_str().unwrap_or_default())
    ///     .query("fields", "url")
    ///     .await?;
    /// println!("{}", poster["data"]["url"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, method: Method, path: impl Into<String>) -> RequestBuilder {
        let path = path.into();
        let known = operations::ALL.iter().find(|known| *known.method() == method && known.path() == path);
        let operation = match known {
            Some(operation) => CalledOperation::Documented(operation),
            None => CalledOperation::Made(Box::new(Operation::new(method, path))),
        };
        RequestBuilder { call: Call::of(self, operation, &[]) }
    }
}

/// Builder of a request; created by [`Client::request`].
#[derive(Clone)]
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct RequestBuilder {
    call: Call,
}

impl RequestBuilder {
    /// Sets a path parameter. Sending fails if the path does not have it.
    pub fn path(self, name: impl Into<String>, value: impl Display) -> Self {
        let name = name.into();
        if !self.call.has_path_parameter(&name) {
            let problem =
                format!("the path has no parameter `{{{name}}}`; add it to the path, or remove the value");
            return Self { call: self.call.refuse("path", problem) };
        }
        Self { call: self.call.path::<String>(name, value.to_string()) }
    }

    /// Adds a query parameter. A parameter that is added twice is sent twice.
    pub fn query(self, name: impl Into<String>, value: impl Display) -> Self {
        Self { call: self.call.add_query(name.into(), value.to_string()) }
    }

    /// Sets the body, which is sent as JSON.
    pub fn json(self, body: &impl Serialize) -> Self {
        Self { call: self.call.json(body) }
    }

    /// Sends this `Idempotency-Key`, with which the service executes a repeated request only once. Use it for operations
    /// that accept a key. For an operation that the document has, the document determines whether a key is accepted; if
    /// not, the key does not make a retry safe.
    pub fn idempotency_key(self, key: impl Into<String>) -> Self {
        let call = self.call.header::<String>("Idempotency-Key", "idempotency_key", key.into());
        Self { call: call.with_idempotency_key(IdempotencyKey::Optional) }
    }

    /// Sends the request and reads the whole body as JSON, as `.await` on the builder does.
    ///
    /// # Errors
    ///
    /// The request is incomplete, was not sent, got no response, or was refused; or the response is not JSON.
    pub async fn send(self) -> Result<Response<Json>, Error> {
        self.call.whole().await
    }

    /// Sends the request and reads the member `data` as a `T`.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send); or `data` does not match the type.
    pub async fn send_for<T: DeserializeOwned>(self) -> Result<Response<T>, Error> {
        self.call.data().await
    }
}

impl IntoFuture for RequestBuilder {
    type Output = Result<Response<Json>, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.call.fmt(f)
    }
}

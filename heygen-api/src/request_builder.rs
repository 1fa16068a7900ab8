//! A request of an operation that the document does not have.

use std::borrow::Cow;
use std::fmt::{self, Display};

use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::Call;
use crate::client::Client;
use crate::error::Error;
use crate::open::Json;
use crate::operation::{IdempotencyKey, Operation};
use crate::operations;
use crate::response::Response;
use crate::transport::BoxFuture;

impl Client {
    /// A request of any method and path, for what is newer than the document. It passes through the same
    /// [`Transport`](crate::Transport), and so under the same policies, as every operation.
    ///
    /// The path begins with `/` and may have parameters, `/v3/posters/{poster_id}`, which [`path`](RequestBuilder::path)
    /// sets. A path that would lead to another host is refused. Where the document has the operation, the request carries
    /// the facts about it.
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
            Some(operation) => Cow::Borrowed(*operation),
            None => Cow::Owned(Operation::new(method, path)),
        };
        RequestBuilder { call: Call::of(self, operation, &[]) }
    }
}

/// Builder of a request; made by [`Client::request`].
#[derive(Clone)]
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct RequestBuilder {
    call: Call,
}

impl RequestBuilder {
    /// Sets a parameter of the path. One that the path does not have is an error when the request is sent.
    pub fn path(self, name: impl Into<String>, value: impl Display) -> Self {
        let name = name.into();
        if !self.call.has_path_parameter(&name) {
            let problem = format!("it has no `{{{name}}}`; write it into the path, or leave it out here");
            return Self { call: self.call.refuse("path", problem) };
        }
        Self { call: self.call.path::<String>(name, value.to_string()) }
    }

    /// Adds a parameter to the query. One that is added twice is sent twice.
    pub fn query(self, name: impl Into<String>, value: impl Display) -> Self {
        Self { call: self.call.add_query(name.into(), value.to_string()) }
    }

    /// Sets the body, which is sent as JSON.
    pub fn json(self, body: &impl Serialize) -> Self {
        Self { call: self.call.json(body) }
    }

    /// Sends this `Idempotency-Key`: under it, the service executes a repeated request once. It is for operations that take
    /// one; of an operation that the document has, the document decides, and the key makes no repetition safe.
    pub fn idempotency_key(self, key: impl Into<String>) -> Self {
        let call = self.call.header::<String>("Idempotency-Key", "idempotency_key", key.into());
        Self { call: call.with_idempotency_key(IdempotencyKey::Optional) }
    }

    /// Sends the request, and reads the whole body as a JSON value, as `.await` on the builder does.
    ///
    /// # Errors
    ///
    /// The request is incomplete, was not sent, was not answered, or was refused; or the answer is not JSON.
    pub async fn send(self) -> Result<Response<Json>, Error> {
        self.call.whole().await
    }

    /// Sends the request, and reads what stands under `data` as a type of your choice.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send); or `data` does not fit the type.
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

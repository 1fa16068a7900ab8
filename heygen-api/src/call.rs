//! The call that the builders of all operations share.

use std::borrow::Cow;
use std::fmt::{self, Display};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use smallvec::SmallVec;

use crate::address::address;
use crate::builder_support::{IntoValue, Problems};
use crate::called_operation::CalledOperation;
use crate::client::Client;
use crate::error::Error;
use crate::events::EventStream;
use crate::form;
use crate::into_text::IntoText;
use crate::multipart;
use crate::multipart::FilePart;
use crate::operation::{IdempotencyKey, Operation};
use crate::page::Page;
use crate::request::Request;
use crate::response::Response;

/// An operation, its arguments so far, and their problems.
#[derive(Clone)]
pub(crate) struct Call {
    client: Client,
    operation: CalledOperation,
    /// Required arguments, besides the path parameters.
    required: &'static [&'static str],
    /// Nearly all operations with path parameters have one.
    path: SmallVec<[(Cow<'static, str>, String); 1]>,
    query: Vec<(Cow<'static, str>, String)>,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Option<Vec<u8>>,
    extra: Map<String, Value>,
    /// Whether the body is sent as names and values of a form.
    is_form: bool,
    problems: Problems,
}

impl Call {
    /// Creates a call of an operation of the document.
    pub(crate) fn new(
        client: &Client,
        operation: &'static Operation,
        required: &'static [&'static str],
    ) -> Self {
        Self::of(client, CalledOperation::Documented(operation), required)
    }

    pub(crate) fn of(client: &Client, operation: CalledOperation, required: &'static [&'static str]) -> Self {
        Self {
            client: client.clone(),
            operation,
            required,
            path: SmallVec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            extra: Map::new(),
            is_form: false,
            problems: Problems::default(),
        }
    }

    /// Sends the body as names and values of a form.
    #[allow(dead_code, reason = "no operation takes such a form today; the next document may differ")]
    pub(crate) fn with_form_body(mut self) -> Self {
        self.is_form = true;
        self
    }

    /// Sets a path parameter.
    pub(crate) fn path<T: IntoText>(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl IntoValue<T>,
    ) -> Self {
        let name = name.into();
        let value = self.problems.value(name.clone(), value);
        if let Some(value) = value {
            self.path.retain(|(known, _)| *known != name);
            self.path.push((name, value.into_text()));
        }
        self
    }

    /// Whether the operation's path has a parameter with this name.
    pub(crate) fn has_path_parameter(&self, name: &str) -> bool {
        self.operation.path().contains(&format!("{{{name}}}"))
    }

    /// Adds the problem of an argument.
    pub(crate) fn refuse(mut self, field: &'static str, problem: String) -> Self {
        self.problems.refuse(field, problem);
        self
    }

    /// Adds a query parameter, and keeps those with the same name.
    pub(crate) fn add_query(mut self, name: String, value: String) -> Self {
        self.query.push((name.into(), value));
        self
    }

    /// Sets a query parameter.
    pub(crate) fn query<T: IntoText>(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl IntoValue<T>,
    ) -> Self {
        let name = name.into();
        let value = self.problems.value(name.clone(), value);
        self.set_query(name, value);
        self
    }

    /// Sets a query parameter, or removes it.
    pub(crate) fn maybe_query<T: IntoText>(
        mut self,
        name: &'static str,
        value: Option<impl IntoValue<T>>,
    ) -> Self {
        let value = self.problems.maybe(name, value);
        self.set_query(name.into(), value);
        self
    }

    /// Sets a query parameter that is repeated for each value.
    #[allow(dead_code, reason = "no operation has a list in its query today; the next document may differ")]
    pub(crate) fn query_list<T: IntoText>(
        mut self,
        name: &'static str,
        values: impl IntoIterator<Item: IntoValue<T>>,
    ) -> Self {
        let values = self.problems.list(name, values).unwrap_or_default();
        self.set_query(name.into(), values);
        self
    }

    fn set_query<T: IntoText>(&mut self, name: Cow<'static, str>, values: impl IntoIterator<Item = T>) {
        self.query.retain(|(known, _)| *known != name);
        self.query.extend(values.into_iter().map(|value| (name.clone(), value.into_text())));
    }

    /// Sets a header; `field` is its Rust name.
    pub(crate) fn header<T: Display>(
        mut self,
        name: &'static str,
        field: &'static str,
        value: impl IntoValue<T>,
    ) -> Self {
        let value = self.problems.value(field, value);
        self.set_header(name, field, value);
        self
    }

    /// Sets a header, or removes it.
    pub(crate) fn maybe_header<T: Display>(
        mut self,
        name: &'static str,
        field: &'static str,
        value: Option<impl IntoValue<T>>,
    ) -> Self {
        let value = self.problems.maybe(field, value);
        self.set_header(name, field, value);
        self
    }

    fn set_header<T: Display>(&mut self, name: &'static str, field: &'static str, value: Option<T>) {
        self.headers.retain(|(known, _)| *known != name);
        let Some(text) = value.map(|value| value.to_string()) else { return };
        match (name.parse::<HeaderName>(), HeaderValue::from_str(&text)) {
            (Ok(name), Ok(value)) => self.headers.push((name, value)),
            _ => self
                .problems
                .refuse(field, "contains characters that are invalid in a header; remove them".to_owned()),
        }
    }

    /// Sets the body.
    pub(crate) fn body<T: Serialize>(mut self, value: impl IntoValue<T>) -> Self {
        match self.problems.value::<T>("body", value) {
            Some(value) => self.json(&value),
            None => self,
        }
    }

    /// Sets the body, or removes it.
    #[allow(dead_code, reason = "no operation has an optional body today; the next document may differ")]
    pub(crate) fn maybe_body<T: Serialize>(mut self, value: Option<impl IntoValue<T>>) -> Self {
        match self.problems.maybe::<T>("body", value) {
            Some(value) => self.json(&value),
            None => {
                self.body = None;
                self
            }
        }
    }

    /// Sets the body to the JSON of a value.
    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => {
                self.problems.settle("body");
                self.body = Some(body);
            }
            Err(error) => self.problems.refuse("body", error.to_string()),
        }
        self
    }

    /// The same call, for an operation that takes an idempotency key in this way.
    pub(crate) fn with_idempotency_key(mut self, key: IdempotencyKey) -> Self {
        // The document determines whether its operations take a key: with a key that the service ignores, a retry would
        // look safe.
        if let CalledOperation::Made(operation) = self.operation {
            self.operation = CalledOperation::Made(Box::new(operation.with_idempotency_key(key)));
        }
        self
    }

    /// Adds a member to the body.
    pub(crate) fn extra(mut self, member: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extra.insert(member.into(), value.into());
        self
    }

    /// The request, as it goes to the transport.
    fn request(&mut self) -> Result<reqwest::Request, Error> {
        let (headers, query) = (std::mem::take(&mut self.headers), std::mem::take(&mut self.query));
        for name in self.required {
            let there = match *name {
                "body" => self.body.is_some(),
                name => {
                    headers.iter().any(|(known, _)| *known == name)
                        || query.iter().any(|(known, _)| *known == name)
                }
            };
            if !there {
                self.problems.missing(&name.to_ascii_lowercase().replace('-', "_"));
            }
        }
        if let Some(problem) = self.problems.first() {
            return Err(Error::invalid_request(&self.operation, problem.problem()));
        }
        let parameter =
            |name: &str| self.path.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        let mut url = address(&self.operation, &self.client.base_url, parameter)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(&query);
        }
        let mut request = reqwest::Request::new(self.operation.method().clone(), url);
        // With room for what comes after: what is accepted, and what transports add (who sends it, its key, the host).
        let body = usize::from(self.body.is_some() || !self.extra.is_empty());
        let key = usize::from(self.operation.idempotency_key() != IdempotencyKey::None);
        *request.headers_mut() = HeaderMap::with_capacity(headers.len() + 4 + body + key);
        request.headers_mut().extend(headers);
        if let Some(mut body) = self.whole_body()? {
            let mut media = JSON;
            if self.is_form {
                let form = form::encode(&body)
                    .map_err(|problem| Error::invalid_request(&self.operation, problem))?;
                (body, media) = (form, form::MEDIA_TYPE);
            }
            request.headers_mut().insert(header::CONTENT_TYPE, media);
            *request.body_mut() = Some(body.into());
        }
        Ok(request)
    }

    /// The body with its extra members.
    fn whole_body(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let (body, extra) = (self.body.take(), std::mem::take(&mut self.extra));
        if extra.is_empty() {
            return Ok(body);
        }
        let members: Result<Map<String, Value>, _> =
            body.map_or(Ok(Map::new()), |body| serde_json::from_slice(&body));
        let whole = members.and_then(|mut members| {
            members.extend(extra);
            serde_json::to_vec(&members)
        });
        whole.map(Some).map_err(|_| {
            let problem = "`extra` adds members to an object, but the body is not an object; put the members into the body";
            Error::invalid_request(&self.operation, problem)
        })
    }

    /// The request with the media type that the response shall have.
    fn prepare(mut self, accept: Option<HeaderValue>) -> Result<Prepared, Error> {
        let mut request = self.request()?;
        if let Some(media) = accept {
            request.headers_mut().insert(header::ACCEPT, media);
        }
        Ok(self.with_request(request))
    }

    fn with_request(self, request: impl Into<Request>) -> Prepared {
        Prepared { client: self.client, operation: self.operation, request: request.into() }
    }

    /// Sends the request and reads the member `data`.
    pub(crate) fn data<T: DeserializeOwned>(self) -> impl Future<Output = Result<Response<T>, Error>> {
        data(self.prepare(Some(JSON)))
    }

    /// Sends the request and reads a page of a list.
    pub(crate) fn page<T: DeserializeOwned>(self) -> impl Future<Output = Result<Response<Page<T>>, Error>> {
        let prepared = self.prepare(Some(JSON));
        async move {
            let Prepared { client, operation, request } = prepared?;
            let response = client.start(request, &operation).await?;
            Response::page(&operation, response).await
        }
    }

    /// Sends the request and reads the whole body.
    pub(crate) fn whole<T: DeserializeOwned>(self) -> impl Future<Output = Result<Response<T>, Error>> {
        let prepared = self.prepare(Some(JSON));
        async move {
            let Prepared { client, operation, request } = prepared?;
            let response = client.start(request, &operation).await?;
            Response::whole(&operation, response).await
        }
    }

    /// Sends the request and reads the whole body as text.
    #[allow(dead_code, reason = "every response is JSON today; the next document may differ")]
    pub(crate) async fn text(self) -> Result<Response<String>, Error> {
        let Prepared { client, operation, request } = self.prepare(None)?;
        let response = client.start(request, &operation).await?;
        Response::text(&operation, response).await
    }

    /// Sends the request and reads the whole body.
    #[allow(dead_code, reason = "every response is JSON today; the next document may differ")]
    pub(crate) async fn bytes(self) -> Result<Response<Bytes>, Error> {
        let Prepared { client, operation, request } = self.prepare(None)?;
        let response = client.start(request, &operation).await?;
        Response::bytes(&operation, response).await
    }

    /// Sends the request; the response has no body.
    #[allow(dead_code, reason = "every response has a body today; the next document may differ")]
    pub(crate) async fn empty(self) -> Result<Response<()>, Error> {
        let Prepared { client, operation, request } = self.prepare(None)?;
        Ok(Response::empty(client.start(request, &operation).await?))
    }

    /// Sends the request; the response is an event stream.
    #[cfg_attr(
        not(feature = "preview"),
        allow(dead_code, reason = "both event streams are preview operations")
    )]
    pub(crate) async fn events<T>(self) -> Result<Response<EventStream<T>>, Error> {
        let Prepared { client, operation, request } = self.prepare(None)?;
        let response = client.start(request, &operation).await?;
        Response::events(&operation, response).await
    }
}

/// A request, and the client that sends it.
struct Prepared {
    client: Client,
    operation: CalledOperation,
    request: Request,
}

/// Sends a request and reads the member `data`.
#[expect(clippy::manual_async_fn, reason = "an `async fn` has room for its arguments twice")]
fn data<T: DeserializeOwned>(
    prepared: Result<Prepared, Error>,
) -> impl Future<Output = Result<Response<T>, Error>> {
    async move {
        let Prepared { client, operation, request } = prepared?;
        let response = client.start(request, &operation).await?;
        Response::data(&operation, response).await
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

impl fmt::Debug for Call {
    /// Shows only the operation: a body may contain secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("operation", &self.operation.id()).finish_non_exhaustive()
    }
}

/// A call that uploads a file as a form.
#[derive(Debug)]
pub(crate) struct FormCall {
    call: Call,
    name: &'static str,
    part: Option<FilePart>,
}

impl FormCall {
    pub(crate) fn new(call: Call, name: &'static str) -> Self {
        Self { call, name, part: None }
    }

    /// Sets the part of the form.
    pub(crate) fn part(mut self, part: impl Into<FilePart>) -> Self {
        self.part = Some(part.into());
        self
    }

    pub(crate) fn map(mut self, change: impl FnOnce(Call) -> Call) -> Self {
        self.call = change(self.call);
        self
    }

    /// Sends the request and reads the member `data`.
    pub(crate) fn data<T: DeserializeOwned>(self) -> impl Future<Output = Result<Response<T>, Error>> {
        data(self.prepare())
    }

    fn prepare(mut self) -> Result<Prepared, Error> {
        let mut request = self.call.request()?;
        request.headers_mut().insert(header::ACCEPT, JSON);
        let request = multipart::attach(&self.call.operation, request, self.name, self.part)?;
        Ok(self.call.with_request(request))
    }
}

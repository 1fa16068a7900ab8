//! Transfers a file, and resumes after broken connections and expired links.

use std::error::Error as _;
use std::time::Duration;

use bytes::Bytes;
use heygen_api::{TransportError, retry_after};
use http::{HeaderValue, StatusCode, header};
use reqwest::Url;

use super::head::{Head, RangeRequest, Verdict, classify};
use super::link::Link;
use super::{OnProgress, renewal};
use crate::call::BACKOFF;
use crate::client_context::ClientContext;
use crate::error::Error;

/// How often a transfer resumes without new data.
const MAX_RESUMPTIONS: u32 = 5;

/// The maximum `Retry-After` that is kept.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// The next part of a transfer.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    Chunk(Bytes),
    /// The receiver must discard the previous chunks, because the transfer restarts from the beginning of the file.
    Restart,
    End,
}

/// The transfer of one file.
pub(super) struct Transfer {
    context: ClientContext,
    link: Link,
    on_progress: Option<OnProgress>,
    /// Whether the receiver can discard the chunks that it got.
    restartable: bool,
    url: Option<Url>,
    body: Option<reqwest::Response>,
    received: u64,
    /// The maximum of `received` over all attempts.
    max_received: u64,
    expected: Option<u64>,
    tag: Option<HeaderValue>,
    /// Interruptions in a row without new data.
    interruptions: u32,
    renewed: bool,
}

impl Transfer {
    pub(super) fn new(
        context: ClientContext,
        link: Link,
        on_progress: Option<OnProgress>,
        restartable: bool,
    ) -> Self {
        Self {
            context,
            link,
            on_progress,
            restartable,
            url: None,
            body: None,
            received: 0,
            max_received: 0,
            expected: None,
            tag: None,
            interruptions: 0,
            renewed: false,
        }
    }

    /// Connects, and returns the length of the file if the server announced it.
    pub(super) async fn open(&mut self) -> Result<Option<u64>, Error> {
        while self.body.is_none() {
            self.connect().await?;
        }
        Ok(self.expected)
    }

    /// Returns the next part. It must not be called after the end or an error.
    pub(super) async fn next(&mut self) -> Result<Piece, Error> {
        loop {
            let Some(body) = &mut self.body else {
                match self.connect().await? {
                    Some(piece) => return Ok(piece),
                    None => continue,
                }
            };
            match body.chunk().await {
                Ok(Some(chunk)) if chunk.is_empty() => {}
                Ok(Some(chunk)) => {
                    self.count(chunk.len() as u64)?;
                    return Ok(Piece::Chunk(chunk));
                }
                Ok(None) if self.expected.is_none_or(|expected| self.received == expected) => {
                    return Ok(Piece::End);
                }
                Ok(None) => self.interrupt(Interruption::Incomplete).await?,
                Err(error) => self.interrupt(Interruption::Broken(error.into())).await?,
            }
        }
    }

    /// Counts received bytes, and reports the progress.
    fn count(&mut self, length: u64) -> Result<(), Error> {
        self.received += length;
        if let Some(expected) = self.expected.filter(|expected| self.received > *expected) {
            return Err(
                self.problem(format!("the server sent more than the {expected} bytes that it announced"))
            );
        }
        if self.received > self.max_received {
            self.max_received = self.received;
            (self.interruptions, self.renewed) = (0, false);
        }
        if let Some(on_progress) = &mut self.on_progress {
            on_progress(self.received, self.expected);
        }
        Ok(())
    }

    /// Sends one request for the file, or the rest of it.
    async fn connect(&mut self) -> Result<Option<Piece>, Error> {
        let url = match self.url.clone() {
            Some(url) => url,
            None => {
                let ClientContext { api, runtime, .. } = &self.context;
                let url = renewal::current_or_fresh(&self.link, api, &**runtime).await?;
                self.url.insert(url).clone()
            }
        };
        let mut request = self.context.files.get(url).header(header::ACCEPT_ENCODING, "identity");
        let mut requested = None;
        if self.received > 0 {
            match &self.tag {
                Some(tag) => {
                    let range = format!("bytes={}-", self.received);
                    request = request.header(header::RANGE, range).header(header::IF_RANGE, tag.clone());
                    requested =
                        Some(RangeRequest { from: self.received, expected: self.expected, tag: tag.clone() });
                }
                None if self.restartable => {}
                None => {
                    let problem = "and cannot resume, because the server sends neither a strong tag nor a usable `Last-Modified`";
                    return Err(
                        self.problem(format!("the connection broke after {}, {problem}", self.progress()))
                    );
                }
            }
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_redirect() => {
                // The error contains the signed URL, so only its source is shown.
                let reason = error.source().map(ToString::to_string);
                return Err(self.problem(
                    reason.unwrap_or_else(|| "a redirect of the link was not followed".to_owned()),
                ));
            }
            Err(error) if error.is_builder() => {
                return Err(Error::transfer(self.link.name(), error.into()));
            }
            Err(error) => {
                self.interrupt(Interruption::Broken(error.into())).await?;
                return Ok(None);
            }
        };
        self.receive(response, requested).await
    }

    async fn receive(
        &mut self,
        response: reqwest::Response,
        requested: Option<RangeRequest>,
    ) -> Result<Option<Piece>, Error> {
        let head = Head {
            status: response.status(),
            version: response.version(),
            headers: response.headers(),
            length: response.content_length(),
        };
        let status = head.status;
        match classify(&head, requested) {
            Verdict::Whole { expected, tag } => {
                let restarts = self.received > 0;
                let has_other_length = self.expected.is_some() && self.expected != expected;
                if (restarts || has_other_length) && !self.restartable {
                    return Err(self.changed());
                }
                (self.expected, self.tag, self.received) = (expected, tag, 0);
                self.body = Some(response);
                Ok(restarts.then_some(Piece::Restart))
            }
            Verdict::Rest { expected } => {
                self.expected = expected;
                self.body = Some(response);
                Ok(None)
            }
            Verdict::Complete => Ok(Some(Piece::End)),
            Verdict::Changed if self.restartable => {
                (self.received, self.tag, self.expected) = (0, None, None);
                Ok(Some(Piece::Restart))
            }
            Verdict::Changed => Err(self.changed()),
            Verdict::Refused => self.renew(status).await.map(|()| None),
            Verdict::RetryLater => {
                let pause = retry_after(response.headers(), self.context.runtime.system_time());
                drop(response);
                self.interrupt(Interruption::Busy(status, pause)).await.map(|()| None)
            }
            Verdict::Unusable(reason) => Err(Error::link_refused(
                format!("{}: the file server answered {status}: {reason}", self.link.name()),
                status,
            )),
        }
    }

    /// Replaces a refused link with a fresh one, once until new data arrives.
    async fn renew(&mut self, status: StatusCode) -> Result<(), Error> {
        let refused = |remedy| {
            Error::link_refused(
                format!("{}: the link was refused with {status}{remedy}", self.link.name()),
                status,
            )
        };
        if self.renewed {
            return Err(refused(", and so was a fresh one"));
        }
        if !self.link.is_renewable() {
            return Err(refused("; it may have expired: read its resource again for a fresh one"));
        }
        tracing::debug!(
            status = status.as_u16(),
            file = self.link.name(),
            "reads a fresh link, because the link was refused"
        );
        self.renewed = true;
        let ClientContext { api, runtime, .. } = &self.context;
        self.url = Some(renewal::fresh(&self.link, api, &**runtime).await?);
        Ok(())
    }

    /// Waits before the transfer resumes, or returns the final error.
    async fn interrupt(&mut self, interruption: Interruption) -> Result<(), Error> {
        self.body = None;
        self.interruptions += 1;
        let retry_after = match interruption {
            Interruption::Busy(_, pause) => pause.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        if self.interruptions > MAX_RESUMPTIONS || retry_after > MAX_RETRY_AFTER {
            return Err(self.final_error(interruption));
        }
        let backoff = match self.interruptions {
            // Most interruptions are short, so the first resumption is immediate.
            1 => Duration::ZERO,
            further => BACKOFF.pause(further - 2, self.context.runtime.random()),
        };
        let pause = backoff.max(retry_after);
        tracing::debug!(
            received = self.received,
            interruptions = self.interruptions,
            pause_ms = pause.as_millis() as u64,
            file = self.link.name(),
            "resumes an interrupted download"
        );
        if !pause.is_zero() {
            self.context.runtime.sleep(pause).await;
        }
        Ok(())
    }

    fn final_error(&self, interruption: Interruption) -> Error {
        let name = self.link.name();
        let attempts = match self.interruptions {
            1 => String::new(),
            attempts => format!(", and {attempts} attempts in a row received no new data"),
        };
        match interruption {
            Interruption::Busy(status, retry_after) => {
                let remedy = retry_after
                    .filter(|pause| *pause > MAX_RETRY_AFTER)
                    .map(|pause| format!("; it asks to wait for {} s: try again then", pause.as_secs()));
                let details = remedy.unwrap_or(attempts);
                Error::link_refused(format!("{name}: the file server answered {status}{details}"), status)
                    .with_retry_after(retry_after)
            }
            Interruption::Incomplete => {
                Error::download(format!("{name}: the answer ended after {}{attempts}", self.progress()))
            }
            Interruption::Broken(error) => Error::transfer(
                format!("{name}: the connection broke after {}{attempts}", self.progress()),
                error,
            ),
        }
    }

    fn changed(&self) -> Error {
        let problem = "and the server does not send the rest: the file has changed, or the server sends only whole files";
        self.problem(format!(
            "the connection broke after {}, {problem}; download it to a path instead",
            self.progress()
        ))
    }

    /// The received bytes, for errors.
    fn progress(&self) -> String {
        match self.expected {
            Some(expected) => format!("{} of {expected} bytes", self.received),
            None => format!("{} bytes", self.received),
        }
    }

    pub(super) fn problem(&self, problem: String) -> Error {
        Error::download(format!("{}: {problem}", self.link.name()))
    }
}

/// Why a transfer was interrupted.
enum Interruption {
    /// The answer ended before the end of the file.
    Incomplete,
    Broken(TransportError),
    /// The server has a temporary problem, and may send `Retry-After`.
    Busy(StatusCode, Option<Duration>),
}

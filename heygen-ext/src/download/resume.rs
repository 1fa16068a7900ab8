//! A file on its way down, across broken connections and expired links.

use std::error::Error as _;
use std::time::Duration;

use bytes::Bytes;
use heygen_api::{TransportError, retry_after};
use http::{HeaderValue, StatusCode, header};
use reqwest::Url;

use super::head::{Head, Place, Verdict, judge};
use super::link::Link;
use super::{OnProgress, renewal};
use crate::call::BACKOFF;
use crate::client_context::ClientContext;
use crate::error::Error;

/// How often a transfer is taken up again before another byte has come.
const RESUMPTIONS: u32 = 5;

/// Longest pause that a server may ask for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The next part of a transfer.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    Chunk(Bytes),
    /// What came before is void: the file comes from its beginning.
    Restart,
    End,
}

/// A file on its way down.
pub(super) struct Transfer {
    context: ClientContext,
    link: Link,
    tell: Option<OnProgress>,
    /// Whether what was handed out can be taken back.
    restartable: bool,
    url: Option<Url>,
    body: Option<reqwest::Response>,
    received: u64,
    /// Most bytes that ever were here.
    furthest: u64,
    expected: Option<u64>,
    tag: Option<HeaderValue>,
    setbacks: u32,
    renewed: bool,
}

impl Transfer {
    pub(super) fn new(
        context: ClientContext,
        link: Link,
        tell: Option<OnProgress>,
        restartable: bool,
    ) -> Self {
        Self {
            context,
            link,
            tell,
            restartable,
            url: None,
            body: None,
            received: 0,
            furthest: 0,
            expected: None,
            tag: None,
            setbacks: 0,
            renewed: false,
        }
    }

    /// Connects, so that the length is known if the server says it.
    pub(super) async fn open(&mut self) -> Result<Option<u64>, Error> {
        while self.body.is_none() {
            self.connect().await?;
        }
        Ok(self.expected)
    }

    /// What comes next. After the end, or an error, nothing does.
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
                    self.take(chunk.len() as u64)?;
                    return Ok(Piece::Chunk(chunk));
                }
                Ok(None) if self.expected.is_none_or(|expected| self.received == expected) => {
                    return Ok(Piece::End);
                }
                Ok(None) => self.set_back(Setback::Short).await?,
                Err(error) => self.set_back(Setback::Broken(error.into())).await?,
            }
        }
    }

    fn take(&mut self, length: u64) -> Result<(), Error> {
        self.received += length;
        if let Some(expected) = self.expected.filter(|expected| self.received > *expected) {
            return Err(self.problem(format!("more came than the {expected} bytes that were announced")));
        }
        if self.received > self.furthest {
            self.furthest = self.received;
            (self.setbacks, self.renewed) = (0, false);
        }
        if let Some(tell) = &mut self.tell {
            tell(self.received, self.expected);
        }
        Ok(())
    }

    /// One attempt to get an answer with the file, or the rest of it.
    async fn connect(&mut self) -> Result<Option<Piece>, Error> {
        let url = match self.url.clone() {
            Some(url) => url,
            None => {
                let ClientContext { api, runtime, .. } = &self.context;
                let url = renewal::present(&self.link, api, &**runtime).await?;
                self.url.insert(url).clone()
            }
        };
        let mut request = self.context.files.get(url).header(header::ACCEPT_ENCODING, "identity");
        let mut asked = None;
        if self.received > 0 {
            match &self.tag {
                Some(tag) => {
                    let range = format!("bytes={}-", self.received);
                    request = request.header(header::RANGE, range).header(header::IF_RANGE, tag.clone());
                    asked = Some(Place { from: self.received, expected: self.expected, tag: tag.clone() });
                }
                None if self.restartable => {}
                None => {
                    let problem = "and cannot be taken up there, as the server gives the file no strong tag";
                    return Err(self.problem(format!("it broke off after {}, {problem}", self.so_far())));
                }
            }
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_redirect() => {
                // The error itself has the address; what is below it says why it was not followed.
                let reason = error.source().map(ToString::to_string);
                return Err(self.problem(reason.unwrap_or_else(|| "the link redirects astray".to_owned())));
            }
            Err(error) if error.is_builder() => {
                return Err(Error::transfer(self.link.what(), error.into()));
            }
            Err(error) => {
                self.set_back(Setback::Broken(error.into())).await?;
                return Ok(None);
            }
        };
        self.receive(response, asked).await
    }

    async fn receive(
        &mut self,
        response: reqwest::Response,
        asked: Option<Place>,
    ) -> Result<Option<Piece>, Error> {
        let head = Head {
            status: response.status(),
            version: response.version(),
            headers: response.headers(),
            length: response.content_length(),
        };
        let status = head.status;
        match judge(&head, asked) {
            Verdict::Whole { expected, tag } => {
                let again = self.received > 0;
                let other = self.expected.is_some() && self.expected != expected;
                if (again || other) && !self.restartable {
                    return Err(self.changed());
                }
                (self.expected, self.tag, self.received) = (expected, tag, 0);
                self.body = Some(response);
                Ok(again.then_some(Piece::Restart))
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
            Verdict::Later => {
                let asked = retry_after(response.headers(), self.context.runtime.system_time());
                drop(response);
                self.set_back(Setback::Later(status, asked)).await.map(|()| None)
            }
            Verdict::Useless(reason) => Err(Error::link_refused(
                format!("{}: {status} was answered: {reason}", self.link.what()),
                status,
            )),
        }
    }

    /// A fresh link in place of one that was refused; but once only, until more of the file has come.
    async fn renew(&mut self, status: StatusCode) -> Result<(), Error> {
        let refused = |remedy| {
            Error::link_refused(
                format!("{}: the link was refused with {status}{remedy}", self.link.what()),
                status,
            )
        };
        if self.renewed {
            return Err(refused(", and so was a fresh one"));
        }
        if !self.link.is_renewable() {
            return Err(refused(
                "; it may have expired: read the resource that it is of again for a fresh one",
            ));
        }
        tracing::debug!(
            status = status.as_u16(),
            what = self.link.what(),
            "the link was refused: gets a fresh one"
        );
        self.renewed = true;
        let ClientContext { api, runtime, .. } = &self.context;
        self.url = Some(renewal::fresh(&self.link, api, &**runtime).await?);
        Ok(())
    }

    /// Waits before the transfer is taken up again, or gives up.
    async fn set_back(&mut self, setback: Setback) -> Result<(), Error> {
        self.body = None;
        self.setbacks += 1;
        let asked = match setback {
            Setback::Later(_, asked) => asked.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        if self.setbacks > RESUMPTIONS || asked > PATIENCE {
            return Err(self.give_up(setback));
        }
        let plain = match self.setbacks {
            // Most breaks are over at once.
            1 => Duration::ZERO,
            further => BACKOFF.pause(further - 2, self.context.runtime.random()),
        };
        let pause = plain.max(asked);
        tracing::debug!(
            received = self.received,
            setbacks = self.setbacks,
            pause_ms = pause.as_millis() as u64,
            what = self.link.what(),
            "the download stopped: takes it up again"
        );
        if !pause.is_zero() {
            self.context.runtime.sleep(pause).await;
        }
        Ok(())
    }

    fn give_up(&self, setback: Setback) -> Error {
        let what = self.link.what();
        let times = match self.setbacks {
            1 => String::new(),
            times => format!(", and {times} attempts in a row brought no more of it"),
        };
        match setback {
            Setback::Later(status, asked) => {
                let later = asked
                    .filter(|pause| *pause > PATIENCE)
                    .map(|pause| format!("; it asks to wait for {} s", pause.as_secs()));
                let later = later.unwrap_or(times);
                Error::link_refused(format!("{what}: the file server answered {status}{later}"), status)
                    .with_retry_after(asked)
            }
            Setback::Short => Error::download(format!("{what}: it ended after {}{times}", self.so_far())),
            Setback::Broken(error) => {
                Error::transfer(format!("{what}: it broke off after {}{times}", self.so_far()), error)
            }
        }
    }

    fn changed(&self) -> Error {
        let problem = "and the server does not give the rest: the file has changed, or is only given whole";
        self.problem(format!(
            "it broke off after {}, {problem}; download it to a path instead",
            self.so_far()
        ))
    }

    fn so_far(&self) -> String {
        match self.expected {
            Some(expected) => format!("{} of {expected} bytes", self.received),
            None => format!("{} bytes", self.received),
        }
    }

    pub(super) fn problem(&self, problem: String) -> Error {
        Error::download(format!("{}: {problem}", self.link.what()))
    }
}

/// Why a transfer stopped.
enum Setback {
    /// The body ended before the file did.
    Short,
    Broken(TransportError),
    /// The server has trouble, and may say for how long.
    Later(StatusCode, Option<Duration>),
}

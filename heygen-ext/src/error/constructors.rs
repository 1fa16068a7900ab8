//! Constructors of errors: their messages, and what each error keeps.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use heygen_api::{ErrorCode, Operation, TransportError};
use http::StatusCode;

use super::{Error, ErrorKind, JobRecord};
use crate::jobs::handle::JobHandle;
use crate::jobs::question::Question;

impl Error {
    pub(crate) fn configuration(problem: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, problem.into())
    }

    pub(crate) fn failed(code: Option<String>, message: String) -> Self {
        let problem = match &code {
            Some(code) => format!("the job failed: {code}: {message}"),
            None => format!("the job failed: {message}"),
        };
        Self::new(ErrorKind::Failed, one_line(&problem)).with(|inner| {
            inner.code = code.as_deref().map(ErrorCode::from);
            inner.message = Some(message);
        })
    }

    pub(crate) fn stopped(status: &str) -> Self {
        Self::new(
            ErrorKind::Stopped,
            format!(
                "the job was stopped or deleted: its status is `{status}`; submit it again if you need it"
            ),
        )
    }

    pub(crate) fn needs_person(question: Question) -> Self {
        Self::new(ErrorKind::NeedsPerson, one_line(&question.remedy()))
            .with(|inner| inner.question = Some(Box::new(question)))
    }

    /// A job that the service does not know.
    pub(crate) fn unknown_job(kind: &str, id: &str) -> Self {
        let problem = format!(
            "the service does not know the job `{kind}:{id}`: check the id, and that the API key belongs to its workspace"
        );
        Self::new(ErrorKind::Refused, problem).with(|inner| inner.status = Some(StatusCode::NOT_FOUND))
    }

    /// An answer without the id of the job that it should have started.
    pub(crate) fn no_job_id(operation: &Operation, pointer: &str) -> Self {
        let problem = format!("{}: the answer has no id at `data{pointer}`; the job may run", operation.id());
        Self::new(ErrorKind::Decode, problem).with(|inner| inner.maybe_executed = true)
    }

    /// An answer without a value that the next call needs. What the earlier calls made exists.
    #[cfg(feature = "migrate")]
    pub(crate) fn incomplete_answer(problem: String) -> Self {
        Self::new(ErrorKind::Decode, problem).with(|inner| inner.maybe_executed = true)
    }

    /// Creates the error of a [`Ledger`](crate::ledger::Ledger) that a program implements. Name the store, the problem and the
    /// remedy: the file is full, an entry is damaged.
    pub fn ledger(problem: impl Into<String>) -> Self {
        Self::new(ErrorKind::Ledger, problem.into())
    }

    /// An entry of a ledger whose request may have started a job, and cannot be repeated safely.
    pub(crate) fn unsettled(entry: &str, operation: &Operation) -> Self {
        let problem = format!(
            "the ledger has entry {entry} for `{}` without a job: an earlier run may have started it, and its idempotency key has expired or does not exist; look for the job, then call `Ledger::forget` to submit again",
            operation.id()
        );
        Self::new(ErrorKind::Ledger, problem).with(|inner| inner.maybe_executed = true)
    }

    /// The result of a job that does not match the document.
    pub(crate) fn result(problem: &serde_json::Error) -> Self {
        Self::new(
            ErrorKind::Decode,
            format!(
                "the result does not have the form that HeyGen documents: {problem}; update heygen-ext, or report it"
            ),
        )
    }

    pub(crate) fn deadline(limit: Duration) -> Self {
        let problem =
            format!("not finished after {} s; the job goes on: wait again with its id", limit.as_secs());
        Self::new(ErrorKind::Deadline, problem)
    }

    /// An upload that the service has not accepted in time.
    pub(crate) fn not_accepted(limit: Duration) -> Self {
        let seconds = limit.as_secs();
        let problem = format!(
            "the service has not accepted the file within {seconds} s; read its asset with `get_asset`"
        );
        Self::new(ErrorKind::Deadline, problem)
    }

    /// A webhook endpoint that cannot be used.
    #[cfg(feature = "webhook")]
    pub(crate) fn webhook(problem: &str) -> Self {
        Self::new(ErrorKind::Decode, problem.to_owned())
    }

    /// A list whose page tokens are inconsistent.
    pub(crate) fn pages(operation: &Operation, problem: &str) -> Self {
        Self::new(ErrorKind::Decode, format!("{}: {problem}", operation.id()))
    }

    /// A page whose request was cancelled.
    pub(crate) fn pages_cut(operation: &Operation, source: TransportError) -> Self {
        let problem = format!("{}: {source}", operation.id());
        Self::new(ErrorKind::Transport, problem).with(|inner| inner.transfer = Some(source))
    }

    /// An event that does not match its stream.
    #[cfg(feature = "preview")]
    pub(crate) fn stream(call: heygen_api::Error, problem: impl fmt::Display) -> Self {
        let request = call.request_id().map(|id| format!(" (request {id})")).unwrap_or_default();
        let operation = call.operation().map(|operation| format!("{}: ", operation.id())).unwrap_or_default();
        let problem = format!("{operation}{problem}{request}");
        Self::new(ErrorKind::Decode, problem).with(|inner| inner.api = Some(call))
    }

    /// A speech that ended as expected, but whose content is wrong.
    #[cfg(feature = "preview")]
    pub(crate) fn speech(problem: String) -> Self {
        Self::new(ErrorKind::Decode, problem).with_maybe_executed(true)
    }

    pub(crate) fn download(problem: impl Into<String>) -> Self {
        Self::new(ErrorKind::Download, problem.into())
    }

    pub(crate) fn transfer(problem: impl fmt::Display, source: TransportError) -> Self {
        let problem = format!("{problem}: {source}");
        Self::new(ErrorKind::Download, problem).with(|inner| inner.transfer = Some(source))
    }

    pub(crate) fn link_refused(problem: impl Into<String>, status: StatusCode) -> Self {
        Self::new(ErrorKind::Download, problem.into()).with(|inner| inner.status = Some(status))
    }

    /// Adds how long the file server asks to wait.
    pub(crate) fn with_retry_after(self, time: Option<Duration>) -> Self {
        self.with(|inner| inner.retry_after = time)
    }

    /// A download that failed because its link could not be read.
    pub(crate) fn no_link(problem: impl Into<String>, error: heygen_api::Error) -> Self {
        Self::new(ErrorKind::Download, problem.into()).with(|inner| inner.api = Some(error))
    }

    pub(crate) fn upload(problem: impl Into<String>) -> Self {
        Self::new(ErrorKind::Upload, problem.into())
    }

    pub(crate) fn upload_transfer(problem: impl fmt::Display, source: TransportError) -> Self {
        let problem = format!("{problem}: {source}");
        Self::new(ErrorKind::Upload, problem).with(|inner| inner.transfer = Some(source))
    }

    pub(crate) fn storage_refused(status: StatusCode, code: Option<&str>, location: Option<&str>) -> Self {
        let code = code.map(|code| format!(" {code}")).unwrap_or_default();
        let remedy = match status {
            StatusCode::FORBIDDEN => "the link may have expired: upload the file again".to_owned(),
            status if status.is_redirection() => match location {
                Some(location) => format!("redirect to `{location}`, which is not followed"),
                None => "redirects are not followed".to_owned(),
            },
            _ => "upload the file again later".to_owned(),
        };
        let problem = format!("the storage refused the file with {}{code}; {remedy}", status.as_u16());
        Self::new(ErrorKind::Upload, problem).with(|inner| inner.status = Some(status))
    }

    pub(crate) fn file_rejected(code: Option<&str>, message: &str) -> Self {
        let words = code.map(|code| format!("{code}: ")).unwrap_or_default();
        let problem = format!("the service refused the file: {words}{message}");
        Self::new(ErrorKind::Upload, one_line(&problem)).with(|inner| {
            inner.code = code.map(ErrorCode::from);
            inner.message = Some(message.to_owned());
        })
    }

    pub(crate) fn about_file(self, file: &str) -> Self {
        self.with(|inner| inner.file = Some(file.to_owned()))
    }

    pub(crate) fn of_asset(self, asset_id: &str) -> Self {
        self.with(|inner| inner.asset_id = Some(asset_id.to_owned()))
    }

    pub(crate) fn with_maybe_executed(self, maybe_executed: bool) -> Self {
        self.with(|inner| inner.maybe_executed |= maybe_executed)
    }

    pub(crate) fn file(problem: impl Into<String>, error: io::Error) -> Self {
        let problem = format!("{}: {error}", problem.into());
        Self::new(ErrorKind::File, problem).with(|inner| inner.io = Some(Arc::new(error)))
    }

    pub(crate) fn of_job(self, handle: &JobHandle) -> Self {
        self.of_job_record(|| JobRecord { handle: handle.clone(), video_id: None, status: None, body: None })
    }

    /// Adds the job, unless the error has one already.
    pub(crate) fn of_job_record(self, record: impl FnOnce() -> JobRecord) -> Self {
        self.with(|inner| inner.job = inner.job.take().or_else(|| Some(Arc::new(record()))))
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

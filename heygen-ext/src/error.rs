//! What can go wrong on the way to a video.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use heygen_api::TransportError;
use http::StatusCode;

/// Why something failed. Cheap to clone.
///
/// It prints as one line. After a job was submitted, [`session_id`](Self::session_id) finds it again.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    session_id: Option<String>,
    code: Option<String>,
    problem: String,
    api: Option<heygen_api::Error>,
    io: Option<Arc<io::Error>>,
    transfer: Option<TransportError>,
    status: Option<StatusCode>,
}

/// The kinds of [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client cannot be built as asked.
    Configuration,
    /// A call failed; [`Error::call`] has all about it.
    Call,
    /// The service says that the job failed.
    Failed,
    /// The job stands still until a person decides something.
    NeedsPerson,
    /// The job took longer than the caller waits. It goes on.
    Deadline,
    /// The file could not be fetched.
    Download,
    /// The file could not be written.
    File,
}

impl Error {
    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The session that was waited for; it can be waited for again.
    pub fn session_id(&self) -> Option<&str> {
        self.0.session_id.as_deref()
    }

    /// The service's code: of the refusal, or of the job's failure.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref().or_else(|| self.0.api.as_ref()?.code())
    }

    /// Status of the service's refusal, or of a refused link.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status.or_else(|| self.0.api.as_ref()?.status())
    }

    /// The failed call, with all that the service said.
    pub fn call(&self) -> Option<&heygen_api::Error> {
        self.0.api.as_ref()
    }

    /// Whether the service may have started the job. When `false`, submitting again is safe; when `true`, it may make,
    /// and cost, a second video.
    pub fn may_have_executed(&self) -> bool {
        // Once there is a session, or a video of it, submitting again makes a second one.
        match self.0.kind {
            ErrorKind::Configuration => false,
            ErrorKind::Call if self.0.session_id.is_none() => {
                self.0.api.as_ref().is_some_and(heygen_api::Error::may_have_executed)
            }
            _ => true,
        }
    }

    pub(crate) fn configuration(problem: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, problem.into())
    }

    pub(crate) fn api(error: heygen_api::Error) -> Self {
        let kind = match error.kind() {
            heygen_api::ErrorKind::Configuration => ErrorKind::Configuration,
            _ => ErrorKind::Call,
        };
        Self::new(kind, error.to_string()).with(|inner| inner.api = Some(error))
    }

    pub(crate) fn failed(code: Option<String>, message: String) -> Self {
        let problem = match &code {
            Some(code) => format!("the job failed: {code}: {message}"),
            None => format!("the job failed: {message}"),
        };
        Self::new(ErrorKind::Failed, problem).with(|inner| inner.code = code)
    }

    pub(crate) fn needs_person(status: &str) -> Self {
        let problem =
            format!("the session is `{status}`: answer it with `send_video_agent_message`, then wait again");
        Self::new(ErrorKind::NeedsPerson, problem)
    }

    pub(crate) fn deadline(patience: Duration) -> Self {
        let problem =
            format!("not finished after {} s; it goes on, wait again by its id", patience.as_secs());
        Self::new(ErrorKind::Deadline, problem)
    }

    pub(crate) fn download(problem: impl Into<String>) -> Self {
        Self::new(ErrorKind::Download, problem.into())
    }

    pub(crate) fn transfer(problem: impl fmt::Display, source: TransportError) -> Self {
        let problem = format!("{problem}: {source}");
        Self::new(ErrorKind::Download, problem).with(|inner| inner.transfer = Some(source))
    }

    pub(crate) fn link_refused(status: StatusCode) -> Self {
        let problem = format!(
            "the link was refused with {status}; it may have expired: fetch the video again for a fresh one"
        );
        Self::new(ErrorKind::Download, problem).with(|inner| inner.status = Some(status))
    }

    pub(crate) fn file(problem: impl Into<String>, error: io::Error) -> Self {
        let problem = format!("{}: {error}", problem.into());
        Self::new(ErrorKind::File, problem).with(|inner| inner.io = Some(Arc::new(error)))
    }

    pub(crate) fn of_session(self, session_id: &str) -> Self {
        self.with(|inner| inner.session_id = Some(session_id.to_owned()))
    }

    fn new(kind: ErrorKind, problem: String) -> Self {
        Self(Arc::new(Inner {
            kind,
            session_id: None,
            code: None,
            problem,
            api: None,
            io: None,
            transfer: None,
            status: None,
        }))
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(session) = &self.0.session_id {
            write!(f, "session {session}: ")?;
        }
        f.write_str(&self.0.problem)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("what", &self.to_string())
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let api = self.0.api.as_ref().map(|error| error as &(dyn StdError + 'static));
        let transfer = self.0.transfer.as_ref().map(|error| error as &(dyn StdError + 'static));
        api.or(transfer).or_else(|| self.0.io.as_deref().map(|error| error as _))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_submission_nothing_is_safe_to_submit_again() {
        let refused = Error::deadline(Duration::ZERO);
        for error in
            [refused, Error::failed(None, "m".into()), Error::needs_person("reviewing"), Error::download("d")]
        {
            assert!(error.may_have_executed(), "{error}");
        }
        assert!(!Error::configuration("c").may_have_executed());
    }
}

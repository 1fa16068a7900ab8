//! What can go wrong.

mod making;

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use heygen_api::{Operation, TransportError};
use http::StatusCode;

use crate::ErrorCode;
use crate::call::retry_after::retry_after;
use crate::credentials::NoCredentials;

/// Why something failed. Small and cheap to clone; keeps all that the service said.
///
/// It prints as one line: `create_video: 402 insufficient_credit: Not enough credit (request 7f3a)`.
///
/// | [`kind`](Self::kind) | what to do |
/// |---|---|
/// | [`Configuration`](ErrorKind::Configuration) | set what the text names: a key, an address |
/// | [`Credentials`](ErrorKind::Credentials) | log in again, or look at what the token provider says; nothing was executed |
/// | [`InvalidRequest`](ErrorKind::InvalidRequest) | mend the request; nothing was sent |
/// | [`Transport`](ErrorKind::Transport) | look at the network; before calling again, ask [`may_have_executed`](Self::may_have_executed) |
/// | [`Refused`](ErrorKind::Refused) | read [`code`](Self::code) and [`param`](Self::param); [`is_retryable`](Self::is_retryable) says whether later may help |
/// | [`Decode`](ErrorKind::Decode) | the service answered what its document does not promise: report it with [`request_id`](Self::request_id) |
/// | [`Failed`](ErrorKind::Failed) | the job is over; [`code`](Self::code) and the text say why |
/// | [`NeedsPerson`](ErrorKind::NeedsPerson) | answer the session, or have consent given, then wait again |
/// | [`Deadline`](ErrorKind::Deadline) | wait again by [`job_id`](Self::job_id): the job goes on |
/// | [`Upload`](ErrorKind::Upload), [`Download`](ErrorKind::Download), [`File`](ErrorKind::File) | the text names the file or the link, and the remedy |
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    job_id: Option<String>,
    /// The file that it is about, and the asset that was to become of it.
    file: Option<String>,
    asset_id: Option<String>,
    /// Whether an earlier try may have been executed, whatever ended the last.
    doubtful: bool,
    code: Option<ErrorCode>,
    /// What the service says of a job that failed, or of a file that it did not take in.
    message: Option<String>,
    problem: String,
    api: Option<heygen_api::Error>,
    io: Option<Arc<io::Error>>,
    transfer: Option<TransportError>,
    status: Option<StatusCode>,
    /// How long a file server asks to be left alone.
    retry_after: Option<Duration>,
}

/// The kinds of [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client cannot be built as asked.
    Configuration,
    /// There was no token for the call: it could not be renewed, or the provider of tokens has none.
    Credentials,
    /// The request is incomplete, or a value did not convert; nothing was sent.
    InvalidRequest,
    /// The request was not sent, or not answered to the end.
    Transport,
    /// The service refused the request.
    Refused,
    /// The service answered with success, and with something that is not what the document promises.
    Decode,
    /// The service says that the job failed.
    Failed,
    /// The job stands still until a person decides something.
    NeedsPerson,
    /// The job took longer than the caller waits. It goes on.
    Deadline,
    /// The file cannot be uploaded.
    Upload,
    /// The file could not be fetched.
    Download,
    /// A file on this machine could not be read or written.
    File,
}

impl Error {
    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The operation that was called.
    pub fn operation(&self) -> Option<&Operation> {
        self.0.api.as_ref()?.operation()
    }

    /// Id of the job that was waited for; it can be waited for again.
    pub fn job_id(&self) -> Option<&str> {
        self.0.job_id.as_deref()
    }

    /// The file of an upload: its path, or else its name.
    pub fn file_name(&self) -> Option<&str> {
        self.0.file.as_deref()
    }

    /// Id of the asset that an upload had come to when it failed. A new upload makes another.
    pub fn asset_id(&self) -> Option<&str> {
        self.0.asset_id.as_deref()
    }

    /// The service's code: of the refusal, or of the job's failure.
    pub fn code(&self) -> Option<ErrorCode> {
        self.0.code.clone().or_else(|| self.0.api.as_ref()?.code().map(ErrorCode::from))
    }

    /// The service's words for the refusal, or for the failure of the job or the file.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref().or_else(|| self.0.api.as_ref()?.message())
    }

    /// The field of the request that the service objects to.
    pub fn param(&self) -> Option<&str> {
        self.0.api.as_ref()?.param()
    }

    /// Status of the service's answer, or of a refused link.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status.or_else(|| self.0.api.as_ref()?.status())
    }

    /// The service's id of the request, to quote to its support.
    pub fn request_id(&self) -> Option<&str> {
        self.0.api.as_ref()?.request_id()
    }

    /// How long the service asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        if self.0.retry_after.is_some() {
            return self.0.retry_after;
        }
        retry_after(self.0.api.as_ref()?.headers(), SystemTime::now())
    }

    /// The idempotency key of the call: with it, [`Options::idempotency_key`](crate::Options::idempotency_key) repeats
    /// the call safely for 24 hours.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.0.api.as_ref()?.idempotency_key()
    }

    /// How often the request was sent.
    pub fn tries(&self) -> Option<u32> {
        self.0.api.as_ref()?.attempts()
    }

    /// The failed call, with all that the service said.
    pub fn call(&self) -> Option<&heygen_api::Error> {
        self.0.api.as_ref()
    }

    /// Whether the same may succeed later, unchanged: the network, the service's load or a race was in the way.
    ///
    /// Before repeating a call that makes something, ask [`may_have_executed`](Self::may_have_executed) too.
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            ErrorKind::Transport | ErrorKind::Deadline => true,
            ErrorKind::Refused => match (self.code(), self.status()) {
                (Some(ErrorCode::RequestInProgress | ErrorCode::ResourceNotReady), _) => true,
                (
                    Some(
                        ErrorCode::QuotaExceeded
                        | ErrorCode::InsufficientCredit
                        | ErrorCode::TrialLimitExceeded
                        | ErrorCode::PlanUpgradeRequired,
                    ),
                    _,
                ) => false,
                (_, status) => status.is_some_and(passes),
            },
            ErrorKind::Download | ErrorKind::Upload => match (self.call(), self.0.status) {
                (Some(call), _) => Self::from(call.clone()).is_retryable(),
                (None, Some(status)) => passes(status),
                (None, None) => self.0.transfer.is_some(),
            },
            ErrorKind::Credentials => self.no_credentials().is_some_and(NoCredentials::is_passing),
            _ => false,
        }
    }

    /// Whether the service may have done what was asked. When `false`, calling again is safe; when `true`, it may make,
    /// and cost, a second one.
    pub fn may_have_executed(&self) -> bool {
        // Once there is a job, submitting again makes a second one.
        if self.0.job_id.is_some() || self.0.doubtful {
            return true;
        }
        match self.0.kind {
            ErrorKind::Configuration
            | ErrorKind::Credentials
            | ErrorKind::InvalidRequest
            | ErrorKind::Upload
            | ErrorKind::File => false,
            ErrorKind::Transport | ErrorKind::Refused | ErrorKind::Decode => {
                self.0.api.as_ref().is_some_and(heygen_api::Error::may_have_executed)
            }
            ErrorKind::Failed | ErrorKind::NeedsPerson | ErrorKind::Deadline | ErrorKind::Download => true,
        }
    }

    /// Why there were no credentials, if that was it.
    fn no_credentials(&self) -> Option<&NoCredentials> {
        self.0.api.as_ref()?.source()?.source()?.downcast_ref()
    }

    fn new(kind: ErrorKind, problem: String) -> Self {
        Self(Arc::new(Inner {
            kind,
            job_id: None,
            file: None,
            asset_id: None,
            doubtful: false,
            code: None,
            message: None,
            problem,
            api: None,
            io: None,
            transfer: None,
            status: None,
            retry_after: None,
        }))
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl From<heygen_api::BuildError> for Error {
    fn from(error: heygen_api::BuildError) -> Self {
        Self::new(ErrorKind::InvalidRequest, error.to_string())
    }
}

impl From<heygen_api::Error> for Error {
    fn from(error: heygen_api::Error) -> Self {
        let kind = match error.kind() {
            heygen_api::ErrorKind::Configuration => ErrorKind::Configuration,
            heygen_api::ErrorKind::InvalidRequest => ErrorKind::InvalidRequest,
            heygen_api::ErrorKind::Refused => ErrorKind::Refused,
            heygen_api::ErrorKind::Decode => ErrorKind::Decode,
            _ => ErrorKind::Transport,
        };
        let error = Self::new(kind, error.to_string()).with(|inner| inner.api = Some(error));
        match error.no_credentials() {
            Some(_) => error.with(|inner| inner.kind = ErrorKind::Credentials),
            None => error,
        }
    }
}

/// Whether a status is one that passes.
fn passes(status: StatusCode) -> bool {
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => true,
        StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED => false,
        status => status.is_server_error(),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(job) = &self.0.job_id {
            write!(f, "job {job}: ")?;
        }
        if let Some(file) = &self.0.file {
            write!(f, "{file}: ")?;
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
        assert!(Error::configuration("c").of_job("j").may_have_executed());
    }

    #[test]
    fn what_no_repetition_mends_is_not_called_retryable() {
        let refused = |status: u16| Error::link_refused("r", StatusCode::from_u16(status).unwrap());
        for (status, retryable) in
            [(403, false), (404, false), (204, false), (501, false), (429, true), (503, true)]
        {
            assert_eq!(refused(status).is_retryable(), retryable, "{status}");
        }
        assert!(!Error::storage_refused(StatusCode::BAD_REQUEST, Some("EntityTooLarge")).is_retryable());
        assert!(Error::transfer("t", TransportError::no_answer("reset")).is_retryable());
    }

    #[test]
    fn the_services_words_are_there_and_print_as_one_line() {
        let error = Error::failed(Some("render_failed".into()), "No\nface".into());
        assert_eq!(error.message(), Some("No\nface"));
        assert_eq!(error.to_string(), "the job failed: render_failed: No face");
    }

    #[test]
    fn an_error_is_small_and_travels() {
        fn travels<T: Clone + Send + Sync + 'static>() {}
        travels::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}

//! Errors.

mod constructors;

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use heygen_api::{ErrorCode, Operation, TransportError, is_retryable_refusal};
use http::StatusCode;

use crate::credentials_error::CredentialsError;
use crate::jobs::handle::JobHandle;
use crate::jobs::question::Question;

/// The error of this crate. It is small, cheap to clone, and keeps everything that the service reported.
///
/// It prints as one line: `create_video: 402 insufficient_credit: Not enough credit (request 7f3a)`. Its causes
/// follow in [`source`](StdError::source), which does not repeat that line.
///
/// | [`kind`](Self::kind) | what to do |
/// |---|---|
/// | [`Configuration`](ErrorKind::Configuration) | set what the message names: a key, a base URL |
/// | [`Credentials`](ErrorKind::Credentials) | log in again, or check the token provider; nothing was executed |
/// | [`InvalidRequest`](ErrorKind::InvalidRequest) | correct the request; nothing was sent |
/// | [`Transport`](ErrorKind::Transport) | check the network; before you repeat the call, check [`may_have_executed`](Self::may_have_executed) |
/// | [`Timeout`](ErrorKind::Timeout) | the same, or set a longer [`CallOptions::timeout`](crate::CallOptions::timeout) |
/// | [`Refused`](ErrorKind::Refused) | read [`code`](Self::code) and [`param`](Self::param); [`is_retryable`](Self::is_retryable) says whether the same request may succeed later |
/// | [`Decode`](ErrorKind::Decode) | the answer does not have the form that HeyGen documents: report it with the [`request_id`](Self::request_id) |
/// | [`Failed`](ErrorKind::Failed) | the job has ended; [`code`](Self::code) and the message say why |
/// | [`Stopped`](ErrorKind::Stopped) | the job was cancelled, stopped or deleted: submit it again if you need it |
/// | [`NeedsPerson`](ErrorKind::NeedsPerson) | read the [`question`](Self::question), answer it, then wait again |
/// | [`Deadline`](ErrorKind::Deadline) | the job goes on: wait again with its [`job`](Self::job); for an upload, read its [`asset_id`](Self::asset_id) |
/// | [`Ledger`](ErrorKind::Ledger) | the message names the entry or the file, and the remedy |
/// | [`Upload`](ErrorKind::Upload), [`Download`](ErrorKind::Download), [`File`](ErrorKind::File) | the message names the file or the link, and the remedy |
///
/// ```no_run
/// use heygen_ext::{ErrorCode, HeyGen, VideoAgent};
///
/// # async fn example(heygen: HeyGen) -> Result<(), heygen_ext::Error> {
/// match heygen.submit(VideoAgent::prompt("Say hello")).await {
///     Ok(job) => println!("{}", job.id()),
///     Err(error) if error.code() == Some(ErrorCode::InsufficientCredit) => {
///         println!("top up: {error}");
///     }
///     Err(error) if error.may_have_executed() => {
///         println!("check what exists before you repeat it: {error}");
///     }
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    job: Option<Arc<JobRecord>>,
    /// The file, and the id of the asset that it was uploaded to.
    file: Option<String>,
    asset_id: Option<String>,
    /// Whether an earlier attempt may have been executed, although the last one was not.
    maybe_executed: bool,
    code: Option<ErrorCode>,
    /// The service's message about a failed job, or about a file that it refused.
    message: Option<String>,
    problem: String,
    api: Option<heygen_api::Error>,
    io: Option<Arc<io::Error>>,
    transfer: Option<TransportError>,
    status: Option<StatusCode>,
    question: Option<Box<Question>>,
    /// How long a file server asks to wait.
    retry_after: Option<Duration>,
}

/// The job that an error is about.
#[derive(Debug, Clone)]
pub(crate) struct JobRecord {
    pub(crate) handle: JobHandle,
    pub(crate) video_id: Option<String>,
    /// The last status, in the service's word.
    pub(crate) status: Option<String>,
    /// The last answer, if the job has ended.
    pub(crate) body: Option<serde_json::Value>,
}

/// The kinds of [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client cannot be built with these options.
    Configuration,
    /// The call has no token: it could not be renewed, or the token provider has none.
    Credentials,
    /// The request is incomplete, or a value could not be converted. Nothing was sent.
    InvalidRequest,
    /// The request was not sent, or the answer is missing or incomplete.
    Transport,
    /// A time limit passed before the answer was complete.
    Timeout,
    /// The service refused the request.
    Refused,
    /// The service answered with success, but the body does not have the form that HeyGen documents.
    Decode,
    /// The service reports that the job failed.
    Failed,
    /// The job was cancelled, stopped or deleted.
    Stopped,
    /// The job waits until a person decides something.
    NeedsPerson,
    /// The deadline of the wait passed. The job goes on.
    Deadline,
    /// The file cannot be uploaded.
    Upload,
    /// The file could not be downloaded.
    Download,
    /// A file on this machine could not be read or written.
    File,
    /// The ledger cannot be used, or has an entry that a person has to settle.
    Ledger,
}

impl Error {
    /// The kind of the error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The operation that was called.
    pub fn operation(&self) -> Option<&Operation> {
        self.0.api.as_ref()?.operation()
    }

    /// The job that the error is about. [`HeyGen::job_of`](crate::HeyGen::job_of) resumes the wait.
    pub fn job(&self) -> Option<&JobHandle> {
        self.0.job.as_ref().map(|job| &job.handle)
    }

    /// Id of the job; see [`job`](Self::job).
    pub fn job_id(&self) -> Option<&str> {
        self.job().map(JobHandle::id)
    }

    /// Id of the video of a Video Agent session, or of a job in a batch, if the service had named it.
    pub fn video_id(&self) -> Option<&str> {
        self.0.job.as_ref()?.video_id.as_deref()
    }

    /// The last status of the job, in the service's word.
    pub fn job_status(&self) -> Option<&str> {
        self.0.job.as_ref()?.status.as_deref()
    }

    /// The last answer about a job that has ended or needs a person.
    pub fn job_body(&self) -> Option<&serde_json::Value> {
        self.0.job.as_ref()?.body.as_ref()
    }

    /// What the job asks a person, if the kind is [`NeedsPerson`](ErrorKind::NeedsPerson).
    pub fn question(&self) -> Option<&Question> {
        self.0.question.as_deref()
    }

    /// Whether the job has ended without a result, or needs a person. Another read would return the same.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Failed | ErrorKind::Stopped | ErrorKind::NeedsPerson)
    }

    /// The file of an upload: its path, or its name if it has no path.
    pub fn file_name(&self) -> Option<&str> {
        self.0.file.as_deref()
    }

    /// Id of the asset of a failed upload, if it was created already. A new upload creates another asset.
    pub fn asset_id(&self) -> Option<&str> {
        self.0.asset_id.as_deref()
    }

    /// The service's error code, for a refused request or a failed job.
    pub fn code(&self) -> Option<ErrorCode> {
        self.0.code.clone().or_else(|| self.0.api.as_ref()?.code())
    }

    /// The service's message, for a refused request, a failed job or a refused file.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref().or_else(|| self.0.api.as_ref()?.message())
    }

    /// The field of the request that the service rejects.
    pub fn param(&self) -> Option<&str> {
        self.0.api.as_ref()?.param()
    }

    /// HTTP status of the service's answer, or of a refused link.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status.or_else(|| self.0.api.as_ref()?.status())
    }

    /// The service's id of the request, for its support.
    pub fn request_id(&self) -> Option<&str> {
        self.0.api.as_ref()?.request_id()
    }

    /// How long the service, or a file server, asks to wait before the next request.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after.or_else(|| self.0.api.as_ref()?.retry_after())
    }

    /// The idempotency key of the call: with it, [`CallOptions::idempotency_key`](crate::CallOptions::idempotency_key) repeats
    /// the call safely for 24 hours.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.0.api.as_ref()?.idempotency_key()
    }

    /// How often the request was sent.
    pub fn attempts(&self) -> Option<u32> {
        self.0.api.as_ref()?.attempts()
    }

    /// The error of the call, with everything that the service reported.
    pub fn api_error(&self) -> Option<&heygen_api::Error> {
        self.0.api.as_ref()
    }

    /// Whether the same call, unchanged, may succeed later: the network failed, the service was overloaded, or another
    /// request was in progress.
    ///
    /// Before you repeat a call that creates something, check [`may_have_executed`](Self::may_have_executed) too.
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            ErrorKind::Transport | ErrorKind::Timeout | ErrorKind::Deadline => true,
            ErrorKind::Refused => self.0.api.as_ref().is_some_and(heygen_api::Error::is_retryable),
            ErrorKind::Download | ErrorKind::Upload => match (self.api_error(), self.0.status) {
                (Some(call), _) => Self::from(call.clone()).is_retryable(),
                (None, Some(status)) => is_retryable_refusal(status, None),
                (None, None) => self.0.transfer.is_some(),
            },
            ErrorKind::Credentials => self.credentials_error().is_some_and(CredentialsError::is_transient),
            _ => false,
        }
    }

    /// Whether a time limit passed: of a call, or of a transfer on which nothing moved. The deadline of a wait is an
    /// [`ErrorKind::Deadline`].
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
            || self.0.api.as_ref().is_some_and(heygen_api::Error::is_timeout)
            || self.0.transfer.as_ref().is_some_and(TransportError::is_timeout)
    }

    /// Whether no connection was made: the host name is unknown, the port is closed, the certificate is not trusted.
    pub fn is_connect(&self) -> bool {
        self.0.api.as_ref().is_some_and(heygen_api::Error::is_connect)
            || self.0.transfer.as_ref().is_some_and(TransportError::is_connect)
    }

    /// The I/O error of a file on this machine.
    ///
    /// ```no_run
    /// # async fn example(heygen: heygen_ext::HeyGen) {
    /// use std::io::ErrorKind;
    /// use heygen_ext::FileSource;
    ///
    /// if let Err(error) = heygen.upload(FileSource::path("photo.png")).await {
    ///     if error.io_error().is_some_and(|io| io.kind() == ErrorKind::NotFound) {
    ///         println!("photo.png is missing");
    ///     }
    /// }
    /// # }
    /// ```
    pub fn io_error(&self) -> Option<&io::Error> {
        self.0.io.as_deref()
    }

    /// Whether the service may have executed the call. If `false`, it is safe to repeat the call; if `true`, repeating it
    /// may create, and cost, a second one.
    ///
    /// A download creates nothing and may always be repeated; its error returns `true`, because the link was used. An upload
    /// whose asset exists returns `false`, because a second asset is free of charge.
    pub fn may_have_executed(&self) -> bool {
        // The job exists: submitting again creates a second one.
        if self.0.job.is_some() || self.0.maybe_executed {
            return true;
        }
        match self.0.kind {
            ErrorKind::Configuration
            | ErrorKind::Credentials
            | ErrorKind::InvalidRequest
            | ErrorKind::Upload
            | ErrorKind::File
            | ErrorKind::Ledger => false,
            ErrorKind::Transport | ErrorKind::Timeout | ErrorKind::Refused | ErrorKind::Decode => {
                self.0.api.as_ref().is_some_and(heygen_api::Error::may_have_executed)
            }
            ErrorKind::Failed
            | ErrorKind::Stopped
            | ErrorKind::NeedsPerson
            | ErrorKind::Deadline
            | ErrorKind::Download => true,
        }
    }

    /// Why credentials were missing, if that was the reason.
    fn credentials_error(&self) -> Option<&CredentialsError> {
        self.0.api.as_ref()?.transport_error()?.get_ref().downcast_ref()
    }

    fn new(kind: ErrorKind, problem: String) -> Self {
        Self(Arc::new(Inner {
            kind,
            job: None,
            question: None,
            file: None,
            asset_id: None,
            maybe_executed: false,
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
            heygen_api::ErrorKind::Timeout => ErrorKind::Timeout,
            _ => ErrorKind::Transport,
        };
        let error = Self::new(kind, error.to_string()).with(|inner| inner.api = Some(error));
        match error.credentials_error() {
            Some(_) => error.with(|inner| inner.kind = ErrorKind::Credentials),
            None => error,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(job) = self.job() {
            write!(f, "{job}: ")?;
        }
        if let Some(file) = &self.0.file {
            write!(f, "{file}: ")?;
        }
        f.write_str(&self.0.problem)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Error");
        shown.field("kind", &self.0.kind).field("what", &self.to_string());
        let causes: Vec<_> = std::iter::successors(self.source(), |&error| error.source()).collect();
        if !causes.is_empty() {
            let causes = causes.iter().map(ToString::to_string).collect::<Vec<_>>();
            shown.field("cause", &causes.join(": "));
        }
        shown.finish_non_exhaustive()
    }
}

impl StdError for Error {
    /// Skips the error of the call, transfer or file operation, because the text includes it.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let api = || self.0.api.as_ref()?.source();
        let transfer = || self.0.transfer.as_ref()?.source();
        let io = || self.0.io.as_ref()?.source();
        api().or_else(transfer).or_else(io)
    }
}

#[cfg(test)]
mod tests;

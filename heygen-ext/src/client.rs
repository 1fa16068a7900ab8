//! The client.

use std::fmt;
use std::sync::{Arc, Mutex};

use heygen_api::{Client, Transport};
use http::HeaderValue;

use crate::builder::HeyGenBuilder;
use crate::call::{MAX_ATTEMPTS, Policies, Shared};
use crate::call_options::CallOptions;
use crate::client_context::ClientContext;
use crate::download::{Download, Link};
use crate::error::Error;
#[cfg(feature = "webhook")]
use crate::hub::Hub;
use crate::jobs::handle::JobHandle;
use crate::jobs::job::{AnyJob, Job};
use crate::jobs::kind::JobKind;
use crate::jobs::many;
use crate::jobs::poller::{Bulks, Poller};
use crate::jobs::recorded::Recorder;
use crate::jobs::resume::{self, Resumed};
use crate::jobs::send;
use crate::jobs::submit::Submit;
use crate::jobs::wait::{Start, WaitContext};
use crate::jobs::wakes::Wakes;
use crate::ledger::Ledger;
#[cfg(feature = "preview")]
use crate::speech::Speech;
#[cfg(feature = "preview")]
use crate::stream::WordStream;
use crate::upload::{FileSource, Upload, UploadAll};

/// A client of the HeyGen API. It is cheap to clone; clones share connections, limits and the retry budget.
///
/// ```
/// let heygen = heygen_ext::HeyGen::builder().api_key("YOUR_API_KEY").build()?;
/// assert_eq!(heygen.api().base_url(), "https://api.heygen.com");
/// # Ok::<_, heygen_ext::Error>(())
/// ```
#[derive(Clone)]
pub struct HeyGen {
    api: Client,
    policies: Policies,
    files: reqwest::Client,
    storage: reqwest::Client,
    bulks: Arc<Mutex<Bulks>>,
    recorder: Option<Recorder>,
    wakes: Arc<Wakes>,
}

impl HeyGen {
    pub(crate) fn new(
        api: &Client,
        shared: Shared,
        options: CallOptions,
        files: reqwest::Client,
        storage: reqwest::Client,
    ) -> Self {
        let policies = Policies { shared: Arc::new(shared), options };
        let bulks = Arc::new(Mutex::new(Bulks::new(policies.shared.runtime.now())));
        Self {
            api: api.with_transport(policies.clone()),
            policies,
            files,
            storage,
            bulks,
            recorder: None,
            wakes: Arc::default(),
        }
    }

    /// Makes a client from the environment; see [`HeyGenBuilder::from_env`].
    ///
    /// # Errors
    ///
    /// Credentials are missing, or the address is invalid.
    pub fn from_env() -> Result<Self, Error> {
        HeyGenBuilder::from_env()?.build()
    }

    /// Returns a builder, to create a client with options.
    pub fn builder() -> HeyGenBuilder {
        HeyGenBuilder::default()
    }

    /// The generated client, with one method for each operation of the API. Its calls have all policies.
    pub fn api(&self) -> &Client {
        &self.api
    }

    /// Returns a client with other options that shares connections, limits and the retry budget with this one. Options that
    /// are not set keep their value.
    pub fn with(&self, options: CallOptions) -> Self {
        let policies = Policies {
            shared: Arc::clone(&self.policies.shared),
            options: options.or(&self.policies.options),
        };
        Self { api: self.api.with_transport(policies.clone()), policies, ..self.clone() }
    }

    /// The same client with other credentials. They share connections and limits, but neither a retry budget nor a ledger.
    #[cfg(feature = "migrate")]
    pub(crate) fn with_credentials(&self, credentials: crate::credentials::Source) -> Result<Self, Error> {
        let shared = &self.policies.shared;
        let shared = Shared {
            http: shared.http.clone(),
            credentials: credentials.ready()?,
            user_agent: shared.user_agent.clone(),
            retry_budget: Default::default(),
            limits: Arc::clone(&shared.limits),
            observers: shared.observers.clone(),
            runtime: Arc::clone(&shared.runtime),
        };
        let options = self.policies.options.clone();
        Ok(Self::new(&self.api, shared, options, self.files.clone(), self.storage.clone()))
    }

    /// Starts a job, or several where one request makes several. It takes every request that starts one, or its builder:
    /// [`jobs`](crate::jobs) has the list.
    ///
    /// ```no_run
    /// use heygen_ext::heygen_api::types::CreateVideoFromAvatar;
    /// use heygen_ext::HeyGen;
    ///
    /// # async fn example(heygen: HeyGen) -> Result<(), heygen_ext::Error> {
    /// let request = CreateVideoFromAvatar::builder()
    ///     .avatar_id("LOOK_ID")
    ///     .script("Hello, and welcome.")
    ///     .voice_id("VOICE_ID");
    /// let job = heygen.submit(request).await?;
    /// println!("{job}");
    /// let video = job.await?;
    /// heygen.download(&video).to_path("hello.mp4").overwrite(true).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The request is incomplete, or the service refused it or did not answer; see [`Error::may_have_executed`].
    pub async fn submit<R: Submit>(&self, request: R) -> Result<R::Started, Error> {
        let submission = request.submission()?;
        send::send(&self.wait_context(), self.recorder.as_ref(), &submission).await
    }

    /// Submits many requests at a pace that the service accepts. Returns an outcome for each, in their order.
    ///
    /// Videos, translations and lipsyncs are sent in batches of up to 100 jobs. The service starts the jobs of a batch one after
    /// the other, and names each only then. Until then a job is identified by its batch and its position: `video:b7f3#4`. If the service
    /// refuses a batch because of one invalid request, each request is sent by itself, so that only that one fails. A request
    /// with a `folder_id` is always sent by itself.
    ///
    /// The service limits the rate of requests long before it limits the number of running jobs. So this starts with four
    /// requests a second, becomes faster while the service accepts them, and slower after a 429. A request that was refused
    /// with 429 costs nothing, and is sent again.
    ///
    /// ```no_run
    /// use heygen_ext::{HeyGen, VideoAgent};
    ///
    /// # async fn example(heygen: HeyGen) {
    /// let prompts = ["Our launch in 30 seconds", "Our team in one minute"];
    /// for outcome in heygen.submit_many(prompts.map(VideoAgent::prompt)).await {
    ///     match outcome {
    ///         Ok(job) => println!("{job}"),
    ///         Err(error) => eprintln!("{error}"),
    ///     }
    /// }
    /// # }
    /// ```
    pub async fn submit_many<R: Submit>(
        &self,
        requests: impl IntoIterator<Item = R>,
    ) -> Vec<Result<R::Started, Error>>
    where
        R::Started: Send,
    {
        let submissions = requests.into_iter().map(|request| request.submission().map_err(Error::from));
        many::submit_many(&self.wait_context(), self.recorder.as_ref(), submissions.collect()).await
    }

    /// Makes a hub, which wakes waits by webhook events; see [`Hub`](crate::Hub).
    #[cfg(feature = "webhook")]
    #[cfg_attr(docsrs, doc(cfg(feature = "webhook")))]
    pub fn hub(&self) -> Hub {
        Hub::new(Arc::clone(&self.wakes), self.wait_context().runtime)
    }

    /// Records every submission and its end in a [ledger](crate::ledger), so that a program that stops in the middle continues
    /// when it runs again.
    pub fn with_ledger(self, ledger: impl Ledger) -> Self {
        Self { recorder: Some(Recorder::new(Arc::new(ledger))), ..self }
    }

    /// Continues all that is open in the ledger: requests that may not have arrived are sent again with the same key, and the
    /// jobs that have not ended are returned, to wait for them.
    ///
    /// ```no_run
    /// use heygen_ext::HeyGen;
    /// use heygen_ext::ledger::JsonLines;
    ///
    /// # async fn example() -> Result<(), heygen_ext::Error> {
    /// let heygen = HeyGen::from_env()?.with_ledger(JsonLines::open("work.jsonl")?);
    /// let open = heygen.resume().await?;
    /// for job in open.jobs {
    ///     println!("{job}: {:?}", job.clone().wait().await);
    /// }
    /// for (entry, error) in open.unsettled {
    ///     eprintln!("{}: {error}", entry.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The client has no ledger, or the ledger cannot be read.
    pub async fn resume(&self) -> Result<Resumed, Error> {
        let Some(recorder) = &self.recorder else {
            return Err(Error::ledger("this client has no ledger: set one with `HeyGen::with_ledger`"));
        };
        resume::resume(&self.wait_context(), recorder).await
    }

    /// Returns the job of this kind with the service's id, to wait for it. It sends no request: an unknown id is an error of the
    /// wait.
    ///
    /// ```
    /// use heygen_ext::jobs::Video;
    ///
    /// # fn example(heygen: heygen_ext::HeyGen) {
    /// let job = heygen.job::<Video>("VIDEO_ID");
    /// assert_eq!(job.to_string(), "video:VIDEO_ID");
    /// # }
    /// ```
    pub fn job<K: JobKind>(&self, id: impl Into<String>) -> Job<K> {
        Job::new(self.wait_context(), Start::of(JobHandle::new(K::facts().0, id)))
    }

    /// Returns the job with this handle, such as one that a program has stored as text. It sends no request. The result of
    /// [`AnyJob`] is JSON; [`AnyJob::downcast`] gives the job its type.
    ///
    /// ```no_run
    /// use heygen_ext::jobs::VideoAgentSession;
    ///
    /// # async fn example(
    /// #     heygen: heygen_ext::HeyGen, stored: &str,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// let job = heygen.job_of(stored.parse()?);
    /// let job = job.downcast::<VideoAgentSession>().ok_or("another kind")?;
    /// let video = job.await?;
    /// heygen.download(&video).to_path("launch.mp4").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn job_of(&self, handle: JobHandle) -> AnyJob {
        AnyJob::new(self.wait_context(), handle)
    }

    fn wait_context(&self) -> WaitContext {
        let runtime = Arc::clone(&self.policies.shared.runtime);
        let poller = Poller::new(self.api.clone(), Arc::clone(&runtime), Arc::clone(&self.bulks));
        WaitContext { api: self.api.clone(), runtime, poller, wakes: Arc::clone(&self.wakes) }
    }

    /// Downloads a file: the main file of a resource, another of its files, or any link.
    ///
    /// [`Link`] lists everything that can be downloaded. An existing file at the path is an error, unless
    /// [`overwrite(true)`](crate::DownloadToPath::overwrite) allows the download to replace it.
    ///
    /// ```no_run
    /// # use heygen_ext::heygen_api::types::VideoDetail;
    /// use heygen_ext::{HeyGen, Link, VideoFile};
    ///
    /// # async fn example(heygen: HeyGen, video: VideoDetail) -> Result<(), heygen_ext::Error> {
    /// heygen.download(&video).to_path("launch.mp4").overwrite(true).await?;
    /// let captioned = VideoFile::Captioned.of(&video);
    /// let path = "launch-captioned.mp4";
    /// heygen.download(captioned).to_path(path).overwrite(true).await?;
    /// let logo = Link::new("https://files.heygen.ai/logo.png");
    /// heygen.download(logo).to_path("logo.png").overwrite(true).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn download(&self, what: impl Into<Link>) -> Download {
        Download::new(self.context(), what.into())
    }

    /// Uploads a file, for use in requests.
    ///
    /// ```no_run
    /// use heygen_ext::{FileSource, HeyGen};
    ///
    /// # async fn example(heygen: HeyGen) -> Result<(), heygen_ext::Error> {
    /// let photo = heygen.upload(FileSource::path("photo.png")).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn upload(&self, file: impl Into<FileSource>) -> Upload {
        Upload::new(self.context(), file.into())
    }

    /// Uploads many files. Returns an outcome for each file.
    ///
    /// ```no_run
    /// use heygen_ext::{FileSource, HeyGen};
    ///
    /// # async fn example(heygen: HeyGen) {
    /// let files = ["a.png", "b.png"].map(FileSource::path);
    /// let outcomes = heygen.upload_all(files).await;
    /// # }
    /// ```
    pub fn upload_all(&self, files: impl IntoIterator<Item = impl Into<FileSource>>) -> UploadAll {
        UploadAll::new(self.context(), files.into_iter().map(Into::into).collect())
    }

    /// Speaks a text with a professional voice, and streams the audio while it is made.
    ///
    /// A stream that breaks, ends before the service has marked its end, or is silent for 90 seconds, ends with an error. It
    /// does not resume, because the service would create and charge the speech a second time. A deadline of
    /// [`CallOptions`](crate::CallOptions) covers the time until the stream begins.
    ///
    /// ```no_run
    /// use futures_util::TryStreamExt;
    /// use heygen_ext::heygen_api::types::StreamModelSpeechRequest;
    /// use heygen_ext::{HeyGen, SpeechChunk};
    ///
    /// # async fn example(heygen: HeyGen) -> Result<(), heygen_ext::Error> {
    /// let request = StreamModelSpeechRequest::builder()
    ///     .voice_id("VOICE_ID")
    ///     .language("en")
    ///     .text("Hello");
    /// let mut speech = heygen.speak(request).await?;
    /// while let Some(part) = speech.try_next().await? {
    ///     if let SpeechChunk::Audio(wav) = part {
    ///         println!("{} bytes", wav.len());
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// To one WAV file: `heygen.speak(request).to_path("hello.wav").await?`.
    #[cfg(feature = "preview")]
    #[cfg_attr(docsrs, doc(cfg(feature = "preview")))]
    pub fn speak(
        &self,
        request: impl heygen_api::IntoValue<heygen_api::types::StreamModelSpeechRequest>,
    ) -> Speech {
        Speech::new(&self.context(), request)
    }

    /// Streams the words of a realtime avatar while they are spoken, from the first word on.
    ///
    /// A stream that breaks resumes where it was, because the service sends its whole history to each new reader. After three
    /// reconnections without a new word it ends with an error.
    ///
    /// ```no_run
    /// use futures_util::TryStreamExt;
    ///
    /// # async fn example(heygen: heygen_ext::HeyGen) -> Result<(), heygen_ext::Error> {
    /// let mut words = heygen.realtime_words("stream id");
    /// while let Some(word) = words.try_next().await? {
    ///     println!("{:.2} s: {}", word.start, word.word);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "preview")]
    #[cfg_attr(docsrs, doc(cfg(feature = "preview")))]
    pub fn realtime_words(&self, stream_id: impl Into<String>) -> WordStream {
        WordStream::new(&self.context(), stream_id.into())
    }

    /// The HTTP clients and options for other modules.
    pub(crate) fn context(&self) -> ClientContext {
        ClientContext {
            api: self.api.clone(),
            files: self.files.clone(),
            storage: self.storage.clone(),
            runtime: Arc::clone(&self.policies.shared.runtime),
            max_attempts: self.policies.options.max_attempts.unwrap_or(MAX_ATTEMPTS),
            idempotency_key: self.policies.options.idempotency_key.clone(),
        }
    }

    #[cfg(test)]
    pub(crate) fn shared(&self) -> &Shared {
        &self.policies.shared
    }
}

impl fmt::Debug for HeyGen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeyGen").field("base_url", &self.api.base_url()).finish_non_exhaustive()
    }
}

/// The product in the `User-Agent` of requests.
pub(crate) const PRODUCT: &str = concat!("heygen-ext/", env!("CARGO_PKG_VERSION"));

/// Returns the `User-Agent`: the product, and the suffix of the program.
pub(crate) fn user_agent(suffix: Option<&str>) -> Result<HeaderValue, Error> {
    let text = suffix.map_or_else(|| PRODUCT.to_owned(), |suffix| format!("{PRODUCT} {suffix}"));
    HeaderValue::from_str(&text).map_err(|_| {
        let suffix = suffix.unwrap_or_default().escape_debug();
        Error::configuration(format!("invalid suffix `{suffix}` of the User-Agent: use visible ASCII"))
    })
}

/// A placeholder while the generated client checks the base URL.
pub(crate) struct NullTransport;

impl Transport for NullTransport {
    fn send<'a>(
        &'a self,
        _: heygen_api::Request,
        _: &'a heygen_api::Operation,
    ) -> heygen_api::BoxFuture<'a, Result<heygen_api::RawResponse, heygen_api::TransportError>> {
        Box::pin(async { Err(heygen_api::TransportError::not_sent("the client is not built yet")) })
    }
}

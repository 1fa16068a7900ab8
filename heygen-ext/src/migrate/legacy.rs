//! The client of legacy calls.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::cache::Cache;
use super::cost::Cost;
use super::input_path::InputPath;
use super::look_up::LookUps;
use super::loss::{Loss, Policy, Problem, Refusal};
use super::memory::Memory;
use super::migrate_error::MigrateError;
use super::options::MigrateOptions;
use super::plan::Plan;
use super::request::LegacyRequest;
use super::runner::Runner;
use super::tolerant;
use crate::client::HeyGen;

/// Legacy calls, carried out by v3. [`HeyGen::legacy`] returns it.
///
/// It has a method for each endpoint of v1 and v2, with the types of [`types`](super::types), and [`run`](Self::run) for raw
/// requests. The methods of endpoints that v3 has nothing like return [`NoCounterpart`](super::NoCounterpart).
///
/// Make one, and clone it: clones share the cache of look-ups and lists, and the `callback_id` of the videos that they created.
///
/// ```no_run
/// use heygen_ext::HeyGen;
/// use heygen_ext::jobs::Video;
/// use heygen_ext::migrate::types::{Character, GenerateVideo, Scene, Voice};
///
/// # async fn example(heygen: HeyGen) -> Result<(), Box<dyn std::error::Error>> {
/// let legacy = heygen.legacy();
/// let scene = Scene {
///     character: Some(Character::avatar("AVATAR_ID")),
///     voice: Some(Voice::text("VOICE_ID", "Hello from a program of 2024.")),
///     ..Scene::default()
/// };
/// let request = GenerateVideo {
///     video_inputs: vec![scene],
///     ..GenerateVideo::default()
/// };
/// let video = legacy.generate_video(&request).await?;
/// let id = video.video_id.as_deref().ok_or("the video has no id")?;
/// let status = legacy.video_status(id).await?;
/// println!("{:?}", status.status);
/// // Instead of a loop of your own, let a job of v3 wait for the video.
/// let finished = heygen.job::<Video>(id).wait().await?;
/// println!("{:?}", finished.video_url);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Legacy {
    heygen: HeyGen,
    options: MigrateOptions,
    cache: Arc<Cache>,
    memory: Arc<Memory>,
}

impl HeyGen {
    /// Returns the client of legacy calls, for programs that were written for v1 or v2.
    pub fn legacy(&self) -> Legacy {
        Legacy {
            heygen: self.clone(),
            options: MigrateOptions::new(),
            cache: Arc::default(),
            memory: Arc::default(),
        }
    }
}

/// The answer of a legacy call, with what was lost on the way.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Migrated<T> {
    /// The answer.
    pub value: T,
    /// The values of the request that were not carried.
    pub losses: Vec<Loss>,
    /// How the cost changes.
    pub costs: Vec<Cost>,
}

impl<T> std::ops::Deref for Migrated<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl Legacy {
    /// Sets the options, such as the policy.
    pub fn with_options(mut self, options: MigrateOptions) -> Self {
        self.options = options;
        self
    }

    /// The options.
    pub fn options(&self) -> &MigrateOptions {
        &self.options
    }

    /// The same client for another account. Nothing that was looked up is shared.
    pub(crate) fn for_account(&self, heygen: HeyGen) -> Self {
        heygen.legacy().with_options(self.options.clone())
    }

    pub(crate) fn heygen(&self) -> &HeyGen {
        &self.heygen
    }

    /// Makes the plan of a request, and reads what the plan has to know. Only reads are sent.
    ///
    /// # Errors
    ///
    /// As for [`LegacyRequest::plan`]; or a look-up failed.
    pub async fn plan(&self, request: &LegacyRequest) -> Result<Plan, MigrateError> {
        let mut answers = LookUps::new();
        match request.plan(&answers, &self.options) {
            // Most requests need no look-up.
            Ok(plan) if plan.unanswered().next().is_none() => return Ok(plan),
            Ok(_) | Err(MigrateError::Refused(_)) => {}
            Err(error) => return Err(error),
        }
        // A loss may depend on an answer, so all are accepted until the answers are there.
        let lenient = self.options.clone().policy(Policy::Lenient);
        let runner = self.runner(&self.options, None, None);
        loop {
            let plan = request.plan(&answers, &lenient)?;
            let unanswered: Vec<_> = plan.unanswered().cloned().collect();
            if unanswered.is_empty() {
                return request.plan(&answers, &self.options);
            }
            for look_up in unanswered {
                answers = match runner.look_up(&look_up).await? {
                    Some(data) => answers.with(look_up, data),
                    None => answers.with_absent(look_up),
                };
            }
        }
    }

    /// Carries out a raw legacy request, and returns the whole legacy answer.
    ///
    /// # Errors
    ///
    /// The request was refused before anything was sent, or a call of v3 failed.
    pub async fn run(&self, request: &LegacyRequest) -> Result<Migrated<Value>, MigrateError> {
        self.run_with_key(request, None).await
    }

    /// Like [`run`](Self::run), with an idempotency key: for 24 hours, a second run with the same key makes nothing new. If the
    /// plan has several requests, each gets a key that is derived from this one.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn run_with_key(
        &self,
        request: &LegacyRequest,
        key: Option<&str>,
    ) -> Result<Migrated<Value>, MigrateError> {
        let plan = self.plan(request).await?;
        self.run_plan(&plan, key).await
    }

    /// Carries out a plan as it is, with the options that it was made with, and with an idempotency key if there is one. A
    /// program that has looked at the plan, at its costs for example, sends what it has seen.
    ///
    /// ```no_run
    /// # async fn example(heygen: heygen_ext::HeyGen) -> Result<(), Box<dyn std::error::Error>> {
    /// use heygen_ext::http::Method;
    /// use heygen_ext::migrate::LegacyRequest;
    ///
    /// let request = LegacyRequest::new(&Method::GET, "/v2/avatars")?;
    /// let legacy = heygen.legacy();
    /// let plan = legacy.plan(&request).await?;
    /// if plan.costs().is_empty() {
    ///     let answer = legacy.run_plan(&plan, None).await?;
    ///     println!("{}", answer.value);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`MigrateError::Refused`]: the plan has look-ups without answers. Or a call of v3 failed.
    pub async fn run_plan(&self, plan: &Plan, key: Option<&str>) -> Result<Migrated<Value>, MigrateError> {
        if let Some(look_up) = plan.unanswered().next() {
            let message = format!(
                "the plan was made without the answer to `{look_up}`; make it with `Legacy::plan`, or with the answer"
            );
            let problem = Problem { path: InputPath::body(), message, code: "invalid_parameter" };
            return Err(MigrateError::Refused(Refusal { problems: vec![problem], losses: Vec::new() }));
        }
        let bodies = self.runner(plan.options(), plan.file(), key).run(plan.requests()).await?;
        let remembered = self.memory.recall(plan.values());
        let now = self.heygen.context().runtime.system_time();
        let value = plan.answer_with(&bodies, now, remembered.as_ref())?;
        if *plan.endpoint().method() == Method::POST {
            self.memory.remember(plan.requests(), &value);
        }
        Ok(Migrated { value, losses: plan.losses_after(&bodies), costs: plan.costs().to_vec() })
    }

    fn runner<'a>(
        &'a self,
        options: &'a MigrateOptions,
        file: Option<(&'a Bytes, Option<&'a str>)>,
        key: Option<&'a str>,
    ) -> Runner<'a> {
        Runner { heygen: &self.heygen, cache: &self.cache, options, key, file }
    }

    /// Carries out a request of this crate's types, and reads the member `data` of the answer.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        target: &str,
        body: Option<&(impl Serialize + Sync)>,
    ) -> Result<Migrated<T>, MigrateError> {
        let mut request = LegacyRequest::new(&method, target)?;
        if let Some(body) = body {
            // The types of this crate serialize without error.
            request = request.json(serde_json::to_value(body).unwrap_or_default());
        }
        self.read(&request).await
    }

    /// Carries out a request, and reads the member `data` of the answer.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        request: &LegacyRequest,
    ) -> Result<Migrated<T>, MigrateError> {
        let Migrated { value, losses, costs } = self.run(request).await?;
        let data = value.get("data").cloned().unwrap_or_default();
        let value =
            tolerant::from_value(&data).map_err(|problem| MigrateError::unreadable(request, &problem))?;
        Ok(Migrated { value, losses, costs })
    }
}

impl fmt::Debug for Legacy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Legacy").field("options", &self.options).finish_non_exhaustive()
    }
}

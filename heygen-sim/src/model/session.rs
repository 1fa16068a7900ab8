//! A Video Agent session. Its status follows from its turns and the clock.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::bounded_json;
use crate::marker::Marker;
use crate::retention;

/// How long the agent thinks in a turn, in seconds.
pub(crate) const THINKING_TIME: u64 = 120;

/// Maximum number of messages in a response.
const MAX_MESSAGES: usize = 40;

/// Maximum number of turns, and of user messages, that a session stores.
const MAX_TURNS: usize = 1_000;

/// A session.
pub(crate) struct Session {
    pub(crate) id: String,
    /// Whether it is in chat mode; otherwise in generate mode.
    pub(crate) chat: bool,
    /// Creation time, in milliseconds since 1970.
    pub(crate) created: u64,
    pub(crate) title: String,
    /// The retained part of the request's body.
    pub(crate) body: Value,
    /// The markers since the last video. They apply until the next video.
    pub(crate) marker: Marker,
    turns: VecDeque<Turn>,
    /// Number of the oldest turns that were removed. It is added to an index to get the number of a turn.
    removed_turns: usize,
    /// The user's messages: time, number of the turn that follows, and text.
    user_messages: VecDeque<(u64, usize, String)>,
    /// When the session stops on request, in milliseconds since 1970.
    stops: Option<u64>,
}

/// The properties of a session that the next turn depends on.
pub(crate) struct Context {
    /// Whether the session is in chat mode.
    pub(crate) chat: bool,
    /// Title of the session.
    pub(crate) title: String,
}

/// One turn of a session: the agent thinks, and then its outcome follows.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    /// When the agent stops thinking, in milliseconds since 1970.
    pub(crate) thinks_until: u64,
    pub(crate) outcome: Outcome,
    /// Whether the event of its end was sent.
    event_sent: bool,
}

/// What follows after the agent has stopped thinking.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// A question that a person must answer.
    Question,
    /// A storyboard that a person must approve.
    Review,
    /// A video.
    Video {
        /// Id of the video.
        id: String,
        /// When the video is completed, in milliseconds since 1970.
        ends: u64,
    },
    /// The session fails.
    Failure {
        /// Code of the failure.
        code: String,
        /// Id of the video that was named when the session was created, and fails with it.
        video: Option<String>,
    },
    /// The session does not end.
    Hang {
        /// Id of the video that was named when the session was created.
        video: Option<String>,
    },
    /// The session was stopped while the agent was thinking.
    Stopped,
}

/// A resource of a session.
pub(crate) enum SessionResource<'a> {
    /// Id of a storyboard.
    Storyboard(String),
    /// Id of a video.
    Video(&'a str),
}

impl Turn {
    /// A turn in which the agent thinks until a time, with this outcome.
    pub(crate) fn new(thinks_until: u64, outcome: Outcome) -> Self {
        Self { thinks_until, outcome, event_sent: false }
    }

    /// Whether the outcome is that the session waits for a person.
    pub(crate) fn waits_for_person(&self) -> bool {
        matches!(self.outcome, Outcome::Question | Outcome::Review)
    }

    /// When the turn ends, in milliseconds since 1970; `None` if it waits for a person or does not end.
    pub(crate) fn ends(&self) -> Option<u64> {
        match &self.outcome {
            Outcome::Video { ends, .. } => Some(*ends),
            Outcome::Failure { .. } => Some(self.thinks_until),
            Outcome::Question | Outcome::Review | Outcome::Hang { .. } | Outcome::Stopped => None,
        }
    }

    /// Id of the turn's video at a time, once it has one.
    fn video(&self, now: u64) -> Option<&str> {
        match &self.outcome {
            Outcome::Video { id, .. } => Some(id.as_str()).filter(|_| now >= self.thinks_until),
            Outcome::Failure { video, .. } | Outcome::Hang { video } => video.as_deref(),
            Outcome::Question | Outcome::Review | Outcome::Stopped => None,
        }
    }

    /// Id of the turn's video, even if it has not started.
    pub(crate) fn any_video(&self) -> Option<&str> {
        self.video(u64::MAX)
    }
}

impl Session {
    /// A session without turns.
    pub(crate) fn new(
        id: String,
        created: u64,
        title: String,
        prompt: &str,
        body: &Value,
        marker: Marker,
    ) -> Self {
        Self {
            id,
            chat: body.get("mode").and_then(Value::as_str) == Some("chat"),
            created,
            title,
            body: retention::retained(body),
            marker,
            turns: VecDeque::new(),
            removed_turns: 0,
            user_messages: VecDeque::from([(created, 0, prompt.to_owned())]),
            stops: None,
        }
    }

    /// The properties that the next turn depends on.
    pub(crate) fn context(&self) -> Context {
        Context { chat: self.chat, title: self.title.clone() }
    }

    /// Adds a message of the user. Call it before [`add_turn`](Self::add_turn).
    pub(crate) fn add_user_message(&mut self, now: u64, text: &str) {
        self.user_messages.push_back((now, self.removed_turns + self.turns.len(), text.to_owned()));
        if self.user_messages.len() > MAX_TURNS {
            self.user_messages.pop_front();
        }
    }

    /// The memory of the session, in bytes.
    pub(crate) fn memory(&self) -> usize {
        let messages: usize = self.user_messages.iter().map(|(.., text)| text.len() + 64).sum();
        bounded_json::memory(&self.body) + messages + 200 * self.turns.len()
    }

    /// Adds a turn.
    pub(crate) fn add_turn(&mut self, turn: Turn) {
        self.stops = None;
        if !turn.waits_for_person() {
            self.marker = Marker::default();
        }
        self.turns.push_back(turn);
        if self.turns.len() > MAX_TURNS {
            self.turns.pop_front();
            self.removed_turns += 1;
        }
    }

    /// Stops the session at a time, and ends the current turn then. Returns the id of the turn's video if it has one, and
    /// whether the video has started by that time.
    pub(crate) fn stop(&mut self, at: u64) -> Option<(String, bool)> {
        self.stops = Some(at);
        let turn = self.turns.back_mut()?;
        let begun = turn.thinks_until <= at;
        // The video that was named at the creation ends with what there is of it.
        let named = turn.video(0).map(str::to_owned);
        if let Some(id) = named.filter(|_| !matches!(turn.outcome, Outcome::Video { .. })) {
            *turn = Turn::new(at, Outcome::Video { id: id.clone(), ends: at });
            return Some((id, true));
        }
        match &mut turn.outcome {
            Outcome::Video { id, ends } if begun => {
                *ends = at.min(*ends);
                Some((id.clone(), true))
            }
            Outcome::Question | Outcome::Review if begun => None,
            _ => match std::mem::replace(turn, Turn::new(at, Outcome::Stopped)).outcome {
                Outcome::Video { id, .. } => Some((id, false)),
                _ => None,
            },
        }
    }

    /// The outcome of the turn that ends at a time, if its event is still to be sent.
    pub(crate) fn take_outcome(&mut self, at: u64) -> Option<Outcome> {
        let turn = self.turns.back_mut().filter(|turn| !turn.event_sent && turn.ends() == Some(at))?;
        if self.stops.is_some() {
            return None;
        }
        turn.event_sent = true;
        Some(turn.outcome.clone())
    }

    /// Whether the current turn ends in waiting for a person.
    pub(crate) fn will_wait_for_person(&self) -> bool {
        self.turns.back().is_some_and(Turn::waits_for_person)
    }

    /// Whether the session has stopped on request, or is about to.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stops.is_some()
    }

    /// The resources that exist, with their creation times in milliseconds since 1970.
    pub(crate) fn resources(&self, now: u64) -> impl Iterator<Item = (u64, SessionResource<'_>)> {
        let turns = self.turns.iter().enumerate();
        turns.filter(move |(_, turn)| turn.thinks_until <= now).filter_map(move |(number, turn)| match &turn
            .outcome
        {
            Outcome::Review => {
                Some((turn.thinks_until, SessionResource::Storyboard(self.storyboard(number))))
            }
            Outcome::Video { id, ends } if *ends <= now => Some((*ends, SessionResource::Video(id))),
            _ => None,
        })
    }

    /// Code of the failure, once the session has failed.
    pub(crate) fn failure(&self, now: u64) -> Option<&str> {
        match &self.turns.back()?.outcome {
            Outcome::Failure { code, .. } if self.status(now) == "failed" => Some(code),
            _ => None,
        }
    }

    /// The service's status of the session.
    pub(crate) fn status(&self, now: u64) -> &'static str {
        if self.stops.is_some_and(|stops| now >= stops) {
            return "completed";
        }
        match self.turns.back() {
            None => "thinking",
            Some(turn) if now < turn.thinks_until => match turn.video(now) {
                Some(_) => "generating",
                None => "thinking",
            },
            Some(turn) => match &turn.outcome {
                Outcome::Question => "waiting_for_input",
                Outcome::Review => "reviewing",
                Outcome::Video { ends, .. } if now < *ends => "generating",
                Outcome::Video { .. } => "completed",
                Outcome::Failure { .. } => "failed",
                Outcome::Hang { video: Some(_) } => "generating",
                Outcome::Hang { video: None } | Outcome::Stopped => "thinking",
            },
        }
    }

    /// Whether the session has completed or failed.
    pub(crate) fn is_over(&self, now: u64) -> bool {
        matches!(self.status(now), "completed" | "failed")
    }

    /// Whether a turn has a video, even if it has not started.
    pub(crate) fn has_video(&self) -> bool {
        self.turns.iter().any(|turn| turn.any_video().is_some())
    }

    /// Ids of the videos that have started or were named already, newest first.
    pub(crate) fn videos(&self, now: u64) -> impl Iterator<Item = &str> {
        self.turns.iter().rev().filter_map(move |turn| turn.video(now))
    }

    /// The progress, in percent.
    pub(crate) fn progress(&self, now: u64) -> u64 {
        let Some(turn) = self.turns.back() else { return 0 };
        match &turn.outcome {
            _ if self.is_over(now) => 100,
            Outcome::Video { ends, .. } => {
                let began = turn.thinks_until.saturating_sub(THINKING_TIME * 1000).max(self.created);
                (now.saturating_sub(began) * 100 / (ends - began).max(1)).min(99)
            }
            _ => 20,
        }
    }

    /// Id of the storyboard of the turn with this index.
    fn storyboard(&self, index: usize) -> String {
        format!("{}-storyboard-{}", self.id, self.removed_turns + index)
    }

    /// The newest messages of the user and the agent, newest first.
    fn messages(&self, now: u64) -> Vec<Value> {
        let mut all = Vec::new();
        // Messages of the same time are ordered by turn; in a turn, the user's message comes first.
        let mut add = |at: u64,
                       order: (usize, u8),
                       (role, kind): (&str, &str),
                       text: &str,
                       resource: Option<String>| {
            let resources = resource.map(|resource| [resource]);
            let message = json!({"role": role, "type": kind, "content": text, "created_at": at / 1000,
                "resource_ids": resources});
            all.push((at, order, message));
        };
        for (at, turn, text) in &self.user_messages {
            add(*at, (*turn, 0), ("user", "text"), text, None);
        }
        for (number, turn) in self.turns.iter().enumerate() {
            let (at, order) = (turn.thinks_until, (self.removed_turns + number, 1));
            match &turn.outcome {
                Outcome::Question => add(at, order, ("model", "text"), "Who is the video for?", None),
                Outcome::Review => {
                    let text = "Here is the storyboard. Shall I go on?";
                    add(at, order, ("model", "resource"), text, Some(self.storyboard(number)));
                }
                Outcome::Video { id, ends } => {
                    add(at, order, ("model", "text"), "I am making your video now.", None);
                    let ready = "Your video is ready.";
                    add(*ends, (order.0, 2), ("model", "resource"), ready, Some(id.clone()));
                }
                Outcome::Failure { code, .. } => {
                    let text = format!("The video could not be made ({code}).");
                    add(at, order, ("model", "error"), &text, None);
                }
                Outcome::Hang { .. } | Outcome::Stopped => {}
            }
        }
        all.retain(|(at, ..)| *at <= now);
        all.sort_by_key(|(at, order, _)| std::cmp::Reverse((*at, *order)));
        all.into_iter().take(MAX_MESSAGES).map(|(.., message)| message).collect()
    }

    /// The session, as its GET shows it.
    pub(crate) fn view(&self, now: u64) -> Value {
        json!({
            "session_id": self.id,
            "status": self.status(now),
            "progress": self.progress(now),
            "title": self.title,
            "video_id": self.videos(now).next(),
            "created_at": self.created / 1000,
            "messages": self.messages(now),
        })
    }
}

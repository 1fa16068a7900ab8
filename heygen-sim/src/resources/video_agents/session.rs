//! A session, and where it stands at a time.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::THINKS;
use crate::kept;

/// Messages that a session shows.
const MESSAGES: usize = 40;

/// Turns, and messages of the caller's, that are remembered.
const KEEP: usize = 1_000;

pub(crate) struct Session {
    pub(super) id: String,
    pub(super) chat: bool,
    pub(super) created: u64,
    pub(super) title: String,
    /// The request that made it.
    pub(super) body: Value,
    turns: VecDeque<Turn>,
    /// Turns that are forgotten: with them the numbers of the others stay what they are.
    forgotten: usize,
    /// What the caller wrote, with its time.
    wrote: VecDeque<(u64, String)>,
    /// When it stops because it was told to.
    stops: Option<u64>,
}

/// What the next turn needs of its session.
pub(super) struct Brief {
    pub(super) chat: bool,
    pub(super) title: String,
    pub(super) caption: Option<Value>,
}

#[derive(Debug, Clone)]
pub(super) struct Turn {
    /// When it is done thinking.
    pub(super) thought: u64,
    pub(super) then: Then,
    /// Whether its end was told.
    pub(super) told: bool,
}

/// What follows the thinking.
#[derive(Debug, Clone)]
pub(super) enum Then {
    /// A question that needs an answer.
    Asks,
    /// A storyboard that needs approval.
    Reviews,
    Generates {
        video: String,
        ends: u64,
    },
    Fails(String),
    /// Nothing ever.
    Hangs,
    /// Nothing any more: it was stopped before it came to anything.
    Stopped,
}

/// A resource of a session.
pub(super) enum Made<'a> {
    Storyboard(String),
    Video(&'a str),
}

impl Turn {
    pub(super) fn new(thought: u64, then: Then) -> Self {
        Self { thought, then, told: false }
    }

    pub(super) fn waits_for_a_person(&self) -> bool {
        matches!(self.then, Then::Asks | Then::Reviews)
    }

    /// When it ends by itself; a person's answer ends the others.
    pub(super) fn ends(&self) -> Option<u64> {
        match &self.then {
            Then::Generates { ends, .. } => Some(*ends),
            Then::Fails(_) => Some(self.thought),
            Then::Asks | Then::Reviews | Then::Hangs | Then::Stopped => None,
        }
    }
}

impl Session {
    pub(super) fn new(id: String, created: u64, title: String, prompt: &str, body: &Value) -> Self {
        Self {
            id,
            chat: body.get("mode").and_then(Value::as_str) == Some("chat"),
            created,
            title,
            body: kept::of(body),
            turns: VecDeque::new(),
            forgotten: 0,
            wrote: VecDeque::from([(created, prompt.to_owned())]),
            stops: None,
        }
    }

    pub(super) fn brief(&self) -> Brief {
        let (title, caption) = (self.title.clone(), self.body.get("caption").cloned());
        Brief { chat: self.chat, title, caption }
    }

    /// Notes what the caller wrote.
    pub(super) fn write(&mut self, now: u64, text: &str) {
        self.wrote.push_back((now, text.to_owned()));
        if self.wrote.len() > KEEP {
            self.wrote.pop_front();
        }
    }

    /// Goes on with another turn.
    pub(super) fn go_on(&mut self, turn: Turn) {
        self.stops = None;
        self.turns.push_back(turn);
        if self.turns.len() > KEEP {
            self.turns.pop_front();
            self.forgotten += 1;
        }
    }

    /// Stops it then, and cuts short what is under way. Gives the video that is, if there is one, and whether it begins.
    pub(super) fn stop(&mut self, then: u64) -> Option<(String, bool)> {
        self.stops = Some(then);
        let turn = self.turns.back_mut()?;
        let begun = turn.thought <= then;
        match &mut turn.then {
            Then::Generates { video, ends } if begun => {
                *ends = then.min(*ends);
                Some((video.clone(), true))
            }
            Then::Asks | Then::Reviews if begun => None,
            _ => match std::mem::replace(turn, Turn::new(then, Then::Stopped)).then {
                Then::Generates { video, .. } => Some((video, false)),
                _ => None,
            },
        }
    }

    /// The turn that ends then, once.
    pub(super) fn take_end(&mut self, then: u64) -> Option<Then> {
        let turn = self.turns.back_mut().filter(|turn| !turn.told && turn.ends() == Some(then))?;
        if self.stops.is_some() {
            return None;
        }
        turn.told = true;
        Some(turn.then.clone())
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stops.is_some()
    }

    /// The resources that there are by now: number of the storyboard, or the video.
    pub(super) fn made(&self, now: u64) -> impl Iterator<Item = (u64, Made<'_>)> {
        let turns = self.turns.iter().enumerate();
        turns.filter(move |(_, turn)| turn.thought <= now).filter_map(move |(number, turn)| {
            match &turn.then {
                Then::Reviews => Some((turn.thought, Made::Storyboard(self.storyboard(number)))),
                Then::Generates { video, ends } if *ends <= now => Some((*ends, Made::Video(video))),
                _ => None,
            }
        })
    }

    pub(super) fn status(&self, now: u64) -> &'static str {
        if self.stops.is_some_and(|stops| now >= stops) {
            return "completed";
        }
        match self.turns.back() {
            None => "thinking",
            Some(turn) if now < turn.thought => "thinking",
            Some(turn) => match &turn.then {
                Then::Asks => "waiting_for_input",
                Then::Reviews => "reviewing",
                Then::Generates { ends, .. } if now < *ends => "generating",
                Then::Generates { .. } => "completed",
                Then::Fails(_) => "failed",
                Then::Hangs | Then::Stopped => "thinking",
            },
        }
    }

    pub(super) fn is_over(&self, now: u64) -> bool {
        matches!(self.status(now), "completed" | "failed")
    }

    /// Ids of the videos that have begun, the newest first.
    pub(super) fn videos(&self, now: u64) -> impl Iterator<Item = &str> {
        self.turns.iter().rev().filter_map(move |turn| match &turn.then {
            Then::Generates { video, .. } if now >= turn.thought => Some(video.as_str()),
            _ => None,
        })
    }

    fn progress(&self, now: u64) -> u64 {
        let Some(turn) = self.turns.back() else { return 0 };
        match &turn.then {
            _ if self.is_over(now) => 100,
            Then::Generates { ends, .. } => {
                let began = turn.thought.saturating_sub(THINKS * 1000).max(self.created);
                (now.saturating_sub(began) * 100 / (ends - began).max(1)).min(99)
            }
            _ => 20,
        }
    }

    fn storyboard(&self, number: usize) -> String {
        format!("{}-storyboard-{}", self.id, self.forgotten + number)
    }

    /// What was said, the newest first.
    fn messages(&self, now: u64) -> Vec<Value> {
        let said = |at: u64, role: &str, kind: &str, text: &str, resources: Vec<String>| {
            let resources = Some(resources).filter(|resources| !resources.is_empty());
            let message = json!({"role": role, "type": kind, "content": text, "created_at": at / 1000,
                "resource_ids": resources});
            (at, message)
        };
        let mut all: Vec<(u64, Value)> =
            self.wrote.iter().map(|(at, text)| said(*at, "user", "text", text, Vec::new())).collect();
        for (number, turn) in self.turns.iter().enumerate() {
            let at = turn.thought;
            match &turn.then {
                Then::Asks => all.push(said(at, "model", "text", "Who is the video for?", Vec::new())),
                Then::Reviews => {
                    let text = "Here is the storyboard. Shall I go on?";
                    all.push(said(at, "model", "resource", text, vec![self.storyboard(number)]));
                }
                Then::Generates { video, ends } => {
                    all.push(said(at, "model", "text", "I am making your video now.", Vec::new()));
                    all.push(said(*ends, "model", "resource", "Your video is ready.", vec![video.clone()]));
                }
                Then::Fails(code) => {
                    let text = format!("The video could not be made ({code}).");
                    all.push(said(at, "model", "error", &text, Vec::new()));
                }
                Then::Hangs | Then::Stopped => {}
            }
        }
        all.retain(|(at, _)| *at <= now);
        all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        all.into_iter().take(MESSAGES).map(|(_, message)| message).collect()
    }

    pub(super) fn view(&self, now: u64) -> Value {
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

//! A session, and where it stands at a time.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::marker::Marker;
use crate::retention;

/// Seconds of each step, and of the video's wait before it is processed.
pub(crate) const THINKS: u64 = 120;

/// Messages that a session shows.
const MESSAGES: usize = 40;

/// How many turns, and messages of the caller, are kept.
const KEEP: usize = 1_000;

pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) chat: bool,
    pub(crate) created: u64,
    pub(crate) title: String,
    /// The request that made it.
    pub(crate) body: Value,
    /// What markers asked for since the last video: it holds until the next one.
    pub(crate) marker: Marker,
    turns: VecDeque<Turn>,
    /// Turns that are forgotten: with them the numbers of the others stay what they are.
    forgotten: usize,
    /// What the caller wrote, with its time and the number of the turn that it led to.
    wrote: VecDeque<(u64, usize, String)>,
    /// When it stops because it was told to.
    stops: Option<u64>,
}

/// What the next turn needs of its session.
pub(crate) struct Brief {
    pub(crate) chat: bool,
    pub(crate) title: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Turn {
    /// When it is done thinking.
    pub(crate) thought: u64,
    pub(crate) then: Then,
    /// Whether its end was told.
    pub(crate) told: bool,
}

/// What follows the thinking.
#[derive(Debug, Clone)]
pub(crate) enum Then {
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
pub(crate) enum Made<'a> {
    Storyboard(String),
    Video(&'a str),
}

impl Turn {
    pub(crate) fn new(thought: u64, then: Then) -> Self {
        Self { thought, then, told: false }
    }

    pub(crate) fn waits_for_a_person(&self) -> bool {
        matches!(self.then, Then::Asks | Then::Reviews)
    }

    /// When it ends by itself; a person's answer ends the others.
    pub(crate) fn ends(&self) -> Option<u64> {
        match &self.then {
            Then::Generates { ends, .. } => Some(*ends),
            Then::Fails(_) => Some(self.thought),
            Then::Asks | Then::Reviews | Then::Hangs | Then::Stopped => None,
        }
    }
}

impl Session {
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
            forgotten: 0,
            wrote: VecDeque::from([(created, 0, prompt.to_owned())]),
            stops: None,
        }
    }

    pub(crate) fn brief(&self) -> Brief {
        Brief { chat: self.chat, title: self.title.clone() }
    }

    /// Notes what the caller wrote, before the turn that it leads to.
    pub(crate) fn write(&mut self, now: u64, text: &str) {
        self.wrote.push_back((now, self.forgotten + self.turns.len(), text.to_owned()));
        if self.wrote.len() > KEEP {
            self.wrote.pop_front();
        }
    }

    /// Goes on with another turn.
    pub(crate) fn go_on(&mut self, turn: Turn) {
        self.stops = None;
        if !turn.waits_for_a_person() {
            self.marker = Marker::default();
        }
        self.turns.push_back(turn);
        if self.turns.len() > KEEP {
            self.turns.pop_front();
            self.forgotten += 1;
        }
    }

    /// Stops it then, and cuts short what is under way. Gives the video that is, if there is one, and whether it begins.
    pub(crate) fn stop(&mut self, then: u64) -> Option<(String, bool)> {
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
    pub(crate) fn take_end(&mut self, then: u64) -> Option<Then> {
        let turn = self.turns.back_mut().filter(|turn| !turn.told && turn.ends() == Some(then))?;
        if self.stops.is_some() {
            return None;
        }
        turn.told = true;
        Some(turn.then.clone())
    }

    /// Whether the turn under way ends in a question to a person.
    pub(crate) fn will_wait(&self) -> bool {
        self.turns.back().is_some_and(Turn::waits_for_a_person)
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stops.is_some()
    }

    /// The resources that there are by now: number of the storyboard, or the video.
    pub(crate) fn made(&self, now: u64) -> impl Iterator<Item = (u64, Made<'_>)> {
        let turns = self.turns.iter().enumerate();
        turns.filter(move |(_, turn)| turn.thought <= now).filter_map(move |(number, turn)| {
            match &turn.then {
                Then::Reviews => Some((turn.thought, Made::Storyboard(self.storyboard(number)))),
                Then::Generates { video, ends } if *ends <= now => Some((*ends, Made::Video(video))),
                _ => None,
            }
        })
    }

    /// Code of its failure, once it has failed.
    pub(crate) fn failure(&self, now: u64) -> Option<&str> {
        match &self.turns.back()?.then {
            Then::Fails(code) if self.status(now) == "failed" => Some(code),
            _ => None,
        }
    }

    pub(crate) fn status(&self, now: u64) -> &'static str {
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

    pub(crate) fn is_over(&self, now: u64) -> bool {
        matches!(self.status(now), "completed" | "failed")
    }

    /// Whether it has a video, or will have one.
    pub(crate) fn has_video(&self) -> bool {
        self.turns.iter().any(|turn| matches!(turn.then, Then::Generates { .. }))
    }

    /// Ids of the videos that have begun, the newest first.
    pub(crate) fn videos(&self, now: u64) -> impl Iterator<Item = &str> {
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

    /// What was said, the newest first; at one time, in the order in which it was said.
    fn messages(&self, now: u64) -> Vec<Value> {
        let mut all = Vec::new();
        // A turn answers what was written before it.
        let mut say = |at: u64,
                       order: (usize, u8),
                       (role, kind): (&str, &str),
                       text: &str,
                       resource: Option<String>| {
            let resources = resource.map(|resource| [resource]);
            let message = json!({"role": role, "type": kind, "content": text, "created_at": at / 1000,
                "resource_ids": resources});
            all.push((at, order, message));
        };
        for (at, turn, text) in &self.wrote {
            say(*at, (*turn, 0), ("user", "text"), text, None);
        }
        for (number, turn) in self.turns.iter().enumerate() {
            let (at, order) = (turn.thought, (self.forgotten + number, 1));
            match &turn.then {
                Then::Asks => say(at, order, ("model", "text"), "Who is the video for?", None),
                Then::Reviews => {
                    let text = "Here is the storyboard. Shall I go on?";
                    say(at, order, ("model", "resource"), text, Some(self.storyboard(number)));
                }
                Then::Generates { video, ends } => {
                    say(at, order, ("model", "text"), "I am making your video now.", None);
                    let ready = "Your video is ready.";
                    say(*ends, (order.0, 2), ("model", "resource"), ready, Some(video.clone()));
                }
                Then::Fails(code) => {
                    let text = format!("The video could not be made ({code}).");
                    say(at, order, ("model", "error"), &text, None);
                }
                Then::Hangs | Then::Stopped => {}
            }
        }
        all.retain(|(at, ..)| *at <= now);
        all.sort_by_key(|(at, order, _)| std::cmp::Reverse((*at, *order)));
        all.into_iter().take(MESSAGES).map(|(.., message)| message).collect()
    }

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

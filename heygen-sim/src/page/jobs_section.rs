//! Jobs, agent sessions and workflow runs, with their progress and their results.

use maud::{Markup, html};

use super::{ROWS, disclosure, table, time};
use crate::links::own_target;
use crate::model::job::{Job, Kind};
use crate::model::run::Run;
use crate::model::session::Session;
use crate::resources::results;
use crate::schedule::Stage;
use crate::state::State;
use crate::world::World;

/// Path below `/__sim/` of the files in which jobs resulted. Unlike a signed link, it does not expire.
pub(crate) const RESULTS: &str = "results/";

/// The path and the query of a signed link to a file, from its path below [`RESULTS`].
pub(crate) fn signed_target(world: &World, file: &str) -> String {
    own_target(&world.env, file)
}

/// A row of the table.
struct Row {
    kind: &'static str,
    id: String,
    title: Option<String>,
    status: &'static str,
    /// The progress, in percent.
    progress: u64,
    /// When it was created, in milliseconds since 1970.
    created: u64,
    /// When it ends or ended, in milliseconds since 1970; `None` if nothing is known about it.
    ends: Option<u64>,
    failure: Option<String>,
    files: Vec<String>,
}

impl Row {
    fn of_job(job: &Job, now: u64) -> Self {
        let failure = job.schedule.failure(now).map(|(code, message)| format!("{code}: {message}"));
        Self {
            kind: job.kind.spec().name,
            id: job.id.clone(),
            title: job.title.clone(),
            status: if job.visible <= now { job.status(now) } else { "queued in a batch" },
            progress: job.progress(now),
            created: job.schedule.created,
            ends: job.schedule.ends(),
            failure,
            files: results::files(job, now),
        }
    }

    fn of_session(session: &Session, now: u64) -> Self {
        Self {
            kind: "video agent session",
            id: session.id.clone(),
            title: Some(session.title.clone()),
            status: session.status(now),
            progress: session.progress(now),
            created: session.created,
            ends: None,
            failure: session.failure(now).map(str::to_owned),
            files: Vec::new(),
        }
    }

    fn of_run(run: &Run, now: u64) -> Self {
        let progress = match run.schedule.stage(run.canceled.unwrap_or(now)) {
            Stage::Waiting => 0,
            Stage::Running(percent) => percent,
            Stage::Done | Stage::Failed => 100,
        };
        Self {
            kind: "workflow run",
            id: run.id.clone(),
            title: None,
            status: run.status(now),
            progress,
            created: run.schedule.created,
            ends: run.canceled.or(run.schedule.ends()),
            failure: run.schedule.failure(now).map(|(code, message)| format!("{code}: {message}")),
            files: Vec::new(),
        }
    }

    /// What differs if the row has to be drawn again.
    fn version(&self) -> String {
        let Self { status, progress, ends, files, .. } = self;
        format!("{status} {progress} {ends:?} {}", files.len())
    }
}

/// The newest rows of all kinds.
fn rows(state: &mut State, now: u64) -> Vec<Row> {
    let mut rows = Vec::new();
    for kind in Kind::OF_JOBS {
        let jobs = state.jobs(kind).before(u64::MAX).map(|(_, job)| job).filter(|job| !job.deleted);
        rows.extend(jobs.take(ROWS).map(|job| Row::of_job(job, now)));
    }
    let sessions = state.sessions.before(u64::MAX).take(ROWS);
    rows.extend(sessions.map(|(_, session)| Row::of_session(session, now)));
    rows.extend(state.runs.before(u64::MAX).take(ROWS).map(|(_, run)| Row::of_run(run, now)));
    rows.sort_by_key(|row| std::cmp::Reverse(row.created));
    rows.truncate(ROWS);
    rows
}

pub(super) fn section(world: &World) -> Markup {
    let rows = {
        let mut state = world.state();
        rows(&mut state, world.env.clock.now())
    };
    let rows = html! { @for row in rows { (view(&row)) } };
    let columns = ["Kind", "Id and title", "State", "Progress", "Created", "Ends", "Results"];
    html! {
        section aria-labelledby="jobs-heading" {
            h2 #jobs-heading { "Jobs" }
            p { "The newest " (ROWS) ". All times are those of the simulator's clock." }
            (table("jobs", &columns, &rows, "No job was created."))
        }
    }
}

fn view(row: &Row) -> Markup {
    let progress = format!("{} %", row.progress);
    html! {
        tr id=(format!("job-{}", row.id)) data-version=(row.version()) {
            td { (row.kind) }
            th scope="row" {
                code { (row.id) }
                @if let Some(title) = &row.title { br; (title) }
            }
            td {
                span.state { (row.status) }
                @if let Some(failure) = &row.failure { br; (failure) }
            }
            td {
                progress max="100" value=(row.progress) aria-label=(format!("progress of {}", row.id)) {}
                " " (progress)
            }
            td { (time(row.created)) }
            td { @match row.ends { Some(ends) => (time(ends)), None => "not known" } }
            td { @for file in &row.files { (result(file)) } }
        }
    }
}

/// A link to a file, and a player if it can be played.
fn result(file: &str) -> Markup {
    let (path, name) = (format!("{RESULTS}{file}"), file.rsplit('/').next().unwrap_or_default());
    let player = match name.rsplit('.').next() {
        Some("mp4" | "webm" | "mov") => html! { video controls preload="none" src=(path) {} },
        Some("mp3" | "wav") => html! { audio controls preload="none" src=(path) {} },
        _ => return html! { a href=(path) { (name) } " " },
    };
    html! { (disclosure(file, &format!("play {name}"), &html! { (player) " " a href=(path) { "open" } })) }
}

//! Searches the presets: sounds, pictures and styles.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::call::Call;
use crate::catalogue::{SearchableEntry, catalogue};
use crate::env::Env;
use crate::links::link;
use crate::resources::paging::{limit, page_of};
use crate::state::State;

/// The presets of a kind that match a query with at least `min_score`, the best first.
fn ranked<'a>(
    presets: &'a [SearchableEntry],
    kind: &str,
    query: &str,
    min_score: f64,
) -> Vec<(f64, &'a SearchableEntry)> {
    let scored =
        presets.iter().filter(|preset| preset.kind == kind).map(|preset| (preset.score(query), preset));
    let mut found: Vec<_> = scored.filter(|(score, _)| *score >= min_score).collect();
    found.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    found
}

fn query<'a>(call: &'a Call, name: &str) -> &'a str {
    call.query.get(name).map(String::as_str).unwrap_or_default()
}

pub(super) fn sounds(env: &Env, _: &State, call: &Call) -> Answer {
    let kind = call.query.get("type").map_or("music", String::as_str);
    let stated = call.route.query_default("min_score").and_then(Value::as_f64).unwrap_or(0.0);
    let min_score = call.query.get("min_score").and_then(|score| score.parse().ok()).unwrap_or(stated);
    let found = ranked(&catalogue().sounds, kind, query(call, "query"), min_score);
    let items = found.into_iter().map(|(score, sound)| {
        json!({
            "id": sound.id,
            "name": sound.name,
            "type": sound.kind,
            "description": sound.description,
            "score": score,
            "duration": 3.0,
            "audio_url": link(env, &format!("{}/speech.mp3", sound.id)),
        })
    });
    page_of(call, items.collect(), limit(call))
}

pub(super) fn pictures(env: &Env, _: &State, call: &Call) -> Answer {
    // All pictures are public.
    let public = call.query.get("scope").is_none_or(|scope| scope == "public");
    let found = ranked(&catalogue().pictures, query(call, "type"), query(call, "query"), 0.2);
    let items = found.into_iter().filter(|_| public).map(|(_, picture)| {
        json!({
            "type": picture.kind,
            "id": picture.id,
            "url": link(env, &format!("{}/thumbnail.png", picture.id)),
            "width": 320,
            "height": 180,
            "orientation": "landscape",
            "is_transparent": picture.kind == "icon",
        })
    });
    page_of(call, items.collect(), limit(call))
}

pub(super) fn styles(env: &Env, _: &State, call: &Call) -> Answer {
    let tag = call.query.get("tag");
    let has = |style: &&serde_json::Map<String, Value>| {
        let tags = style.get("tags").and_then(Value::as_array);
        tag.is_none_or(|tag| tags.is_some_and(|tags| tags.iter().any(|one| one == tag)))
    };
    let items = catalogue().styles.iter().filter(has).map(|style| {
        let id = style.get("style_id").and_then(Value::as_str).unwrap_or_default();
        let mut style = style.clone();
        style.insert("thumbnail_url".into(), json!(link(env, &format!("{id}/thumbnail.png"))));
        style.insert("preview_video_url".into(), json!(link(env, &format!("{id}/video.mp4"))));
        Value::Object(style)
    });
    page_of(call, items.collect(), limit(call))
}

/// Whether a style with this id exists.
pub(super) fn has_style(id: &str) -> bool {
    catalogue().styles.iter().any(|style| style.get("style_id").is_some_and(|style| style == id))
}

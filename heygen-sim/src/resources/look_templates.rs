//! Look templates and Look Packs: new looks for an avatar.

use serde_json::{Value, json};

use crate::answer::{Answer, data};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::env::Env;
use crate::links::link;
use crate::marker::Marker;
use crate::model::avatar::Look;
use crate::prices;
use crate::resources::avatars::usable_look;
use crate::resources::paging::{limit, page_of};
use crate::schedule::Schedule;
use crate::state::State;
use crate::timeline::Due;
use crate::wallet::dollars;

/// A look template or a Look Pack.
struct LookTemplate {
    id: &'static str,
    /// `template` or `look_pack`.
    kind: &'static str,
    name: &'static str,
    gender: Option<&'static str>,
    /// How many looks it makes.
    looks: u64,
}

/// The templates of the simulator.
const TEMPLATES: [LookTemplate; 4] = [
    LookTemplate { id: "look-office", kind: "template", name: "Office", gender: None, looks: 2 },
    LookTemplate { id: "look-suit", kind: "template", name: "Suit", gender: Some("male"), looks: 2 },
    LookTemplate { id: "look-blazer", kind: "template", name: "Blazer", gender: Some("female"), looks: 2 },
    LookTemplate { id: "pack-seasons", kind: "look_pack", name: "Four seasons", gender: None, looks: 4 },
];

/// Duration of the creation of a look, in seconds.
const CREATION_TIME: u64 = 60;

pub(super) fn list(env: &Env, _: &State, call: &Call) -> Answer {
    let filter = |name: &str| call.query.get(name).map(String::as_str);
    let wanted = TEMPLATES.iter().filter(|template| {
        filter("type").is_none_or(|kind| kind == template.kind)
            && filter("gender").is_none_or(|gender| template.gender.is_none_or(|own| own == gender))
    });
    let items = wanted.map(|template| {
        json!({
            "id": template.id,
            "type": template.kind,
            "name": template.name,
            "gender": template.gender,
            "looks_count": template.looks,
            "preview_image_url": link(env, &format!("{}/thumbnail.png", template.id)),
        })
    });
    page_of(call, items.collect(), limit(call))
}

pub(super) fn create_looks(env: &Env, state: &mut State, call: &Call) -> Answer {
    let (kind, id) = (call.text("type").unwrap_or_default(), call.text("template_id").unwrap_or_default());
    let found = TEMPLATES.iter().find(|template| template.id == id && template.kind == kind);
    let missing = || ApiError::not_found("resource_not_found", format!("no {kind} {id}"));
    let template = found.ok_or_else(missing)?;
    let reference = call.text("reference_look_id").unwrap_or_default();
    let look = usable_look(state, "reference_look_id", reference, call.now)?;
    let (group, voice) = (look.group_id.clone(), look.default_voice_id.clone());
    if !state.groups.get(&group).is_some_and(|group| group.owned) {
        return Err(ApiError::forbidden("a look cannot be added to a public group"));
    }
    state
        .wallet
        .charge(dollars(prices::LOOK_OF_TEMPLATE.dollars) * i64::try_from(template.looks).unwrap_or(1))?;
    let portrait = call.text("aspect_ratio") == Some("9:16");
    let mut created: Vec<Value> = Vec::new();
    for number in 1..=template.looks {
        let id = env.id();
        let schedule = Schedule::new(call.now, 0, CREATION_TIME, &Marker::default());
        if let Some(ends) = schedule.ends() {
            state.schedule(ends, Due::Look(id.as_str().into()));
            env.wake.notify_one();
        }
        let look = Look {
            id: id.clone(),
            group_id: group.clone(),
            name: format!("{} {number}", template.name),
            avatar_type: "photo_avatar".to_owned(),
            engines: ["avatar_v", "avatar_iv", "avatar_iii"].map(str::to_owned).to_vec(),
            default_voice_id: voice.clone(),
            orientation: if portrait { "portrait" } else { "landscape" }.to_owned(),
            matting: false,
            tags: Vec::new(),
            size: if portrait { (1080, 1920) } else { (1920, 1080) },
            schedule: Some(schedule),
            charge: dollars(prices::LOOK_OF_TEMPLATE.dollars),
        };
        if let Some(oldest) = state.looks.insert(id.clone(), look) {
            state.unschedule(&oldest);
        }
        created.push(json!({"id": id}));
    }
    data(json!({"group_id": group, "looks": created}))
}

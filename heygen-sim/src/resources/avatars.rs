//! Avatars: groups and their looks.

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, data};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::env::Env;
use crate::links::link;
use crate::marker::Marker;
use crate::model::avatar::{Group, Look};
use crate::prices;
use crate::resources::inputs;
use crate::resources::inputs::trimmed;
use crate::resources::paging::page;
use crate::schedule::{Schedule, Stage};
use crate::state::State;
use crate::timeline::Due;
use crate::wallet::dollars;

/// Price of a look in US dollars.
fn price(is_photo: bool) -> f64 {
    if is_photo { prices::PHOTO_AVATAR.dollars } else { prices::AVATAR.dollars }
}

/// Maximum number of groups in a workspace.
const GROUP_LIMIT: usize = 500;

impl Look {
    pub(crate) fn is_photo(&self) -> bool {
        self.avatar_type == "photo_avatar"
    }

    /// The status of the look. It depends on the consent of its group.
    pub(crate) fn status(&self, group: Option<&Group>, now: u64) -> &'static str {
        let stage = self.schedule.as_ref().map_or(Stage::Done, |schedule| schedule.stage(now));
        match stage {
            Stage::Failed => "failed",
            Stage::Waiting | Stage::Running(_) => "processing",
            Stage::Done
                if self.avatar_type == "digital_twin" && group.is_some_and(|group| !group.has_consent()) =>
            {
                "pending_consent"
            }
            Stage::Done => "completed",
        }
    }

    fn view(&self, env: &Env, group: Option<&Group>, now: u64) -> Value {
        let status = self.status(group, now);
        let ready = matches!(status, "completed" | "pending_consent");
        let error = self.schedule.as_ref().and_then(|schedule| schedule.failure(now));
        json!({
            "id": self.id,
            "group_id": self.group_id,
            "name": self.name,
            "avatar_type": self.avatar_type,
            "status": status,
            "error": error.map(|(code, message)| json!({"code": code, "message": message})),
            "gender": group.and_then(|group| group.gender.clone()),
            "default_voice_id": self.default_voice_id,
            "preferred_orientation": self.orientation,
            "supported_api_engines": if ready { self.engines.clone() } else { Vec::new() },
            "tags": self.tags,
            "image_width": if ready { self.size.0 } else { 0 },
            "image_height": if ready { self.size.1 } else { 0 },
            "preview_image_url": ready.then(|| link(env, &format!("{}/thumbnail.png", self.id))),
            "preview_video_url": (ready && !self.is_photo()).then(|| link(env, &format!("{}/video.mp4", self.id))),
        })
    }
}

impl Group {
    pub(crate) fn has_consent(&self) -> bool {
        self.consent_status.as_deref().is_none_or(|status| status == "approved")
    }

    pub(super) fn view(&self, env: &Env, state: &State, now: u64) -> Value {
        let looks: Vec<&Look> = state.looks.values().filter(|look| look.group_id == self.id).collect();
        let statuses: Vec<&str> = looks.iter().map(|look| look.status(Some(self), now)).collect();
        let status = ["pending_consent", "completed", "processing", "failed"]
            .into_iter()
            .find(|status| statuses.contains(status));
        let error = looks.iter().find_map(|look| look.schedule.as_ref()?.failure(now));
        let preview =
            looks.iter().find(|look| look.schedule.as_ref().is_none_or(|schedule| schedule.is_over(now)));
        json!({
            "id": self.id,
            "name": self.name,
            "gender": self.gender,
            "created_at": self.created / 1000,
            "looks_count": looks.len(),
            "default_voice_id": self.default_voice_id,
            "consent_status": self.consent_status,
            "status": status.filter(|_| self.owned),
            "error": error.filter(|_| status == Some("failed"))
                .map(|(code, message)| json!({"code": code, "message": message})),
            "preview_image_url": preview.map(|look| link(env, &format!("{}/thumbnail.png", look.id))),
            "preview_video_url": null,
        })
    }
}

/// A group by its id.
pub(super) fn group<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Group, ApiError> {
    let group = state.groups.get_mut(id);
    group.ok_or_else(|| ApiError::not_found("avatar_group_not_found", format!("no avatar group {id}")))
}

/// A look that can be used in videos, or an error that says why it cannot.
pub(super) fn usable_look<'a>(
    state: &'a State,
    param: &str,
    id: &str,
    now: u64,
) -> Result<&'a Look, ApiError> {
    let missing = || ApiError::not_found("avatar_not_found", format!("no avatar look {id}")).at(param);
    let look = state.looks.get(id).ok_or_else(missing)?;
    match look.status(state.groups.get(&look.group_id), now) {
        "completed" => Ok(look),
        "pending_consent" => {
            let message = "the person shown has not given consent; see POST /v3/avatars/{group_id}/consent";
            Err(ApiError::new(StatusCode::FORBIDDEN, "avatar_consent_required", message).at(param))
        }
        // The error must not ask to wait, because the look stays failed.
        "failed" => Err(ApiError::invalid(param, "the look has failed")),
        status => {
            Err(ApiError::new(StatusCode::CONFLICT, "resource_not_ready", format!("the look is {status}"))
                .at(param))
        }
    }
}

/// Whether a list contains only owned groups or only presets; `None` for both.
fn owned(call: &Call) -> Option<bool> {
    call.query.get("ownership").map(|ownership| ownership == "private")
}

pub(super) fn list_groups(env: &Env, state: &State, call: &Call) -> Answer {
    page(call, &state.groups, |group| {
        let wanted = owned(call).is_none_or(|owned| owned == group.owned);
        wanted.then(|| group.view(env, state, call.now))
    })
}

pub(super) fn get_group(env: &Env, state: &mut State, call: &Call) -> Answer {
    group(state, call.id("group_id"))?;
    data(state.groups.get(call.id("group_id")).map_or(Value::Null, |group| group.view(env, state, call.now)))
}

pub(super) fn update_group(env: &Env, state: &mut State, call: &Call) -> Answer {
    let group = group(state, call.id("group_id"))?;
    if !group.owned {
        return Err(ApiError::forbidden("public avatars cannot be changed"));
    }
    if let Some(voice) = call.text("default_voice_id").map(str::to_owned) {
        super::voices::usable(state, "default_voice_id", &voice, call.now)?;
        let id = call.id("group_id");
        if let Some(group) = state.groups.get_mut(id) {
            group.default_voice_id = Some(voice.clone());
        }
        for look in state.looks.values_mut().filter(|look| look.group_id == id) {
            look.default_voice_id = Some(voice.clone());
        }
    }
    get_group(env, state, call)
}

pub(super) fn delete_group(_: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("group_id");
    if !group(state, id)?.owned {
        return Err(ApiError::invalid("group_id", "public groups cannot be deleted"));
    }
    let looks: Vec<String> = looks_in(state, id);
    for look in looks {
        state.looks.remove(&look);
        state.unschedule(&look);
        state.deleted.insert(look, ());
    }
    state.groups.remove(id);
    data(json!({"id": id}))
}

/// Ids of the looks in a group.
fn looks_in(state: &State, group: &str) -> Vec<String> {
    let looks = state.looks.values().filter(|look| look.group_id == group);
    looks.map(|look| look.id.clone()).collect()
}

fn look<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Look, ApiError> {
    let look = state.looks.get_mut(id);
    look.ok_or_else(|| ApiError::not_found("avatar_not_found", format!("no avatar look {id}")))
}

/// Refuses to change a look of a public group.
fn check_own(state: &State, id: &str, message: &str) -> Result<(), ApiError> {
    let group = state.looks.get(id).and_then(|look| state.groups.get(&look.group_id));
    match group.is_some_and(|group| !group.owned) {
        true => Err(ApiError::forbidden(message)),
        false => Ok(()),
    }
}

pub(super) fn list_looks(env: &Env, state: &State, call: &Call) -> Answer {
    let filter = |name: &str| call.query.get(name);
    page(call, &state.looks, |look| {
        let group = state.groups.get(&look.group_id);
        let wanted = filter("group_id").is_none_or(|id| *id == look.group_id)
            && filter("avatar_type").is_none_or(|kind| *kind == look.avatar_type)
            && owned(call).is_none_or(|owned| group.is_some_and(|group| group.owned == owned));
        wanted.then(|| look.view(env, group, call.now))
    })
}

pub(super) fn get_look(env: &Env, state: &mut State, call: &Call) -> Answer {
    look(state, call.id("look_id"))?;
    let Some(look) = state.looks.get(call.id("look_id")) else { return data(Value::Null) };
    data(look.view(env, state.groups.get(&look.group_id), call.now))
}

pub(super) fn update_look(env: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("look_id");
    if look(state, id)?.avatar_type == "studio_avatar" {
        return Err(ApiError::invalid("look_id", "only photo avatars and digital twins can be renamed"));
    }
    check_own(state, id, "public avatars cannot be changed")?;
    if let Some(name) = call.text("name") {
        look(state, id)?.name = trimmed("name", name)?;
    }
    get_look(env, state, call)
}

pub(super) fn delete_look(_: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("look_id");
    let look = look(state, id)?;
    if look.avatar_type == "studio_avatar" {
        return Err(ApiError::forbidden("studio avatars cannot be deleted through the API"));
    }
    let group = look.group_id.clone();
    check_own(state, id, "public avatars cannot be deleted")?;
    state.looks.remove(id);
    state.unschedule(id);
    state.deleted.insert(id, ());
    if looks_in(state, &group).is_empty() {
        state.groups.remove(&group);
    }
    data(json!({"id": id}))
}

pub(super) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    let kind = call.text("type").unwrap_or_default();
    inputs::check(state, &call.body, call.now)?;
    if let Some(file) = call.body.pointer("/file/asset_id").and_then(Value::as_str) {
        let wanted = if kind == "digital_twin" { inputs::VIDEO } else { inputs::IMAGE };
        inputs::asset(state, "file.asset_id", file, wanted, call.now)?;
    }
    let mut target_group = call.text("avatar_group_id").map(str::to_owned);
    if let Some(id) = &target_group
        && !group(state, id).map_err(|refusal| refusal.at("avatar_group_id"))?.owned
    {
        return Err(ApiError::forbidden("a look cannot be added to a public group").at("avatar_group_id"));
    }
    if let Some(reference) = call.text("avatar_id") {
        let look = usable_look(state, "avatar_id", reference, call.now);
        // Here, an existing look that cannot be used is an invalid parameter, whatever the reason.
        let look = look.map_err(|refusal| match refusal.status {
            StatusCode::NOT_FOUND => refusal,
            _ => ApiError::invalid("avatar_id", refusal.message),
        })?;
        if target_group.as_ref().is_some_and(|target_group| *target_group != look.group_id) {
            return Err(ApiError::invalid("avatar_id", "the avatar belongs to another group"));
        }
        let owned = state.groups.get(&look.group_id).is_some_and(|group| group.owned);
        target_group = target_group.or_else(|| owned.then(|| look.group_id.clone()));
    }
    if target_group.is_none() && state.groups.values().filter(|group| group.owned).count() >= GROUP_LIMIT {
        let message = format!("a workspace has at most {GROUP_LIMIT} avatar groups");
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "resource_limit_reached", message));
    }
    let marker = Marker::of(&call.body)?;
    let name = trimmed("name", call.text("name").unwrap_or_default())?;
    let charge = dollars(price(kind == "photo"));
    state.wallet.charge(charge)?;
    let twin = kind == "digital_twin";
    let target_group = target_group.unwrap_or_else(|| {
        let id = env.id();
        let group = Group {
            id: id.clone(),
            name: name.clone(),
            gender: None,
            owned: true,
            consent_status: None,
            default_voice_id: None,
            created: call.now,
        };
        state.groups.insert(id.clone(), group);
        id
    });
    if let Some(group) = state.groups.get_mut(&target_group).filter(|_| twin) {
        group.consent_status.get_or_insert("pending".to_owned());
    }
    let runs = match kind {
        "digital_twin" => 300,
        "prompt" => 120,
        _ => 60,
    };
    let schedule = Schedule::new(call.now, 0, runs, &marker);
    let id = env.id();
    if let Some(ends) = schedule.ends() {
        state.schedule(ends, Due::Look(id.as_str().into()));
        env.wake.notify_one();
    }
    let wide = call.text("aspect_ratio") == Some("16:9") || twin;
    let engines = ["avatar_v", "avatar_iv", "avatar_iii"];
    let look = Look {
        id: id.clone(),
        group_id: target_group.clone(),
        name,
        avatar_type: if twin { "digital_twin" } else { "photo_avatar" }.to_owned(),
        engines: engines.map(str::to_owned).to_vec(),
        default_voice_id: state.groups.get(&target_group).and_then(|group| group.default_voice_id.clone()),
        orientation: if wide { "landscape" } else { "portrait" }.to_owned(),
        matting: twin,
        tags: Vec::new(),
        size: if wide { (1920, 1080) } else { (1080, 1920) },
        schedule: Some(schedule),
        charge,
    };
    if let Some(oldest) = state.looks.insert(id.clone(), look) {
        state.unschedule(&oldest);
    }
    let group = state.groups.get(&target_group);
    let look = state.looks.get(&id).map(|look| look.view(env, group, call.now));
    data(json!({"avatar_item": look, "avatar_group": group.map(|group| group.view(env, state, call.now))}))
}

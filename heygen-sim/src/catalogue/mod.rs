//! The presets of a new workspace: avatars, voices, styles, sounds, languages, templates.
//!
//! The data are in `catalogue.json` and `languages.json`. Their ids are the same in every simulator, so programs can use them.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::model::avatar::{Group, Look};
use crate::model::brand_kit::Kit;
use crate::model::template::Template;
use crate::model::voice::Voice;
use crate::state::State;

/// The content of `catalogue.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Catalogue {
    groups: Vec<GroupEntry>,
    voices: Vec<VoiceEntry>,
    pub(crate) styles: Vec<Map<String, Value>>,
    pub(crate) sounds: Vec<SearchableEntry>,
    pub(crate) pictures: Vec<SearchableEntry>,
    #[serde(skip)]
    pub(crate) languages: Vec<Language>,
    templates: Vec<Template>,
    glossaries: Vec<Value>,
    kits: Vec<KitEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupEntry {
    id: String,
    name: String,
    gender: String,
    owned: bool,
    #[serde(default)]
    consent_status: Option<String>,
    default_voice_id: Option<String>,
    looks: Vec<LookEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LookEntry {
    id: String,
    name: String,
    avatar_type: String,
    engines: Vec<String>,
    default_voice_id: Option<String>,
    orientation: String,
    matting: bool,
    tags: Vec<String>,
    width: u64,
    height: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct VoiceEntry {
    id: String,
    name: String,
    language: String,
    gender: String,
    engines: Vec<String>,
    support_pause: bool,
    support_locale: bool,
    owned: bool,
}

/// A preset that is found by its description: a sound or a picture.
#[derive(Debug, Deserialize)]
pub(crate) struct SearchableEntry {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) description: String,
}

impl SearchableEntry {
    /// How well it matches a query: the fraction of the query's words that occur in it, from 0 to 1.
    pub(crate) fn score(&self, query: &str) -> f64 {
        let text = format!("{} {}", self.name, self.description).to_lowercase();
        let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
        let found = words.iter().filter(|word| text.contains(word.as_str())).count();
        found as f64 / words.len().max(1) as f64
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
/// A language of video translations.
pub(crate) struct Language {
    pub(crate) code: String,
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KitEntry {
    id: String,
    name: String,
    shared: bool,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    // A test parses the texts. If they were invalid, the catalogue would be empty, and many tests would fail.
    let catalogue: Catalogue = serde_json::from_str(include_str!("catalogue.json")).unwrap_or_default();
    let languages = serde_json::from_str(include_str!("languages.json")).unwrap_or_default();
    Catalogue { languages, ..catalogue }
});

/// The presets.
pub(crate) fn catalogue() -> &'static Catalogue {
    &CATALOGUE
}

/// Finds a language by its name or its code.
pub(crate) fn language(text: &str) -> Option<&'static Language> {
    catalogue().languages.iter().find(|language| language.name == text || language.code == text)
}

/// When the templates were created, in milliseconds since 1970.
const TEMPLATES_CREATED: u64 = 1_790_000_000_000;

/// Adds the presets to the state, in reverse order, because lists show the newest first.
pub(crate) fn fill(state: &mut State, now: u64) {
    for entry in catalogue().groups.iter().rev() {
        for look in entry.looks.iter().rev() {
            state.looks.insert_permanent(
                look.id.clone(),
                Look {
                    id: look.id.clone(),
                    group_id: entry.id.clone(),
                    name: look.name.clone(),
                    avatar_type: look.avatar_type.clone(),
                    engines: look.engines.clone(),
                    default_voice_id: look.default_voice_id.clone(),
                    orientation: look.orientation.clone(),
                    matting: look.matting,
                    tags: look.tags.clone(),
                    size: (look.width, look.height),
                    schedule: None,
                    charge: 0,
                },
            );
        }
        state.groups.insert_permanent(
            entry.id.clone(),
            Group {
                id: entry.id.clone(),
                name: entry.name.clone(),
                gender: Some(entry.gender.clone()),
                owned: entry.owned,
                consent_status: entry.consent_status.clone(),
                default_voice_id: entry.default_voice_id.clone(),
                created: now,
            },
        );
    }
    for entry in catalogue().voices.iter().rev() {
        state.voices.insert_permanent(
            entry.id.clone(),
            Voice {
                id: entry.id.clone(),
                name: entry.name.clone(),
                language: entry.language.clone(),
                mode: None,
                gender: entry.gender.clone(),
                owned: entry.owned,
                engines: entry.engines.clone(),
                support_pause: entry.support_pause,
                support_locale: entry.support_locale,
                created: now,
                schedule: None,
            },
        );
    }
    for template in catalogue().templates.iter().rev() {
        state.templates.insert_permanent(
            template.id.clone(),
            Template { created: TEMPLATES_CREATED, updated: TEMPLATES_CREATED, ..template.clone() },
        );
    }
    for entry in catalogue().glossaries.iter().rev() {
        let mut glossary = entry.clone();
        let id = entry["id"].as_str().unwrap_or_default().to_owned();
        glossary["brand_glossary_id"] = json!(id);
        glossary.as_object_mut().map(|glossary| glossary.remove("id"));
        for time in ["created_at", "updated_at"] {
            glossary[time] = json!(crate::clock::iso(now));
        }
        state.glossaries.insert_permanent(id, glossary);
    }
    for entry in catalogue().kits.iter().rev() {
        state.kits.insert_permanent(entry.id.clone(), Kit::ready(&entry.id, &entry.name, entry.shared));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_valid_and_its_references_exist() {
        let read: Catalogue = serde_json::from_str(include_str!("catalogue.json")).unwrap();
        let languages: Vec<Language> = serde_json::from_str(include_str!("languages.json")).unwrap();
        assert!(languages.len() >= 175);
        let voice = |id: &Option<String>| {
            id.as_ref().is_none_or(|id| read.voices.iter().any(|voice| voice.id == *id))
        };
        for group in &read.groups {
            // One look has a voice that was deleted, as some looks of the service have.
            let gone = |look: &LookEntry| look.id == "Vera_old_public";
            assert!(voice(&group.default_voice_id), "{}", group.id);
            assert!(
                group.looks.iter().all(|look| voice(&look.default_voice_id) != gone(look)),
                "{}",
                group.id
            );
        }
        for template in &read.templates {
            let named = template.scenes.iter().flat_map(|scene| &scene.variables);
            for variable in named {
                assert!(template.variables.contains_key(variable), "{variable}");
            }
        }
    }
}

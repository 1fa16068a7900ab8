//! The partner nodes of ComfyUI: a video translation into each of their languages, and a video of any look.
//!
//! Sources: comfyanonymous/ComfyUI, `comfy_api_nodes/nodes_heygen.py` and `comfy_api_nodes/apis/heygen.py` (2026). The nodes call
//! HeyGen through a proxy of ComfyUI; these are the requests that arrive behind it.

use std::time::Duration;

use heygen_sim::Sim;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Client, answer, data, text};

/// The languages of the translation node: a language, and the variants that the node offers. An empty variant is the bare name.
#[rustfmt::skip]
const LANGUAGES: &[(&str, &[&str])] = &[
    ("Afrikaans", &["South Africa"]), ("Albanian", &["Albania"]), ("Amharic", &["Ethiopia"]),
    ("Arabic", &["", "Algeria", "Bahrain", "Egypt", "Iraq", "Jordan", "Kuwait", "Lebanon", "Libya", "Morocco", "Oman", "Qatar",
        "Saudi Arabia", "Syria", "Tunisia", "United Arab Emirates", "World", "Yemen"]),
    ("Armenian", &["Armenia"]), ("Azerbaijani", &["Latin, Azerbaijan"]), ("Bangla", &["Bangladesh"]), ("Basque", &[""]),
    ("Belarusian", &["Belarus"]), ("Bengali", &["India"]), ("Bosnian", &["Bosnia and Herzegovina"]),
    ("Bulgarian", &["", "Bulgaria"]), ("Burmese", &["Myanmar"]), ("Catalan", &[""]),
    ("Chinese", &["Mandarin, Simplified", "Cantonese, Traditional", "Jilu Mandarin, Simplified",
        "Northeastern Mandarin, Simplified", "Southwestern Mandarin, Simplified", "Taiwanese Mandarin, Traditional",
        "Wu, Simplified", "Zhongyuan Mandarin Henan, Simplified", "Zhongyuan Mandarin Shaanxi, Simplified"]),
    ("Croatian", &["", "Croatia"]), ("Czech", &["", "Czechia"]), ("Danish", &["", "Denmark"]),
    ("Dutch", &["", "Belgium", "Netherlands"]),
    ("English", &["", "Australia", "Canada", "Hong Kong SAR", "India", "Ireland", "Kenya", "New Zealand", "Nigeria",
        "Philippines", "Singapore", "South Africa", "Tanzania", "UK", "United States"]),
    ("Estonian", &["Estonia"]), ("Filipino", &["", "Cebuano", "Philippines"]), ("Finnish", &["", "Finland"]),
    ("French", &["", "France", "Belgium", "Canada", "Switzerland"]), ("Galician", &[""]), ("Georgian", &["Georgia"]),
    ("German", &["", "Germany", "Austria", "Switzerland"]), ("Greek", &["", "Greece"]), ("Gujarati", &["India"]),
    ("Haitian Creole", &["Haiti"]), ("Hebrew", &["Israel"]), ("Hindi", &["", "India"]), ("Hungarian", &["Hungary"]),
    ("Icelandic", &["Iceland"]), ("Indonesian", &["", "Indonesia"]), ("Irish", &["Ireland"]), ("Italian", &["", "Italy"]),
    ("Japanese", &["", "Japan"]), ("Javanese", &["Latin, Indonesia"]), ("Kannada", &["India"]),
    ("Kazakh", &["Kazakhstan"]), ("Khmer", &["Cambodia"]), ("Konkani", &["India"]), ("Korean", &["", "Korea"]),
    ("Lao", &["Laos"]), ("Latin", &["Vatican City"]), ("Latvian", &["Latvia"]), ("Lithuanian", &["Lithuania"]),
    ("Luxembourgish", &["Luxembourg"]), ("Macedonian", &["North Macedonia"]), ("Maithili", &["India"]),
    ("Malagasy", &["Madagascar"]), ("Malay", &["", "Malaysia"]), ("Malayalam", &["India"]), ("Maltese", &["Malta"]),
    ("Mandarin", &[""]), ("Marathi", &["India"]), ("Mongolian", &["Mongolia"]), ("Nepali", &["Nepal"]),
    ("Norwegian Bokmål", &["Norway"]), ("Norwegian Nynorsk", &["Norway"]), ("Odia", &["India"]),
    ("Pashto", &["Afghanistan"]), ("Persian", &["Iran"]), ("Polish", &["", "Poland"]),
    ("Portuguese", &["", "Brazil", "Portugal"]), ("Punjabi", &["India"]), ("Romanian", &["", "Romania"]),
    ("Russian", &["", "Russia"]), ("Serbian", &["Latin, Serbia"]), ("Sindhi", &["India"]), ("Sinhala", &["Sri Lanka"]),
    ("Slovak", &["", "Slovakia"]), ("Slovenian", &["Slovenia"]), ("Somali", &["Somalia"]),
    ("Spanish", &["", "Spain", "Mexico", "Argentina", "Bolivia", "Chile", "Colombia", "Costa Rica", "Cuba",
        "Dominican Republic", "Ecuador", "El Salvador", "Equatorial Guinea", "Guatemala", "Honduras", "Latin America",
        "Nicaragua", "Panama", "Paraguay", "Peru", "Puerto Rico", "United States", "Uruguay", "Venezuela"]),
    ("Sundanese", &["Indonesia"]), ("Swahili", &["Kenya", "Tanzania"]), ("Swedish", &["", "Sweden"]),
    ("Tamil", &["", "India", "Malaysia", "Singapore", "Sri Lanka"]), ("Telugu", &["India"]), ("Thai", &["Thailand"]),
    ("Turkish", &["", "Türkiye"]), ("Ukrainian", &["", "Ukraine"]), ("Urdu", &["India", "Pakistan"]),
    ("Uzbek", &["Latin, Uzbekistan"]), ("Vietnamese", &["", "Vietnam"]), ("Welsh", &["United Kingdom"]),
    ("Zulu", &["South Africa"]),
];

/// The names as the node sends them.
fn languages() -> Vec<String> {
    let name = |language: &str, variant: &str| match variant {
        "" => language.to_owned(),
        variant => format!("{language} ({variant})"),
    };
    LANGUAGES
        .iter()
        .flat_map(|(language, variants)| variants.iter().map(move |variant| name(language, variant)))
        .collect()
}

async fn nodes() -> Client {
    let builder = Sim::builder().concurrency(usize::MAX);
    Client::start(builder, "x-api-key", &[("accept", "*/*"), ("user-agent", "Python/3.12 aiohttp/3.11.8")])
        .await
}

/// Reads a job every five seconds until its end.
async fn wait_for(client: &Client, path: &str) -> Value {
    loop {
        let job = client.get(path).await;
        match text(&job["status"]) {
            "completed" => return job,
            "failed" | "error" | "cancelled" | "canceled" => panic!("{job}"),
            _ => client.wait(Duration::from_secs(5)),
        }
    }
}

fn translation(language: &str) -> Value {
    json!({"video": {"type": "url", "url": "https://example.com/talk.mp4"}, "output_languages": [language], "mode": "speed",
        "translate_audio_only": false, "title": "ComfyUI Video Translate", "speaker_num": 2})
}

#[tokio::test]
async fn every_language_of_the_node_is_translated_into() {
    let client = nodes().await;
    let languages = languages();
    assert_eq!(languages.len(), 190);
    let mut paths = Vec::new();
    for language in &languages {
        let created = client.post("/v3/video-translations", &translation(language)).await;
        assert!((200..300).contains(&created.status), "{language}: {}", created.body);
        let id = text(&created.body["data"]["video_translation_ids"][0]).to_owned();
        paths.push(format!("/v3/video-translations/{id}"));
    }
    let done = wait_for(&client, &paths[0]).await;
    client.download(&done["video_url"]).await;
    for path in &paths {
        text(&wait_for(&client, path).await["video_url"]);
    }
    // A batch takes the same names.
    let batch = |name: &String| json!({"video": {"type": "url", "url": "https://example.com/talk.mp4"}, "output_languages": [name]});
    for names in languages.chunks(100) {
        let body = json!({"video_translations": names.iter().map(batch).collect::<Vec<_>>()});
        data(client.post("/v3/video-translations/batches", &body).await);
    }
}

/// A look that is not in the node's own list is read first, and the best engine of those that it supports is sent.
#[tokio::test]
async fn a_video_of_any_look_is_made_with_an_engine_that_it_supports() {
    let client = nodes().await;
    for (look, engine) in [
        ("Anna_standing_public", Some("avatar_iv")),
        ("Marcus_office_public", Some("avatar_iii")),
        // A look without engines is sent without one. The node shows the refusal.
        ("Vera_legacy_public", None),
    ] {
        let found = client.get(&format!("/v3/avatars/looks/{look}")).await;
        let supported = found["supported_api_engines"].as_array().unwrap();
        let best =
            ["avatar_iv", "avatar_iii", "avatar_v"].into_iter().find(|one| supported.contains(&json!(one)));
        assert_eq!(best, engine, "{look}");
        let mut body = json!({"type": "avatar", "avatar_id": look, "resolution": "1080p", "aspect_ratio": "auto",
            "title": "ComfyUI Avatar Video", "script": "Hello", "voice_settings": {"speed": 1.25}});
        if let Some(engine) = best {
            body["engine"] = json!({"type": engine});
        }
        let request = client.request(Method::POST, "/v3/videos").header("content-type", "application/json");
        let request = request.header("idempotency-key", format!("{look:0>32}"));
        let created = answer(request.body(body.to_string())).await;
        if best.is_none() {
            assert_eq!(
                (created.status, &created.body["error"]["code"]),
                (400, &json!("invalid_parameter")),
                "{look}"
            );
            continue;
        }
        let video = wait_for(&client, &format!("/v3/videos/{}", text(&data(created)["video_id"]))).await;
        client.download(&video["video_url"]).await;
    }
}

/// The node that makes an avatar takes a missing status for `completed`, and shows the preview.
#[tokio::test]
async fn an_avatar_is_made_from_a_prompt() {
    let client = nodes().await;
    let body = json!({"name": "ComfyUI Avatar", "type": "prompt", "prompt": "A friendly robot",
        "reference_images": [{"type": "url", "url": "https://example.com/robot.png"}]});
    let created = data(client.post("/v3/avatars", &body).await);
    let path = format!("/v3/avatars/looks/{}", text(&created["avatar_item"]["id"]));
    let look = wait_for(&client, &path).await;
    assert!(client.download(&look["preview_image_url"]).await.starts_with("image/"));
}

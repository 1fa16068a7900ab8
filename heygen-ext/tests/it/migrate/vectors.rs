//! Legacy requests and answers, forward and back, with both policies. Each family has a file of vectors and a snapshot.

use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use heygen_ext::http::Method;
use heygen_ext::migrate::{LegacyRequest, LookUp, LookUps, MigrateError, MigrateOptions, Plan, Policy};
use serde_json::Value;

use super::document::check_bodies;

/// A look-up in a vector: `look A`, `looks of G`, `template T`, `account`.
fn look_up(text: &str) -> LookUp {
    match text.rsplit_once(' ') {
        Some(("look", id)) => LookUp::Look(id.to_owned()),
        Some(("looks of", id)) => LookUp::LooksOfGroup(id.to_owned()),
        Some(("template", id)) => LookUp::Template(id.to_owned()),
        _ => LookUp::Account,
    }
}

pub(crate) fn request(vector: &Value) -> LegacyRequest {
    let (method, target) = vector["request"].as_str().unwrap().split_once(' ').unwrap();
    let request = LegacyRequest::new(&method.parse::<Method>().unwrap(), target).unwrap();
    match vector["file"].as_str() {
        Some(media_type) => request.body(Some(media_type), "content").unwrap(),
        None => request.json(vector["body"].clone()),
    }
}

pub(crate) fn answers_to_look_ups(vector: &Value) -> LookUps {
    let given = vector["look_ups"].as_object().into_iter().flatten();
    given.fold(LookUps::new(), |answers, (name, data)| match data {
        Value::Null => answers.with_absent(look_up(name)),
        data => answers.with(look_up(name), data.clone()),
    })
}

/// The options that a vector names, beside the policy.
fn options(vector: &Value) -> MigrateOptions {
    let names = vector["options"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap());
    names.fold(MigrateOptions::new(), |options, name| match name {
        "silence_as_audio" => options.silence_as_audio(true),
        "accept_engine_change" => options.accept_engine_change(true),
        "resolution_8k" => options.default_resolution("8k"),
        "two_pass" => options.two_pass(Duration::from_secs(900)),
        other => panic!("`{other}` is not an option of vectors"),
    })
}

fn plan(vector: &Value, policy: Policy) -> Result<Plan, MigrateError> {
    request(vector).plan(&answers_to_look_ups(vector), &options(vector).policy(policy))
}

/// Plans every vector of a family with both policies, and converts the answers.
fn describe(vectors: &[Value]) -> String {
    let mut text = String::new();
    for vector in vectors {
        let name = vector["name"].as_str().unwrap();
        writeln!(text, "== {name}").unwrap();
        let strict = plan(vector, Policy::Strict);
        match &strict {
            Ok(plan) => writeln!(text, "{plan}").unwrap(),
            Err(error) => writeln!(text, "strict: {error}").unwrap(),
        }
        let lenient = plan(vector, Policy::Lenient);
        match (&strict, &lenient) {
            (Ok(_), Ok(_)) => {}
            (Ok(_), Err(error)) => panic!("{name}: lenient refuses what strict accepts: {error}"),
            (Err(_), Ok(plan)) => writeln!(text, "lenient: {plan}").unwrap(),
            (Err(_), Err(error)) => writeln!(text, "lenient: {error}").unwrap(),
        }
        if let Err(error) = &lenient {
            let legacy = error.to_legacy(Some(request(vector).endpoint()), request(vector).endpoint().path());
            writeln!(text, "refusal: {} {legacy}", error.status().as_u16()).unwrap();
        }
        if let Ok(plan) = &lenient {
            check_bodies(plan);
            let answers = vector["answers"].as_array();
            if let Some(answers) = answers {
                let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
                match plan.answer(answers, now) {
                    Ok(answer) => writeln!(text, "answer: {answer}").unwrap(),
                    Err(error) => writeln!(text, "answer: {} {error}", error.status().as_u16()).unwrap(),
                }
            }
        }
        writeln!(text).unwrap();
    }
    text
}

pub(crate) fn read(family: &str) -> Vec<Value> {
    let path = format!("{}/tests/it/migrate/vectors/{family}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn check(family: &str) {
    let vectors = read(family);
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "snapshots"}, {
        insta::assert_snapshot!(family, describe(&vectors));
    });
}

macro_rules! families {
    ($($test:ident: $family:literal,)*) => {
        $(#[test]
        fn $test() {
            check($family);
        })*

        pub(crate) const FAMILIES: &[&str] = &[$($family),*];
    };
}

families! {
    videos_are_converted_in_both_directions: "videos",
    options_of_videos_are_followed: "video_options",
    templates_are_converted_in_both_directions: "templates",
    avatars_are_converted_in_both_directions: "avatars",
    photo_avatars_are_converted_in_both_directions: "photo_avatars",
    voices_are_converted_in_both_directions: "voices",
    translations_are_converted_in_both_directions: "translations",
    assets_and_folders_are_converted_in_both_directions: "assets_and_folders",
    webhooks_are_converted_in_both_directions: "webhooks",
    the_account_and_agents_are_converted_in_both_directions: "account_and_agents",
    streaming_names_the_alternative: "streaming",
}

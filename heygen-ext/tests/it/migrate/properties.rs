//! Arbitrary video requests: valid, sloppy and hostile. No value is dropped silently.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use heygen_ext::http::Method;
use heygen_ext::migrate::{InputPath, LegacyRequest, LookUps, MigrateError, MigrateOptions, Plan, Policy};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::document::check_bodies;
use super::vectors::{FAMILIES, answers_to_look_ups, read, request};

/// Replaced by a text, link, number, color or id that occurs only once in the request.
const TEXT: &str = "%text";
const LINK: &str = "%link";
const NUMBER: &str = "%number";
const COLOR: &str = "%color";

/// A value of a member: mostly one that fits, sometimes one that old programs sent, sometimes anything.
fn value(fitting: &'static [Value]) -> impl Strategy<Value = Value> {
    prop_oneof![
        80 => prop::sample::select(fitting),
        4 => prop::sample::select(fitting).prop_map(|value| match value {
            Value::Number(number) => Value::from(number.to_string()),
            Value::Bool(value) => Value::from(value.to_string()),
            other => other,
        }),
        1 => anything(),
    ]
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(json!(TEXT)),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec(("[a-z.\\[]{0,5}", inner), 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

type Members = Vec<(&'static str, BoxedStrategy<Value>)>;

/// An object with some of these members, and sometimes an unknown one.
fn object(members: Members) -> BoxedStrategy<Value> {
    let optional: Vec<_> = members
        .into_iter()
        .map(|(name, value)| {
            prop::option::weighted(0.6, value).prop_map(move |value| (name.to_owned(), value))
        })
        .collect();
    let unknown = prop::option::weighted(0.03, ("[a-z]{1,6}", anything()));
    (optional, unknown)
        .prop_map(|(members, unknown)| {
            let given = members.into_iter().filter_map(|(name, value)| Some((name, value?)));
            Value::Object(given.chain(unknown).collect::<Map<_, _>>())
        })
        .boxed()
}

macro_rules! fits {
    ($($value:tt),+ $(,)?) => {{
        static VALUES: std::sync::LazyLock<Vec<Value>> = std::sync::LazyLock::new(|| vec![$(json!($value)),+]);
        value(&VALUES).boxed()
    }};
}

fn character() -> BoxedStrategy<Value> {
    object(vec![
        ("type", fits!["avatar", "talking_photo"]),
        ("avatar_id", fits![TEXT]),
        ("talking_photo_id", fits![TEXT]),
        ("scale", fits![1.0, NUMBER]),
        ("offset", object(vec![("x", fits![0, NUMBER]), ("y", fits![0.0, NUMBER])])),
        ("avatar_style", fits!["normal", "closeUp", "circle"]),
        ("talking_photo_style", fits!["square", "circle"]),
        ("talking_style", fits!["stable", "expressive"]),
        ("expression", fits!["default", "happy"]),
        ("super_resolution", fits![true, false]),
        ("matting", fits![true, false]),
        ("circle_background_color", fits![COLOR]),
        ("use_avatar_iv_model", fits![true, false]),
        ("prompt", fits![TEXT]),
        ("keep_original_prompt", fits![true]),
    ])
}

fn voice() -> BoxedStrategy<Value> {
    object(vec![
        ("type", fits!["text", "audio", "silence"]),
        ("voice_id", fits![TEXT]),
        ("input_text", fits![TEXT]),
        ("speed", fits![1, NUMBER]),
        ("pitch", fits![NUMBER]),
        ("emotion", fits!["Excited"]),
        ("locale", fits![TEXT]),
        (
            "elevenlabs_settings",
            object(vec![
                ("model", fits!["eleven_v3", "eleven_turbo_v2", "eleven_multilingual_v2"]),
                ("stability", fits![0.5, NUMBER]),
                ("style", fits![NUMBER]),
            ]),
        ),
        ("audio_url", fits![LINK]),
        ("audio_asset_id", fits![TEXT]),
        ("duration", fits![1, NUMBER]),
    ])
}

fn background() -> BoxedStrategy<Value> {
    object(vec![
        ("type", fits!["color", "image", "video"]),
        ("value", fits![COLOR]),
        ("url", fits![LINK]),
        ("image_asset_id", fits![TEXT]),
        ("video_asset_id", fits![TEXT]),
        ("play_style", fits!["loop", "once", "freeze"]),
        ("fit", fits!["cover", "contain"]),
    ])
}

fn scene() -> BoxedStrategy<Value> {
    prop_oneof![
        10 => object(vec![
            ("character", character()),
            ("voice", voice()),
            ("background", background()),
            ("text", object(vec![("text", fits![TEXT]), ("font_size", fits![NUMBER])])),
        ]),
        // A scene that is likely to be accepted, so that the other half of the test is not idle.
        40 => (character(), background(), prop::option::of(scene_text())).prop_map(|(mut character, background, text)| {
            if !character.is_object() {
                character = json!({});
            }
            for name in ["type", "talking_photo_id", "talking_style"] {
                character.as_object_mut().unwrap().remove(name);
            }
            character["avatar_id"] = json!(TEXT);
            let mut scene = json!({"character": character,
                "voice": {"type": "text", "input_text": TEXT, "voice_id": TEXT, "speed": NUMBER}});
            if background["type"] == "color" {
                scene["background"] = json!({"type": "color", "value": COLOR});
            }
            if let Some(text) = text {
                scene["text"] = text;
            }
            scene
        }),
        1 => anything(),
    ]
    .boxed()
}

fn scene_text() -> BoxedStrategy<Value> {
    object(vec![("text", fits![TEXT]), ("color", fits![COLOR])])
}

fn body() -> BoxedStrategy<Value> {
    let scenes = prop::collection::vec(scene(), 0..4).prop_map(Value::from).boxed();
    let top = object(vec![
        ("title", fits![TEXT]),
        ("callback_id", fits![TEXT]),
        ("callback_url", fits![LINK]),
        ("folder_id", fits![TEXT]),
        ("caption", fits![true, false]),
        ("caption_mode", fits!["file_only", "burn_in"]),
        ("subtitles", object(vec![("preset_name", fits![TEXT])])),
        ("dimension", object(vec![("width", fits![1280, 720]), ("height", fits![720, 1280])])),
        ("aspect_ratio", fits!["16:9", "9:16"]),
        ("fps", fits![25, 30]),
        ("enable_watermark", fits![true, false]),
        ("test", fits![false]),
    ]);
    (top, scenes)
        .prop_map(|(mut body, scenes)| {
            body["video_inputs"] = scenes;
            body
        })
        .boxed()
}

/// Gives each marked value a content that occurs once, and returns these contents.
fn taint(value: &mut Value, number: &mut u32, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.values_mut().for_each(|value| taint(value, number, found)),
        Value::Array(items) => items.iter_mut().for_each(|value| taint(value, number, found)),
        Value::String(text) => {
            *number += 1;
            let unique = match text.as_str() {
                TEXT => json!(format!("taint-{number}-")),
                LINK => json!(format!("https://taint-{number}-.example/x.jpg")),
                COLOR => json!(format!("#{number:06x}")),
                NUMBER => json!(0.75 + f64::from(*number) / 100_000.0),
                _ => return,
            };
            found.push(unique.to_string());
            *value = unique;
        }
        _ => {}
    }
}

/// The paths of all values that say something.
fn leaves(value: &Value, path: &InputPath, found: &mut Vec<InputPath>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| leaves(value, &path.member(name), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| leaves(value, &path.item(index), found));
        }
        Value::Null => {}
        Value::String(text) if text.is_empty() => {}
        _ => found.push(path.clone()),
    }
}

fn is_below(path: &InputPath, other: &InputPath) -> bool {
    let (path, other) = (path.to_string(), other.to_string());
    path.strip_prefix(&other).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        || other == "(the body)"
}

/// The colors of the pictures of one color in a body.
fn colors_of_pictures(body: &Value) -> Vec<String> {
    let scenes = body["scenes"].as_array().into_iter().flatten();
    let pictures = scenes.filter_map(|scene| BASE64.decode(scene["source"]["data"].as_str()?).ok());
    // The palette follows the signature of 8 bytes and a chunk of 25.
    pictures.map(|file| format!("\"#{:02x}{:02x}{:02x}\"", file[41], file[42], file[43])).collect()
}

fn check_plan(body: &Value, contents: &[String], plan: &Plan) {
    check_bodies(plan);
    let mut sent: String =
        plan.requests().iter().filter_map(|request| request.body()).map(Value::to_string).collect();
    for request in plan.requests() {
        sent.extend(request.body().into_iter().flat_map(colors_of_pictures));
    }
    let lost: String = plan.losses().iter().map(|loss| loss.value.to_string()).collect::<Vec<_>>().join("\n");
    for content in contents {
        assert!(
            sent.contains(content) || lost.contains(content),
            "{content} is neither sent nor lost\n{body}\n{plan}"
        );
    }
    let mut paths = Vec::new();
    leaves(body, &InputPath::body(), &mut paths);
    for path in paths {
        let known =
            plan.carried().iter().map(|one| &one.from).chain(plan.losses().iter().map(|loss| &loss.path));
        assert!(known.clone().any(|one| is_below(&path, one)), "{path} is not listed\n{body}\n{plan}");
    }
}

fn check_request(mut body: Value) -> bool {
    let mut contents = Vec::new();
    taint(&mut body, &mut 0, &mut contents);
    let request = LegacyRequest::new(&Method::POST, "/v2/video/generate").unwrap().json(body.clone());
    for policy in [Policy::Strict, Policy::Lenient] {
        match request.plan(&LookUps::new(), &MigrateOptions::new().policy(policy)) {
            Ok(plan) => {
                check_plan(&body, &contents, &plan);
                if policy == Policy::Lenient {
                    return true;
                }
            }
            Err(MigrateError::Refused(refusal)) => {
                let problems = refusal.problems.iter().map(|problem| &problem.path);
                let losses = refusal.losses.iter().map(|loss| &loss.path);
                assert!(!refusal.problems.is_empty() || !refusal.losses.is_empty());
                for path in problems.chain(losses) {
                    assert!(path.value_in_body(&body).is_some(), "{path} is not in {body}");
                }
            }
            Err(error) => panic!("{error}"),
        }
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_value_of_a_request_is_sent_or_lost(body in body()) {
        check_request(body);
    }

    #[test]
    fn any_json_is_a_plan_or_a_refusal(body in anything()) {
        check_request(body);
    }
}

#[test]
fn a_good_part_of_the_requests_becomes_a_plan() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let bodies = (0..300).map(|_| body().new_tree(&mut runner).unwrap().current());
    let planned = bodies.filter(|body| check_request(body.clone())).count();
    assert!(planned > 60, "only {planned} of 300 became a plan");
}

/// Replaces the value at a path that [`leaves`] found.
fn replace(value: &mut Value, steps: &[Step], with: &Value) {
    match steps.split_first() {
        None => *value = with.clone(),
        Some((Step::Member(name), rest)) => replace(&mut value[name.as_str()], rest, with),
        Some((Step::Item(index), rest)) => replace(&mut value[*index], rest, with),
    }
}

#[derive(Clone)]
enum Step {
    Member(String),
    Item(usize),
}

/// The places of all values in a body, also of objects and lists.
fn places(value: &Value, so_far: &[Step], found: &mut Vec<Vec<Step>>) {
    found.push(so_far.to_vec());
    let with = |step: Step| [so_far, &[step]].concat();
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| places(value, &with(Step::Member(name.clone())), found));
        }
        Value::Array(items) => {
            items
                .iter()
                .take(4)
                .enumerate()
                .for_each(|(index, value)| places(value, &with(Step::Item(index)), found));
        }
        _ => {}
    }
}

#[test]
fn any_value_of_any_request_may_be_wrong() {
    let odd = [
        Value::Null,
        json!(""),
        json!("odd"),
        json!("7"),
        json!(-1),
        json!(1e300),
        json!(true),
        json!([]),
        json!([[1], null]),
        json!({}),
        json!({"type": "text", "x": [{}]}),
    ];
    let (mut plans, mut refusals) = (0, 0);
    for vector in FAMILIES.iter().flat_map(|family| read(family)) {
        let Some(body) = vector.get("body") else { continue };
        let mut all = Vec::new();
        places(body, &[], &mut all);
        for (place, with) in all.iter().flat_map(|place| odd.iter().map(move |with| (place, with))) {
            let mut changed = vector.clone();
            replace(&mut changed["body"], place, with);
            let body = &changed["body"];
            match request(&changed)
                .plan(&answers_to_look_ups(&changed), &MigrateOptions::new().policy(Policy::Lenient))
            {
                Ok(plan) => {
                    check_plan(body, &[], &plan);
                    plans += 1;
                }
                Err(MigrateError::Refused(refusal)) => {
                    for problem in &refusal.problems {
                        let shown = problem.path.to_string();
                        let is_parameter = shown.starts_with(['?', '{']) || shown == "(the query)";
                        assert!(
                            is_parameter || problem.path.value_in_body(body).is_some(),
                            "{shown} is not in {body}"
                        );
                    }
                    refusals += 1;
                }
                Err(MigrateError::NoCounterpart(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(plans > 1_000 && refusals > 1_000, "{plans} plans, {refusals} refusals");
}

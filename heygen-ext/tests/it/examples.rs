//! Tests the examples. The test of `upload` is in `uploads.rs`.

use heygen_ext::{ErrorCode, HeyGen};
use heygen_sim::{Clock, Sim};

#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../../examples/calls.rs"]
mod calls;
#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../../examples/download.rs"]
mod download;
#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../../examples/jobs.rs"]
mod jobs;
#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../../examples/look.rs"]
mod look;
#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../../examples/pages.rs"]
mod pages;
#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../../examples/questions.rs"]
mod questions;
#[cfg(feature = "preview")]
#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../../examples/speech.rs"]
mod speech;
#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../../examples/translations.rs"]
mod translations;

#[tokio::test]
async fn the_example_calls_creates_a_video_and_counts_attempts() {
    let (sim, counts) = (Sim::builder().start().await.unwrap(), calls::Counts::default());
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).observer(counts.clone());
    let heygen = heygen.build().unwrap();
    let id = calls::create(&heygen, "Hello").await.unwrap();
    assert_eq!(counts.read(), (1, 1));
    assert_eq!(heygen.api().list_videos().await.unwrap().items[0].id, id);
    sim.set_balance(0.0);
    let error = calls::create(&heygen, "Hello").await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::InsufficientCredit));
}

#[tokio::test]
async fn the_example_download_resumes_broken_connections() {
    let sim = Sim::builder().clock(Clock::manual()).start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let video = download::make(&sim, &heygen).await.unwrap();
    let sizes = download::fetch(&heygen, &video, &folder.path().join("v.mp4")).await.unwrap();
    assert!(sizes[0] >= 20_000_000 && sizes[1] > 10 && sizes[2] > 100, "{sizes:?}");
    assert_eq!(sim.faults()[0].1, 2);
}

#[tokio::test]
async fn the_example_pages_lists_everything() {
    let sim = Sim::builder().start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
    let looks = heygen.api().list_avatar_looks().limit(50_u32).await.unwrap().items.len();
    let (voices, seen) = pages::list(&heygen).await.unwrap();
    assert_eq!(seen, looks);
    assert!(voices > 3 && looks > 6, "{voices} {looks}");
}

#[cfg(feature = "preview")]
#[tokio::test]
async fn the_example_speech_receives_audio_and_words() {
    let sim = Sim::builder().clock(Clock::scaled(10_000.0)).start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
    let voice = speech::train(&heygen, std::time::Duration::ZERO).await.unwrap();
    let (bytes, words) = speech::speak(&heygen, &voice, "one two").await.unwrap();
    assert!(bytes > 10_000);
    assert_eq!(words, ["one at 0.0 s", "two at 0.4 s"]);
}

#[tokio::test(start_paused = true)]
async fn the_example_jobs_makes_all_videos_but_the_one_that_fails_and_finds_them_again() {
    use heygen_ext::ledger::JsonLines;
    let sim = Sim::builder().clock(Clock::manual()).start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let prompts = ["Our launch", "[sim:fail] Our team", "Our office"].map(str::to_owned);
    for _ in 0..2 {
        let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
        let heygen = heygen.with_ledger(JsonLines::open(folder.path().join("jobs.jsonl")).unwrap());
        super::jobs::drive(&sim, jobs::make(heygen, &prompts, folder.path())).await.unwrap();
        let exists = [1, 2, 3].map(|number| folder.path().join(format!("{number}.mp4")).exists());
        assert_eq!(exists, [true, false, true]);
    }
    let created =
        sim.requests().iter().filter(|one| one.operation.as_deref() == Some("createVideoAgentV3")).count();
    assert_eq!(created, 3);
}

#[tokio::test(start_paused = true)]
async fn the_example_look_makes_a_video_with_the_voice_of_the_look() {
    let sim = Sim::builder().clock(Clock::manual()).start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("look.mp4");
    super::jobs::drive(&sim, look::make(&heygen, "Welcome", &path)).await.unwrap();
    assert!(std::fs::read(&path).unwrap()[4..].starts_with(b"ftyp"));
}

#[tokio::test(start_paused = true)]
async fn the_example_translations_makes_all_but_those_that_fail() {
    let sim = Sim::builder().clock(Clock::manual()).concurrency(100).start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
    let videos = ["talk", "[sim:fail]", "tour"].map(|name| format!("https://example.com/{name}.mp4"));
    let languages = ["German", "French"].map(str::to_owned);
    let failed = translations::translate(&heygen, &videos, &languages);
    assert_eq!(super::jobs::drive(&sim, failed).await, 2);
    let sent = |operation: &str| {
        sim.requests().iter().filter(|one| one.operation.as_deref() == Some(operation)).count()
    };
    assert_eq!(sent("createVideoTranslationBatchV3"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_example_questions_answers_a_chat_and_gets_a_consent() {
    let sim = Sim::builder().clock(Clock::manual()).start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
    let asked = std::cell::RefCell::new(Vec::new());
    let video = questions::chat(&heygen, "[sim:ask] Our launch", |question| {
        asked.borrow_mut().push(question.to_owned());
        "Yes.".to_owned()
    });
    assert!(super::jobs::drive(&sim, video).await.unwrap().video_url.is_some());
    assert_eq!(asked.borrow().len(), 2, "{asked:?}");
    let avatar = questions::avatar(&heygen, "https://example.com/ada.mp4", async |link: &str| {
        reqwest::Client::new().post(link).send().await.unwrap();
    });
    assert!(super::jobs::drive(&sim, avatar).await.is_ok());
}

//! Many submissions that share requests, against the simulator.

use std::sync::Arc;

use heygen_ext::heygen_api::types::{
    AssetReference, CreateFolderRequest, CreateVideoFromImage, CreateVideoTranslationRequest,
};
use heygen_ext::jobs::{self, AnyJob, Job, JobHandle, Video, VideoTranslation};
use heygen_ext::ledger::{EntryState, JsonLines, Ledger};
use heygen_ext::{Error, ErrorKind, HeyGen};
use heygen_sim::{Clock, Fault, Sim};

use super::jobs::{drive, video};

async fn pair() -> (Sim, HeyGen) {
    let clock = Clock::manual();
    let sim = Sim::builder().clock(clock).concurrency(1000).balance(100_000.0).start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
    (sim, heygen)
}

fn titled(title: impl Into<String>) -> CreateVideoFromImage {
    let mut request = video("Hello");
    request.title = Some(title.into());
    request
}

/// How many requests of an operation the simulator has received.
fn count(sim: &Sim, operation: &str) -> usize {
    let is_meant = |id: &String| id.trim_end_matches("V3") == operation;
    sim.requests().iter().filter(|one| one.operation.as_ref().is_some_and(is_meant)).count()
}

/// The titles of the videos that the jobs make.
async fn titles(sim: &Sim, outcomes: Vec<Result<Job<Video>, Error>>) -> Vec<String> {
    let waits = jobs::wait_all(outcomes.into_iter().map(Result::unwrap));
    drive(sim, waits).await.into_iter().map(|video| video.unwrap().title.unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn many_videos_are_created_and_watched_by_few_requests() {
    let (sim, heygen) = pair().await;
    let names: Vec<String> = (0..250).map(|number| format!("Video {number}")).collect();
    let outcomes = drive(&sim, heygen.submit_many(names.iter().map(titled))).await;
    assert_eq!((count(&sim, "createVideoBatch"), count(&sim, "createVideo")), (3, 0));
    assert_eq!(titles(&sim, outcomes).await, names);
    let statuses = count(&sim, "bulkVideoStatuses");
    // Half an hour in pauses of five to thirty seconds; one request asks for all batches.
    assert!(statuses < 200, "{statuses}");
    assert_eq!(count(&sim, "getVideo"), 250, "each video is read once, when it has completed");
}

#[tokio::test(start_paused = true)]
async fn a_job_of_a_batch_is_found_again_by_its_handle() {
    let (sim, heygen) = pair().await;
    let outcomes = drive(&sim, heygen.submit_many(["one", "two"].map(titled))).await;
    let handle: JobHandle = outcomes[1].as_ref().unwrap().to_string().parse().unwrap();
    assert!(handle.to_string().starts_with("video:") && handle.id().ends_with("#1"), "{handle}");
    let job: AnyJob = heygen.job_of(handle);
    let video = drive(&sim, job.wait()).await.unwrap();
    assert_eq!(video["title"], "two");
    let unknown = heygen.job::<Video>("b7f3#0").await.unwrap_err();
    assert_eq!(unknown.status().map(|status| status.as_u16()), Some(404), "{unknown}");
    assert!(unknown.to_string().contains("video:b7f3#0"), "{unknown}");
}

#[tokio::test(start_paused = true)]
async fn each_failure_is_at_its_place() {
    let (sim, heygen) = pair().await;
    let requests = ["one", "[sim:fail=rendering_failed]", "three"].map(titled);
    let outcomes = drive(&sim, heygen.submit_many(requests)).await;
    let waits = drive(&sim, jobs::wait_all(outcomes.into_iter().map(Result::unwrap))).await;
    let [Ok(_), Err(failed), Ok(_)] = &waits[..] else { panic!("{waits:?}") };
    assert_eq!(failed.kind(), ErrorKind::Failed);
    assert_eq!(failed.code().unwrap().as_str(), "rendering_failed");
    assert!(failed.to_string().contains("#1"), "{failed}");
}

#[tokio::test(start_paused = true)]
async fn one_invalid_request_does_not_stop_the_others() {
    let (sim, heygen) = pair().await;
    sim.inject(Fault::refuse(400, "invalid_parameter", "videos[1] is invalid").on("create_video_batch"))
        .unwrap();
    let requests = ["one", "[sim:unknown]", "three"].map(titled);
    let outcomes = drive(&sim, heygen.submit_many(requests)).await;
    assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true], "{outcomes:?}");
    assert_eq!((count(&sim, "createVideoBatch"), count(&sim, "createVideo")), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn a_request_with_a_folder_is_sent_alone() {
    let (sim, heygen) = pair().await;
    let folder = CreateFolderRequest::builder().name("Clips").build().unwrap();
    let folder = heygen.api().create_folder().body(folder).await.unwrap();
    let mut in_folder = titled("in a folder");
    in_folder.folder_id = Some(folder.folder_id.clone());
    let outcomes = drive(&sim, heygen.submit_many([titled("one"), in_folder, titled("two")])).await;
    assert!(outcomes[1].as_ref().unwrap().handle().id().find('#').is_none());
    assert_eq!((count(&sim, "createVideoBatch"), count(&sim, "createVideo")), (1, 1));
    assert_eq!(titles(&sim, outcomes).await, ["one", "in a folder", "two"]);
}

#[tokio::test(start_paused = true)]
async fn a_translation_to_several_languages_has_several_jobs_in_a_batch() {
    let (sim, heygen) = pair().await;
    let translation = |languages: &[&str]| {
        CreateVideoTranslationRequest::builder()
            .video(AssetReference::url("https://example.com/talk.mp4"))
            .output_languages(languages.iter().map(ToString::to_string).collect::<Vec<_>>())
            .build()
            .unwrap()
    };
    let requests = [translation(&["German", "French"]), translation(&["Spanish"])];
    let outcomes = drive(&sim, heygen.submit_many(requests)).await;
    assert_eq!(count(&sim, "createVideoTranslationBatch"), 1);
    let mut languages = Vec::new();
    for started in outcomes {
        let jobs: Vec<Job<VideoTranslation>> = started.unwrap().into_iter().collect();
        for translation in drive(&sim, jobs::wait_all(jobs)).await {
            languages.push(translation.unwrap().output_language.unwrap());
        }
    }
    assert_eq!(languages, ["de", "fr", "es"]);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_know_batches_in_bulk_is_asked_for_each_batch() {
    let (sim, heygen) = pair().await;
    sim.inject(
        Fault::refuse(400, "invalid_parameter", "batch_ids").on("bulk_video_statuses").times(u32::MAX),
    )
    .unwrap();
    let outcomes = drive(&sim, heygen.submit_many(["one", "two"].map(titled))).await;
    assert_eq!(titles(&sim, outcomes).await, ["one", "two"]);
    assert!(count(&sim, "getVideoBatch") > 0);
}

#[cfg(feature = "webhook")]
#[tokio::test(start_paused = true)]
async fn an_event_about_a_video_wakes_the_job_of_a_batch() {
    let (sim, heygen) = pair().await;
    let hub = heygen.hub();
    let outcomes = drive(&sim, heygen.submit_many(["one", "two"].map(titled))).await;
    sim.advance(std::time::Duration::from_secs(60));
    let jobs: Vec<Job<Video>> = outcomes.into_iter().map(Result::unwrap).collect();
    let waits = tokio::spawn(jobs::wait_all(jobs));
    // The first look tells the ids of the videos, and the waits listen for them.
    let video = loop {
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        let all = heygen.api().list_videos().await.unwrap();
        if let Some(video) = all.items.first()
            && hub.notify(&super::jobs::event(&video.id)) > 0
        {
            break video.id.clone();
        }
    };
    sim.advance(std::time::Duration::from_secs(3600));
    let before = tokio::time::Instant::now();
    hub.notify(&super::jobs::event(&video));
    drive(&sim, waits).await.unwrap().into_iter().for_each(|outcome| drop(outcome.unwrap()));
    assert!(before.elapsed() < std::time::Duration::from_secs(600), "{:?}", before.elapsed());
}

#[cfg(feature = "webhook")]
#[tokio::test(start_paused = true)]
async fn an_event_about_a_translation_wakes_the_job_of_a_batch() {
    let (sim, heygen) = pair().await;
    let hub = heygen.hub();
    let request = |name: &str| {
        CreateVideoTranslationRequest::builder()
            .video(AssetReference::url(format!("https://example.com/{name}.mp4")))
            .output_languages(["German"])
    };
    let outcomes = drive(&sim, heygen.submit_many(["one", "two"].map(request))).await;
    sim.advance(std::time::Duration::from_secs(60));
    let jobs: Vec<Job<VideoTranslation>> = outcomes.into_iter().flat_map(Result::unwrap).collect();
    let waits = tokio::spawn(jobs::wait_all(jobs));
    let mut woken = 0;
    for _ in 0..100 {
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        let all = heygen.api().list_video_translations().await.unwrap();
        let Some(translation) = all.items.first() else { continue };
        let event = super::jobs::event_of("video_translate.success", "video_translate_id", &translation.id);
        woken = hub.notify(&event);
        if woken > 0 {
            break;
        }
    }
    assert_eq!(woken, 1);
    waits.abort();
}

/// A list that a program submits again with the ledger of its first run.
#[tokio::test(start_paused = true)]
async fn a_second_run_with_a_longer_list_pays_only_for_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let ledger: Arc<dyn Ledger> = Arc::new(JsonLines::open(folder.path().join("list.jsonl")).unwrap());
    let (sim, heygen) = pair().await;
    let run = || heygen.clone().with_ledger(Arc::clone(&ledger));
    let single = run().submit(titled("alone")).await.unwrap();
    let first = drive(&sim, run().submit_many(["one", "two", "two"].map(titled))).await;
    let list = ["zero", "two", "alone", "one", "two", "two", "three"];
    let second = drive(&sim, run().submit_many(list.map(titled))).await;
    let handle = |outcomes: &[Result<Job<Video>, Error>], index: usize| {
        outcomes[index].as_ref().unwrap().handle().clone()
    };
    assert_eq!(handle(&second, 1), handle(&first, 1));
    assert_eq!(&handle(&second, 2), single.handle());
    assert_eq!(handle(&second, 3), handle(&first, 0));
    assert_eq!(handle(&second, 4), handle(&first, 2));
    assert_eq!(count(&sim, "createVideoBatch"), 2, "the second has zero, two and three");
    assert_eq!(titles(&sim, second).await, list);
    let list = heygen.api().list_videos().limit(100_u32).await.unwrap();
    assert_eq!(list.items.len(), 7);
    let states: Vec<EntryState> = ledger.entries().await.unwrap().iter().map(|entry| entry.state()).collect();
    assert_eq!(states, [EntryState::Ended; 3]);
}

/// Handles in the order of their list.
fn handles(outcomes: &[Result<Job<Video>, Error>]) -> Vec<JobHandle> {
    outcomes.iter().map(|outcome| outcome.as_ref().unwrap().handle().clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn equal_lists_in_one_run_are_other_jobs_and_a_second_run_finds_them_all() {
    let folder = tempfile::tempdir().unwrap();
    let ledger: Arc<dyn Ledger> = Arc::new(JsonLines::open(folder.path().join("list.jsonl")).unwrap());
    let (sim, heygen) = pair().await;
    let mut runs = Vec::new();
    for _ in 0..2 {
        let run = heygen.clone().with_ledger(Arc::clone(&ledger));
        let mut all = Vec::new();
        for _ in 0..2 {
            all.extend(handles(&drive(&sim, run.submit_many(["one", "two"].map(titled))).await));
        }
        assert_eq!(all.iter().collect::<std::collections::HashSet<_>>().len(), 4, "{all:?}");
        runs.push(all);
    }
    assert_eq!(runs[0], runs[1]);
    assert_eq!(count(&sim, "createVideoBatch"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_batch_without_an_answer_is_sent_again_with_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let ledger: Arc<dyn Ledger> = Arc::new(JsonLines::open(folder.path().join("list.jsonl")).unwrap());
    let (sim, heygen) = pair().await;
    let heygen = heygen.with_ledger(Arc::clone(&ledger));
    sim.inject(Fault::close_after().on("create_video_batch").times(3)).unwrap();
    let names = ["one", "two"];
    let outcomes = drive(&sim, heygen.submit_many(names.map(titled))).await;
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().unwrap_err().may_have_executed()));
    // In the same run, with a part of the list only.
    let again = drive(&sim, heygen.submit_many(["two"].map(titled))).await;
    assert!(again[0].as_ref().unwrap().handle().id().ends_with("#1"));
    let open = heygen.resume().await.unwrap();
    assert_eq!((open.jobs.len(), open.unsettled.len()), (2, 0));
    let waits = futures_util::future::join_all(open.jobs.into_iter().map(AnyJob::wait));
    assert!(drive(&sim, waits).await.iter().all(Result::is_ok));
    assert_eq!(heygen.api().list_videos().limit(100_u32).await.unwrap().items.len(), 2);
    assert!(heygen.resume().await.unwrap().jobs.is_empty());
}

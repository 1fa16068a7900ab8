//! A test that uses the page at `/__sim/` in a browser, and takes the picture that README shows.

use std::env;
use std::time::Duration;

use heygen_sim::Fault;
use reqwest::Method;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::program::Program;
use crate::receiver::Receiver;

/// Maximum size of the picture, in bytes.
const PICTURE_LIMIT: usize = 150_000;

/// A video whose title and script would run a script in a page that does not escape them.
fn hostile_video() -> Value {
    let script = "<img src=x onerror=\"window.injected = 1\"><script>window.injected = 1</script>";
    json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": script, "title": script})
}

fn create() -> Option<Value> {
    Some(json!({"type": "avatar", "avatar_id": "Anna_sitting_public", "script": "Hello", "title": "Another"}))
}

/// An expression that is true if an element contains a text.
fn shows(selector: &str, text: &str) -> String {
    format!("document.querySelector({})?.textContent.includes({})", json!(selector), json!(text))
}

#[tokio::test]
async fn a_person_uses_the_page() {
    let Some(mut browser) = Browser::start().await else { return };
    let (program, receiver) = (Program::start().await, Receiver::start().await);
    program.post("/v3/webhooks/endpoints", json!({"url": receiver.url})).await;
    let id = program.post("/v3/videos", hostile_video()).await["video_id"].as_str().unwrap().to_owned();
    program
        .sim
        .inject(Fault::refuse(429, "rate_limit_exceeded", "Too many").on("create_video").times(1))
        .unwrap();
    program.refused(Method::POST, "/v3/videos", create()).await;
    let requests = program.sim.requests().len();

    browser.open(&program.url("/__sim/")).await;
    let job = format!("#job-{id}");
    browser.wait_until(&shows(&job, "pending")).await;
    browser.wait_until(&shows(&job, "<script>window.injected")).await;
    browser.wait_until(&shows("#fault-0", "createVideo")).await;
    browser.wait_until(&shows("#request-2", "429")).await;
    browser.wait_until(&shows("#clock-facts", "in 300 seconds")).await;

    // What is opened and typed stays when the page refreshes itself, also in a row that changes.
    browser.click("#request-2 summary").await;
    browser.type_into("#fault-text", "Out of order").await;
    program.advance(155);
    browser.wait_until(&shows(&job, "50 %")).await;
    assert_eq!(browser.value("document.querySelector('#request-2 details').open").await, true);
    assert_eq!(browser.value("document.querySelector('#fault-text').value").await, "Out of order");
    assert_eq!(browser.value("document.activeElement.id").await, "fault-text");

    // A row that changes stays open, too.
    program.sim.inject(Fault::delay(Duration::from_secs(5)).on("get_video").times(1)).unwrap();
    let slow = program.client.get(program.url(&format!("/v3/videos/{id}")));
    let slow = tokio::spawn(slow.header("x-api-key", program.sim.api_key()).send());
    browser.wait_until(&shows("#request-3", "no response")).await;
    browser.click("#request-3 summary").await;
    program.advance(5);
    assert_eq!(slow.await.unwrap().unwrap().status().as_u16(), 200);
    browser.wait_until("document.querySelector('#request-3').cells[4].textContent.startsWith('200')").await;
    assert_eq!(browser.value("document.querySelector('#request-3 details').open").await, true);
    browser.wait_until(&shows("#request-3 details", "\"status\": \"processing\"")).await;

    // The clock ends the job, and its event is delivered.
    browser.click("#advance-next").await;
    browser.wait_until(&shows(&job, "completed")).await;
    browser.click("#idle").await;
    browser.wait_until(&shows("#delivery-0", "avatar_video.success")).await;
    browser.wait_until(&shows("#message", "No webhook is due")).await;
    let signature = receiver.received()[0].header("signature").unwrap().to_owned();
    browser.wait_until(&shows("#delivery-0", &signature)).await;
    browser.wait_until("document.querySelector('#delivery-0').cells[4].textContent === '200'").await;
    browser.type_into("#advance-by", "60").await;
    browser.click("#advance button").await;
    browser.wait_until(&shows("#clock-facts", "00:06:00")).await;

    // The result plays.
    browser.click(&format!("{job} summary")).await;
    let play = "(async () => {
        const video = document.querySelector('video');
        await video.play();
        if (video.currentTime === 0) await new Promise((resolve) => video.addEventListener('timeupdate', resolve));
        return [video.videoWidth > 0, video.error];
    })()";
    assert_eq!(browser.value(play).await, json!([true, null]));
    browser.value("window.player = document.querySelector('video'); null").await;

    // A mistake in the form is reported, and what was typed is still there.
    browser.type_into("#fault-operation", "creat_video").await;
    browser.click("#set-fault").await;
    browser.wait_until(&shows("#message.failed", "`creat_video` is not an operation")).await;
    browser.type_into("#fault-operation", "create_video").await;
    browser.click("#set-fault").await;
    browser.wait_until(&shows("#fault-2", "Out of order")).await;
    // The keyboard stays where it is when its row changes.
    browser.value("document.querySelector('#remove-fault-2').focus()").await;
    let refused = program.send(Method::POST, "/v3/videos", &[], create()).await;
    assert_eq!((refused.status, &refused.body["error"]["message"]), (503, &json!("Out of order")));
    browser.wait_until(&shows("#fault-2", "1 times")).await;
    assert_eq!(browser.value("document.activeElement.id").await, "remove-fault-2");
    assert_eq!(browser.value("window.player.isConnected && !window.player.error").await, true);
    browser.click("#remove-fault-2").await;
    browser.wait_until("!document.querySelector('#fault-2')").await;
    browser.click("#clear-faults").await;
    browser.wait_until("document.querySelector('#faults-rows').children.length === 0").await;
    assert!(program.sim.faults().is_empty());

    // Each effect makes a fault that the simulator accepts.
    let effects =
        browser.value("[...document.querySelector('#fault-effect').options].map((one) => one.value)").await;
    let effects = effects.as_array().unwrap().clone();
    browser.type_into("#fault-operation", "streamModelSpeech").await;
    for (number, effect) in effects.iter().enumerate() {
        let select = format!(
            "{{ const field = document.querySelector('#fault-effect'); field.value = {effect}; \
            field.dispatchEvent(new Event('change')); }}"
        );
        browser.value(&select).await;
        browser.click("#set-fault").await;
        browser.wait_until(&format!("document.querySelector('#fault-{}')", number + 3)).await;
    }
    assert_eq!((program.sim.faults().len(), effects.len()), (11, 11));
    browser.click("#clear-requests").await;
    browser.wait_until("!document.querySelector('#request-2')").await;
    assert!(program.sim.requests().is_empty() && requests == 3);

    // An answer that needs longer than a second is shown. Each is held until the page asks again, or for three seconds.
    let slow = "(() => {
        const answer = window.fetch;
        let release = () => {};
        window.fetch = async (...request) => {
            release();
            const answered = await answer(...request);
            await new Promise((resolve) => { release = resolve; setTimeout(resolve, 3000); });
            return answered;
        };
    })()";
    browser.value(slow).await;
    program.advance(60);
    browser.wait_until(&shows("#clock-facts", "00:07:00")).await;

    // It fits on a phone, follows the preferred colors, and needs nothing from elsewhere.
    let phone = json!({"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": true});
    browser.send("Emulation.setDeviceMetricsOverride", phone).await;
    assert_eq!(browser.value("document.documentElement.scrollWidth").await, 360);
    let mut colors = Vec::new();
    for scheme in ["light", "dark"] {
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        browser.send("Emulation.setEmulatedMedia", media).await;
        colors.push(browser.value("getComputedStyle(document.body).backgroundColor").await);
    }
    assert_eq!(colors, ["rgb(255, 255, 255)", "rgb(21, 23, 27)"]);
    let elsewhere = "performance.getEntriesByType('resource').filter((one) => !one.name.startsWith(location.origin + '/')).length";
    assert_eq!(browser.value(elsewhere).await, 0);
    assert_eq!(browser.value("window.injected === undefined").await, true);
    let unlabeled = "[...document.querySelectorAll('input, select, textarea')].filter((one) => one.labels.length !== 1).length";
    assert_eq!(browser.value(unlabeled).await, 0);
    let problems = browser.close().await;
    // The refusal of the misspelled operation is an error of the network for the browser.
    let others: Vec<_> =
        problems.iter().filter(|one| one["params"]["entry"]["source"] != "network").collect();
    assert!(others.is_empty(), "{others:#?}");
}

#[tokio::test]
async fn the_picture_of_the_page_is_taken() {
    let Some(mut browser) = Browser::start().await else { return };
    let (program, receiver) = (Program::start().await, Receiver::start().await);
    let window = json!({"width": 1300, "height": 1740, "deviceScaleFactor": 1, "mobile": false});
    browser.send("Emulation.setDeviceMetricsOverride", window).await;
    program.post("/v3/webhooks/endpoints", json!({"url": receiver.url})).await;
    let video = program.video("Launch of the autumn collection").await;
    program.video("Welcome, in a hurry [sim:fail=avatar_unavailable]").await;
    program.advance(120);
    program.post("/v3/video-agents", json!({"prompt": "A presenter explains our launch"})).await;
    program.advance(200);
    program.video("Answers to frequent questions").await;
    program.sim.inject(Fault::answer(502, "text/html", "Bad Gateway").on("get_video").times(2)).unwrap();
    program.advance(100);
    program.sim.idle().await;
    browser.open(&program.url("/__sim/")).await;
    browser.click(&format!("#job-{video} summary")).await;
    browser.value("document.querySelector('details[open] video').play()").await;
    browser.click("#request-4 summary").await;
    browser.value("scrollTo(0, 0)").await;
    let picture = browser.picture().await;
    browser.close().await;
    assert!(
        picture.get(8..12) == Some(b"WEBP".as_slice()) && picture.len() <= PICTURE_LIMIT,
        "{} bytes",
        picture.len()
    );
    if let Some(path) = env::var_os("HEYGEN_SIM_PICTURE") {
        std::fs::write(path, picture).unwrap();
    }
}

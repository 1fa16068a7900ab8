//! Jobs that need a person: a chat with the Video Agent that asks before it goes on, and an avatar that needs consent.
//!
//! ```sh
//! cargo run -p heygen-ext --example questions
//! ```
//!
//! With `HEYGEN_API_KEY` set, it talks to HeyGen, and reads the answers from the terminal. Without a key, it talks to a
//! simulator inside the process, and answers by itself.

use std::error::Error;
use std::io::{BufRead as _, Write as _};

use heygen_ext::heygen_api::types::{
    AssetInput, AvatarLookItem, CreateDigitalTwinRequest, SessionMode, VideoDetail,
};
use heygen_ext::jobs::Question;
use heygen_ext::{ErrorKind, HeyGen, VideoAgent};
use heygen_sim::{Clock, Sim};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    if std::env::var_os("HEYGEN_API_KEY").is_some() {
        let video = chat(&HeyGen::from_env()?, "Our launch in 30 seconds", ask).await?;
        println!("video {}", video.id);
        return Ok(());
    }
    let sim = Sim::builder().clock(Clock::scaled(600.0)).start().await?;
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build()?;
    let video = chat(&heygen, "[sim:ask] Our launch in 30 seconds", |question| {
        println!("{question} Yes.");
        "Yes.".to_owned()
    });
    println!("video {}", video.await?.id);
    Ok(())
}

/// Makes a video in a chat: each question of the session goes to `answer`, and the same job continues.
pub(crate) async fn chat(
    heygen: &HeyGen,
    prompt: &str,
    answer: impl Fn(&str) -> String,
) -> Result<VideoDetail, heygen_ext::Error> {
    let request = VideoAgent::prompt(prompt).with(|options| options.mode(SessionMode::Chat));
    let mut job = heygen.submit(request).await?;
    loop {
        let error = match job.clone().wait().await {
            Ok(video) => return Ok(video),
            Err(error) => error,
        };
        match error.question() {
            Some(Question::Input { text } | Question::Review { text }) => {
                job = job.answer(answer(text)).await?
            }
            _ => return Err(error),
        }
    }
}

/// Creates the avatar of a person. `consent` shows the link to the person, and returns when the person has agreed.
#[allow(dead_code, reason = "creating an avatar costs credits; the test of the examples runs it")]
pub(crate) async fn avatar(
    heygen: &HeyGen,
    footage: &str,
    consent: impl AsyncFn(&str),
) -> Result<AvatarLookItem, heygen_ext::Error> {
    let request = CreateDigitalTwinRequest::builder().name("Ada").file(AssetInput::url(footage));
    let job = heygen.submit(request).await?;
    match job.clone().wait().await {
        Err(error) if error.kind() == ErrorKind::NeedsPerson => {
            let Some(Question::Consent { link: Some(link) }) = error.question() else { return Err(error) };
            consent(link).await;
            job.wait().await
        }
        outcome => outcome,
    }
}

fn ask(question: &str) -> String {
    print!("{question} ");
    let _ = std::io::stdout().flush();
    let mut line = String::new();
    let _ = std::io::stdin().lock().read_line(&mut line);
    line.trim().to_owned()
}

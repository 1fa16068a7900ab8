//! Streams speech while the service makes it: audio and words from an event stream. Needs the feature `preview`.
//!
//! ```text
//! cargo run --features preview --example speech
//! ```
//!
//! It talks to a simulator inside this process: a professional voice takes twenty minutes of recordings to train.

use std::error::Error;
use std::time::Duration;

use futures_util::TryStreamExt;
use heygen_ext::heygen_api::types::{AssetUrl, CreateProfessionalAudioVoice, StreamModelSpeechRequest};
use heygen_ext::{HeyGen, SpeechChunk};
use heygen_sim::{Clock, Sim};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sim = Sim::builder().clock(Clock::scaled(10_000.0)).start().await?;
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build()?;
    // Ten milliseconds are 100 seconds of this simulator.
    let voice = train(&heygen, Duration::from_millis(10)).await?;
    let (bytes, words) = speak(&heygen, &voice, "This was said by a simulator").await?;
    println!("{bytes} bytes of audio: {words:?}");
    Ok(())
}

/// Trains a voice and waits for it, for at most an hour. The pause grows by half each time, up to 30 seconds.
pub(crate) async fn train(heygen: &HeyGen, pause: Duration) -> Result<String, Box<dyn Error>> {
    let recording = AssetUrl::builder().url("https://example.com/me.mp3");
    let request = CreateProfessionalAudioVoice::builder().audio([recording]).name("Me").language("en");
    let made = heygen.api().create_model_audio_voice().body(request).await?;
    let id = &made.voice_id;
    println!("training voice {id}");
    let mut pause = pause;
    let mut last_error = None;
    let training = async {
        loop {
            let read = heygen.api().get_model_audio_voice().voice_id(id).await;
            match read.map_err(heygen_ext::Error::from) {
                Ok(voice) => match voice.status.as_str().to_ascii_uppercase().as_str() {
                    "ACTIVE" => return Ok(id.clone()),
                    "FAILED" => return Err(format!("voice {id} failed to train").into()),
                    // Training, or a status that this version does not know.
                    _ => {}
                },
                // The training continues, although the request failed.
                Err(error) if error.is_retryable() => last_error = Some(error),
                Err(error) => return Err(format!("voice {id}: {error}").into()),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(Duration::from_secs(30));
        }
    };
    // The timeout also ends a read that is still running.
    if let Ok(trained) = tokio::time::timeout(Duration::from_secs(60 * 60), training).await {
        return trained;
    }
    let last_error = last_error.map(|error| format!("; last error: {error}")).unwrap_or_default();
    let remedy = "read it again later with `get_model_audio_voice`";
    Err(format!("voice {id} is not trained after an hour: {remedy}{last_error}").into())
}

/// Speaks a text. Returns the length of the audio in bytes, and the words with their times.
pub(crate) async fn speak(
    heygen: &HeyGen,
    voice: &str,
    text: &str,
) -> Result<(usize, Vec<String>), heygen_ext::Error> {
    let request = StreamModelSpeechRequest::builder().voice_id(voice).language("en").text(text);
    let mut speech = heygen.speak(request.with_timestamps(true)).await?;
    let (mut bytes, mut words) = (0, Vec::new());
    while let Some(part) = speech.try_next().await? {
        match part {
            SpeechChunk::Audio(wav) => bytes += wav.len(),
            SpeechChunk::Words(spoken) => {
                words.extend(
                    spoken.into_iter().map(|word| format!("{} at {:.1} s", word.text, word.start_time)),
                );
            }
            _ => {}
        }
    }
    Ok((bytes, words))
}

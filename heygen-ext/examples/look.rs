//! Makes a video in which a look of an avatar speaks a script.
//!
//! ```sh
//! cargo run -p heygen-ext --example look -- "Welcome to our shop"
//! ```
//!
//! With `HEYGEN_API_KEY` set, it costs credits. Without a key, it talks to a simulator inside the process.

use std::error::Error;
use std::path::Path;

use futures_util::TryStreamExt;
use heygen_ext::heygen_api::types::CreateVideoFromAvatar;
use heygen_ext::{HeyGen, Paged};
use heygen_sim::{Clock, Sim};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let script = std::env::args().nth(1).unwrap_or_else(|| "Welcome to our shop".to_owned());
    if std::env::var_os("HEYGEN_API_KEY").is_some() {
        return make(&HeyGen::from_env()?, &script, Path::new("look.mp4")).await;
    }
    let folder = tempfile::tempdir()?;
    let sim = Sim::builder().clock(Clock::scaled(600.0)).start().await?;
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build()?;
    make(&heygen, &script, &folder.path().join("look.mp4")).await
}

/// Makes a video with the first look that has a voice.
pub(crate) async fn make(heygen: &HeyGen, script: &str, path: &Path) -> Result<(), Box<dyn Error>> {
    let mut looks = heygen.api().list_avatar_looks().items();
    let (look, voice) = loop {
        let look = looks.try_next().await?.ok_or("no look has a voice of its own; give one by `voice_id`")?;
        if let Some(voice) = look.default_voice_id.clone() {
            break (look, voice);
        }
    };
    println!("{} speaks", look.name);
    let request = CreateVideoFromAvatar::builder().avatar_id(look.id).voice_id(voice).script(script);
    let video = heygen.submit(request).await?.await?;
    let path = heygen.download(&video).to_path(path).overwrite(true).await?;
    println!("{}", path.display());
    Ok(())
}

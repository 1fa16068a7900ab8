//! Lists the contents of a workspace, item by item and page by page.
//!
//! ```text
//! cargo run --example pages
//! ```
//!
//! With `HEYGEN_API_KEY` set, it lists the real workspace, which is free of charge. Without a key, it starts a simulator
//! inside this process.

use std::error::Error;

use futures_util::TryStreamExt;
use heygen_ext::{HeyGen, Paged};
use heygen_sim::Sim;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    if std::env::var_os("HEYGEN_API_KEY").is_some_and(|key| !key.is_empty()) {
        return Ok(list(&HeyGen::from_env()?).await.map(drop)?);
    }
    let sim = Sim::builder().start().await?;
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build()?;
    Ok(list(&heygen).await.map(drop)?)
}

/// Lists voices item by item, and looks page by page. Returns the number of each.
pub(crate) async fn list(heygen: &HeyGen) -> Result<(usize, usize), heygen_ext::Error> {
    let mut voices = 0;
    let mut english = heygen.api().list_voices().language("English").items();
    while let Some(voice) = english.try_next().await? {
        println!("voice  {}  {}", voice.voice_id, voice.name);
        voices += 1;
    }

    // The token of a page resumes the list, also in another process.
    let mut looks = 0;
    let mut token: Option<String> = None;
    loop {
        let pages = heygen.api().list_avatar_looks().pages().page_size(3);
        let mut pages = match token.take() {
            Some(token) => pages.resume(token),
            None => pages,
        };
        let Some(page) = pages.try_next().await? else { break };
        for look in &page.items {
            println!("look   {}  {}", look.id, look.name);
        }
        looks += page.items.len();
        match page.next_token {
            Some(next) => token = Some(next),
            None => break,
        }
    }
    Ok((voices, looks))
}

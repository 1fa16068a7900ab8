//! Uploads a file, and uses the asset as an input of a request.
//!
//! ```text
//! cargo run --example upload -- photo.png
//! ```
//!
//! With `HEYGEN_API_KEY` set, it uses the real service. Without a key, it starts a simulator inside this process. Without a
//! file, it uploads a small built-in picture.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use heygen_ext::heygen_api::types::CreateVideoAgentRequest;
use heygen_ext::{FileSource, HeyGen, UploadedAsset};
use heygen_sim::{Clock, Sim};
use indicatif::{HumanBytes, ProgressBar};

/// A picture of one transparent pixel.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\
    \0\0\0\rIDATx\xdac\xfc\xcf\xc0P\x0f\0\x04\x85\x01\x80\x84\xa9\x8c!\0\0\0\0IEND\xaeB`\x82";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1).map(PathBuf::from);
    let real = std::env::var_os("HEYGEN_API_KEY").is_some_and(|key| !key.is_empty());
    // The simulator lives as long as this binding.
    let (heygen, _sim) = if real {
        println!("Talking to HeyGen.");
        (HeyGen::from_env()?, None)
    } else {
        println!("HEYGEN_API_KEY is not set: talking to a simulator inside this process.");
        let sim = Sim::builder().clock(Clock::scaled(1000.0)).start().await?;
        (HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build()?, Some(sim))
    };
    let asset = upload(&heygen, file.as_deref()).await?;
    println!("uploaded   {} ({}, {})", asset.asset_id, asset.mime_type, HumanBytes(asset.size_bytes));
    // A request takes the asset directly.
    let request =
        CreateVideoAgentRequest::builder().prompt("Tell a story about this").files([asset]).build()?;
    println!("request    {request:?}");
    Ok(())
}

/// Uploads a file, or the built-in picture, and shows the progress.
pub(crate) async fn upload(heygen: &HeyGen, file: Option<&Path>) -> Result<UploadedAsset, heygen_ext::Error> {
    let file = file.map_or_else(|| FileSource::bytes("point.png", PICTURE), FileSource::path);
    let bar = ProgressBar::no_length();
    let shown = bar.clone();
    let asset = heygen.upload(file).on_progress(move |sent, all| {
        shown.set_length(all);
        shown.set_position(sent);
    });
    let asset = asset.await;
    bar.finish_and_clear();
    asset
}

//! A link from the resource itself: at the start if it has none yet, and later when it has expired.

use std::time::Duration;

use heygen_api::Client;
use reqwest::Url;

use super::link::{Link, Standing};
use crate::error::Error;
use crate::runtime::Runtime;

/// Pauses between looks at a finished resource whose links are not there yet: usually that takes less than half a minute.
const LAG: [Duration; 5] = [
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(30),
];

/// The link at present, or else the resource's.
pub(super) async fn present(link: &Link, api: &Client, runtime: &dyn Runtime) -> Result<Url, Error> {
    match link.current() {
        Some(url) => link.checked(url),
        None => fresh(link, api, runtime).await,
    }
}

/// A link that the resource gives now.
pub(super) async fn fresh(link: &Link, api: &Client, runtime: &dyn Runtime) -> Result<Url, Error> {
    let what = link.what();
    let mut pauses = LAG.iter();
    loop {
        let Some(seen) = link.look(api).await else {
            return Err(Error::download(format!("{what}: it has no link")));
        };
        let seen = seen.map_err(|error| {
            Error::no_link(format!("{what}: its link could not be read again: {error}"), error)
        })?;
        match (seen.link, seen.standing) {
            (Some(url), _) => return link.checked(&url),
            (None, Standing::Running(status)) => {
                let problem =
                    format!("{what}: it is `{status}`, not finished: wait for it, then download it");
                return Err(Error::download(problem));
            }
            (None, Standing::Over(reason)) => {
                return Err(Error::download(format!(
                    "{what}: it has no file, and will never have one: {reason}"
                )));
            }
            (None, Standing::Finished { linked: true }) => {
                let problem = "it is finished and has other files, but not this one: was it asked for?";
                return Err(Error::download(format!("{what}: {problem}")));
            }
            (None, Standing::Finished { linked: false }) => match pauses.next() {
                Some(pause) => runtime.sleep(*pause).await,
                None => {
                    let waited = LAG.iter().sum::<Duration>().as_secs();
                    let problem =
                        format!("it is finished, but still has no link after {waited} s: try later");
                    return Err(Error::download(format!("{what}: {problem}")));
                }
            },
        }
    }
}

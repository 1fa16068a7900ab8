//! Reads the link of a resource: at the start if it is unknown, and later if it has expired.

use std::time::Duration;

use heygen_api::Client;
use reqwest::Url;

use super::link::{Link, ResourceStatus};
use crate::error::Error;
use crate::runtime::Runtime;

/// Pauses between reads of a finished resource whose links do not exist yet. They usually appear within half a minute.
const MISSING_LINK_PAUSES: [Duration; 5] = [
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(30),
];

/// Returns the current link, or else reads it from the resource.
pub(super) async fn current_or_fresh(link: &Link, api: &Client, runtime: &dyn Runtime) -> Result<Url, Error> {
    match link.current() {
        Some(url) => link.parse(url),
        None => fresh(link, api, runtime).await,
    }
}

/// Reads a fresh link from the resource.
pub(super) async fn fresh(link: &Link, api: &Client, runtime: &dyn Runtime) -> Result<Url, Error> {
    let name = link.name();
    let mut pauses = MISSING_LINK_PAUSES.iter();
    loop {
        let Some(state) = link.read_resource(api).await else {
            return Err(Error::download(format!("{name}: it has no link")));
        };
        let state = state.map_err(|error| {
            Error::no_link(format!("{name}: its link could not be read again: {error}"), error)
        })?;
        match (state.link, state.status) {
            (Some(url), _) => return link.parse(&url),
            (None, ResourceStatus::Running(status)) => {
                let problem =
                    format!("{name}: it is `{status}`, not finished: wait for it, then download it");
                return Err(Error::download(problem));
            }
            (None, ResourceStatus::Failed(reason)) => {
                return Err(Error::download(format!("{name}: it will never have a file: {reason}")));
            }
            (None, ResourceStatus::Finished { has_links: true }) => {
                let problem = "it is finished and has other files, but not this one: check that the request asked for it";
                return Err(Error::download(format!("{name}: {problem}")));
            }
            (None, ResourceStatus::Finished { has_links: false }) => match pauses.next() {
                Some(pause) => runtime.sleep(*pause).await,
                None => {
                    let waited = MISSING_LINK_PAUSES.iter().sum::<Duration>().as_secs();
                    let problem =
                        format!("it is finished, but has no link after {waited} s: try again later");
                    return Err(Error::download(format!("{name}: {problem}")));
                }
            },
        }
    }
}

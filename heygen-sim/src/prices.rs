//! The prices of jobs, in one table. Prices change: the table says since when each is known, and how.

use crate::media::DURATION;

/// The price of something, in US dollars for an API key without a contract.
pub(crate) struct Price {
    /// What is paid.
    pub(crate) what: &'static str,
    pub(crate) dollars: f64,
    /// For what the price is: a second of the result, a character, or one result.
    pub(crate) unit: &'static str,
    /// The month of the source; empty for a guess.
    pub(crate) since: &'static str,
}

impl Price {
    const fn new(what: &'static str, dollars: f64, unit: &'static str, since: &'static str) -> Self {
        Self { what, dollars, unit, since }
    }

    /// The price of the simulator's video, which has always the same length.
    pub(crate) const fn of_video(&self) -> f64 {
        self.dollars * DURATION
    }
}

macro_rules! prices {
    ($($name:ident = $what:literal, $dollars:literal per $unit:literal since $since:literal;)+) => {
        $(pub(crate) const $name: Price = Price::new($what, $dollars, $unit, $since);)+

        /// All prices.
        pub(crate) const TABLE: &[Price] = &[$($name),+];
    };
}

prices! {
    AVATAR_III_PHOTO = "Avatar III, photo avatar", 0.0165 per "second" since "2026-09";
    AVATAR_III_VIDEO = "Avatar III, digital twin or studio avatar", 0.0167 per "second" since "2026-06";
    AVATAR_IV_PHOTO = "Avatar IV, photo avatar or image", 0.0385 per "second" since "2026-09";
    AVATAR_IV_VIDEO = "Avatar IV, digital twin or studio avatar", 0.0805 per "second" since "2026-09";
    AVATAR_V = "Avatar V", 0.12 per "second" since "2026-09";
    CINEMATIC = "cinematic video", 7.0 per "video" since "2026-06";
    VIDEO_AGENT = "Video Agent", 0.0333 per "second" since "2026-06";
    TRANSLATION = "translation", 0.0333 per "second" since "2026-06";
    LIPSYNC = "lipsync", 0.0333 per "second" since "2026-06";
    RENDER = "HyperFrames render; 4K costs 1.5 times as much", 0.00167 per "second" since "2026-06";
    CLIP = "AI clipping", 0.15 per "clip" since "2026-06";
    PHOTO_AVATAR = "photo avatar", 1.32 per "look" since "2026-09";
    AVATAR = "digital twin or avatar from a prompt", 1.0 per "look" since "2026-06";
    LOOK_OF_TEMPLATE = "look of a look template or a Look Pack", 1.0 per "look" since "2026-10";
    STARFISH = "speech by Starfish", 0.002 per "second" since "2026-09";
    MODEL_SPEECH = "speech by the audio models", 0.000_015 per "character" since "2026-10";
    MODEL_IMAGE = "image of heygen-image-1", 0.28 per "image" since "2026-09";
    MODEL_VIDEO_480P = "model video, 480p", 0.02 per "second" since "2026-11";
    MODEL_VIDEO_768P = "model video, 768p", 0.03 per "second" since "2026-11";
    MODEL_VIDEO_1080P = "model video, 1080p", 0.06 per "second" since "";
    MODEL_VIDEO_2K = "model video, 2k", 0.12 per "second" since "";
    BACKGROUND_REMOVAL = "background removal", 0.05 per "video" since "";
    FILLER_WORDS = "filler word removal", 0.3 per "video" since "";
    PODCAST = "podcast", 0.0805 per "second" since "";
}

/// What a model video with reference files costs, as a multiple of one without.
pub(crate) const WITH_REFERENCES: f64 = 2.0;

/// The price of a second of an avatar video.
pub(crate) fn avatar_video(engine: &str, is_photo: bool) -> &'static Price {
    match (engine, is_photo) {
        ("avatar_iii", true) => &AVATAR_III_PHOTO,
        ("avatar_iii", false) => &AVATAR_III_VIDEO,
        ("avatar_v", _) => &AVATAR_V,
        (_, true) => &AVATAR_IV_PHOTO,
        (_, false) => &AVATAR_IV_VIDEO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_lists_every_price() {
        let guide = include_str!("../GUIDE.md");
        for price in TABLE {
            let since = if price.since.is_empty() { "guess" } else { price.since };
            let row = format!("| {} | {} | {} | {since} |", price.what, price.dollars, price.unit);
            assert!(guide.contains(&row), "{row}");
        }
    }
}

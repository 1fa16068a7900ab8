//! Ids of resources that every workspace has from the start, for tests.
//!
//! ```
//! use heygen_sim::preset;
//!
//! let look = serde_json::json!({"type": "avatar", "avatar_id": preset::LOOK});
//! assert_eq!(look["avatar_id"], "Anna_sitting_public");
//! ```

/// A public avatar group with several looks.
pub const GROUP: &str = "Anna_public";
/// A public look of [`GROUP`].
pub const LOOK: &str = "Anna_sitting_public";
/// An English voice.
pub const VOICE: &str = "en-us-clara";
/// A style of the Video Agent.
pub const STYLE: &str = "style-cinematic";
/// A template with variables.
pub const TEMPLATE: &str = "d0000000000000000000000000000001";
/// A brand glossary.
pub const GLOSSARY: &str = "e0000000000000000000000000000001";

#[cfg(test)]
mod tests {
    #[test]
    fn the_catalogue_has_all_presets() {
        let catalogue = include_str!("catalogue/catalogue.json");
        for id in [super::GROUP, super::LOOK, super::VOICE, super::STYLE, super::TEMPLATE, super::GLOSSARY] {
            assert!(catalogue.contains(&format!("\"{id}\"")), "{id}");
        }
    }
}

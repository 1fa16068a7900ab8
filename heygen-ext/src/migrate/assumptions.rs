//! What the conversions assume about the service without a source that confirms it.
//!
//! Some assumptions have no value that could be changed here: ids of avatars, talking photos and poses of v1 and v2 are ids of
//! looks; `video_url` of a video with captions stays without them; scenes of a studio video take Avatar III; and a consent
//! without a recording is permitted to plans that may not send one.

/// Whether a studio scene takes an image or a video as its background.
///
/// HeyGen's release notes of 8 October 2026 say so, without the form of the value. The document allows a color only, and its
/// objects are closed.
pub(crate) const STUDIO_SCENE_TAKES_MEDIA_BACKGROUND: bool = false;

/// The value of `expressiveness` for each `talking_style`. Neither documentation relates the two.
pub(crate) const EXPRESSIVENESS: &[(&str, &str)] = &[("stable", "low"), ("expressive", "high")];

/// The frame of a picture of one color, which stands for a scene with a color and without a character. The service crops it
/// to the video.
pub(crate) const COLOR_PICTURE_SIZE: (u16, u16) = (256, 144);

/// The asset that an `image_key` names. In HeyGen's sample, `image/<32 hexadecimal digits>/original.jpg` has the id of the asset
/// as its second part. The key of an upload to v3 is made in the same form, from the id of its asset.
pub(crate) fn asset_of_image_key(key: &str) -> Option<&str> {
    let mut parts = key.split('/');
    let (kind, id, file) = (parts.next()?, parts.next()?, parts.next()?);
    (kind == "image" && !id.is_empty() && file.starts_with("original") && parts.next().is_none())
        .then_some(id)
}

/// The `image_key` of an uploaded picture, which [`asset_of_image_key`] reads.
pub(crate) fn image_key_of_asset(asset_id: &str, extension: &str) -> String {
    format!("image/{asset_id}/original.{extension}")
}

/// The look that a key of [`image_key_of_look`] names.
pub(crate) fn look_of_image_key(key: &str) -> Option<&str> {
    key.strip_prefix("look/").filter(|id| !id.is_empty() && !id.contains('/'))
}

/// The `image_key` of a picture that v3 made as a look. The old service made pictures first, and a look from one of them.
pub(crate) fn image_key_of_look(look_id: &str) -> String {
    format!("look/{look_id}")
}

/// Which engine rendered the videos of `POST /v2/videos`, whose requests do not name it. The document does not say.
pub(crate) const ENGINE_OF_LATER_VIDEOS: &str =
    "no documentation names the engine of this endpoint; v3 renders with Avatar IV, which may cost more";

/// The words that a prompt gets for a duration, which Video Agent in v3 does not take as a value.
pub(crate) fn duration_phrase(seconds: f64) -> String {
    format!("\n\nThe video is about {seconds} seconds long.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_keys_name_assets_and_looks() {
        let id = "0123456789abcdef0123456789ABCDEF";
        for (key, asset) in [
            (format!("image/{id}/original"), Some(id)),
            (format!("image/{id}/original.jpg"), Some(id)),
            (format!("image/{id}/thumbnail.jpg"), None),
            (image_key_of_asset("as-1", "png"), Some("as-1")),
            ("image//original".to_owned(), None),
            (format!("photo_generation/{id}/original"), None),
            (format!("image/{id}/original/x"), None),
            ("look/abc".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(asset_of_image_key(&key), asset, "{key}");
        }
        assert_eq!(look_of_image_key(&image_key_of_look("abc")), Some("abc"));
        assert_eq!((look_of_image_key("look/"), look_of_image_key("image/a")), (None, None));
    }
}

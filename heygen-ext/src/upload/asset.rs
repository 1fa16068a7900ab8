//! The result of an upload.

use std::fmt;

use heygen_api::types::{AssetInput, AssetReference, CompleteAssetUploadResponse, UploadAssetResponse};

/// An uploaded file. Requests take it directly, wherever they take an asset.
///
/// ```
/// use heygen_ext::heygen_api::types::{AssetInput, CreateVideoAgentRequest};
///
/// # fn example(photo: heygen_ext::UploadedAsset) -> Result<(), Box<dyn std::error::Error>> {
/// let input = AssetInput::from(&photo);
/// let request = CreateVideoAgentRequest::builder()
///     .prompt("A tour of this photo")
///     .files([photo])
///     .build()?;
/// # let _ = (input, request); Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadedAsset {
    /// Id of the asset.
    pub asset_id: String,
    /// A link to the file, until it expires. It is `None` after [`HeyGen::upload_all`](crate::HeyGen::upload_all); call
    /// `get_asset` for a link.
    pub url: Option<String>,
    /// Type of the file as the service detected it, such as `image/png`. After
    /// [`HeyGen::upload_all`](crate::HeyGen::upload_all), the type that was sent.
    pub mime_type: String,
    /// Size of the file, in bytes.
    pub size_bytes: u64,
}

impl UploadedAsset {
    pub(super) fn new(asset_id: String, url: Option<String>, mime_type: String, size_bytes: u64) -> Self {
        Self { asset_id, url, mime_type, size_bytes }
    }
}

impl From<UploadAssetResponse> for UploadedAsset {
    fn from(answer: UploadAssetResponse) -> Self {
        let size = u64::try_from(answer.size_bytes).unwrap_or_default();
        Self::new(answer.asset_id, Some(answer.url), answer.mime_type, size)
    }
}

impl From<CompleteAssetUploadResponse> for UploadedAsset {
    fn from(answer: CompleteAssetUploadResponse) -> Self {
        let size = u64::try_from(answer.size_bytes).unwrap_or_default();
        Self::new(answer.asset_id, Some(answer.url), answer.mime_type, size)
    }
}

impl From<UploadedAsset> for AssetInput {
    fn from(asset: UploadedAsset) -> Self {
        Self::asset_id(asset.asset_id)
    }
}

impl From<&UploadedAsset> for AssetInput {
    fn from(asset: &UploadedAsset) -> Self {
        Self::asset_id(&asset.asset_id)
    }
}

impl From<UploadedAsset> for AssetReference {
    fn from(asset: UploadedAsset) -> Self {
        Self::asset_id(asset.asset_id)
    }
}

impl From<&UploadedAsset> for AssetReference {
    fn from(asset: &UploadedAsset) -> Self {
        Self::asset_id(&asset.asset_id)
    }
}

impl fmt::Debug for UploadedAsset {
    /// Omits the query of the link, because it is signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.as_deref().and_then(crate::address::shown);
        f.debug_struct("UploadedAsset")
            .field("asset_id", &self.asset_id)
            .field("url", &url)
            .field("mime_type", &self.mime_type)
            .field("size_bytes", &self.size_bytes)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_converts_to_inputs_and_debug_omits_its_signature() {
        let link = Some("https://files.example/a.png?Signature=marked".to_owned());
        let asset = UploadedAsset::new("asset_1".into(), link, "image/png".into(), 7);
        let wire = serde_json::json!({"type": "asset_id", "asset_id": "asset_1"});
        assert_eq!(serde_json::to_value(AssetInput::from(&asset)).unwrap(), wire);
        assert_eq!(serde_json::to_value(AssetReference::from(&asset)).unwrap(), wire);
        assert!(!format!("{asset:?}").contains("marked"));
        assert_eq!(serde_json::to_value(AssetInput::from(asset.clone())).unwrap(), wire);
        assert_eq!(serde_json::to_value(AssetReference::from(asset)).unwrap(), wire);
    }
}

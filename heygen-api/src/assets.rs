//! Assets by their id, without the detour over a builder.

use crate::types::AssetId;

impl AssetId {
    /// The asset with this id; unlike the builder it cannot fail.
    ///
    /// ```
    /// use heygen_api::types::{AssetId, AssetInput};
    ///
    /// let input = AssetInput::from(AssetId::new("asset_1"));
    /// # let _ = input;
    /// ```
    pub fn new(asset_id: impl Into<String>) -> Self {
        Self { asset_id: asset_id.into() }
    }
}

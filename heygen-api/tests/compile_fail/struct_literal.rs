use heygen_api::types::AssetUrl;

fn main() {
    let _ = AssetUrl { url: "https://example.com".to_owned() };
}

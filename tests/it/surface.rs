//! Snapshots of the public API of heygen-api and heygen-ext, which show what a change adds and breaks.

fn check(name: &str, source: &str) {
    let source = xtask::generate::workspace_root().join(source);
    let surface = xtask::surface::of_crate(&source).unwrap();
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!(name, surface);
    });
}

#[test]
fn the_public_api_of_heygen_api_matches_the_snapshot() {
    check("surface_of_heygen_api", "heygen-api/src");
}

#[test]
fn the_public_api_of_heygen_ext_matches_the_snapshot() {
    check("surface_of_heygen_ext", "heygen-ext/src");
}

#[test]
fn items_that_macros_define_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("lib.rs", "mod inner; pub mod types { pub use crate::inner::*; }");
    write(
        "inner.rs",
        r#"#[cfg(feature = "x")] open_enum! { /** d */ pub enum Side { Left = "left", } }
           pub struct Asset; pub struct Input;
           builder! { /** d */ AssetBuilder => Asset { required id: String = "id", } }
           call! { /** d */ GetAssetBuilder(Call), "GET /a", data -> Asset }
           list!(GetAssetBuilder, GET_ASSET, Asset, 100);
           member!(Input::Asset(Asset, AssetBuilder));"#,
    );
    let surface = xtask::surface::of_crate(folder.path()).unwrap();
    let lines: Vec<&str> = surface.lines().collect();
    assert_eq!(
        lines,
        [
            "Asset::fn builder() -> AssetBuilder",
            "AssetBuilder::fn build(self) -> Result<Asset, BuildError>",
            "GetAssetBuilder::fn send(self) -> impl Future<Output = Result<Response<Asset>, Error>>",
            "[x] #[non_exhaustive] enum types::Side",
            "[x] Side::VALUES: &'static [&'static str]",
            "[x] impl From<&str> for Side",
            "[x] types::Side::Left",
            "[x] types::Side::Unknown(UnknownValue)",
            "impl From<Asset> for Input",
            "impl IntoFuture for GetAssetBuilder",
            "impl List for GetAssetBuilder",
            "impl TryFrom<AssetBuilder> for Asset",
            "impl TryFrom<AssetBuilder> for Input",
            "struct types::Asset",
            "struct types::AssetBuilder",
            "struct types::GetAssetBuilder",
            "struct types::Input",
        ]
    );
}

#[test]
fn a_module_behind_a_feature_named_testing_is_listed_and_a_test_module_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let text = "#[cfg(feature = \"testing\")] pub mod testing { pub struct Sample; }\n\
                #[cfg(all(test, feature = \"x\"))] pub mod tests { pub struct Hidden; }";
    std::fs::write(folder.path().join("lib.rs"), text).unwrap();
    assert_eq!(xtask::surface::of_crate(folder.path()).unwrap(), "[testing] struct testing::Sample\n");
}

#[test]
fn a_list_of_exports_behind_features_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let text = "#[cfg(feature = \"a\")] mod deep { pub struct Deep; }\n\
                pub mod shown {\n\
                mod inner { pub struct Inner; }\n\
                mod receiving { pub use super::inner::Inner; pub use super::super::deep::Deep; }\n\
                #[cfg(all(feature = \"b\", any(feature = \"c\", not(feature = \"d\"))))] pub use receiving::*;\n\
                }";
    std::fs::write(folder.path().join("lib.rs"), text).unwrap();
    let surface = xtask::surface::of_crate(folder.path()).unwrap();
    assert_eq!(surface, "[b&(c|not(d))] struct shown::Deep\n[b&(c|not(d))] struct shown::Inner\n");
}

#[test]
fn private_items_are_not_listed() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("lib.rs", "mod inner; pub use inner::{Shown, other::*}; mod hidden; pub mod open;");
    std::fs::create_dir(folder.path().join("inner")).unwrap();
    write(
        "inner.rs",
        "mod other; pub struct Shown { pub a: u8, b: u8 } pub struct Kept;\nimpl Shown { pub fn f(&self) {} fn g(&self) {} }",
    );
    write("inner/other.rs", "#[non_exhaustive] pub enum Choice { A, B(u8) }");
    write(
        "hidden.rs",
        "pub struct Unreachable; impl Unreachable { pub fn f(&self) {} } impl Clone for Unreachable {}",
    );
    write("open.rs", "#[cfg(feature = \"x\")] pub const C: u8 = 1;");
    let surface = xtask::surface::of_crate(folder.path()).unwrap();
    let expected = "#[non_exhaustive] enum Choice\nChoice::A\nChoice::B(u8)\nShown.a: u8\nShown::fn f(&self)\n\
                    [x] const open::C: u8\nstruct Shown\n";
    assert_eq!(surface, expected);
}

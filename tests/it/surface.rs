//! What a program can name in heygen-api: a regeneration shows here what it adds and what it breaks.

#[test]
fn the_surface_of_heygen_api() {
    let source = xtask::generate::workspace_root().join("heygen-api/src");
    let surface = xtask::surface::of_crate(&source).unwrap();
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("surface_of_heygen_api", surface);
    });
}

#[test]
fn private_things_are_no_surface() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("lib.rs", "mod inner; pub use inner::{Shown, other::*}; mod hidden; pub mod open;");
    std::fs::create_dir(folder.path().join("inner")).unwrap();
    write(
        "inner.rs",
        "mod other; pub struct Shown { pub a: u8, b: u8 } pub struct Kept;\nimpl Shown { pub fn f(&self) {} fn g(&self) {} }",
    );
    write("inner/other.rs", "#[non_exhaustive] pub enum Choice { A, B(u8) }");
    write("hidden.rs", "pub struct Unreachable;");
    write("open.rs", "#[cfg(feature = \"x\")] pub const C: u8 = 1;");
    let surface = xtask::surface::of_crate(folder.path()).unwrap();
    let expected = "#[non_exhaustive] enum Choice\nChoice::A\nChoice::B(u8)\nShown.a: u8\nShown::fn f(&self)\n\
                    [x] const open::C: u8\nstruct Shown\n";
    assert_eq!(surface, expected);
}

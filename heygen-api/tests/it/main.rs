//! What must not compile: a program cannot name what a later version may change.

#[test]
fn literals_of_generated_types_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}

//! Converts path and query parameters to text.

/// Converts a parameter to text, without copying a `String`.
pub(crate) trait IntoText {
    fn into_text(self) -> String;
}

impl IntoText for String {
    fn into_text(self) -> String {
        self
    }
}

macro_rules! into_text {
    ($($type:ty),*) => {
        $(impl IntoText for $type {
            fn into_text(self) -> String {
                self.to_string()
            }
        })*
    };
}
into_text!(bool, f64, i32, i64, u32, u64);

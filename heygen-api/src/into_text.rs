//! Parameters of the path and the query as text.

/// A parameter as text, without a copy of what is text already.
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

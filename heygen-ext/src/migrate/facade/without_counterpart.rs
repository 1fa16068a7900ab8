//! Endpoints that v3 has nothing like. Their methods send nothing.

use std::convert::Infallible;

use http::Method;

use super::super::endpoint::{Endpoint, NoCounterpart};
use super::super::envelope::Envelope;
use super::super::legacy::Legacy;
use super::super::without_counterpart::for_endpoints_without_counterpart;

macro_rules! methods {
    ($($nearest:literal {
        $($name:ident: $method:ident $path:literal, $envelope:ident;)*
    })*) => {
        impl Legacy {$($(
            #[doc = concat!("`", stringify!($method), " ", $path, "` has no counterpart in v3. Nearest: ", $nearest, ".")]
            ///
            /// # Errors
            ///
            /// Always. The error says what to use instead.
            pub fn $name(&self) -> Result<Infallible, NoCounterpart> {
                static ENDPOINT: Endpoint =
                    Endpoint::without_counterpart(Method::$method, $path, Envelope::$envelope, $nearest);
                Err(NoCounterpart::new(&ENDPOINT))
            }
        )*)*}
    };
}

for_endpoints_without_counterpart!(methods);

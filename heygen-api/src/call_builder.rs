//! Defines the builders of calls.

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::call::{Call, FormCall};
use crate::error::Error;
use crate::events::EventStream;
use crate::page::Page;
use crate::response::Response;
use crate::transport::BoxFuture;

/// A call whose future is boxed, because `IntoFuture` has to name its type. These methods are compiled once for each
/// response type, not for each operation.
pub(crate) struct Boxed<C>(pub(crate) C);

/// The future of a response.
type Sent<T> = BoxFuture<'static, Result<Response<T>, Error>>;

impl Boxed<Call> {
    pub(crate) fn data<T: DeserializeOwned + Send + 'static>(self) -> Sent<T> {
        Box::pin(self.0.data())
    }

    pub(crate) fn page<T: DeserializeOwned + Send + 'static>(self) -> Sent<Page<T>> {
        Box::pin(self.0.page())
    }

    /// A page that is converted from another response.
    pub(crate) fn page_of<W, T>(self) -> Sent<Page<T>>
    where
        W: DeserializeOwned + Send + 'static,
        T: 'static,
        Page<T>: From<W>,
    {
        Box::pin(async move { Ok(self.0.data::<W>().await?.map(Page::from)) })
    }

    #[allow(dead_code, reason = "every response has `data` today; the next document may differ")]
    pub(crate) fn whole<T: DeserializeOwned + Send + 'static>(self) -> Sent<T> {
        Box::pin(self.0.whole())
    }

    #[allow(dead_code, reason = "every response is JSON today; the next document may differ")]
    pub(crate) fn text(self) -> Sent<String> {
        Box::pin(self.0.text())
    }

    #[allow(dead_code, reason = "every response is JSON today; the next document may differ")]
    pub(crate) fn bytes(self) -> Sent<Bytes> {
        Box::pin(self.0.bytes())
    }

    #[allow(dead_code, reason = "every response has a body today; the next document may differ")]
    pub(crate) fn empty(self) -> Sent<()> {
        Box::pin(self.0.empty())
    }

    #[cfg_attr(
        not(feature = "preview"),
        allow(dead_code, reason = "both event streams are preview operations")
    )]
    pub(crate) fn events<T: Send + 'static>(self) -> Sent<EventStream<T>> {
        Box::pin(self.0.events())
    }
}

impl Boxed<FormCall> {
    pub(crate) fn data<T: DeserializeOwned + Send + 'static>(self) -> Sent<T> {
        Box::pin(self.0.data())
    }
}

/// Defines the builder of an operation's call, without its setters.
macro_rules! call {
    ($(#[$meta:meta])* $builder:ident($core:ident), $route:literal, $reply:ident -> $output:ty) => {
        $(#[$meta])*
        #[must_use = "a call does nothing until it is awaited or sent"]
        pub struct $builder(pub(super) $core);

        impl $builder {
            #[doc = concat!("Sends `", $route, "`, as `.await` on the builder does.")]
            #[inline]
            pub fn send(self) -> impl Future<Output = Result<crate::response::Response<$output>, crate::error::Error>> {
                self.0.$reply()
            }
        }

        impl std::future::IntoFuture for $builder {
            type Output = Result<crate::response::Response<$output>, crate::error::Error>;
            type IntoFuture = crate::transport::BoxFuture<'static, Self::Output>;

            #[inline]
            fn into_future(self) -> Self::IntoFuture {
                crate::call_builder::Boxed(self.0).$reply()
            }
        }

        impl std::fmt::Debug for $builder {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}
pub(crate) use call;

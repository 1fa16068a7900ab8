//! The trait of paginated lists.

use crate::error::Error;
use crate::operation::Operation;
use crate::page::Page;
use crate::response::Response;
use crate::transport::BoxFuture;

/// A call of a paginated operation, as a pager needs it.
///
/// The builder of every such call implements it.
///
/// ```
/// use heygen_api::{Client, List};
///
/// /// Counts the items of all pages.
/// async fn count<L: List>(list: L) -> Result<usize, heygen_api::Error> {
///     let list = list.limit(L::MAX_LIMIT);
///     let mut page = list.clone().fetch().await?;
///     let mut count = page.items.len();
///     while let Some(token) = page.next_token.clone() {
///         page = list.clone().page_token(token).fetch().await?;
///         count += page.items.len();
///     }
///     Ok(count)
/// }
/// # fn example(client: &Client) { let _ = count(client.list_videos()); }
/// ```
pub trait List: Clone + Send + Sync + 'static {
    /// The type of an item.
    type Item: Send + 'static;

    /// The operation.
    const OPERATION: &'static Operation;

    /// Maximum number of items on a page.
    const MAX_LIMIT: u32;

    /// Sets the number of items on a page, from 1 to [`MAX_LIMIT`](Self::MAX_LIMIT).
    fn limit(self, items: u32) -> Self;

    /// Requests the page after the one that returned this [`next_token`](Page::next_token).
    fn page_token(self, token: String) -> Self;

    /// Fetches the page.
    ///
    /// # Errors
    ///
    /// The call failed.
    fn fetch(self) -> BoxFuture<'static, Result<Response<Page<Self::Item>>, Error>>;
}

/// Implements [`List`] for the builder of a call.
macro_rules! list {
    ($builder:ident, $operation:ident, $item:ty, $most:literal) => {
        list!(@ $builder, $operation, $item, $most, page);
    };
    // The response contains more than a page, and is converted into one.
    ($builder:ident, $operation:ident, $item:ty, $most:literal, of $whole:ty) => {
        list!(@ $builder, $operation, $item, $most, page_of::<$whole, _>);
    };
    (@ $builder:ident, $operation:ident, $item:ty, $most:literal, $($fetch:tt)+) => {
        impl crate::list::List for $builder {
            type Item = $item;
            const OPERATION: &'static crate::operation::Operation = &$operation;
            const MAX_LIMIT: u32 = $most;

            fn limit(self, items: u32) -> Self {
                self.limit(items)
            }

            fn page_token(self, token: String) -> Self {
                self.token(token)
            }

            #[inline]
            fn fetch(
                self,
            ) -> crate::transport::BoxFuture<'static, Result<crate::response::Response<crate::page::Page<$item>>, crate::error::Error>> {
                crate::call_builder::Boxed(self.0).$($fetch)+()
            }
        }
    };
}
pub(crate) use list;

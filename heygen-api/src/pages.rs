//! Lists that come in pages.

use crate::{BoxFuture, Error, Operation, Response};

/// A call of an operation that lists things page by page: what a pager needs to know of it.
///
/// It is implemented for the builder of every such call, from the document.
///
/// ```
/// use heygen_api::{Client, List};
///
/// /// Everything on a list, page after page.
/// async fn all<L: List>(list: L) -> Result<Vec<L::Item>, heygen_api::Error> {
///     let (mut all, mut next) = (Vec::new(), list.clone().limit(L::MOST));
///     loop {
///         let (items, token, _) = L::split(next.fetch().await?.into_inner());
///         all.extend(items);
///         match token {
///             Some(token) => next = list.clone().limit(L::MOST).at_token(token),
///             None => return Ok(all),
///         }
///     }
/// }
/// # fn example(client: &Client) { let _ = all(client.list_videos()); }
/// ```
pub trait List: Clone + Send + Sync + 'static {
    /// What is listed.
    type Item: Send + 'static;

    /// The answer with one page.
    type Page: Send + 'static;

    /// The operation.
    const OPERATION: &Operation;

    /// Most items that a page may have.
    const MOST: u32;

    /// Asks for so many items on a page, from 1 to [`MOST`](Self::MOST).
    fn limit(self, items: u32) -> Self;

    /// Asks for the page that a token leads to.
    fn at_token(self, token: String) -> Self;

    /// Fetches the page.
    fn fetch(self) -> BoxFuture<'static, Result<Response<Self::Page>, Error>>;

    /// The items of a page, the token of the next, and whether there is a next if the service says so.
    fn split(page: Self::Page) -> (Vec<Self::Item>, Option<String>, Option<bool>);
}

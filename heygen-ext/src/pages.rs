//! Lists, page by page or item by item.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{FutureExt, Stream};
use heygen_api::{BoxFuture, List, Page, Response, TransportError};
use tokio::task::JoinHandle;

use crate::error::Error;

/// Every call that lists things is a stream too.
///
/// ```no_run
/// use futures_util::TryStreamExt;
/// use heygen_ext::{HeyGen, Paged};
///
/// # async fn example(heygen: HeyGen) -> Result<(), heygen_ext::Error> {
/// let mut videos = heygen.api().list_videos().title("launch").items();
/// while let Some(video) = videos.try_next().await? {
///     println!("{} {}", video.id, video.status);
/// }
/// # Ok(())
/// # }
/// ```
pub trait Paged: List {
    /// The pages of the list, in the order of the service.
    fn pages(self) -> Pages<Self> {
        Pages::new(self)
    }

    /// The things on the list, one by one.
    fn items(self) -> Items<Self> {
        Items { pages: self.pages(), ready: VecDeque::new(), page: None, next: None }
    }
}

impl<L: List> Paged for L {}

/// The pages of a list, as a stream; made by [`Paged::pages`].
///
/// It asks for the largest pages that the document allows, and for the next page while the caller works on this one: in a
/// task of its own, which ends with the stream. Without that, the request would keep its place among the calls in flight
/// while nobody drives it. Where no tokio runtime is running, nothing is asked for ahead.
///
/// An error ends it; the token of the last page leads on from there. A token that comes a second time is an error: a list
/// that goes round in a circle would never end.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Pages<L: List> {
    list: L,
    size: u32,
    next: Next<L>,
    seen: HashSet<String>,
}

type Fetched<L> = Result<Response<Page<<L as List>::Item>>, heygen_api::Error>;

enum Next<L: List> {
    /// The page at this token, or the first.
    Ask(Option<String>),
    Wait(BoxFuture<'static, Fetched<L>>),
    Ahead(Ahead<Fetched<L>>),
    End,
}

/// A task that ends when nobody wants its outcome any more.
struct Ahead<T>(JoinHandle<T>);

impl<T> Drop for Ahead<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<L: List> Pages<L> {
    fn new(list: L) -> Self {
        Self { list, size: L::MAX_LIMIT, next: Next::Ask(None), seen: HashSet::new() }
    }

    /// Begins at a page's [`next_token`](Page::next_token), kept from before.
    pub fn resume(mut self, token: impl Into<String>) -> Self {
        self.next = Next::Ask(Some(token.into()));
        self
    }

    /// Asks for so many items on a page; what is beyond the document's bounds is brought within them.
    pub fn page_size(mut self, items: u32) -> Self {
        self.size = items.clamp(1, L::MAX_LIMIT);
        self
    }

    fn ask(&self, token: Option<String>) -> BoxFuture<'static, Fetched<L>> {
        let list = self.list.clone().limit(self.size);
        match token {
            Some(token) => list.page_token(token).fetch(),
            None => list.fetch(),
        }
    }

    /// Takes a page in, and sends for the next.
    fn turn(&mut self, page: Page<L::Item>) -> Result<Page<L::Item>, Error> {
        match (&page.next_token, page.has_more) {
            (None, true) => {
                self.next = Next::End;
                return Err(Error::pages(
                    L::OPERATION,
                    "the service says that there is more, and gives no token",
                ));
            }
            (None, _) => self.next = Next::End,
            (Some(token), _) if !self.seen.insert(token.clone()) => {
                self.next = Next::End;
                return Err(Error::pages(L::OPERATION, "the service gave a token for the second time"));
            }
            (Some(token), _) => {
                self.next = match tokio::runtime::Handle::try_current() {
                    Ok(runtime) => Next::Ahead(Ahead(runtime.spawn(self.ask(Some(token.clone()))))),
                    Err(_) => Next::Ask(Some(token.clone())),
                };
            }
        }
        Ok(page)
    }
}

impl<L: List> Unpin for Pages<L> {}

impl<L: List> Stream for Pages<L> {
    type Item = Result<Page<L::Item>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let fetched = match std::mem::replace(&mut self.next, Next::End) {
                Next::End => return Poll::Ready(None),
                Next::Ask(token) => {
                    self.seen.extend(token.clone());
                    self.next = Next::Wait(self.ask(token));
                    continue;
                }
                Next::Wait(mut future) => match future.poll_unpin(context) {
                    Poll::Ready(fetched) => fetched,
                    Poll::Pending => {
                        self.next = Next::Wait(future);
                        return Poll::Pending;
                    }
                },
                Next::Ahead(mut task) => match task.0.poll_unpin(context) {
                    Poll::Ready(Ok(fetched)) => fetched,
                    Poll::Ready(Err(_)) => {
                        let problem = TransportError::no_answer("the runtime ended before the page came");
                        return Poll::Ready(Some(Err(Error::pages_cut(L::OPERATION, problem))));
                    }
                    Poll::Pending => {
                        self.next = Next::Ahead(task);
                        return Poll::Pending;
                    }
                },
            };
            let page = fetched.map_err(Error::from);
            return Poll::Ready(Some(page.and_then(|page| self.turn(page.into_inner()))));
        }
    }
}

impl<L: List> fmt::Debug for Pages<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("operation", &L::OPERATION.id()).finish_non_exhaustive()
    }
}

/// The things on a list, as a stream; made by [`Paged::items`].
#[must_use = "a stream does nothing unless it is polled"]
pub struct Items<L: List> {
    pages: Pages<L>,
    ready: VecDeque<L::Item>,
    /// Tokens of the page that the last item was on, and of the next.
    page: Option<String>,
    next: Option<String>,
}

impl<L: List> Items<L> {
    /// Begins at the page of a token, kept from before.
    pub fn resume(mut self, token: impl Into<String>) -> Self {
        let token = token.into();
        self.next = Some(token.clone());
        self.pages = self.pages.resume(token);
        self
    }

    /// Asks for so many items at once.
    pub fn page_size(mut self, items: u32) -> Self {
        self.pages = self.pages.page_size(items);
        self
    }

    /// Token of the page that the last item was on; none on the first page. To [`resume`](Self::resume) there gives the
    /// items of that page again, and loses none.
    pub fn page_token(&self) -> Option<&str> {
        self.page.as_deref()
    }
}

impl<L: List> Unpin for Items<L> {}

impl<L: List> Stream for Items<L> {
    type Item = Result<L::Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            match Pin::new(&mut self.pages).poll_next(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(Some(Ok(page))) => {
                    self.page = std::mem::replace(&mut self.next, page.next_token);
                    self.ready = page.items.into();
                }
            }
        }
    }
}

impl<L: List> fmt::Debug for Items<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("operation", &L::OPERATION.id()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};

    use futures_util::{StreamExt, TryStreamExt};
    use heygen_api::{Client, Operation, RawResponse, Request, Transport, TransportError};

    use super::*;
    use crate::client::HeyGen;
    use crate::error::ErrorKind;

    /// Answers from a list, and notes the queries.
    #[derive(Clone, Default)]
    struct Lists(Arc<Mutex<VecDeque<&'static str>>>, Arc<Mutex<Vec<String>>>);

    impl Transport for Lists {
        fn send<'a>(
            &'a self,
            request: Request,
            _: &'a Operation,
        ) -> BoxFuture<'a, Result<RawResponse, TransportError>> {
            self.1.lock().unwrap().push(request.url().query().unwrap_or_default().to_owned());
            let page = self.0.lock().unwrap().pop_front();
            Box::pin(async move {
                // As a request does that is on its way.
                tokio::task::yield_now().await;
                let page = page.ok_or_else(|| TransportError::not_sent("the script is over"))?;
                Ok(http::Response::new(page).into())
            })
        }
    }

    fn lists(pages: &[&'static str]) -> (Client, Lists) {
        let lists = Lists(Arc::new(Mutex::new(pages.iter().copied().collect())), Arc::default());
        (Client::new(lists.clone()), lists)
    }

    const ONE: &str =
        r#"{"data":[{"id":"1","status":"x"},{"id":"2","status":"x"}],"has_more":true,"next_token":"a"}"#;
    const TWO: &str = r#"{"data":[],"has_more":true,"next_token":"b"}"#;
    const THREE: &str = r#"{"data":[{"id":"3","status":"x"}],"has_more":false,"next_token":null}"#;

    #[tokio::test]
    async fn items_come_in_order_over_all_pages_with_one_page_ahead() {
        let (client, lists) = lists(&[ONE, TWO, THREE]);
        let mut items = client.list_videos().items();
        assert_eq!(items.try_next().await.unwrap().unwrap().id, "1");
        tokio::task::yield_now().await;
        assert_eq!(*lists.1.lock().unwrap(), ["limit=100", "limit=100&token=a"]);
        assert_eq!((items.try_next().await.unwrap().unwrap().id.as_str(), items.page_token()), ("2", None));
        assert_eq!(items.try_next().await.unwrap().unwrap().id, "3");
        assert_eq!(items.page_token(), Some("b"));
        assert!(items.try_next().await.unwrap().is_none());
        assert_eq!(lists.1.lock().unwrap().len(), 3);
    }

    #[tokio::test]
    async fn a_page_ahead_keeps_no_place_from_the_calls_of_a_loop() {
        let (_, lists) = lists(&[ONE; 3]);
        let heygen = HeyGen::builder().api_key("k").transport(lists).calls_in_flight(1).build().unwrap();
        let mut items = heygen.api().list_videos().items();
        items.try_next().await.unwrap();
        let call = tokio::spawn(heygen.api().list_videos().send());
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        // Parked in the middle of its request, the page ahead would never give its place back.
        assert!(call.is_finished());
    }

    #[tokio::test]
    async fn a_page_that_nobody_wants_any_more_is_given_up() {
        let (client, lists) = lists(&[ONE, TWO]);
        let mut items = client.list_videos().items();
        items.try_next().await.unwrap();
        drop(items);
        tokio::task::yield_now().await;
        assert_eq!(lists.1.lock().unwrap().len(), 1, "the task ended before it asked");
    }

    #[tokio::test]
    async fn a_list_goes_on_where_it_was_left() {
        let (client, lists) = lists(&[THREE]);
        let pages: Vec<_> =
            client.list_videos().pages().resume("b").page_size(1000).try_collect().await.unwrap();
        assert_eq!((pages.len(), pages[0].items.len(), &pages[0].next_token), (1, 1, &None));
        assert_eq!(*lists.1.lock().unwrap(), ["limit=100&token=b"]);
    }

    #[tokio::test]
    async fn a_list_that_cannot_end_is_an_error() {
        let circle = [ONE, TWO, ONE];
        let endless = [r#"{"data":[],"has_more":true,"next_token":null}"#];
        for (script, good) in [(&circle[..], 2), (&endless[..], 0)] {
            let (client, _) = lists(script);
            let pages: Vec<_> = client.list_videos().pages().collect().await;
            assert_eq!(pages.len(), good + 1);
            let error = pages.last().unwrap().as_ref().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert!(error.to_string().starts_with("list_videos: the service"), "{error}");
        }
    }

    #[tokio::test]
    async fn an_error_ends_the_stream_and_loses_nothing() {
        let (client, _) = lists(&[ONE]);
        let mut pages = client.list_videos().pages();
        assert_eq!(pages.next().await.unwrap().unwrap().next_token.as_deref(), Some("a"));
        assert_eq!(pages.next().await.unwrap().unwrap_err().kind(), ErrorKind::Transport);
        assert!(pages.next().await.is_none());
    }
}

//! Lists as streams of pages or items.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{FutureExt, Stream};
use heygen_api::{BoxFuture, List, Page, Response, TransportError};
use tokio::task::JoinHandle;

use crate::error::Error;

/// Streams the pages or the items of a list operation.
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
    /// Returns a stream of the pages, in the order of the service.
    fn pages(self) -> Pages<Self> {
        Pages::new(self)
    }

    /// Returns a stream of the items.
    fn items(self) -> Items<Self> {
        Items { pages: self.pages(), ready: VecDeque::new(), page: None, next: None }
    }
}

impl<L: List> Paged for L {}

/// A stream of the pages of a list, from [`Paged::pages`].
///
/// It requests the largest pages that the document allows. While the program handles a page, a separate task fetches the next
/// one; dropping the stream aborts the task. Outside a tokio runtime, pages are not fetched ahead.
///
/// An error ends the stream. To continue, [`resume`](Self::resume) with the `next_token` of the last page that you
/// received. If the service repeats a token, the stream ends with an error, because the list would never end.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Pages<L: List> {
    list: L,
    size: u32,
    next: Next<L>,
    seen: HashSet<String>,
}

type Fetched<L> = Result<Response<Page<<L as List>::Item>>, heygen_api::Error>;

enum Next<L: List> {
    /// Request the page with this token, or the first page.
    Request(Option<String>),
    /// The request of the stream.
    Pending(BoxFuture<'static, Fetched<L>>),
    /// The request of the separate task. If the stream held a request that nobody polls, it would block a concurrent call
    /// when [`calls_in_flight`](crate::HeyGenBuilder::calls_in_flight) is limited.
    Prefetching(AbortOnDrop<Fetched<L>>),
    End,
}

/// A task that is aborted when its handle is dropped.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<L: List> Pages<L> {
    fn new(list: L) -> Self {
        Self { list, size: L::MAX_LIMIT, next: Next::Request(None), seen: HashSet::new() }
    }

    /// Starts at the page of a token, which is the [`next_token`](Page::next_token) of an earlier page.
    pub fn resume(mut self, token: impl Into<String>) -> Self {
        self.next = Next::Request(Some(token.into()));
        self
    }

    /// Sets the number of items on a page. A value outside the limits of the document is set to the nearest limit.
    pub fn page_size(mut self, items: u32) -> Self {
        self.size = items.clamp(1, L::MAX_LIMIT);
        self
    }

    fn request(&self, token: Option<String>) -> BoxFuture<'static, Fetched<L>> {
        let list = self.list.clone().limit(self.size);
        match token {
            Some(token) => list.page_token(token).fetch(),
            None => list.fetch(),
        }
    }

    /// Checks the token of a page, and starts to fetch the next page.
    fn advance(&mut self, page: Page<L::Item>) -> Result<Page<L::Item>, Error> {
        match (&page.next_token, page.has_more) {
            (None, true) => {
                self.next = Next::End;
                return Err(Error::pages(L::OPERATION, "the service reports more pages, but sent no token"));
            }
            (None, _) => self.next = Next::End,
            (Some(token), _) if !self.seen.insert(token.clone()) => {
                self.next = Next::End;
                let problem = format!("the service repeated the page token `{}`", token.escape_debug());
                return Err(Error::pages(L::OPERATION, &problem));
            }
            (Some(token), _) => {
                self.next = match tokio::runtime::Handle::try_current() {
                    Ok(runtime) => {
                        Next::Prefetching(AbortOnDrop(runtime.spawn(self.request(Some(token.clone())))))
                    }
                    Err(_) => Next::Request(Some(token.clone())),
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
                Next::Request(token) => {
                    self.seen.extend(token.clone());
                    self.next = Next::Pending(self.request(token));
                    continue;
                }
                Next::Pending(mut future) => match future.poll_unpin(context) {
                    Poll::Ready(fetched) => fetched,
                    Poll::Pending => {
                        self.next = Next::Pending(future);
                        return Poll::Pending;
                    }
                },
                Next::Prefetching(mut task) => match task.0.poll_unpin(context) {
                    Poll::Ready(Ok(fetched)) => fetched,
                    Poll::Ready(Err(_)) => {
                        let problem = TransportError::no_answer(
                            "the tokio runtime shut down before the page was received",
                        );
                        return Poll::Ready(Some(Err(Error::pages_cut(L::OPERATION, problem))));
                    }
                    Poll::Pending => {
                        self.next = Next::Prefetching(task);
                        return Poll::Pending;
                    }
                },
            };
            let page = fetched.map_err(Error::from);
            return Poll::Ready(Some(page.and_then(|page| self.advance(page.into_inner()))));
        }
    }
}

impl<L: List> fmt::Debug for Pages<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("operation", &L::OPERATION.id()).finish_non_exhaustive()
    }
}

/// A stream of the items of a list, from [`Paged::items`].
#[must_use = "a stream does nothing unless it is polled"]
pub struct Items<L: List> {
    pages: Pages<L>,
    ready: VecDeque<L::Item>,
    /// The tokens of the page of the last item, and of the next page.
    page: Option<String>,
    next: Option<String>,
}

impl<L: List> Items<L> {
    /// Starts at the page of a token.
    pub fn resume(mut self, token: impl Into<String>) -> Self {
        let token = token.into();
        self.next = Some(token.clone());
        self.pages = self.pages.resume(token);
        self
    }

    /// Sets the number of items that are requested at a time.
    pub fn page_size(mut self, items: u32) -> Self {
        self.pages = self.pages.page_size(items);
        self
    }

    /// The token of the page of the last item, or `None` on the first page. [`resume`](Self::resume) with this token repeats the
    /// items of that page, so that no item is lost.
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

    /// Answers with scripted pages, and records the queries.
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
                // A real request is not ready immediately.
                tokio::task::yield_now().await;
                let page = page.ok_or_else(|| TransportError::not_sent("the script has ended"))?;
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
    async fn items_are_in_order_and_one_page_is_fetched_ahead() {
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
    async fn fetching_ahead_does_not_block_other_calls() {
        let (_, lists) = lists(&[ONE; 3]);
        let heygen = HeyGen::builder().api_key("k").transport(lists).calls_in_flight(1).build().unwrap();
        let mut items = heygen.api().list_videos().items();
        items.try_next().await.unwrap();
        let call = tokio::spawn(heygen.api().list_videos().send());
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        // A request that nobody polls would keep the only permit.
        assert!(call.is_finished());
    }

    #[tokio::test]
    async fn dropping_the_stream_aborts_the_fetch_ahead() {
        let (client, lists) = lists(&[ONE, TWO]);
        let mut items = client.list_videos().items();
        items.try_next().await.unwrap();
        drop(items);
        tokio::task::yield_now().await;
        assert_eq!(lists.1.lock().unwrap().len(), 1, "the task was aborted before its request");
    }

    #[tokio::test]
    async fn a_list_resumes_at_a_token() {
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

//! The receivers of webhooks and callbacks, and how requests are sent to them.
//!
//! Programs under test often contain the URLs of real systems. So the simulator sends to the loopback interface only, unless a
//! setting allows more: it refuses other hosts, asks no name server, and connects only to loopback addresses.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use http::Method;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;

use crate::address::{is_localhost, is_loopback, parse_url};

/// Sends requests to receivers.
pub(crate) struct Receivers {
    http: reqwest::Client,
    /// Whether all hosts are allowed, not only loopback.
    remote: bool,
}

impl Receivers {
    /// A client for loopback receivers, or with `remote` for all.
    pub(crate) fn new(remote: bool) -> Result<Self, reqwest::Error> {
        // Receivers are usually local, where a proxy cannot reach them.
        let http = reqwest::Client::builder().redirect(Policy::none()).no_proxy();
        let http = if remote { http } else { http.dns_resolver(LoopbackOnly) };
        Ok(Self { http: http.build()?, remote })
    }

    /// Why nothing is sent to a URL; `None` if it is allowed.
    pub(crate) fn refusal(&self, url: &str) -> Option<String> {
        let url = parse_url(url);
        let host = url.as_ref().and_then(url::Url::host);
        match host {
            _ if self.remote => None,
            Some(host) if is_loopback(&host) => None,
            Some(host) => Some(format!(
                "not sent: `{host}` is not this machine; allow_remote_receivers(true) or \
                 --allow-remote-receivers permits other hosts"
            )),
            None => Some("not sent: the URL is malformed".to_owned()),
        }
    }

    /// A request to a URL that [`refusal`](Self::refusal) allows.
    pub(crate) fn request(&self, method: Method, url: &str) -> reqwest::RequestBuilder {
        self.http.request(method, url)
    }
}

/// Resolves `localhost` to the loopback addresses, and no other name.
struct LoopbackOnly;

impl Resolve for LoopbackOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let local = is_localhost(name.as_str());
        Box::pin(async move {
            if !local {
                return Err("only localhost is resolved".into());
            }
            let addresses: [SocketAddr; 2] =
                [(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()];
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_is_not_localhost_is_not_resolved() {
        let receivers = Receivers::new(false).unwrap();
        // The check is passed over, as if a name had changed its address after it.
        let sent = receivers.request(Method::POST, "http://rebound.example:1/").send().await;
        let error = format!("{:?}", sent.unwrap_err());
        assert!(error.contains("only localhost is resolved"), "{error}");
    }
}

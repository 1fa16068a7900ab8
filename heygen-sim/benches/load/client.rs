//! A client that costs next to nothing: one connection that is kept, requests that are bytes already.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection that is used again and again, for one request at a time.
pub(crate) struct Connection {
    stream: TcpStream,
    reply: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, reply: Vec::with_capacity(4096) })
    }

    /// Sends a request and waits for the whole reply: its status and its body.
    pub(crate) async fn send(&mut self, request: &[u8]) -> io::Result<(u16, &[u8])> {
        self.stream.write_all(request).await?;
        self.reply.clear();
        loop {
            if self.stream.read_buf(&mut self.reply).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some((status, body)) = whole(&self.reply)? {
                return Ok((status, &self.reply[body..]));
            }
        }
    }
}

/// The status of a reply and where its body begins, once all of it is there.
fn whole(reply: &[u8]) -> io::Result<Option<(u16, usize)>> {
    let Some(end) = reply.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&reply[..end]).map_err(io::Error::other)?;
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    let length = head.lines().skip(1).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let (Some(status), Some(length)) = (status, length) else {
        return Err(io::Error::other(format!("a reply without status or length: {head}")));
    };
    let body = end + 4;
    Ok((reply.len() >= body + length).then_some((status, body)))
}

/// A GET as bytes.
pub(crate) fn get(path: &str, key: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: {key}\r\n\r\n").into_bytes()
}

/// A POST of JSON as bytes.
pub(crate) fn post(path: &str, key: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Where a base URL points to.
pub(crate) fn address(base_url: &str) -> SocketAddr {
    let address = base_url.strip_prefix("http://").and_then(|address| address.parse().ok());
    address.expect("a base URL such as http://127.0.0.1:8080")
}

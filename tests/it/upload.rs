//! A file is uploaded as a stream over a TCP connection.

use bytes::Bytes;
use futures_util::stream;
use heygen_api::operations::API_KEY_HEADER;
use heygen_api::{Client, FilePart};
use std::io::{Read, Write};
use std::net::TcpListener;

/// Accepts one request, reads all of it and responds. Returns the head and the body of the request.
fn serve_one_request(listener: TcpListener) -> std::thread::JoinHandle<(String, Vec<u8>)> {
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let (mut seen, mut chunk) = (Vec::new(), [0; 4096]);
        let (head, length) = loop {
            let read = socket.read(&mut chunk).unwrap();
            seen.extend_from_slice(&chunk[..read]);
            if let Some(end) = seen.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8(seen[..end].to_vec()).unwrap().to_lowercase();
                let length =
                    head.lines().find_map(|line| line.strip_prefix("content-length: ")).map(str::to_owned);
                break (head, end + 4 + length.expect("a length").parse::<usize>().unwrap());
            }
        };
        while seen.len() < length {
            let read = socket.read(&mut chunk).unwrap();
            seen.extend_from_slice(&chunk[..read]);
        }
        let response = r#"{"data":{"asset_id":"asset_1","url":"https://files.example/a","mime_type":"text/plain","size_bytes":11}}"#;
        write!(socket, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{response}", response.len()).unwrap();
        let body = seen[head.len() + 4..].to_vec();
        (head, body)
    })
}

#[tokio::test]
async fn a_streamed_file_is_sent_with_its_length_and_key() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = serve_one_request(listener);
    let chunks = stream::iter(["hello ", "world"].map(|text| Ok::<_, std::io::Error>(Bytes::from(text))));
    let client = Client::builder().api_key("key").base_url(url).build().unwrap();
    let response = client
        .upload_asset()
        .idempotency_key("once")
        .file(FilePart::stream("a.txt", "text/plain", 11, chunks))
        .send()
        .await
        .unwrap();
    assert_eq!(response.asset_id, "asset_1");
    let (head, body) = server.join().unwrap();
    assert!(head.starts_with("post /v3/assets http/1.1"), "{head}");
    let key = format!("{API_KEY_HEADER}: key");
    for line in [key.as_str(), "idempotency-key: once", "content-type: multipart/form-data; boundary="] {
        assert!(head.contains(line), "{line} in {head}");
    }
    for absent in ["api-version", "transfer-encoding"] {
        assert!(!head.contains(absent), "{absent} in {head}");
    }
    let text = String::from_utf8(body).unwrap();
    assert!(
        text.contains(
            "name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello world\r\n--"
        ),
        "{text}"
    );
}

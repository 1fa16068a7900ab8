//! Reads a document from a file or from a URL.

use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Largest document that is read, in bytes. The document of November 2026 has 1.3 MB.
const MAX_BYTES: u64 = 32 * 1024 * 1024;

/// Time limit for a whole download.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Reads a document as text. `from` is a URL if it begins with `https://` or `http://`, or else a path.
pub fn read(from: &str) -> Result<String> {
    if !(from.starts_with("https://") || from.starts_with("http://")) {
        return std::fs::read_to_string(from)
            .with_context(|| format!("cannot read the OpenAPI document {from}"));
    }
    let agent = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).build().new_agent();
    let mut response = agent.get(from).call().with_context(|| {
        format!(
            "cannot download {from}; download it in another way and pass the path of the file with `--from`"
        )
    })?;
    let text = response.body_mut().with_config().limit(MAX_BYTES).read_to_string().with_context(|| {
        format!("the download of {from} was cut off, is not UTF-8, or has more than {MAX_BYTES} bytes")
    })?;
    if text.trim_start().starts_with("<!") || text.trim_start().starts_with("<html") {
        bail!("{from} is a web page, not an OpenAPI document; check the address");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    /// Serves one response on this machine, and returns the address.
    fn serve(response: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/openapi.json", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            stream.write_all(response.as_bytes()).unwrap();
        });
        address
    }

    #[test]
    fn a_document_is_read_from_a_file_or_a_url() {
        let ok = serve("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
        assert_eq!(read(&ok).unwrap(), "{}");
        let page = serve("HTTP/1.1 200 OK\r\ncontent-length: 15\r\nconnection: close\r\n\r\n<!DOCTYPE html>");
        assert!(format!("{:#}", read(&page).unwrap_err()).contains("is a web page"));
        let missing = serve("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let error = format!("{:#}", read(&missing).unwrap_err());
        assert!(error.contains(&missing) && error.contains("404") && error.contains("--from"), "{error}");
        let cut = serve("HTTP/1.1 200 OK\r\ncontent-length: 20\r\nconnection: close\r\n\r\n{");
        assert!(format!("{:#}", read(&cut).unwrap_err()).contains("was cut off"));
        assert!(
            format!("{:#}", read("/nowhere.json").unwrap_err())
                .contains("cannot read the OpenAPI document /nowhere.json")
        );
    }
}

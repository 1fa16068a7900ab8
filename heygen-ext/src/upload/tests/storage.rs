//! Tests the requests to the storage, and the checksums.

use super::*;

#[tokio::test]
async fn the_storage_gets_no_headers_of_the_client() {
    let harness = Harness::new().await;
    harness.heygen.upload(FileSource::bytes("a.png", image(1000))).direct().await.unwrap();
    let requests = harness.sim.requests();
    let put = requests.iter().find(|request| request.operation.as_deref() == Some("uploads")).unwrap();
    let seen: Vec<&str> = put.headers.keys().map(String::as_str).collect();
    for absent in ["x-api-key", "authorization", "idempotency-key", "user-agent", "transfer-encoding"] {
        assert!(!seen.contains(&absent), "{absent} in {seen:?}");
    }
    assert!(seen.contains(&"content-length"), "{seen:?}");
}

#[tokio::test]
async fn the_service_gets_the_checksum_of_what_was_sent() {
    for bytes in [image(1000), image(3 * 256 * 1024), image(700_000)] {
        let harness = Harness::new().await;
        let expected: String = const_hex::encode(Sha256::digest(&bytes));
        // The first PUT fails: the checksum is that of the second one.
        harness.fault(Fault::close_after(), "uploads", 1);
        harness.heygen.upload(harness.file("a.png", &bytes)).direct().await.unwrap();
        let requests = harness.sim.requests();
        let finished =
            requests.iter().find(|request| request.operation.as_deref() == Some("completeAssetUpload"));
        let checksum = &finished.unwrap().body.as_ref().unwrap()["checksum_sha256"];
        assert_eq!(checksum.as_str(), Some(&*expected));
    }
    // The completion of a batch takes no checksums, so the storage gets the checksum in a header.
    let harness = Harness::new().await;
    let outcomes = harness.heygen.upload_all([FileSource::bytes("a.png", image(1000))]).await;
    assert!(outcomes[0].is_ok());
    let requests = harness.sim.requests();
    let put = requests.iter().find(|request| request.operation.as_deref() == Some("uploads")).unwrap();
    assert!(put.headers.contains_key("x-amz-checksum-sha256"));
}

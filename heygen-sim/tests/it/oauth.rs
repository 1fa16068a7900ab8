//! Tests that a sign-in completes: with a browser, on a device, and its end.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::{Client, Url, redirect};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::program::Program;

const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-123";

async fn post(program: &Program, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
    let form = Url::parse_with_params("http://x", fields).unwrap().query().unwrap_or_default().to_owned();
    let request = program.client.post(program.url(path));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null))
}

async fn me(program: &Program, token: &Value) -> u16 {
    let request = program.client.get(program.url("/v3/users/me")).bearer_auth(token.as_str().unwrap());
    request.send().await.unwrap().status().as_u16()
}

/// The URL of the page on which a person lets a program sign in.
fn page(program: &Program, change: &[(&str, &str)]) -> Url {
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let mut fields = vec![
        ("response_type", "code"),
        ("client_id", "mine"),
        ("redirect_uri", "http://127.0.0.1:9/oauth/callback"),
        ("state", "s&1"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in change {
        fields.retain(|(known, _)| known != name);
        fields.push((name, value));
    }
    Url::parse_with_params(&program.url("/oauth/authorize"), fields).unwrap()
}

/// Decides on a page, and returns the parameters with which it leads back.
async fn decide(program: &Program, page: Url, decision: &str) -> Vec<(String, String)> {
    let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
    let shown = client.get(page.clone()).send().await.unwrap();
    assert_eq!(shown.status(), 200);
    let html = shown.text().await.unwrap();
    assert!(html.contains("Allow") && !html.contains("<script"), "{html}");
    let request =
        client.post(page).header("origin", program.sim.base_url()).body(format!("decision={decision}"));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 303);
    let back = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    assert!(back.as_str().starts_with("http://127.0.0.1:9/oauth/callback?"), "{back}");
    back.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

#[tokio::test]
async fn a_sign_in_with_a_browser_completes() {
    let program = Program::start().await;
    let code = async || {
        let back = decide(&program, page(&program, &[("client_id", "mine")]), "allow").await;
        assert_eq!((back[0].0.as_str(), &back[1]), ("code", &("state".to_owned(), "s&1".to_owned())));
        back[0].1.clone()
    };
    let exchange = async |code: &str, change: (&str, &str)| {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", "http://127.0.0.1:9/oauth/callback"),
            ("client_id", "mine"),
            ("code_verifier", VERIFIER),
        ];
        fields.retain(|(name, _)| *name != change.0);
        fields.push(change);
        post(&program, "/v1/oauth/token", &fields).await
    };
    for wrong in [
        ("code_verifier", "another-verifier-of-at-least-forty-three-chars"),
        ("client_id", "other"),
        ("redirect_uri", "http://127.0.0.1:9/other"),
        ("code", "unknown"),
    ] {
        let refused = exchange(&code().await, wrong).await;
        assert_eq!(refused, (400, json!({"error": "invalid_grant"})), "{wrong:?}");
    }
    let late = code().await;
    program.advance(600);
    assert_eq!(exchange(&late, ("client_id", "mine")).await.0, 400);
    let valid = code().await;
    let (status, tokens) = exchange(&valid, ("client_id", "mine")).await;
    assert_eq!(
        (status, &tokens["token_type"], &tokens["expires_in"]),
        (200, &json!("Bearer"), &json!(864_000))
    );
    assert_eq!(exchange(&valid, ("client_id", "mine")).await.0, 400, "a code works once");
    assert_eq!(me(&program, &tokens["access_token"]).await, 200);

    // The sign-in has a refresh token of its own, which ends with the sign-out.
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("client_id", "mine"), ("refresh_token", refresh)];
    let (status, fresh) = post(&program, "/v1/oauth/token", &fields).await;
    assert_eq!((status, me(&program, &fresh["access_token"]).await), (200, 200));
    for token in [refresh, fresh["access_token"].as_str().unwrap(), "unknown"] {
        let revoked = post(&program, "/v1/oauth/revoke", &[("token", token), ("client_id", "mine")]).await;
        assert_eq!(revoked.0, 200);
    }
    assert_eq!(me(&program, &fresh["access_token"]).await, 401);
    assert_eq!(post(&program, "/v1/oauth/token", &fields).await, (400, json!({"error": "invalid_grant"})));
}

#[tokio::test]
async fn wrong_requests_to_sign_in_are_refused() {
    let program = Program::start().await;
    assert_eq!(decide(&program, page(&program, &[]), "deny").await[0].1, "access_denied");
    let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
    for (change, error) in [
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
    ] {
        let answer = client.get(page(&program, &[change])).send().await.unwrap();
        let back = answer.headers()["location"].to_str().unwrap();
        assert!(answer.status() == 303 && back.contains(&format!("error={error}")), "{back}");
    }
    // A program on another machine gets no code by plain HTTP, and a broken page shows no markup of the request.
    for change in
        [("redirect_uri", "http://evil.example/"), ("redirect_uri", "javascript:alert(1)"), ("client_id", "")]
    {
        assert_eq!(client.get(page(&program, &[change])).send().await.unwrap().status(), 400, "{change:?}");
    }
    let shown = client.get(page(&program, &[("client_id", "<script>")])).send().await.unwrap();
    assert!(!shown.text().await.unwrap().contains("<script"));
    // A page of another site cannot agree.
    let forged = client.post(page(&program, &[])).header("origin", "https://evil.example");
    assert_eq!(forged.body("decision=allow").send().await.unwrap().status(), 403);
    let wrong = client.get(program.url("/v1/oauth/token")).send().await.unwrap();
    assert_eq!((wrong.status().as_u16(), wrong.headers()["allow"].to_str().unwrap()), (405, "POST"));
    let (status, client) = post(&program, "/v1/oauth/register", &[]).await;
    assert_eq!((status, client["client_id"].as_str().map(str::len)), (201, Some(32)));
}

#[tokio::test]
async fn a_sign_in_on_a_device_completes() {
    let program = Program::start().await;
    let begin = async || {
        let fields = [("client_id", "mine"), ("scope", "openid profile email")];
        let (status, device) = post(&program, "/v1/oauth/device_authorization", &fields).await;
        assert_eq!((status, &device["interval"], &device["expires_in"]), (200, &json!(5), &json!(900)));
        device
    };
    let poll = async |device: &Value| {
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", device["device_code"].as_str().unwrap()),
            ("client_id", "mine"),
        ];
        let (status, answer) = post(&program, "/v1/oauth/token", &fields).await;
        let error = answer["error"].as_str().unwrap_or_default().to_owned();
        (status, error, answer)
    };
    let decide = async |code: &str, decision: &str| {
        let fields = [("user_code", code), ("decision", decision)];
        let form = Url::parse_with_params("http://x", fields).unwrap().query().unwrap().to_owned();
        let request = program.client.post(program.url("/oauth/device")).body(form);
        request.send().await.unwrap().status().as_u16()
    };
    let device = begin().await;
    let shown =
        program.client.get(device["verification_uri_complete"].as_str().unwrap()).send().await.unwrap();
    let code = device["user_code"].as_str().unwrap();
    assert!(shown.text().await.unwrap().contains(code));
    assert_eq!(poll(&device).await.1, "authorization_pending");
    assert_eq!(poll(&device).await.1, "slow_down");
    // From now on, the interval is ten seconds.
    program.advance(5);
    assert_eq!(poll(&device).await.1, "slow_down");
    program.advance(15);
    assert_eq!(poll(&device).await.1, "authorization_pending");
    assert_eq!(decide("WRON-GCOD", "allow").await, 400);
    assert_eq!(decide(&code.to_lowercase().replace('-', ""), "allow").await, 200);
    program.advance(15);
    let (status, _, tokens) = poll(&device).await;
    assert_eq!((status, me(&program, &tokens["access_token"]).await), (200, 200));
    assert_eq!(poll(&device).await.1, "invalid_grant");

    let denied = begin().await;
    assert_eq!(decide(denied["user_code"].as_str().unwrap(), "deny").await, 200);
    assert_eq!(poll(&denied).await.1, "access_denied");
    let late = begin().await;
    program.advance(900);
    assert_eq!(decide(late["user_code"].as_str().unwrap(), "allow").await, 400);
    assert_eq!(poll(&late).await.1, "expired_token");
}

//! Verifications per second, as a ratio to the bare HMAC with the fastest crate of this run.

use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use heygen_ext::webhook::Verifier;
use heygen_ext::webhook::testing::{Generation, Signer};
use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_LENGTH, HOST, HeaderValue, USER_AGENT};

use crate::codes::{self, Check};
use crate::figures::median;
use crate::{Failure, SECRET};

const SIZES: [(&str, usize); 2] = [("1 KiB", 1 << 10), ("128 KiB", 128 << 10)];

/// Rounds of each candidate. The candidates take turns, so that other load on the machine affects all of them.
const ROUNDS: usize = 41;

/// Approximate duration of a round.
const ROUND: Duration = Duration::from_millis(15);

/// The target ratio.
const TARGET: f64 = 0.9;

/// A function that is measured. One call is one verification.
struct Candidate<'a> {
    name: &'static str,
    verify: Box<dyn Fn() -> bool + 'a>,
    times: Vec<Duration>,
}

impl<'a> Candidate<'a> {
    fn new(name: &'static str, verify: impl Fn() -> bool + 'a) -> Self {
        Self { name, verify: Box::new(verify), times: Vec::new() }
    }

    /// Runs `calls` calls, and returns the mean time of one.
    fn time(&self, calls: u32) -> Result<Duration, Failure> {
        let start = Instant::now();
        for _ in 0..calls {
            if !(self.verify)() {
                return Err(format!("{} refuses a valid signature", self.name).into());
            }
        }
        Ok(start.elapsed() / calls)
    }
}

pub(crate) fn run() -> Result<(), Failure> {
    let rivals = codes::all(SECRET.as_bytes());
    for (label, size) in SIZES {
        compare(label, size, &rivals)?;
    }
    Ok(())
}

fn compare(label: &str, size: usize, rivals: &[(&'static str, Check)]) -> Result<(), Failure> {
    let (signer, verifier, now) = (Signer::new(SECRET)?, Verifier::new(SECRET)?, SystemTime::now());
    let verifier = verifier.clock(move || now);
    let body = Bytes::from(vec![b'x'; size]);
    let headers = |generation| {
        let mut headers = signer.deliver_at(generation, body.clone(), now).headers().clone();
        add_usual_headers(&mut headers, size);
        headers
    };
    let first_form = headers(Generation::HeygenSignature);
    let second_form = headers(Generation::Signature);
    let code = decode_hex(&signer.sign(&body))?;

    let verify = |headers: &HeaderMap| verifier.verify(headers, body.clone()).is_ok();
    let ours = [
        Candidate::new("Verifier, Heygen-Signature", || verify(&first_form)),
        Candidate::new("Verifier, Signature", || verify(&second_form)),
    ];
    let theirs = rivals.iter().map(|(name, check)| Candidate::new(name, || check(&body, &code)));
    let mut all: Vec<_> = ours.into_iter().chain(theirs).collect();
    take_turns(&mut all)?;

    let mut medians = all.iter().map(|candidate| (candidate.name, median(&candidate.times)));
    let ours: Vec<_> = medians.by_ref().take(2).collect();
    let theirs: Vec<_> = medians.collect();
    let (rival, best) = theirs
        .iter()
        .copied()
        .min_by_key(|(_, time)| *time)
        .ok_or("the list of crates to compare with is empty")?;
    println!("verifications of {label}, median of {ROUNDS} rounds");
    for (name, time) in theirs.iter().chain(&ours) {
        let seconds = time.as_secs_f64();
        println!("  {name:<28}{:>10.2} µs   {:>10.0}/s", seconds * 1e6, seconds.recip());
    }
    for (name, time) in &ours {
        let ratio = best.as_secs_f64() / time.as_secs_f64();
        println!("  ratio to {rival}, the fastest: {ratio:>6.3}   {name}   (target: at least {TARGET})");
    }
    Ok(())
}

fn take_turns(all: &mut [Candidate<'_>]) -> Result<(), Failure> {
    for round in 0..=ROUNDS {
        for candidate in &mut *all {
            // Estimate the number of calls in a round from a few calls.
            let nanoseconds = candidate.time(10)?.as_nanos().max(1);
            let calls = u32::try_from(ROUND.as_nanos() / nanoseconds)?.max(1);
            let time = candidate.time(calls)?;
            // The first round is a warm-up.
            if round > 0 {
                candidate.times.push(time);
            }
        }
    }
    Ok(())
}

/// Adds the headers that every HTTP request has.
fn add_usual_headers(headers: &mut HeaderMap, length: usize) {
    headers.insert(HOST, HeaderValue::from_static("hooks.example"));
    headers.insert(USER_AGENT, HeaderValue::from_static("webhooks/1.0"));
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(CONTENT_LENGTH, length.into());
}

/// Decodes a signature, so that the time of the bare HMAC does not include it.
fn decode_hex(signature: &str) -> Result<Vec<u8>, Failure> {
    let bytes = signature.as_bytes().chunks(2);
    bytes.map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?)).collect()
}

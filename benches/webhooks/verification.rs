//! Verifications a second, as a ratio to the code alone by the fastest crate of this run.

use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use heygen_ext::webhook::Verifier;
use heygen_ext::webhook::testing::{Generation, Signer};
use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_LENGTH, HOST, HeaderValue, USER_AGENT};

use crate::codes::{self, Check};
use crate::figures::median;
use crate::{Failure, SECRET};

const SIZES: [(&str, usize); 2] = [("1 KiB", 1 << 10), ("1 MiB", 1 << 20)];

/// Rounds of each contestant, in turn: what disturbs the machine disturbs them all.
const ROUNDS: usize = 41;

/// About as long is each round.
const ROUND: Duration = Duration::from_millis(15);

/// What the design allows.
const AIM: f64 = 0.9;

/// Something that is measured: one call is one verification.
struct Contestant<'a> {
    name: &'static str,
    verifies: Box<dyn Fn() -> bool + 'a>,
    times: Vec<Duration>,
}

impl<'a> Contestant<'a> {
    fn new(name: &'static str, verifies: impl Fn() -> bool + 'a) -> Self {
        Self { name, verifies: Box::new(verifies), times: Vec::new() }
    }

    /// The time of one of so many calls.
    fn time(&self, calls: u32) -> Result<Duration, Failure> {
        let began = Instant::now();
        for _ in 0..calls {
            if !(self.verifies)() {
                return Err(format!("{} refuses what is signed", self.name).into());
            }
        }
        Ok(began.elapsed() / calls)
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
    let body = Bytes::from(vec![b'x'; size]);
    let headers = |generation| {
        let mut headers = signer.deliver_at(generation, body.clone(), now).headers().clone();
        add_usual(&mut headers, size);
        headers
    };
    let older = headers(Generation::HeygenSignature);
    let younger = headers(Generation::Signature);
    let code = code(&signer.sign(&body))?;

    let verify = |headers: &HeaderMap| verifier.verify_at(headers, body.clone(), now).is_ok();
    let ours = [
        Contestant::new("Verifier, Heygen-Signature", || verify(&older)),
        Contestant::new("Verifier, Signature", || verify(&younger)),
    ];
    let theirs = rivals.iter().map(|(name, check)| Contestant::new(name, || check(&body, &code)));
    let mut all: Vec<_> = ours.into_iter().chain(theirs).collect();
    take_turns(&mut all)?;

    let mut medians = all.iter().map(|one| (one.name, median(&one.times)));
    let ours: Vec<_> = medians.by_ref().take(2).collect();
    let theirs: Vec<_> = medians.collect();
    let (rival, best) =
        theirs.iter().copied().min_by_key(|(_, time)| *time).ok_or("no rival was measured")?;
    println!("verifications of {label}, median of {ROUNDS} rounds");
    for (name, time) in theirs.iter().chain(&ours) {
        let seconds = time.as_secs_f64();
        println!("  {name:<28}{:>10.2} µs   {:>10.0}/s", seconds * 1e6, seconds.recip());
    }
    for (name, time) in &ours {
        let ratio = best.as_secs_f64() / time.as_secs_f64();
        println!("  ratio to {rival}, the fastest: {ratio:>6.3}   {name}   (aim: at least {AIM})");
    }
    Ok(())
}

fn take_turns(all: &mut [Contestant<'_>]) -> Result<(), Failure> {
    for round in 0..=ROUNDS {
        for one in &mut *all {
            // A few calls say how many fill a round.
            let nanoseconds = one.time(10)?.as_nanos().max(1);
            let calls = u32::try_from(ROUND.as_nanos() / nanoseconds)?.max(1);
            let time = one.time(calls)?;
            // The first round warms up.
            if round > 0 {
                one.times.push(time);
            }
        }
    }
    Ok(())
}

/// What every request has besides.
fn add_usual(headers: &mut HeaderMap, length: usize) {
    headers.insert(HOST, HeaderValue::from_static("hooks.example"));
    headers.insert(USER_AGENT, HeaderValue::from_static("webhooks/1.0"));
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(CONTENT_LENGTH, length.into());
}

/// The bytes of a signature: the rivals are not made to read hexadecimal digits.
fn code(signature: &str) -> Result<Vec<u8>, Failure> {
    let bytes = signature.as_bytes().chunks(2);
    bytes.map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?)).collect()
}

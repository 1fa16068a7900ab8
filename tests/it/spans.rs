//! The spans of calls, beside those of the program.

use heygen_ext::HeyGen;
use heygen_sim::Sim;
use tracing::Instrument;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

use super::printed_secrets::Output;

#[tokio::test]
async fn a_call_whose_span_is_switched_off_changes_no_span_of_the_program() {
    let sim = Sim::builder().start().await.unwrap();
    let heygen = HeyGen::builder().api_key(sim.api_key()).base_url(sim.base_url()).build().unwrap();
    for (level, is_off) in [(LevelFilter::OFF, true), (LevelFilter::TRACE, false)] {
        let output = Output::default();
        let filter = Targets::new().with_target("heygen_ext", level).with_default(LevelFilter::TRACE);
        let layer = fmt::layer().with_ansi(false).with_writer(output.clone()).with_filter(filter);
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        let span = tracing::info_span!("program", http.response.status_code = tracing::field::Empty);
        let call = async { heygen.api().get_video().video_id("nobody").await };
        call.instrument(span.clone()).await.unwrap_err();
        span.in_scope(|| tracing::info!("the program goes on"));
        let text = output.text();
        let line = text.lines().find(|line| line.contains("the program goes on")).unwrap();
        assert!(line.contains("program") && !line.contains("404"), "{line}");
        assert_eq!(text.contains("the call ended"), !is_off, "{text}");
    }
}

use heygen_api::types::{UnknownValue, VideoStatus};

fn main() {
    let _ = VideoStatus::Unknown(UnknownValue("paused".into()));
}

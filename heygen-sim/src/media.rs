//! The built-in files that the simulator serves as results.

/// Half a second of speech, mono, PCM 16 bit, 44.1 kHz.
pub(crate) const SPEECH_WAV: &[u8] = include_bytes!("../assets/part.wav");

/// Captions of the simulator's video.
pub(crate) const CAPTIONS_SRT: &[u8] = include_bytes!("../assets/captions.srt");

/// Length of the simulator's videos and of its speech, in seconds.
pub(crate) const DURATION: f64 = 3.0;

/// Name, media type and bytes of each file. A link to `…/NAME` serves the file with that name.
pub(crate) const BUILT_IN: [(&str, &str, &[u8]); 12] = [
    ("video.mp4", "video/mp4", include_bytes!("../assets/video.mp4")),
    ("captioned.mp4", "video/mp4", include_bytes!("../assets/captioned.mp4")),
    ("video.mov", "video/quicktime", include_bytes!("../assets/video.mov")),
    ("video.webm", "video/webm", include_bytes!("../assets/alpha.webm")),
    ("foreground.webm", "video/webm", include_bytes!("../assets/alpha.webm")),
    ("preview.gif", "image/gif", include_bytes!("../assets/preview.gif")),
    ("thumbnail.png", "image/png", include_bytes!("../assets/thumbnail.png")),
    ("speech.mp3", "audio/mpeg", include_bytes!("../assets/speech.mp3")),
    ("speech.wav", "audio/wav", SPEECH_WAV),
    ("captions.srt", "application/x-subrip", CAPTIONS_SRT),
    ("captions.vtt", "text/vtt", include_bytes!("../assets/captions.vtt")),
    ("original.srt", "application/x-subrip", CAPTIONS_SRT),
];

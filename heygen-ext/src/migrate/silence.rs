//! A silent audio file, which stands for the silence of an avatar.

use crate::wav;

/// The samples in a second. Speech is often recorded with this rate.
const RATE: u32 = 16_000;

/// The size of a sample, in bytes.
const SAMPLE: u16 = 2;

/// The longest silence of a file, in seconds.
pub(crate) const MAX_SECONDS: f64 = 300.0;

/// Returns a WAV file with silence of this duration: one channel of 16 bits.
pub(crate) fn silent_file(seconds: f64) -> Vec<u8> {
    // The duration is limited, so the product is a small positive integer.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 300 times the rate")]
    let samples = (seconds.clamp(0.0, MAX_SECONDS) * f64::from(RATE)).round() as usize;
    let length = samples * usize::from(SAMPLE);
    let format: [&[u8]; 6] = [
        &1_u16.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &RATE.to_le_bytes(),
        &(RATE * u32::from(SAMPLE)).to_le_bytes(),
        &SAMPLE.to_le_bytes(),
        &(8 * SAMPLE).to_le_bytes(),
    ];
    // The header has room for 4 GiB.
    let mut file = wav::header(&format.concat(), length as u64).unwrap_or_default();
    file.resize(file.len() + length, 0);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_silent_for_the_duration() {
        for (seconds, samples) in [(1.0, 16_000), (2.5, 40_000), (1e9, 4_800_000), (-1.0, 0)] {
            let file = silent_file(seconds);
            assert_eq!(file.len(), 44 + 2 * samples, "{seconds}");
            let wav = wav::Wav::parse(&file);
            if samples > 0 {
                assert!(wav.unwrap().samples.iter().all(|byte| *byte == 0));
            }
        }
        assert!(infer::audio::is_wav(&silent_file(1.0)));
    }
}

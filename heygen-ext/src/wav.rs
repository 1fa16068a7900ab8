//! WAV files: finds the samples in one, and writes the header of one.

/// Format codes whose samples can be joined: PCM, floating point, and the extensible form of both.
const FORMATS: [u16; 3] = [1, 3, 0xfffe];

/// Length of the format of PCM. Some programs add two bytes to it, which are zero.
const PCM_FORMAT_LENGTH: usize = 16;

/// A WAV file in memory.
#[derive(Debug, PartialEq)]
pub(crate) struct Wav<'a> {
    /// The content of the chunk `fmt `: channels, rate and size of the samples.
    pub(crate) format: &'a [u8],
    pub(crate) samples: &'a [u8],
}

impl<'a> Wav<'a> {
    /// Finds the format and the samples of a file. The error says what is wrong with it.
    pub(crate) fn parse(file: &'a [u8]) -> Result<Self, &'static str> {
        let (head, mut rest) = file.split_at_checked(12).ok_or("is not a WAV file")?;
        if !head.starts_with(b"RIFF") || !head.ends_with(b"WAVE") {
            return Err("is not a WAV file");
        }
        let mut format = None;
        while let Some((head, body)) = rest.split_at_checked(8) {
            let length = head.last_chunk().map_or(0, |length| u32::from_le_bytes(*length));
            let is_samples = head.starts_with(b"data");
            // A program that writes while it records does not know the length yet.
            let content = match usize::try_from(length).ok().and_then(|length| body.get(..length)) {
                Some([]) | None if is_samples && is_unknown(length) => body,
                Some(content) => content,
                None => return Err("is shorter than its header says"),
            };
            match (is_samples, format) {
                (true, Some(format)) => return Self { format, samples: content }.validate(),
                (true, None) => return Err("does not say the format of its samples"),
                (false, _) if head.starts_with(b"fmt ") => format = Some(content),
                (false, _) => {}
            }
            // A chunk of odd length has one more byte.
            rest = body.get(content.len() + content.len() % 2..).unwrap_or_default();
        }
        Err("contains no samples")
    }

    fn validate(self) -> Result<Self, &'static str> {
        let number = |at: usize| Some(u16::from_le_bytes(*self.format.get(at..at + 2)?.first_chunk()?));
        let (Some(code), Some(frame), Some(_)) = (number(0), number(12), number(14)) else {
            return Err("has an incomplete format");
        };
        if !FORMATS.contains(&code) {
            return Err("is compressed, so it cannot be joined with others");
        }
        if frame == 0 || !self.samples.len().is_multiple_of(usize::from(frame)) {
            return Err("ends within a sample");
        }
        match self.format.get(..PCM_FORMAT_LENGTH).filter(|_| code == 1) {
            Some(format) => Ok(Self { format, ..self }),
            None => Ok(self),
        }
    }
}

fn is_unknown(length: u32) -> bool {
    length == 0 || length >= 0x7fff_0000
}

/// The header of a WAV file with so many bytes of samples. `None` if they are too many for the format: 4 GiB.
pub(crate) fn header(format: &[u8], samples: u64) -> Option<Vec<u8>> {
    let samples = u32::try_from(samples).ok()?;
    let format_length = u32::try_from(format.len()).ok()?;
    // All that follows the length itself: the form, the heads of two chunks, the format, and the samples, padded to an
    // even length.
    let length = format_length.checked_add(20)?.checked_add(samples)?.checked_add(samples % 2)?;
    let parts: [&[u8]; 8] = [
        b"RIFF",
        &length.to_le_bytes(),
        b"WAVE",
        b"fmt ",
        &format_length.to_le_bytes(),
        format,
        b"data",
        &samples.to_le_bytes(),
    ];
    Some(parts.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PCM, one channel, 44.1 kHz, 16 bits.
    const FORMAT: &[u8] = &[1, 0, 1, 0, 0x44, 0xac, 0, 0, 0x88, 0x58, 1, 0, 2, 0, 16, 0];

    fn chunk(name: &str, length: u32, content: &[u8]) -> Vec<u8> {
        [name.as_bytes(), &length.to_le_bytes(), content].concat()
    }

    fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
        [chunk("RIFF", 0, b"WAVE"), chunks.concat()].concat()
    }

    #[test]
    fn a_header_and_its_samples_are_read_again() {
        let file = [header(FORMAT, 4).unwrap(), vec![1, 2, 3, 4]].concat();
        assert_eq!(file.len(), 48);
        assert_eq!(file[4..8], 40_u32.to_le_bytes());
        assert_eq!(Wav::parse(&file), Ok(Wav { format: FORMAT, samples: &[1, 2, 3, 4] }));
        assert_eq!(header(FORMAT, u64::from(u32::MAX)), None);
        assert_eq!(header(FORMAT, 1 << 40), None);
        // The length includes the byte after samples of odd length.
        assert_eq!(header(FORMAT, 3).unwrap()[4..8], 40_u32.to_le_bytes());
    }

    #[test]
    fn other_chunks_and_unknown_lengths_are_accepted() {
        let wav = Ok(Wav { format: FORMAT, samples: &[1, 2] });
        let format = || chunk("fmt ", 16, FORMAT);
        let samples = || chunk("data", 2, &[1, 2]);
        let longer = chunk("fmt ", 18, &[FORMAT, &[0, 0]].concat());
        for chunks in [
            vec![format(), samples()],
            vec![longer, samples()],
            vec![chunk("LIST", 3, &[7, 7, 7, 0]), format(), samples(), chunk("id3 ", 1, &[7])],
            vec![format(), chunk("data", 0, &[1, 2])],
            vec![format(), chunk("data", u32::MAX, &[1, 2])],
        ] {
            assert_eq!(Wav::parse(&file(&chunks)), wav, "{chunks:?}");
        }
        assert_eq!(Wav::parse(&file(&[format(), chunk("data", 0, &[])])).unwrap().samples, [0; 0]);
    }

    #[test]
    fn what_cannot_be_joined_is_refused() {
        let format = || chunk("fmt ", 16, FORMAT);
        let with = |at: usize, value: u8| {
            let mut changed = FORMAT.to_vec();
            changed[at] = value;
            vec![chunk("fmt ", 16, &changed), chunk("data", 2, &[1, 2])]
        };
        for (chunks, problem) in [
            (vec![], "contains no samples"),
            (vec![format()], "contains no samples"),
            (vec![chunk("data", 2, &[1, 2])], "does not say the format of its samples"),
            (vec![format(), chunk("data", 9, &[1, 2])], "is shorter than its header says"),
            (vec![chunk("fmt ", 99, FORMAT)], "is shorter than its header says"),
            (vec![chunk("fmt ", 2, &[1, 0]), chunk("data", 0, &[])], "has an incomplete format"),
            (vec![format(), chunk("data", 3, &[1, 2, 3])], "ends within a sample"),
            (with(0, 85), "is compressed, so it cannot be joined with others"),
            (with(12, 0), "ends within a sample"),
        ] {
            assert_eq!(Wav::parse(&file(&chunks)), Err(problem));
        }
        for other in [&b""[..], b"RIFF", b"ID3\x04\0\0\0\0\0\0\0\0", b"RIFF\0\0\0\0AVI "] {
            assert_eq!(Wav::parse(other), Err("is not a WAV file"), "{other:?}");
        }
    }
}

//! A picture of one color, as a PNG file.

/// Returns a PNG file of one color, given as red, green and blue.
pub(crate) fn color_picture([red, green, blue]: [u8; 3], (width, height): (u16, u16)) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::new();
    header.extend_from_slice(&u32::from(width).to_be_bytes());
    header.extend_from_slice(&u32::from(height).to_be_bytes());
    // One bit for each pixel, which is an index into the palette; the default compression, filter and interlace method.
    header.extend_from_slice(&[1, 3, 0, 0, 0]);
    push_chunk(&mut file, b"IHDR", &header);
    push_chunk(&mut file, b"PLTE", &[red, green, blue]);
    // Each row is a filter type, 0, and its pixels, all 0.
    let row = 1 + usize::from(width).div_ceil(8);
    push_chunk(&mut file, b"IDAT", &zeros_in_zlib(row * usize::from(height)));
    push_chunk(&mut file, b"IEND", &[]);
    file
}

/// Zeros in the format zlib (RFC 1950), in stored blocks.
fn zeros_in_zlib(length: usize) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut left = length;
    while left > 0 {
        let block = u16::try_from(left).unwrap_or(u16::MAX);
        left -= usize::from(block);
        stream.push(u8::from(left == 0));
        stream.extend_from_slice(&block.to_le_bytes());
        stream.extend_from_slice(&(!block).to_le_bytes());
        stream.resize(stream.len() + usize::from(block), 0);
    }
    // Adler-32 of zeros: the low half stays 1, the high half counts the bytes.
    let high = u32::try_from(length % 65_521).unwrap_or_default();
    stream.extend_from_slice(&(high << 16 | 1).to_be_bytes());
    stream
}

fn push_chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    let length = u32::try_from(data.len()).unwrap_or_default();
    file.extend_from_slice(&length.to_be_bytes());
    file.extend_from_slice(kind);
    file.extend_from_slice(data);
    file.extend_from_slice(&crc32(kind.iter().chain(data)).to_be_bytes());
}

fn crc32<'a>(bytes: impl Iterator<Item = &'a u8>) -> u32 {
    let rest = bytes.fold(u32::MAX, |rest, byte| {
        (0..8).fold(rest ^ u32::from(*byte), |rest, _| {
            if rest & 1 == 1 { (rest >> 1) ^ 0xedb8_8320 } else { rest >> 1 }
        })
    });
    !rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_a_png_file() {
        let file = color_picture([0xfa, 0xfb, 0xfc], (256, 144));
        assert!(infer::image::is_png(&file) && file.len() < 6_000, "{}", file.len());
        // The checksum of an empty IEND chunk is the same in every PNG file.
        assert!(file.ends_with(b"IEND\xae\x42\x60\x82"));
        assert_eq!(crc32(b"123456789".iter()), 0xcbf4_3926);
        assert!(file.windows(7).any(|part| part == b"PLTE\xfa\xfb\xfc"));
    }

    #[test]
    fn long_data_has_several_blocks() {
        let stream = zeros_in_zlib(70_000);
        assert_eq!(stream.len(), 2 + 5 + 65_535 + 5 + 4_465 + 4);
        assert_eq!(stream[..7], [0x78, 0x01, 0, 0xff, 0xff, 0, 0]);
        assert_eq!(stream[stream.len() - 4..], (((70_000 % 65_521) << 16 | 1) as u32).to_be_bytes());
    }
}

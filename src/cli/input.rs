//! Histories that come from a file or from standard input, packed or not, in any known format.
use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Cursor, Read},
};

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use checkers::{
    History,
    format::{self, Keys},
};
use clap::ValueEnum;
use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::{
    FrameDecoder, StreamingDecoder,
    errors::{FrameDecoderError, ReadFrameHeaderError},
};

/// Where the keys of another tool's history are.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum KeysArg {
    /// As the history looks
    Auto,
    /// In the values: each is a pair `[key value]`
    Independent,
    /// Not in the values
    None,
}

impl From<KeysArg> for Keys {
    fn from(keys: KeysArg) -> Keys {
        match keys {
            KeysArg::Auto => Keys::Auto,
            KeysArg::Independent => Keys::Independent,
            KeysArg::None => Keys::None,
        }
    }
}

/// Bytes to which a packed history may unpack where nobody knows how much memory is free.
const UNPACKED_MAX: u64 = 16 << 30;
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Before a zstd frame others may stand that are to be skipped: 50 to 5f, then this.
const ZSTD_SKIPPED: [u8; 3] = [0x2a, 0x4d, 0x18];

/// The text of the history at a path, `-` being standard input, unpacked where it is packed with
/// gzip or zstd. A small file can be made to unpack to more than any machine holds, so a packed
/// one may unpack to the memory that is free, and no more.
pub(super) fn read(path: &str) -> Result<Bytes> {
    let unpacked_max = memory_free().unwrap_or(UNPACKED_MAX);
    if path == "-" {
        return unpack(io::stdin().lock(), unpacked_max).context("failed to read standard input");
    }
    let file = File::open(path).with_context(|| format!("failed to read {path}"))?;
    unpack(file, unpacked_max).with_context(|| format!("failed to read {path}"))
}

/// The ops of a text. With `allow_torn`, a last line that is cut short is left out and its number
/// returned.
pub(super) fn parse(
    name: &str,
    text: Bytes,
    keys: Keys,
    allow_torn: bool,
) -> Result<(History, Option<usize>)> {
    if allow_torn {
        return format::read_torn(text, keys).with_context(|| name.to_owned());
    }
    let is_torn = !text.ends_with(b"\n");
    format::read(text, keys).map(|history| (history, None)).map_err(|e| {
        let is_cut = is_torn && e.message.contains("in the middle");
        let hint = if is_cut { "; --allow-torn judges the lines before it" } else { "" };
        anyhow!("{name}: {e}{hint}")
    })
}

/// Bytes of memory that could be had without swapping.
fn memory_free() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// Reads to the end what may be packed.
fn unpack(mut source: impl Read, unpacked_max: u64) -> Result<Bytes> {
    let mut magic = Vec::new();
    source.by_ref().take(4).read_to_end(&mut magic)?;
    let is_gzip = magic.starts_with(&GZIP);
    let is_zstd = magic == ZSTD || magic.get(1..) == Some(&ZSTD_SKIPPED);
    let source = Cursor::new(magic).chain(source);
    let mut text = Vec::new();
    if is_gzip {
        let decoder = MultiGzDecoder::new(BufReader::new(source));
        take(decoder, unpacked_max, &mut text)?;
    } else if is_zstd {
        unzstd(BufReader::new(source), unpacked_max, &mut text)?;
    } else {
        let mut source = source;
        source.read_to_end(&mut text)?;
    }
    Ok(text.into())
}

/// Unpacks zstd, frame by frame.
fn unzstd(mut source: impl BufRead, unpacked_max: u64, text: &mut Vec<u8>) -> Result<()> {
    while !source.fill_buf()?.is_empty() {
        let mut decoder = match StreamingDecoder::new(&mut source) {
            Ok(decoder) => decoder,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                io::copy(&mut source.by_ref().take(length.into()), &mut io::sink())?;
                continue;
            }
            Err(e) => return Err(e).context("not zstd, although it begins so"),
        };
        take(&mut decoder, unpacked_max, text)?;
        if !is_intact(&decoder.into_frame_decoder()) {
            bail!("a zstd frame is damaged: its checksum differs");
        }
    }
    Ok(())
}

/// Whether what was unpacked is what was packed, as far as anybody wrote down.
fn is_intact(decoder: &FrameDecoder) -> bool {
    let written = decoder.get_checksum_from_data();
    written.is_none() || written == decoder.get_calculated_checksum()
}

/// Appends everything that a decoder gives, up to a bound on the whole.
fn take(decoder: impl Read, unpacked_max: u64, text: &mut Vec<u8>) -> Result<()> {
    let left = unpacked_max.saturating_sub(text.len() as u64);
    decoder.take(left.saturating_add(1)).read_to_end(text).context("failed to unpack")?;
    if text.len() as u64 > unpacked_max {
        bail!("it unpacks to more than the {unpacked_max} bytes of memory that are free");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        compress_to_vec(text, CompressionLevel::Fastest)
    }

    #[test]
    fn packed_or_not_the_text_is_the_same() {
        let skipped = b"\x52\x2a\x4d\x18\x03\0\0\0abc".to_vec();
        for packed in [
            b"one two".to_vec(),
            [gzip(b"one "), gzip(b"two")].concat(),
            [zstd(b"one "), skipped.clone(), zstd(b""), zstd(b"two")].concat(),
            [skipped, zstd(b"one two")].concat(),
        ] {
            assert_eq!(unpack(&*packed, 7).unwrap(), "one two");
        }
        for short in [&b""[..], b"{", b"\x1e"] {
            assert_eq!(unpack(short, 0).unwrap(), short);
        }
    }

    #[test]
    fn what_unpacks_to_too_much_is_refused() {
        let much = vec![b' '; 1 << 20];
        for packed in [gzip(&much), zstd(&much), [zstd(&much[1..]), zstd(b"ab")].concat()] {
            let error = unpack(&*packed, (1 << 20) - 1).unwrap_err().to_string();
            assert!(error.contains("more than the 1048575 bytes"), "{error}");
            assert!(unpack(&*packed, (1 << 20) + 1).is_ok());
        }
    }

    #[test]
    fn what_is_cut_or_damaged_is_refused() {
        let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        for packed in [gzip(&text), zstd(&text)] {
            for end in [3, 9, packed.len() / 2, packed.len() - 1] {
                let part = unpack(&packed[..end], 1 << 30);
                assert!(part.is_err() || end == 3, "{end}");
            }
            let mut damaged = packed.clone();
            let last = damaged.len() - 2;
            damaged[last] ^= 1; // Of the checksum.
            assert!(unpack(&*damaged, 1 << 30).is_err());
        }
    }
}

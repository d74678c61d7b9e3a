//! Histories that come from a file or from standard input, packed or not, in any known format.
use std::{
    fs::{self, File},
    io::{self, BufReader, Cursor, Read},
};

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use checkers::{
    History,
    format::{self, Keys},
};
use clap::ValueEnum;
use flate2::bufread::MultiGzDecoder;

mod zstd;

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

/// What a path leads to, `-` being standard input, unpacked where it is packed with gzip or zstd.
pub(super) struct Source {
    name: String,
    read: Box<dyn Read + Send>,
    is_packed: bool,
    /// Bytes that it has, where that is known before they are read.
    pub(super) bytes: Option<u64>,
}

impl Source {
    /// Begins to read.
    pub(super) fn open(path: &str) -> Result<Source> {
        if path == "-" {
            return Source::unpack("standard input", io::stdin());
        }
        let file = File::open(path).with_context(|| format!("failed to read {path}"))?;
        let bytes = file.metadata().map_or(0, |about| about.len());
        let source = Source::unpack(path, file)?;
        let is_known = !source.is_packed && bytes > 0;
        Ok(Source { bytes: is_known.then_some(bytes), ..source })
    }

    fn unpack(name: &str, mut source: impl Read + Send + 'static) -> Result<Source> {
        let mut magic = Vec::new();
        let begun = source.by_ref().take(4).read_to_end(&mut magic);
        begun.with_context(|| format!("failed to read {name}"))?;
        let is_gzip = magic.starts_with(&GZIP);
        let is_zstd = magic == ZSTD || magic.get(1..) == Some(&ZSTD_SKIPPED);
        let source = BufReader::new(Cursor::new(magic).chain(source));
        let read: Box<dyn Read + Send> = match (is_gzip, is_zstd) {
            (true, _) => Box::new(MultiGzDecoder::new(source)),
            (_, true) => Box::new(zstd::Frames::new(source)),
            _ => Box::new(source),
        };
        Ok(Source { name: name.to_owned(), read, is_packed: is_gzip || is_zstd, bytes: None })
    }

    /// Reads on until a text has so many bytes, or all there are; whether that is all.
    pub(super) fn read_up_to(&mut self, bytes: u64, text: &mut Vec<u8>) -> Result<bool> {
        let left = bytes.saturating_sub(text.len() as u64);
        let known = self.bytes.map_or(0, |all| all.saturating_sub(text.len() as u64).min(left));
        text.reserve_exact(known as usize + 1); // One more, to find that there is no more.
        let what = if self.is_packed { "unpack" } else { "read" };
        let read = self.read.by_ref().take(left).read_to_end(text);
        let read = read.with_context(|| format!("failed to {what} {}", self.name))?;
        Ok((read as u64) < left)
    }

    /// All the rest. A small file can be made to unpack to more than any machine holds, so a packed
    /// one may unpack to the memory that is free, and no more.
    pub(super) fn read_all(&mut self, text: &mut Vec<u8>) -> Result<()> {
        self.read_within(memory_free().unwrap_or(UNPACKED_MAX), text)
    }

    fn read_within(&mut self, unpacked_max: u64, text: &mut Vec<u8>) -> Result<()> {
        let bytes_max = if self.is_packed { unpacked_max } else { u64::MAX };
        if !self.read_up_to(bytes_max.saturating_add(1), text)? {
            bail!(
                "{} unpacks to more than the {bytes_max} bytes of memory that are free",
                self.name
            );
        }
        Ok(())
    }
}

/// The text of the history at a path.
pub(super) fn read(path: &str) -> Result<Bytes> {
    let mut text = Vec::new();
    let mut source = Source::open(path)?;
    source.read_all(&mut text)?;
    Ok(text.into())
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::{prelude::*, sample::Index};
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn unpack(packed: &[u8], bytes_max: u64) -> Result<Vec<u8>> {
        let mut text = Vec::new();
        Source::unpack("it", Cursor::new(packed.to_vec()))?.read_within(bytes_max, &mut text)?;
        Ok(text)
    }

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
            assert_eq!(unpack(&packed, 7).unwrap(), b"one two");
        }
        for short in [&b""[..], b"{", b"\x1e"] {
            assert_eq!(unpack(short, 0).unwrap(), short);
        }
    }

    #[test]
    fn what_unpacks_to_too_much_is_refused() {
        let much = vec![b' '; 1 << 20];
        for packed in [gzip(&much), zstd(&much), [zstd(&much[1..]), zstd(b"ab")].concat()] {
            let error = unpack(&packed, (1 << 20) - 1).unwrap_err().to_string();
            assert!(error.contains("more than the 1048575 bytes"), "{error}");
            assert!(unpack(&packed, (1 << 20) + 1).is_ok());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// Whatever is behind the first bytes of a packed file, it is unpacked or refused.
        #[test]
        fn no_packed_bytes_panic(
            kind in 0..4_usize,
            changes in prop::collection::vec((any::<Index>(), any::<u8>()), 0..6),
            rest in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let text = b"one two one two one two three";
            let mut packed = match kind {
                0 => gzip(text),
                1 => zstd(text),
                2 => [&GZIP[..], &rest].concat(),
                _ => [&ZSTD[..], &rest].concat(),
            };
            for (at, byte) in changes {
                let at = at.index(packed.len());
                packed[at] = byte;
            }
            if let Ok(unpacked) = unpack(&packed, 1 << 16) {
                prop_assert!(unpacked.len() <= 1 << 16);
            }
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
            assert!(unpack(&damaged, 1 << 30).is_err());
        }
    }
}

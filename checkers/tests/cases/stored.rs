//! A stored history, plain or gzip.
use std::{io::Read, path::Path};

use checkers::{History, Malformed};

/// Reads one; a test cannot go on without it.
pub(crate) fn history(path: &Path) -> History {
    read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Reads what may be no history.
#[expect(clippy::disallowed_methods, reason = "a test may read its cases")]
pub(crate) fn read(path: &Path) -> Result<History, Malformed> {
    let mut bytes = std::fs::read(path).unwrap();
    if path.extension().is_some_and(|ending| ending == "gz") {
        let packed = std::mem::take(&mut bytes);
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
    }
    History::read(bytes)
}

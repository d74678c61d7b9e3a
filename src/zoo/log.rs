//! An append-only log that survives `kill -9` and power failures: one JSON record a line, one
//! write(2) and one fdatasync(2) a record.
//!
//! What write(2) returned for is in the page cache, and a killed process leaves that alone; what
//! fdatasync(2) returned for is on the disk. A kill in the middle of a write leaves a line without
//! its newline, a power failure may leave holes in the last line: nobody was told of that record,
//! so replay cuts it off. Anything else that cannot be read is damage, and the node refuses to
//! start rather than forget what it had promised.
use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    marker::PhantomData,
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde::{Serialize, de::DeserializeOwned};

/// When a log is brought to safety.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syncs {
    /// Before anybody is told of a record.
    First,
    /// Every now and then: a power failure loses what was promised.
    Later,
}

/// How long "now and then" is.
const LATER: Duration = Duration::from_secs(1);

/// An open log.
pub(crate) struct Log<R> {
    file: Arc<File>,
    /// Bytes of whole records.
    len: u64,
    /// A record may be half in the file, and could not be taken back.
    is_torn: bool,
    syncs: Syncs,
    records: PhantomData<fn(R)>,
}

impl<R: Serialize + DeserializeOwned> Log<R> {
    /// Opens the log, or makes it, and returns the records it holds.
    pub(crate) fn open(path: &Path, syncs: Syncs) -> Result<(Log<R>, Vec<R>)> {
        let name = || format!("the log {}", path.display());
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).append(true).create(true).open(path).with_context(name)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).with_context(name)?;
        let end = |text: &[u8]| text.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        let mut whole = end(&text);
        let last = end(&text[..whole.saturating_sub(1)]);
        if serde_json::from_slice::<R>(&text[last..whole]).is_err() {
            whole = last;
        }
        let lines = text[..whole].split(|&b| b == b'\n').filter(|line| !line.is_empty());
        let records = lines.enumerate().map(|(i, line)| {
            serde_json::from_slice(line).with_context(|| format!("{} line {}", name(), i + 1))
        });
        let records = records.collect::<Result<_>>()?;
        file.set_len(whole as u64).with_context(name)?;
        // What is replayed is promised once more.
        file.sync_all().with_context(name)?;
        let file = Arc::new(file);
        if syncs == Syncs::Later {
            sync_later(&file);
        }
        let len = whole as u64;
        Ok((Log { file, len, is_torn: false, syncs, records: PhantomData }, records))
    }

    /// Adds a record: when this returns, neither a kill nor a power failure can undo it.
    pub(crate) fn append(&mut self, record: &R) -> Result<()> {
        ensure!(!self.is_torn, "an earlier record is half in the log");
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        if let Err(e) = (&*self.file).write_all(&line) {
            // A full disk may have taken a part. Unless that is cut off, a later record would be
            // glued to it.
            self.is_torn = self.file.set_len(self.len).is_err();
            return Err(e).context("the log could not be written");
        }
        self.len += line.len() as u64;
        if self.syncs == Syncs::First
            && let Err(e) = self.file.sync_data()
        {
            // Nobody knows what is on the disk now: only replay tells.
            eprintln!("the log could not be synced: {e}");
            std::process::exit(1);
        }
        Ok(())
    }
}

/// Syncs a log as long as it is open.
fn sync_later(file: &Arc<File>) {
    let file = Arc::downgrade(file);
    std::thread::spawn(move || {
        while let Some(file) = file.upgrade() {
            if file.sync_data().is_err() {
                return;
            }
            drop(file);
            std::thread::sleep(LATER);
        }
    });
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_torn_last_record_is_cut_off_and_the_next_one_stands_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        fs::write(&path, "[1,2]\n[3]\n[4,").unwrap();
        let (mut log, records) = Log::<Vec<u32>>::open(&path, Syncs::First).unwrap();
        assert_eq!(records, [vec![1, 2], vec![3]]);
        log.append(&vec![5]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "[1,2]\n[3]\n[5]\n");
        assert_eq!(Log::<Vec<u32>>::open(&path, Syncs::First).unwrap().1.len(), 3);
    }

    #[test]
    fn holes_in_the_last_record_are_cut_off_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        for torn in ["[1]\n[2,\0\0\n", "[1]\n\0\0\0\0\n", "[1]\n[2\0\0\0"] {
            fs::write(&path, torn).unwrap();
            let (mut log, records) = Log::<Vec<u32>>::open(&path, Syncs::First).unwrap();
            assert_eq!(records, [vec![1]]);
            log.append(&vec![5]).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "[1]\n[5]\n");
        }
    }

    #[test]
    fn every_cut_of_a_log_replays_a_prefix() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let text = "[1]\n[22]\n[333]\n";
        for cut in 0..=text.len() {
            fs::write(&path, &text[..cut]).unwrap();
            let records = Log::<Vec<u32>>::open(&path, Syncs::First).unwrap().1;
            assert_eq!(records.len(), text[..cut].matches('\n').count(), "{cut}");
        }
    }

    #[test]
    fn damage_before_the_end_is_refused_with_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        fs::write(&path, "[1]\n[2\n[3]\n").unwrap();
        let error = Log::<Vec<u32>>::open(&path, Syncs::First).err().unwrap();
        assert!(format!("{error:#}").contains("line 2"), "{error:#}");
    }
}

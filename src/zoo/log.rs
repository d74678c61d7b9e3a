//! An append-only log that survives `kill -9`: one JSON record a line, one write(2) a record.
//!
//! What write(2) returned for is in the page cache, and a killed process leaves that alone; only a
//! crash of the machine could lose it. A kill in the middle of a write leaves a line without its
//! newline: nobody was told of that record, so replay cuts it off. Anything else that cannot be
//! read is damage, and the node refuses to start rather than forget what it had promised.
use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    marker::PhantomData,
    path::Path,
};

use anyhow::{Context, Result, ensure};
use serde::{Serialize, de::DeserializeOwned};

/// An open log.
pub(crate) struct Log<R> {
    file: File,
    /// Bytes of whole records.
    len: u64,
    /// A record may be half in the file, and could not be taken back.
    is_torn: bool,
    records: PhantomData<fn(R)>,
}

impl<R: Serialize + DeserializeOwned> Log<R> {
    /// Opens the log, or makes it, and returns the records it holds.
    pub(crate) fn open(path: &Path) -> Result<(Log<R>, Vec<R>)> {
        let name = || format!("the log {}", path.display());
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).append(true).create(true).open(path).with_context(name)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).with_context(name)?;
        let whole = text.iter().rposition(|&b| b == b'\n').map_or(0, |newline| newline + 1);
        let lines = text[..whole].split(|&b| b == b'\n').filter(|line| !line.is_empty());
        let records = lines.enumerate().map(|(i, line)| {
            serde_json::from_slice(line).with_context(|| format!("{} line {}", name(), i + 1))
        });
        let records = records.collect::<Result<_>>()?;
        file.set_len(whole as u64).with_context(name)?;
        Ok((Log { file, len: whole as u64, is_torn: false, records: PhantomData }, records))
    }

    /// Adds a record: when this returns, a kill cannot undo it.
    pub(crate) fn append(&mut self, record: &R) -> Result<()> {
        ensure!(!self.is_torn, "an earlier record is half in the log");
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        if let Err(e) = self.file.write_all(&line) {
            // A full disk may have taken a part. Unless that is cut off, a later record would be
            // glued to it.
            self.is_torn = self.file.set_len(self.len).is_err();
            return Err(e).context("the log could not be written");
        }
        self.len += line.len() as u64;
        Ok(())
    }
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
        let (mut log, records) = Log::<Vec<u32>>::open(&path).unwrap();
        assert_eq!(records, [vec![1, 2], vec![3]]);
        log.append(&vec![5]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "[1,2]\n[3]\n[5]\n");
        assert_eq!(Log::<Vec<u32>>::open(&path).unwrap().1.len(), 3);
    }

    #[test]
    fn every_cut_of_a_log_replays_a_prefix() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let text = "[1]\n[22]\n[333]\n";
        for cut in 0..=text.len() {
            fs::write(&path, &text[..cut]).unwrap();
            let records = Log::<Vec<u32>>::open(&path).unwrap().1;
            assert_eq!(records.len(), text[..cut].matches('\n').count(), "{cut}");
        }
    }

    #[test]
    fn damage_before_the_end_is_refused_with_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        fs::write(&path, "[1]\n[2\n[3]\n").unwrap();
        let error = Log::<Vec<u32>>::open(&path).err().unwrap();
        assert!(format!("{error:#}").contains("line 2"), "{error:#}");
    }
}

//! The only writer of history. The journal decides what happened: an invocation is written before
//! it is sent, a completion after it is received, and the order of the file is the order of truth.
use std::{fs::File, io::Write, path::Path};

use anyhow::{Context, Result};
use checkers::Op;

/// An open history.
pub struct Journal {
    file: File,
    buffer: Vec<u8>,
}

impl Journal {
    /// Starts a history.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(path: &Path) -> Result<Journal> {
        let file =
            File::create(path).with_context(|| format!("failed to make {}", path.display()))?;
        Ok(Journal { file, buffer: Vec::new() })
    }

    /// Adds an op. It is in the file after the next [`Journal::flush`].
    pub fn add(&mut self, op: &Op) {
        op.write_line(&mut self.buffer);
    }

    /// Hands everything added to the kernel, which keeps it even if this process is killed.
    ///
    /// # Errors
    /// When the disk is full, or gone.
    pub fn flush(&mut self) -> Result<()> {
        self.file.write_all(&self.buffer).context("failed to write the history")?;
        self.buffer.clear();
        Ok(())
    }

    /// Ends the history, on disk.
    ///
    /// # Errors
    /// When the disk is full, or gone.
    pub fn close(mut self) -> Result<()> {
        self.flush()?;
        self.file.sync_all().context("failed to sync the history")
    }
}

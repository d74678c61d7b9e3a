//! Files and directories in memory, and what a power failure would leave of them.
//!
//! A file's bytes survive once it was synced. Names survive as on file systems with a journal
//! (ext4, XFS): changes are kept in order, and syncing anything keeps all that came before. A file
//! whose name survives and whose bytes do not is shorter, or empty. What only describes a file
//! (mode, owner, times) survives at once.
use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::PathBuf,
    time::SystemTime,
};

use nix::errno::Errno;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::content::{Content, PAGE};

/// The root directory's number.
pub(super) const ROOT: u64 = 1;

/// How deep a path may be for [`Volume::path`].
const DEPTH_MAX: usize = 64;

/// Files and directories.
pub(super) struct Volume {
    inodes: BTreeMap<u64, Inode>,
    next: u64,
    /// Changes of names since the last sync, in order.
    journal: Vec<Change>,
    /// Pages that are taken, and that there are.
    used: u64,
    capacity: u64,
    is_off: bool,
}

/// A file, directory, or something else.
pub(super) struct Inode {
    pub(super) kind: Kind,
    pub(super) mode: u16,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) accessed: SystemTime,
    pub(super) modified: SystemTime,
    pub(super) changed: SystemTime,
    /// Names it has.
    pub(super) links: u32,
    /// How often the kernel has been told of it.
    lookups: u64,
    /// Changes that would be undone by a power failure and need it.
    pins: u32,
    /// Where it was named last.
    place: (u64, OsString),
}

pub(super) enum Kind {
    File(Content),
    Directory(BTreeMap<OsString, u64>),
    Link(PathBuf),
    /// A socket, a pipe: its type.
    Special(u32),
}

/// A name that has changed: what it meant before.
struct Change {
    directory: u64,
    name: OsString,
    before: Option<u64>,
    /// Whether it survives with the next one alone.
    is_half: bool,
}

/// What a power failure took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Lost {
    /// Files with changes that were not synced.
    pub files: u64,
    /// Pages of theirs.
    pub pages: u64,
    /// Names that were made, changed or removed, and not synced.
    pub names: u64,
}

type Result<T> = std::result::Result<T, Errno>;

impl Volume {
    /// An empty one, of so many bytes.
    pub(super) fn new(capacity: u64) -> Volume {
        let mut volume = Volume {
            inodes: BTreeMap::new(),
            next: ROOT,
            journal: Vec::new(),
            used: 0,
            capacity: capacity / PAGE,
            is_off: false,
        };
        let root = volume.add(Kind::Directory(BTreeMap::new()), 0o755, (0, 0));
        volume.pin(root);
        volume
    }

    pub(super) fn inode(&self, number: u64) -> Result<&Inode> {
        self.on()?.inodes.get(&number).ok_or(Errno::ENOENT)
    }

    /// The same, to change what describes it.
    pub(super) fn inode_mut(&mut self, number: u64) -> Result<&mut Inode> {
        self.on()?;
        self.inodes.get_mut(&number).ok_or(Errno::ENOENT)
    }

    pub(super) fn find(&self, directory: u64, name: &OsStr) -> Result<u64> {
        self.names(directory)?.get(name).copied().ok_or(Errno::ENOENT)
    }

    pub(super) fn names(&self, directory: u64) -> Result<&BTreeMap<OsString, u64>> {
        match &self.inode(directory)?.kind {
            Kind::Directory(names) => Ok(names),
            _ => Err(Errno::ENOTDIR),
        }
    }

    /// The path of a file, as it was named last.
    pub(super) fn path(&self, number: u64) -> PathBuf {
        let (mut parts, mut at) = (Vec::new(), number);
        while let Some(inode) = self.inodes.get(&at).filter(|_| at != ROOT)
            && parts.len() < DEPTH_MAX
        {
            parts.push(&inode.place.1);
            at = inode.place.0;
        }
        parts.into_iter().rev().collect()
    }

    /// Makes something under a name that is free.
    pub(super) fn make(
        &mut self,
        directory: u64,
        name: &OsStr,
        kind: Kind,
        mode: u16,
        owner: (u32, u32),
    ) -> Result<u64> {
        if self.names(directory)?.contains_key(name) {
            return Err(Errno::EEXIST);
        }
        let number = self.add(kind, mode, owner);
        self.name(directory, name, Some(number));
        Ok(number)
    }

    /// Gives a file one more name.
    pub(super) fn link(&mut self, number: u64, directory: u64, name: &OsStr) -> Result<()> {
        if self.names(directory)?.contains_key(name) {
            return Err(Errno::EEXIST);
        }
        self.inode(number)?;
        self.name(directory, name, Some(number));
        Ok(())
    }

    /// Removes a name, of a directory or of anything else.
    pub(super) fn remove(&mut self, directory: u64, name: &OsStr, is_dir: bool) -> Result<()> {
        let number = self.find(directory, name)?;
        match (&self.inode(number)?.kind, is_dir) {
            (Kind::Directory(names), true) if !names.is_empty() => Err(Errno::ENOTEMPTY),
            (Kind::Directory(_), false) => Err(Errno::EISDIR),
            (Kind::Directory(_), true) => Ok(()),
            (_, true) => Err(Errno::ENOTDIR),
            (_, false) => Ok(()),
        }?;
        self.name(directory, name, None);
        Ok(())
    }

    /// Moves a name, over another one where that may be replaced.
    pub(super) fn rename(
        &mut self,
        from: (u64, &OsStr),
        to: (u64, &OsStr),
        may_replace: bool,
    ) -> Result<()> {
        let number = self.find(from.0, from.1)?;
        if let Ok(there) = self.find(to.0, to.1) {
            if !may_replace {
                return Err(Errno::EEXIST);
            }
            if there == number {
                return Ok(());
            }
            let is_dir = matches!(self.inode(number)?.kind, Kind::Directory(_));
            match &self.inode(there)?.kind {
                Kind::Directory(names) if is_dir && !names.is_empty() => Err(Errno::ENOTEMPTY),
                Kind::Directory(_) if !is_dir => Err(Errno::EISDIR),
                Kind::Directory(_) => Ok(()),
                _ if is_dir => Err(Errno::ENOTDIR),
                _ => Ok(()),
            }?;
        } else {
            self.names(to.0)?;
        }
        self.name(to.0, to.1, Some(number));
        if let Some(change) = self.journal.last_mut() {
            change.is_half = true;
        }
        self.name(from.0, from.1, None);
        Ok(())
    }

    pub(super) fn read(&self, number: u64, offset: u64, length: u64) -> Result<Vec<u8>> {
        match &self.inode(number)?.kind {
            Kind::File(content) => Ok(content.read(offset, length)),
            _ => Err(Errno::EISDIR),
        }
    }

    pub(super) fn write(&mut self, number: u64, offset: u64, bytes: &[u8]) -> Result<()> {
        let more = (bytes.len() as u64).div_ceil(PAGE);
        let is_full = self.used + more > self.capacity;
        self.change(number, |content| {
            let end = offset + bytes.len() as u64;
            // What overwrites takes nothing.
            if is_full && end.div_ceil(PAGE) > content.size().div_ceil(PAGE) {
                return Err(Errno::ENOSPC);
            }
            content.write(offset, bytes);
            Ok(())
        })
    }

    pub(super) fn resize(&mut self, number: u64, size: u64) -> Result<()> {
        self.change(number, |content| {
            content.resize(size);
            Ok(())
        })
    }

    pub(super) fn clear(&mut self, number: u64, from: u64, to: u64) -> Result<()> {
        self.change(number, |content| {
            content.clear(from, to);
            Ok(())
        })
    }

    /// What is in it survives from now on, and every name there is.
    pub(super) fn sync(&mut self, number: u64) -> Result<()> {
        if let Kind::File(content) = &mut self.inode_mut(number)?.kind {
            content.sync();
        }
        for change in std::mem::take(&mut self.journal) {
            self.release(&change);
        }
        Ok(())
    }

    /// Pages that there are, and that are taken.
    pub(super) fn space(&self) -> (u64, u64) {
        (self.capacity.max(self.used), self.used)
    }

    /// From now on there are so many bytes, or as many as are taken.
    pub(super) fn set_capacity(&mut self, bytes: Option<u64>) {
        self.capacity = bytes.map_or(self.used, |bytes| bytes / PAGE);
    }

    /// The power fails: what was not synced is gone, or, with chance, some of it. Nothing can be
    /// read or written until [`power_on`](Volume::power_on).
    pub(super) fn power_off(&mut self, mut chance: Option<&mut ChaCha8Rng>) -> Lost {
        self.is_off = true;
        let mut lost = Lost::default();
        let mut kept = match &mut chance {
            // The journal is written from its beginning.
            Some(rng) => rng.random_range(0..=self.journal.len()),
            None => 0,
        };
        kept += usize::from(kept > 0 && self.journal[kept - 1].is_half);
        for inode in self.inodes.values_mut() {
            if let Kind::File(content) = &mut inode.kind
                && let Some(pages) = content.lose(chance.as_deref_mut())
            {
                lost.files += 1;
                lost.pages += pages;
            }
        }
        let mut journal = std::mem::take(&mut self.journal);
        lost.names = (journal.len() - kept) as u64;
        for change in journal.drain(kept..).rev() {
            self.swap(change.directory, &change.name, change.before);
            self.release(&change);
        }
        journal.iter().for_each(|change| self.release(change));
        let pages = |inode: &Inode| match &inode.kind {
            Kind::File(content) => content.pages(),
            _ => 0,
        };
        self.used = self.inodes.values().map(pages).sum();
        lost
    }

    pub(super) fn power_on(&mut self) {
        self.is_off = false;
    }

    /// The kernel was told of it.
    pub(super) fn told(&mut self, number: u64) {
        if let Some(inode) = self.inodes.get_mut(&number) {
            inode.lookups += 1;
        }
    }

    /// The kernel has forgotten it so many times.
    pub(super) fn forget(&mut self, number: u64, times: u64) {
        if let Some(inode) = self.inodes.get_mut(&number) {
            inode.lookups = inode.lookups.saturating_sub(times);
        }
        self.collect(number);
    }

    fn on(&self) -> Result<&Volume> {
        if self.is_off { Err(Errno::EIO) } else { Ok(self) }
    }

    fn add(&mut self, kind: Kind, mode: u16, (uid, gid): (u32, u32)) -> u64 {
        let (number, now) = (self.next, SystemTime::now());
        self.next += 1;
        let (accessed, modified, changed) = (now, now, now);
        let place = (ROOT, OsString::new());
        let (links, lookups, pins) = (0, 0, 0);
        self.inodes.insert(
            number,
            Inode {
                kind,
                mode,
                uid,
                gid,
                accessed,
                modified,
                changed,
                links,
                lookups,
                pins,
                place,
            },
        );
        number
    }

    /// Changes what a name means, and notes that.
    fn name(&mut self, directory: u64, name: &OsStr, number: Option<u64>) {
        // Kept first: what loses its last name would be freed.
        let before = self.find(directory, name).ok();
        self.pin(directory);
        before.into_iter().for_each(|before| self.pin(before));
        self.swap(directory, name, number);
        let now = SystemTime::now();
        for touched in [Some(directory), before, number].into_iter().flatten() {
            if let Some(inode) = self.inodes.get_mut(&touched) {
                inode.changed = now;
                if touched == directory {
                    inode.modified = now;
                }
            }
        }
        self.journal.push(Change { directory, name: name.to_owned(), before, is_half: false });
    }

    /// Changes what a name means.
    fn swap(&mut self, directory: u64, name: &OsStr, number: Option<u64>) {
        let Some(inode) = self.inodes.get_mut(&directory) else { return };
        let Kind::Directory(names) = &mut inode.kind else { return };
        let before = match number {
            Some(number) => names.insert(name.to_owned(), number),
            None => names.remove(name),
        };
        if let Some(inode) = number.and_then(|number| self.inodes.get_mut(&number)) {
            inode.links += 1;
            inode.place = (directory, name.to_owned());
        }
        if let Some(inode) = before.and_then(|before| self.inodes.get_mut(&before)) {
            inode.links = inode.links.saturating_sub(1);
        }
        number.into_iter().chain(before).for_each(|number| self.collect(number));
    }

    fn pin(&mut self, number: u64) {
        if let Some(inode) = self.inodes.get_mut(&number) {
            inode.pins += 1;
        }
    }

    /// A change is no longer waited for.
    fn release(&mut self, change: &Change) {
        for number in [Some(change.directory), change.before].into_iter().flatten() {
            if let Some(inode) = self.inodes.get_mut(&number) {
                inode.pins -= 1;
            }
            self.collect(number);
        }
    }

    /// Frees what nobody can reach any more.
    fn collect(&mut self, number: u64) {
        let is_free = |inode: &Inode| inode.links == 0 && inode.lookups == 0 && inode.pins == 0;
        if self.inodes.get(&number).is_some_and(is_free)
            && let Some(Inode { kind: Kind::File(content), .. }) = self.inodes.remove(&number)
        {
            self.used = self.used.saturating_sub(content.pages());
        }
    }

    fn change(
        &mut self,
        number: u64,
        change: impl FnOnce(&mut Content) -> Result<()>,
    ) -> Result<()> {
        let inode = self.inode_mut(number)?;
        let Kind::File(content) = &mut inode.kind else { return Err(Errno::EISDIR) };
        let before = content.pages();
        change(content)?;
        let after = content.pages();
        (inode.modified, inode.changed) = (SystemTime::now(), SystemTime::now());
        self.used = (self.used + after).saturating_sub(before);
        Ok(())
    }
}

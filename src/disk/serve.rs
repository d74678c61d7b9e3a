//! A volume as the kernel asks for it, by FUSE.
//!
//! Nothing is remembered by the kernel for any time ([`TTL`]), and pages of a file only until it
//! is opened again: what a power failure takes is gone for whoever comes after.
use std::{
    ffi::OsStr,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use fuser::{
    AccessFlags, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation,
    INodeNo, LockOwner, MountOption, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData,
    ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, ReplyXattr,
    Request, SessionACL, TimeOrNow, WriteFlags,
};
use rand::RngExt;

use super::{
    Platter,
    content::PAGE,
    rules::{Deed, Harm, Rules},
    volume::{Inode, Kind},
};

const TTL: Duration = Duration::ZERO;
/// So many requests are answered at a time: some of them may be slow on purpose.
const THREADS: usize = 4;
/// The bits of a mode that say what a file is.
const TYPE: u32 = 0o170_000;

/// A disk that is mounted, until this goes.
pub(super) type Session = fuser::BackgroundSession;

struct Served(Arc<Platter>);

/// Mounts it; it is unmounted when what is returned goes.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn mount(platter: Arc<Platter>, at: &Path) -> std::io::Result<Session> {
    let mut config = Config::default();
    config.acl = SessionACL::All;
    config.n_threads = Some(THREADS);
    config.clone_fd = true;
    config.mount_options =
        vec![MountOption::FSName("netsplit".into()), MountOption::DefaultPermissions];
    fuser::Session::new(Served(platter), at, &config)?.spawn()
}

impl Platter {
    /// What a deed comes to, apart from failing or being late: that has happened then.
    fn suffer(&self, deed: Deed, number: u64) -> Result<Option<Harm>, Errno> {
        let harm = self.rules().harm(deed, || self.volume().path(number));
        match harm {
            Some(Harm::Error(errno)) => Err(error(errno)),
            Some(Harm::Delay(time)) => {
                std::thread::sleep(time);
                Ok(None)
            }
            harm => Ok(harm),
        }
    }

    fn entry(&self, directory: u64, name: &OsStr) -> Result<FileAttr, Errno> {
        let mut volume = self.volume();
        let number = volume.find(directory, name).map_err(error)?;
        let attributes = attributes(number, volume.inode(number).map_err(error)?);
        volume.told(number);
        Ok(attributes)
    }

    fn make(
        &self,
        request: &Request,
        (directory, name): (INodeNo, &OsStr),
        kind: Kind,
        mode: u32,
    ) -> Result<FileAttr, Errno> {
        let owner = (request.uid(), request.gid());
        let made = self.volume().make(directory.0, name, kind, (mode & 0o7777) as u16, owner);
        made.map_err(error)?;
        self.entry(directory.0, name)
    }

    fn read(&self, number: u64, offset: u64, size: u32) -> Result<Vec<u8>, Errno> {
        let harm = self.suffer(Deed::Read, number)?;
        let mut bytes = self.volume().read(number, offset, size.into()).map_err(error)?;
        if harm == Some(Harm::Flip) && !bytes.is_empty() {
            flip(&mut bytes, &mut self.rules());
        }
        Ok(bytes)
    }

    /// Returns how many bytes are said to be written.
    fn write(
        &self,
        number: u64,
        offset: u64,
        bytes: &[u8],
        flags: OpenFlags,
    ) -> Result<usize, Errno> {
        let harm = self.suffer(Deed::Write, number)?;
        let mut written = bytes.to_vec();
        match harm {
            Some(Harm::Short) if bytes.len() > 1 => {
                written.truncate(self.rules().rng.random_range(1..bytes.len()));
            }
            Some(Harm::Flip) if !bytes.is_empty() => flip(&mut written, &mut self.rules()),
            Some(Harm::Lie) => return Ok(bytes.len()),
            _ => (),
        }
        self.volume().write(number, offset, &written).map_err(error)?;
        if flags.0 & (nix::libc::O_SYNC | nix::libc::O_DSYNC) != 0 {
            self.sync(number)?;
        }
        Ok(written.len())
    }

    fn sync(&self, number: u64) -> Result<(), Errno> {
        match self.suffer(Deed::Sync, number)? {
            Some(Harm::Lie) => Ok(()),
            _ => self.volume().sync(number).map_err(error),
        }
    }
}

fn flip(bytes: &mut [u8], rules: &mut Rules) {
    let bit = rules.rng.random_range(0..bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
}

fn error(errno: nix::errno::Errno) -> Errno {
    Errno::from_i32(errno as i32)
}

fn file_type(kind: &Kind) -> FileType {
    match kind {
        Kind::File(_) => FileType::RegularFile,
        Kind::Directory(_) => FileType::Directory,
        Kind::Link(_) => FileType::Symlink,
        Kind::Special(nix::libc::S_IFSOCK) => FileType::Socket,
        Kind::Special(_) => FileType::NamedPipe,
    }
}

fn attributes(number: u64, inode: &Inode) -> FileAttr {
    let (size, pages) = match &inode.kind {
        Kind::File(content) => (content.size(), content.pages()),
        Kind::Link(target) => (target.as_os_str().len() as u64, 0),
        _ => (0, 0),
    };
    let is_directory = matches!(inode.kind, Kind::Directory(_));
    FileAttr {
        ino: INodeNo(number),
        size,
        blocks: pages * PAGE / 512,
        atime: inode.accessed,
        mtime: inode.modified,
        ctime: inode.changed,
        crtime: SystemTime::UNIX_EPOCH,
        kind: file_type(&inode.kind),
        perm: inode.mode,
        nlink: if is_directory { 2 } else { inode.links },
        uid: inode.uid,
        gid: inode.gid,
        rdev: 0,
        blksize: PAGE as u32,
        flags: 0,
    }
}

/// A time as it was asked for.
fn time(asked: TimeOrNow) -> SystemTime {
    match asked {
        TimeOrNow::SpecificTime(time) => time,
        TimeOrNow::Now => SystemTime::now(),
    }
}

/// Answers that are an entry, nothing, or an error.
fn answer_entry(answer: Result<FileAttr, Errno>, reply: ReplyEntry) {
    match answer {
        Ok(attributes) => reply.entry(&TTL, &attributes, Generation(0)),
        Err(e) => reply.error(e),
    }
}

fn answer_empty(answer: Result<(), Errno>, reply: ReplyEmpty) {
    match answer {
        Ok(()) => reply.ok(),
        Err(e) => reply.error(e),
    }
}

impl Filesystem for Served {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        answer_entry(self.0.entry(parent.0, name), reply);
    }

    fn forget(&self, _: &Request, ino: INodeNo, times: u64) {
        self.0.volume().forget(ino.0, times);
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.0.volume().inode(ino.0) {
            Ok(inode) => reply.attr(&TTL, &attributes(ino.0, inode)),
            Err(e) => reply.error(error(e)),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        atime: Option<TimeOrNow>,
        mtime: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<fuser::BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mut volume = self.0.volume();
        let resized = size.map_or(Ok(()), |size| volume.resize(ino.0, size));
        let changed = resized.and_then(|()| volume.inode_mut(ino.0)).map(|inode| {
            inode.mode = mode.map_or(inode.mode, |mode| (mode & 0o7777) as u16);
            inode.uid = uid.unwrap_or(inode.uid);
            inode.gid = gid.unwrap_or(inode.gid);
            inode.accessed = atime.map_or(inode.accessed, time);
            inode.modified = mtime.map_or(inode.modified, time);
            inode.changed = SystemTime::now();
            attributes(ino.0, inode)
        });
        match changed {
            Ok(attributes) => reply.attr(&TTL, &attributes),
            Err(e) => reply.error(error(e)),
        }
    }

    fn readlink(&self, _: &Request, ino: INodeNo, reply: ReplyData) {
        match self.0.volume().inode(ino.0).map(|inode| &inode.kind) {
            Ok(Kind::Link(target)) => reply.data(target.as_os_str().as_encoded_bytes()),
            Ok(_) => reply.error(Errno::EINVAL),
            Err(e) => reply.error(error(e)),
        }
    }

    fn mknod(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _: u32,
        reply: ReplyEntry,
    ) {
        let kind = match mode & TYPE {
            nix::libc::S_IFREG => Kind::File(Default::default()),
            special @ (nix::libc::S_IFSOCK | nix::libc::S_IFIFO) => Kind::Special(special),
            _ => return reply.error(Errno::EPERM),
        };
        answer_entry(self.0.make(request, (parent, name), kind, mode & !umask), reply);
    }

    fn mkdir(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        reply: ReplyEntry,
    ) {
        let kind = Kind::Directory(Default::default());
        answer_entry(self.0.make(request, (parent, name), kind, mode & !umask), reply);
    }

    fn symlink(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        target: &Path,
        reply: ReplyEntry,
    ) {
        let kind = Kind::Link(target.to_owned());
        answer_entry(self.0.make(request, (parent, name), kind, 0o777), reply);
    }

    fn link(&self, _: &Request, ino: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let linked = self.0.volume().link(ino.0, parent.0, name).map_err(error);
        answer_entry(linked.and_then(|()| self.0.entry(parent.0, name)), reply);
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer_empty(self.0.volume().remove(parent.0, name, false).map_err(error), reply);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer_empty(self.0.volume().remove(parent.0, name, true).map_err(error), reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let may_replace = match flags.bits() {
            0 => true,
            nix::libc::RENAME_NOREPLACE => false,
            _ => return reply.error(Errno::EINVAL),
        };
        let (from, to) = ((parent.0, name), (new_parent.0, new_name));
        answer_empty(self.0.volume().rename(from, to, may_replace).map_err(error), reply);
    }

    fn open(&self, _: &Request, ino: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        match self.0.volume().inode(ino.0) {
            Ok(_) => reply.opened(FileHandle(0), FopenFlags::empty()),
            Err(e) => reply.error(error(e)),
        }
    }

    fn create(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _: i32,
        reply: ReplyCreate,
    ) {
        let kind = Kind::File(Default::default());
        match self.0.make(request, (parent, name), kind, mode & !umask) {
            Ok(attributes) => {
                let (handle, flags) = (FileHandle(0), FopenFlags::empty());
                reply.created(&TTL, &attributes, Generation(0), handle, flags);
            }
            Err(e) => reply.error(e),
        }
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.0.read(ino.0, offset, size) {
            Ok(bytes) => reply.data(&bytes),
            Err(e) => reply.error(e),
        }
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        bytes: &[u8],
        _: WriteFlags,
        flags: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.0.write(ino.0, offset, bytes, flags) {
            Ok(length) => reply.written(length as u32),
            Err(e) => reply.error(e),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        answer_empty(self.0.sync(ino.0), reply);
    }

    fn fsyncdir(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        answer_empty(self.0.sync(ino.0), reply);
    }

    fn readdir(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let volume = self.0.volume();
        let names = match volume.names(ino.0) {
            Ok(names) => names,
            Err(e) => return reply.error(error(e)),
        };
        let dots = [".", ".."].map(|name| (OsStr::new(name), ino.0));
        let names = names.iter().map(|(name, number)| (name.as_os_str(), *number));
        for (at, (name, number)) in (1..).zip(dots.into_iter().chain(names)).skip(offset as usize) {
            let kind = volume.inode(number).map_or(FileType::RegularFile, |i| file_type(&i.kind));
            if reply.add(INodeNo(number), at, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        let (capacity, used) = self.0.volume().space();
        let free = capacity - used;
        let files = u64::from(u32::MAX);
        reply.statfs(capacity, free, free, files, files, PAGE as u32, 255, PAGE as u32);
    }

    fn fallocate(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        const KEEP_SIZE: i32 = nix::libc::FALLOC_FL_KEEP_SIZE;
        const PUNCH: i32 = nix::libc::FALLOC_FL_PUNCH_HOLE | KEEP_SIZE;
        const ZERO: i32 = nix::libc::FALLOC_FL_ZERO_RANGE;
        let (mut volume, end) = (self.0.volume(), offset + length);
        let size = volume.inode(ino.0).map(|inode| attributes(ino.0, inode).size);
        let done = size.and_then(|size| match mode {
            0 if end > size => volume.resize(ino.0, end),
            0 | KEEP_SIZE => Ok(()),
            PUNCH => volume.clear(ino.0, offset, end),
            ZERO if end > size => {
                volume.resize(ino.0, end).and_then(|()| volume.clear(ino.0, offset, end))
            }
            ZERO => volume.clear(ino.0, offset, end),
            _ => Err(nix::errno::Errno::EOPNOTSUPP),
        });
        answer_empty(done.map_err(error), reply);
    }

    fn access(&self, _: &Request, _: INodeNo, _: AccessFlags, reply: ReplyEmpty) {
        reply.ok();
    }

    fn getxattr(&self, _: &Request, _: INodeNo, _: &OsStr, _: u32, reply: ReplyXattr) {
        reply.error(Errno::EOPNOTSUPP);
    }
}

//! A disk of ours: a file system in memory, mounted by FUSE, that knows what was synced.
//!
//! What a system has written and not synced is in the kernel's memory alone, and `kill -9` leaves
//! that alone. A power failure does not: then only what was synced is on the disk. No kernel module
//! does this without root; a file system of our own does, in a lab, and it can also be slow, fail,
//! or lie.
#[cfg(not(feature = "disk"))]
mod absent;
#[cfg_attr(not(feature = "disk"), expect(dead_code, reason = "nobody asks for it"))]
mod content;
mod rules;
#[cfg(feature = "disk")]
mod serve;
#[cfg(test)]
mod tests;
#[cfg_attr(not(feature = "disk"), expect(dead_code, reason = "nobody asks for it"))]
mod volume;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, Result, bail};
use rand_chacha::ChaCha8Rng;

#[cfg(not(feature = "disk"))]
use absent as serve;
use rules::Rules;
use volume::Volume;

pub use rules::{Deed, Harm, Rule};
pub use volume::Lost;

/// What a disk is.
struct Platter {
    volume: Mutex<Volume>,
    rules: Mutex<Rules>,
}

impl Platter {
    fn volume(&self) -> MutexGuard<'_, Volume> {
        self.volume.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A mounted disk. It is unmounted when it goes.
pub struct Disk {
    platter: Arc<Platter>,
    _session: serve::Session,
}

/// Where the kernel's part of FUSE is.
const DEVICE: &str = "/dev/fuse";

/// Whether disks of ours can be mounted in a lab.
///
/// # Errors
/// Why not, and what to do.
pub fn attempt() -> Result<()> {
    if cfg!(not(feature = "disk")) {
        bail!("this netsplit was built without the feature `disk`");
    }
    let opened = std::fs::File::options().read(true).write(true).open(DEVICE);
    opened.map(drop).with_context(|| {
        format!("{DEVICE} cannot be opened (as root: `modprobe fuse`, `chmod 666 {DEVICE}`)")
    })
}

impl Disk {
    /// Mounts an empty disk of so many bytes. What chance it needs follows from the seed.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn mount(at: &Path, capacity: u64, seed: u64) -> Result<Disk> {
        let platter = Arc::new(Platter {
            volume: Volume::new(capacity).into(),
            rules: Rules::new(seed).into(),
        });
        let session = serve::mount(platter.clone(), at);
        let _session =
            session.with_context(|| format!("failed to mount a disk at {}", at.display()))?;
        Ok(Disk { platter, _session })
    }

    /// The power fails: what was not synced is gone; with chance, some of it is there, sector by
    /// sector. Whatever is asked of the disk from now on fails.
    pub fn power_off(&self, chance: Option<&mut ChaCha8Rng>) -> Lost {
        self.platter.volume().power_off(chance)
    }

    /// The power is back.
    pub fn power_on(&self) {
        self.platter.volume().power_on();
    }

    /// From now on this rule is in force alone, or none.
    pub fn rule(&self, rule: Option<Rule>) {
        self.platter.rules().set(rule);
    }

    /// How often rules have been applied.
    pub fn applied(&self) -> u64 {
        self.platter.rules().applied
    }

    /// From now on it has so many bytes, or as many as are taken.
    pub fn resize(&self, bytes: Option<u64>) {
        self.platter.volume().set_capacity(bytes);
    }
}

//! Writes that are lost after they were acknowledged: chunks that become again what they were.
use std::{collections::BTreeMap, fs};

use anyhow::Result;
use base64::{Engine, prelude::BASE64_STANDARD};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{
    Damage, SpoilArgs,
    chunks::{CHUNK, Chunk, Found},
    overwrite,
};

/// What files held: by name and place, in base64. What is not here was zero, or was not yet.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::nemesis) struct Kept {
    /// Chunks by file and start.
    pub(in crate::nemesis) files: BTreeMap<String, BTreeMap<u64, String>>,
}

impl Kept {
    pub(super) fn of(found: &Found) -> Result<Kept> {
        let mut kept = Kept::default();
        for (name, chunks) in &found.files {
            let held = kept.files.entry(name.clone()).or_default();
            for chunk in chunks {
                held.insert(chunk.start, BASE64_STANDARD.encode(found.read(chunk)?));
            }
        }
        Ok(kept)
    }

    /// Half of the chunks that are not what they were are that again; one at least.
    pub(super) fn rewind(
        &self,
        found: &Found,
        args: &SpoilArgs,
        rng: &mut ChaCha8Rng,
    ) -> Result<Vec<Damage>> {
        let mut changed = Vec::new();
        for (name, held) in &self.files {
            // A file that is gone has lost nothing.
            let Ok(now) = fs::read(args.data.join(name)) else { continue };
            for (start, now) in (0..).step_by(CHUNK as usize).zip(now.chunks(CHUNK as usize)) {
                let length = now.len() as u64;
                let mut before = match held.get(&start) {
                    Some(text) => BASE64_STANDARD.decode(text)?,
                    None => Vec::new(),
                };
                before.resize(now.len(), 0);
                let is_ours = start / CHUNK % args.parts.max(1) == args.part;
                if is_ours && now != before {
                    changed.push((Chunk { file: name.clone(), start, length }, before));
                }
            }
        }
        let sure = rng.random_range(0..changed.len().max(1));
        let lost = changed.iter().enumerate().filter(|(i, _)| *i == sure || rng.random());
        lost.map(|(_, (chunk, before))| overwrite(found, chunk, before)).collect()
    }
}

//! What is in a file, and what would be in it if the power failed now.
use std::{collections::BTreeMap, sync::Arc};

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Bytes of a page.
pub(super) const PAGE: u64 = 4096;
/// Bytes that a disk writes whole or not at all.
const SECTOR: usize = 512;

type Page = Arc<[u8; PAGE as usize]>;

/// A file's bytes. Pages that are missing are zeros, and so is what lies beyond the size.
#[derive(Default)]
pub(super) struct Content {
    size: u64,
    pages: BTreeMap<u64, Page>,
    /// What was there when it was synced last; absent where nothing has changed since.
    before: Option<Before>,
}

#[derive(Default)]
struct Before {
    size: u64,
    /// Only pages that have changed.
    pages: BTreeMap<u64, Option<Page>>,
}

impl Content {
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// How many pages there are.
    pub(super) fn pages(&self) -> u64 {
        self.pages.len() as u64
    }

    /// At most so many bytes from there on.
    pub(super) fn read(&self, offset: u64, length: u64) -> Vec<u8> {
        let end = self.size.min(offset.saturating_add(length));
        let mut bytes = vec![0; end.saturating_sub(offset) as usize];
        for (page, inside, there) in pieces(offset, bytes.len()) {
            if let Some(page) = self.pages.get(&page) {
                bytes[there.clone()].copy_from_slice(&page[inside..inside + there.len()]);
            }
        }
        bytes
    }

    /// Overwrites, and makes the file longer where it ends before.
    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) {
        self.begin();
        for (number, inside, there) in pieces(offset, bytes.len()) {
            self.remember(number);
            let page = self.pages.entry(number).or_insert_with(zeros);
            Arc::make_mut(page)[inside..inside + there.len()].copy_from_slice(&bytes[there]);
        }
        if !bytes.is_empty() {
            self.size = self.size.max(offset + bytes.len() as u64);
        }
    }

    /// Cuts, or adds zeros.
    pub(super) fn resize(&mut self, size: u64) {
        self.begin();
        let cut: Vec<u64> = self.pages.range(size / PAGE..).map(|(number, _)| *number).collect();
        if size < self.size {
            cut.into_iter().for_each(|number| self.remember(number));
        }
        self.size = size;
        self.trim();
    }

    /// Makes zeros of what lies between, without making the file longer.
    pub(super) fn clear(&mut self, from: u64, to: u64) {
        let to = to.min(self.size);
        let zeros = vec![0; to.saturating_sub(from) as usize];
        self.write(from, &zeros);
    }

    /// From now on it survives.
    pub(super) fn sync(&mut self) {
        self.before = None;
    }

    /// The power failed. Nothing is left that was not synced; or, with chance, some sectors are,
    /// and some are not. Returns how many pages had not been synced, absent where nothing changed.
    pub(super) fn lose(&mut self, chance: Option<&mut ChaCha8Rng>) -> Option<u64> {
        let before = self.before.take()?;
        let count = before.pages.len() as u64;
        match chance {
            None => {
                self.size = before.size;
                for (number, page) in before.pages {
                    self.put(number, page);
                }
            }
            Some(rng) => {
                if rng.random() {
                    self.size = before.size;
                }
                for (number, page) in before.pages {
                    self.tear(number, page, rng);
                }
            }
        }
        self.trim();
        Some(count)
    }

    /// Each sector of a page is new or old.
    fn tear(&mut self, number: u64, before: Option<Page>, rng: &mut ChaCha8Rng) {
        let mut torn = before.unwrap_or_else(zeros);
        let now = self.pages.get(&number).cloned().unwrap_or_else(zeros);
        let (sectors, news) = (Arc::make_mut(&mut torn), now.chunks(SECTOR));
        for (sector, new) in sectors.chunks_mut(SECTOR).zip(news) {
            if rng.random() {
                sector.copy_from_slice(new);
            }
        }
        self.put(number, Some(torn));
    }

    fn put(&mut self, number: u64, page: Option<Page>) {
        match page {
            Some(page) => self.pages.insert(number, page),
            None => self.pages.remove(&number),
        };
    }

    /// Something is about to change.
    fn begin(&mut self) {
        let size = self.size;
        self.before.get_or_insert_with(|| Before { size, ..Before::default() });
    }

    fn remember(&mut self, number: u64) {
        let now = self.pages.get(&number);
        let before = self.before.get_or_insert_default();
        before.pages.entry(number).or_insert_with(|| now.cloned());
    }

    /// What lies beyond the size is zeros again.
    fn trim(&mut self) {
        drop(self.pages.split_off(&self.size.div_ceil(PAGE)));
        let inside = (self.size % PAGE) as usize;
        if inside > 0
            && let Some(last) = self.pages.get_mut(&(self.size / PAGE))
            && last[inside..].iter().any(|&byte| byte != 0)
        {
            Arc::make_mut(last)[inside..].fill(0);
        }
    }
}

fn zeros() -> Page {
    Arc::new([0; PAGE as usize])
}

/// The pages that bytes lie in: number, place in the page, place in the bytes.
fn pieces(
    offset: u64,
    length: usize,
) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == length {
            return None;
        }
        let at = offset + done as u64;
        let inside = (at % PAGE) as usize;
        let end = length.min(done + PAGE as usize - inside);
        let piece = (at / PAGE, inside, done..end);
        done = end;
        Some(piece)
    })
}

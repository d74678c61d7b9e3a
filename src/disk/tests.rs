//! The volume against a slow and obvious one, which copies everything at each sync.
use std::{collections::BTreeMap, ffi::OsStr};

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::volume::{Kind, ROOT, Volume};

const GIGABYTE: u64 = 1 << 30;

/// What is done to files of the root directory, which have one letter for a name.
#[derive(Clone, Debug)]
enum Step {
    Make(u8),
    Write(u8, u64, Vec<u8>),
    Resize(u8, u64),
    Clear(u8, u64, u64),
    Rename(u8, u8),
    Link(u8, u8),
    Remove(u8),
    Sync(u8),
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    let place = || prop_oneof![0..40_u64, 4080..4110_u64, 0..20_000_u64];
    let bytes = prop_oneof![
        proptest::collection::vec(1..=255_u8, 0..20),
        (1..=255_u8, 4000..9000_usize).prop_map(|(byte, length)| vec![byte; length]),
    ];
    let name = || 0..4_u8;
    prop_oneof![
        3 => name().prop_map(Step::Make),
        6 => (name(), place(), bytes).prop_map(|(n, at, bytes)| Step::Write(n, at, bytes)),
        2 => (name(), place()).prop_map(|(n, size)| Step::Resize(n, size)),
        1 => (name(), place(), place()).prop_map(|(n, from, to)| Step::Clear(n, from, to)),
        2 => (name(), name()).prop_map(|(from, to)| Step::Rename(from, to)),
        1 => (name(), name()).prop_map(|(from, to)| Step::Link(from, to)),
        2 => name().prop_map(Step::Remove),
        3 => name().prop_map(Step::Sync),
        1 => Just(Step::Crash),
    ]
}

/// Files by number, names by letter; and both as they would be after a power failure.
#[derive(Clone, Default)]
struct Obvious {
    files: Vec<Vec<u8>>,
    names: BTreeMap<u8, usize>,
    safe_files: BTreeMap<usize, Vec<u8>>,
    safe_names: BTreeMap<u8, usize>,
}

impl Obvious {
    /// Whether it could be done.
    fn step(&mut self, step: &Step) -> bool {
        let file = |names: &BTreeMap<u8, usize>, name: &u8| names.get(name).copied();
        match step {
            Step::Make(name) => {
                if self.names.contains_key(name) {
                    return false;
                }
                self.names.insert(*name, self.files.len());
                self.files.push(Vec::new());
            }
            Step::Write(name, at, bytes) => {
                let Some(file) = file(&self.names, name) else { return false };
                let (file, at) = (&mut self.files[file], *at as usize);
                if !bytes.is_empty() {
                    file.resize(file.len().max(at + bytes.len()), 0);
                    file[at..at + bytes.len()].copy_from_slice(bytes);
                }
            }
            Step::Resize(name, size) => {
                let Some(file) = file(&self.names, name) else { return false };
                self.files[file].resize(*size as usize, 0);
            }
            Step::Clear(name, from, to) => {
                let Some(file) = file(&self.names, name) else { return false };
                let file = &mut self.files[file];
                let (from, to) = (*from as usize, file.len().min(*to as usize));
                if from < to {
                    file[from..to].fill(0);
                }
            }
            Step::Rename(from, to) => {
                let Some(file) = file(&self.names, from) else { return false };
                // Of two names of one file both stay.
                if self.names.insert(*to, file) != Some(file) {
                    self.names.remove(from);
                }
            }
            Step::Link(from, to) => {
                let Some(file) = file(&self.names, from) else { return false };
                if self.names.contains_key(to) {
                    return false;
                }
                self.names.insert(*to, file);
            }
            Step::Remove(name) => return self.names.remove(name).is_some(),
            Step::Sync(name) => {
                let Some(file) = file(&self.names, name) else { return false };
                self.safe_names = self.names.clone();
                self.safe_files.insert(file, self.files[file].clone());
            }
            Step::Crash => {
                self.names = self.safe_names.clone();
                for (number, file) in self.files.iter_mut().enumerate() {
                    *file = self.safe_files.get(&number).cloned().unwrap_or_default();
                }
            }
        }
        true
    }

    fn tree(&self) -> BTreeMap<u8, Vec<u8>> {
        self.names.iter().map(|(name, file)| (*name, self.files[*file].clone())).collect()
    }
}

fn name(letter: u8) -> String {
    char::from(b'a' + letter).to_string()
}

fn apply(volume: &mut Volume, step: &Step) -> bool {
    let find = |volume: &Volume, letter: u8| volume.find(ROOT, OsStr::new(&name(letter)));
    let done = match step {
        Step::Make(letter) => {
            let kind = Kind::File(Default::default());
            volume.make(ROOT, OsStr::new(&name(*letter)), kind, 0o644, (0, 0)).map(drop)
        }
        Step::Write(letter, at, bytes) => {
            find(volume, *letter).and_then(|file| volume.write(file, *at, bytes))
        }
        Step::Resize(letter, size) => {
            find(volume, *letter).and_then(|file| volume.resize(file, *size))
        }
        Step::Clear(letter, from, to) => {
            find(volume, *letter).and_then(|file| volume.clear(file, *from, *to))
        }
        Step::Rename(from, to) => {
            let (from, to) = (name(*from), name(*to));
            volume.rename((ROOT, OsStr::new(&from)), (ROOT, OsStr::new(&to)), true)
        }
        Step::Link(from, to) => {
            find(volume, *from).and_then(|file| volume.link(file, ROOT, OsStr::new(&name(*to))))
        }
        Step::Remove(letter) => volume.remove(ROOT, OsStr::new(&name(*letter)), false),
        Step::Sync(letter) => find(volume, *letter).and_then(|file| volume.sync(file)),
        Step::Crash => {
            volume.power_off(None);
            assert!(find(volume, 0).is_err(), "a disk without power answers nothing");
            volume.power_on();
            Ok(())
        }
    };
    done.is_ok()
}

fn tree(volume: &Volume) -> BTreeMap<u8, Vec<u8>> {
    let names = volume.names(ROOT).expect("the root");
    let file = |(name, number): (&std::ffi::OsString, &u64)| {
        let letter = name.as_encoded_bytes()[0] - b'a';
        let content = volume.read(*number, 0, u64::MAX).expect("a file");
        (letter, content)
    };
    names.iter().map(file).collect()
}

proptest! {
    #[test]
    fn a_volume_keeps_what_was_synced_and_nothing_else(
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let (mut volume, mut obvious) = (Volume::new(GIGABYTE), Obvious::default());
        for step in &steps {
            prop_assert_eq!(apply(&mut volume, step), obvious.step(step), "{:?}", step);
            prop_assert_eq!(tree(&volume), obvious.tree(), "{:?}", step);
        }
        apply(&mut volume, &Step::Crash);
        obvious.step(&Step::Crash);
        prop_assert_eq!(tree(&volume), obvious.tree());
        // Nothing is leaked: whoever removes everything has all the space again.
        for letter in 0..4 {
            apply(&mut volume, &Step::Remove(letter));
        }
        volume.sync(ROOT).expect("a sync");
        prop_assert_eq!(volume.space().1, 0);
    }

    #[test]
    fn of_a_torn_file_each_sector_is_old_or_new(
        old in proptest::collection::vec(1..100_u8, 1..12_000),
        new in proptest::collection::vec(100..=255_u8, 1..12_000),
        seed in any::<u64>(),
    ) {
        let mut volume = Volume::new(GIGABYTE);
        let step = |volume: &mut Volume, step| assert!(apply(volume, &step));
        step(&mut volume, Step::Make(0));
        step(&mut volume, Step::Write(0, 0, old.clone()));
        step(&mut volume, Step::Sync(0));
        step(&mut volume, Step::Write(0, 0, new.clone()));
        volume.power_off(Some(&mut ChaCha8Rng::seed_from_u64(seed)));
        volume.power_on();
        let torn = tree(&volume).remove(&0).expect("it was synced");
        prop_assert!([old.len(), old.len().max(new.len())].contains(&torn.len()));
        for (number, sector) in torn.chunks(512).enumerate() {
            let from = number * 512;
            let of = |bytes: &[u8], other: &[u8]| -> Vec<u8> {
                let byte = |i| bytes.get(i).or(other.get(i)).copied().unwrap_or(0);
                (from..from + sector.len()).map(byte).collect()
            };
            let before = of(&old, &[]);
            let after = of(&new, &old);
            prop_assert!(sector == before || sector == after, "sector {}", number);
        }
    }
}

#[test]
fn a_full_volume_takes_nothing_more_and_is_read_on() {
    let mut volume = Volume::new(3 * 4096);
    apply(&mut volume, &Step::Make(0));
    assert!(apply(&mut volume, &Step::Write(0, 0, vec![1; 8192])));
    assert!(!apply(&mut volume, &Step::Write(0, 8192, vec![2; 8192])));
    assert!(apply(&mut volume, &Step::Write(0, 8192, vec![2; 4096])));
    assert!(!apply(&mut volume, &Step::Write(0, 12_288, vec![3])));
    assert!(apply(&mut volume, &Step::Write(0, 0, vec![4; 4096])), "what overwrites fits");
    assert_eq!(tree(&volume)[&0].len(), 12_288);
}

#[test]
fn an_open_file_lives_on_without_a_name() {
    let mut volume = Volume::new(GIGABYTE);
    apply(&mut volume, &Step::Make(0));
    let file = volume.find(ROOT, OsStr::new("a")).expect("a file");
    volume.told(file);
    apply(&mut volume, &Step::Write(0, 0, vec![1; 10]));
    apply(&mut volume, &Step::Remove(0));
    volume.sync(ROOT).expect("a sync");
    assert_eq!(volume.read(file, 0, 100), Ok(vec![1; 10]));
    volume.forget(file, 1);
    assert!(volume.read(file, 0, 100).is_err());
}

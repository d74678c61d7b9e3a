//! Every kind of damage, in a directory of ours.
use std::{collections::BTreeSet, fs, path::Path};

use super::*;

/// Text, zeros, text: as a log that was made large in advance.
fn file(path: &Path) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..5000_u32).map(|i| (i % 251) as u8 + 1).collect();
    bytes.resize(100_000, 0);
    bytes.extend(b"end");
    fs::write(path, &bytes).expect("a file");
    bytes
}

fn args(data: &Path, how: How, part: u64, parts: u64) -> SpoilArgs {
    let files = Regex::new("^log$").expect("a pattern");
    SpoilArgs { how, data: data.to_owned(), files, seed: 7, part, parts }
}

/// The bytes before and after, and what was said of them.
fn spoil(part: u64, parts: u64, how: How) -> (Vec<u8>, Vec<u8>, Vec<Damage>) {
    let directory = tempfile::tempdir().expect("a directory");
    let before = file(&directory.path().join("log"));
    let other = file(&directory.path().join("other"));
    let args = args(directory.path(), how, part, parts);
    let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
    let found = Found::in_directory(&args.data, &args.files).expect("files");
    let damage = match how {
        How::Flip => flip(&found, &args, &mut rng),
        How::Copy => copy(&found, &args, &mut rng),
        _ => truncate(&found, &mut rng),
    };
    assert_eq!(fs::read(directory.path().join("other")).expect("a file"), other);
    let after = fs::read(directory.path().join("log")).expect("a file");
    (before, after, damage.expect("damage"))
}

fn differ(before: &[u8], after: &[u8]) -> Vec<usize> {
    (0..before.len()).filter(|&i| before.get(i) != after.get(i)).collect()
}

#[test]
fn flipped_and_copied_chunks_are_those_that_were_named() {
    for how in [How::Flip, How::Copy] {
        let (before, after, damage) = spoil(0, 1, how);
        let hurt = differ(&before, &after);
        assert!(!hurt.is_empty(), "{how:?}");
        assert_eq!(hurt.len() as u64, damage.iter().map(|d| d.bytes).sum::<u64>(), "{how:?}");
        let is_named = |i: &usize| damage.iter().any(|d| d.at == *i as u64 / CHUNK * CHUNK);
        assert!(hurt.iter().all(is_named), "{how:?}: {damage:?}");
        // Only where there was something.
        assert!(hurt.iter().all(|i| !(5120..99_840).contains(i)), "{how:?}: {hurt:?}");
    }
}

#[test]
fn parts_have_no_chunk_in_common_and_cover_the_file() {
    let directory = tempfile::tempdir().expect("a directory");
    file(&directory.path().join("log"));
    let found = Found::in_directory(directory.path(), &Regex::new("").expect("a pattern"));
    let found = found.expect("files");
    let all: Vec<u64> = found.full(0, 1).map(|chunk| chunk.start).collect();
    let parts: Vec<u64> =
        (0..3).flat_map(|part| found.full(part, 3).map(|chunk| chunk.start)).collect();
    assert_eq!(parts.len(), all.len());
    assert_eq!(BTreeSet::from_iter(parts), BTreeSet::from_iter(all));
}

#[test]
fn a_file_is_cut_where_it_holds_something() {
    let (before, after, damage) = spoil(0, 1, How::Truncate);
    assert_eq!(damage[0].bytes, (before.len() - after.len()) as u64);
    assert!(!(5000..99_840).contains(&after.len()), "{damage:?}");
    assert_eq!(before[..after.len()], after);
}

#[test]
fn lost_writes_are_some_of_those_made_meanwhile() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("log");
    let before = file(&path);
    let args = args(directory.path(), How::Rewind, 0, 1);
    let found = || Found::in_directory(&args.data, &args.files).expect("files");
    let kept = Kept::of(&found()).expect("what it held");
    let mut written = before.clone();
    written[..40_000].fill(9);
    written.extend([9; 5_000]);
    fs::write(&path, &written).expect("a file");
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let damage = kept.rewind(&found(), &args, &mut rng).expect("damage");
    let after = fs::read(&path).expect("a file");
    assert_eq!(after.len(), written.len(), "a lost write leaves a file as long as it was");
    let lost = differ(&written, &after);
    assert_eq!(lost.len() as u64, damage.iter().map(|d| d.bytes).sum::<u64>());
    let was = |i: usize| before.get(i).copied().unwrap_or(0);
    assert!(lost.iter().all(|&i| after[i] == was(i)), "what is lost is what it was");
    let kept_on = (0..40_000).filter(|i| after[*i] == 9).count();
    assert!(kept_on > 5_000 && lost.len() > 5_000, "{kept_on} {}", lost.len());
}

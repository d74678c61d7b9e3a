//! `netsplit check` of what is larger than memory: judged bit by bit as it is read.
use std::{
    collections::BTreeMap,
    sync::mpsc::{Receiver, sync_channel},
    thread,
};

use anyhow::{Context, Result, anyhow, bail};
use checkers::{
    Checker, History,
    format::{self, Format},
};

use super::CheckArgs;
use crate::{
    cli::input::Source,
    findings::{
        self, Asked,
        streamed::{SideBySide, judge_streamed},
    },
    result::RunResult,
};

/// What is fed at a time: this share of the memory for judging, within these bounds.
const PIECE_SHARE: u64 = 32;
pub(in crate::cli) const PIECES: [u64; 2] = [64 << 10, 8 << 20];
/// How many pieces may have been read that were not judged yet.
const AHEAD: usize = 2;
/// A history is judged as a whole if so many times its size is the memory for judging, or less:
/// beside the text there are rows, and what is made of them.
pub(in crate::cli) const WHOLE: u64 = 2;

/// Whether a history is to be judged bit by bit. Reads no more of it than fits into memory.
pub(super) fn is_to_be(
    args: &CheckArgs,
    source: &mut Source,
    text: &mut Vec<u8>,
    checker: &dyn Checker,
) -> Result<bool> {
    let whole_max = args.check_memory / WHOLE;
    let is_large = source.bytes.is_some_and(|bytes| bytes > whole_max);
    let look = if args.stream || is_large { piece(args) } else { whole_max };
    let is_all = source.read_up_to(look, text)?;
    if is_all && !args.stream {
        return Ok(false);
    }
    let is_ours = matches!(format::detect(text), Ok(Format::JsonLines));
    let can = is_ours && checker.stream().is_some();
    if args.stream && !can {
        bail!("--stream judges JSON Lines alone (`netsplit export --to jsonl` makes them)");
    }
    Ok(can)
}

/// Judges what was read of a source, and the rest of it, bit by bit. Gives the ops that the
/// anomalies name beside the result.
pub(super) fn check(
    args: &CheckArgs,
    asked: &Asked,
    source: Source,
    text: Vec<u8>,
    checker: &dyn Checker,
) -> Result<(RunResult, BTreeMap<Option<u32>, History>)> {
    let name = &args.path;
    let stream = checker.stream().context("this model takes the whole history")?;
    let budget = findings::budget(args.check_timeout, args.check_memory);
    let bad = |e: checkers::Malformed| anyhow!("{name}: {e}");
    let (mut sides, mut tail) = (SideBySide::new(stream), Tail::default());
    for piece in text.chunks(piece(args) as usize) {
        sides.take(&tail.cut(piece.to_vec()), &budget).map_err(bad)?;
    }
    drop(text);
    for piece in read_ahead(source, piece(args)) {
        sides.take(&tail.cut(piece?), &budget).map_err(bad)?;
    }
    let torn = (!tail.rest.trim_ascii().is_empty()).then_some(tail.lines + 1);
    let hint = |e: checkers::Malformed| {
        let is_cut = torn.is_some() && e.message.contains("in the middle");
        let hint = if is_cut { "; --allow-torn judges the lines before it" } else { "" };
        anyhow!("{name}: {e}{hint}")
    };
    if !args.allow_torn || torn.is_none() {
        sides.take(&tail.rest, &budget).map_err(hint)?;
    }
    let (streamed, counts) = sides.finish(&budget).map_err(hint)?;
    let mut result =
        judge_streamed(name, asked, &streamed, counts).with_context(|| name.clone())?;
    if let Some(line) = torn.filter(|_| args.allow_torn) {
        result.warnings.push(format!("line {line} is torn and left out"));
    }
    Ok((result, streamed.evidence))
}

fn piece(args: &CheckArgs) -> u64 {
    (args.check_memory / PIECE_SHARE).clamp(PIECES[0], PIECES[1])
}

/// What follows the last end of a line.
#[derive(Default)]
pub(in crate::cli) struct Tail {
    lines: usize,
    rest: Vec<u8>,
}

impl Tail {
    /// The lines that a piece completes.
    pub(in crate::cli) fn cut(&mut self, piece: Vec<u8>) -> Vec<u8> {
        let mut whole = piece;
        if !self.rest.is_empty() {
            self.rest.extend_from_slice(&whole);
            whole = std::mem::take(&mut self.rest);
        }
        let end = whole.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        self.rest = whole.split_off(end);
        self.lines += memchr::memchr_iter(b'\n', &whole).count();
        whole
    }
}

/// Reads, and unpacks, while others judge.
fn read_ahead(mut source: Source, bytes: u64) -> Receiver<Result<Vec<u8>>> {
    let (send, receive) = sync_channel(AHEAD);
    thread::spawn(move || {
        loop {
            let mut piece = Vec::new();
            let read = source.read_up_to(bytes, &mut piece);
            let is_last = !matches!(read, Ok(false));
            // Nobody listens any more where the check has ended.
            if send.send(read.map(|_| piece)).is_err() || is_last {
                return;
            }
        }
    });
    receive
}

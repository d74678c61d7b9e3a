//! What a generator does, in one line: for documentation and tests.
use std::{collections::VecDeque, fmt::Write as _};

use checkers::{Kind, Nanos, Op, Process};

use super::{Completion, Context, Generator, GeneratorExt, Scheduler, Step};

/// How long each call takes.
const CALL: Nanos = 1_000_000;

/// Invocations after which it is enough.
const OPS_MAX: u32 = 100;

/// What `generator` invokes on so many client threads, of a system where every call takes a
/// millisecond and succeeds: `0ms 0:write=1 1:read; 1ms 0:read`. Lines for the log stand in
/// quotation marks; `stuck` ends one that waits for ever, `...` one of over a hundred ops.
pub fn sketch(threads: u32, generator: impl Generator + 'static) -> String {
    sketch_of(threads, generator.clients(), |_| Kind::Ok)
}

/// The same with a nemesis: `0ms 0:read nemesis:kill`.
pub fn sketch_all(threads: u32, generator: impl Generator + 'static) -> String {
    sketch_of(threads, generator, |_| Kind::Ok)
}

/// The same, nemesis and all, of a system that answers so.
pub fn sketch_of(
    threads: u32,
    generator: impl Generator + 'static,
    mut answer: impl FnMut(&Op) -> Kind,
) -> String {
    let mut scheduler = Scheduler::new(generator, Context::new(threads, Vec::new(), 0));
    let mut text = Text::default();
    let mut in_flight: VecDeque<(Nanos, Op)> = VecDeque::new();
    let mut now = 0;
    loop {
        let until = match scheduler.step(now) {
            Step::Invoke { .. } if text.ops == OPS_MAX => return text.end(now, "..."),
            Step::Invoke { op, .. } => {
                text.op(&op);
                in_flight.push_back((now + CALL, op));
                continue;
            }
            Step::Log { line } => {
                text.word(now, &format!("{line:?}"));
                continue;
            }
            Step::Done => return text.line,
            Step::Wait { until } => until,
        };
        match (in_flight.front(), until) {
            (None, None) => return text.end(now, "stuck"),
            (Some((at, _)), Some(until)) if until < *at => now = until,
            (None, Some(until)) => now = until,
            (Some((at, _)), _) => {
                now = *at;
                complete(&mut scheduler, &mut in_flight, now, &mut answer);
            }
        }
    }
}

/// Everything that is due by now.
fn complete(
    scheduler: &mut Scheduler,
    in_flight: &mut VecDeque<(Nanos, Op)>,
    now: Nanos,
    answer: &mut impl FnMut(&Op) -> Kind,
) {
    while let Some((_, op)) = in_flight.pop_front_if(|(at, _)| *at <= now) {
        let done = Completion { kind: answer(&op), value: op.value.clone(), error: None };
        scheduler.complete(now, &op, done);
    }
}

#[derive(Default)]
struct Text {
    line: String,
    ops: u32,
    last: Option<Nanos>,
}

impl Text {
    fn op(&mut self, op: &Op) {
        let who = match op.process {
            Process::Client(p) => p.to_string(),
            Process::Nemesis => "nemesis".to_owned(),
        };
        let value = if op.value.is_null() { String::new() } else { format!("={}", op.value) };
        self.ops += 1;
        self.word(op.time, &format!("{who}:{}{value}", op.f));
    }

    fn word(&mut self, now: Nanos, word: &str) {
        if self.last != Some(now) {
            let gap = if self.line.is_empty() { "" } else { "; " };
            let _ = write!(self.line, "{gap}{}ms", now / 1_000_000); // Writing to text cannot fail.
        }
        self.last = Some(now);
        let _ = write!(self.line, " {word}");
    }

    fn end(mut self, now: Nanos, word: &str) -> String {
        let _ = write!(self.line, "{}{word}", if self.line.is_empty() { "" } else { "; " });
        self.last = Some(now);
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::invoke;

    #[test]
    fn whatever_does_not_end_is_cut_short() {
        let line = sketch(1, |_: &mut Context| Some(invoke("a", ())));
        assert!(line.ends_with("99ms 0:a; ..."), "{line}");
    }
}

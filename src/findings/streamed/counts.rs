//! Counting calls whose history comes bit by bit, as they would be counted in the whole.
use std::collections::BTreeMap;

use checkers::{Kind, Nanos, Process, history::Seen};

use super::service::Service;
use crate::{
    findings::{
        evidence, resilience,
        stats::{Tally, named},
    },
    result::{Evidence, FaultWindow, Resilience, Stats},
};

/// What is known of the calls so far. It grows with the run's length in time, the number of its
/// faults, and not with the number of calls.
#[derive(Default)]
pub struct Counts {
    tally: Tally,
    service: Service,
    pairs: u64,
    /// Calls from one completion of the nemesis to the next: no fault takes effect or is healed at
    /// any other time.
    spans: BTreeMap<Nanos, Span>,
    /// Who invoked last, while that call is open.
    last: Option<Process>,
}

/// Calls invoked in a span of time.
#[derive(Default)]
struct Span {
    calls: u64,
    /// By function, how many were `ok`.
    ok: BTreeMap<String, u64>,
    /// By node, when the first `ok` came.
    back: BTreeMap<String, Nanos>,
}

/// What it came to.
pub(super) struct Counted {
    pub(super) stats: Stats,
    service: Service,
    pairs: u64,
    spans: BTreeMap<Nanos, Span>,
}

impl Counts {
    /// Takes in the next op.
    pub(super) fn see(&mut self, op: &Seen<'_>) {
        self.tally.see(op);
        match (op.process, op.kind) {
            (Process::Nemesis, Kind::Invoke) => (),
            (Process::Nemesis, _) => drop(self.spans.entry(op.time).or_default()),
            (process, Kind::Invoke) => {
                self.span(op.time).calls += 1;
                self.pairs += u64::from(self.last.replace(process).is_some());
                self.service.asked(op.due.unwrap_or(op.time), op.time);
            }
            (process, kind) => {
                if self.last == Some(process) {
                    self.last = None;
                }
                if kind == Kind::Ok {
                    self.answered(op);
                }
            }
        }
    }

    fn answered(&mut self, op: &Seen<'_>) {
        self.service.answered(op.time);
        let span = self.span(op.invoked);
        *named(&mut span.ok, op.f, u64::default) += 1;
        if let Some(node) = op.node {
            let back = named(&mut span.back, node, || op.time);
            *back = op.time.min(*back);
        }
    }

    /// The span that a call was invoked in.
    fn span(&mut self, invoked: Nanos) -> &mut Span {
        let begun = self.spans.range(..=invoked).next_back().map_or(0, |span| *span.0);
        self.spans.entry(begun).or_default()
    }

    /// Makes room.
    pub(super) fn settle(&mut self) {
        self.service.settle();
    }

    /// That was all: what is open will never complete.
    pub(super) fn end(self) -> Counted {
        let Counts { tally, service, pairs, spans, .. } = self;
        Counted { stats: tally.stats(), service, pairs, spans }
    }
}

impl Counted {
    /// The calls invoked while a fault was in effect.
    pub(super) fn during(&self, fault: &FaultWindow) -> u64 {
        let Some(from) = fault.effective_ns else { return 0 };
        let until = fault.healed_ns.unwrap_or(Nanos::MAX).max(from);
        self.spans.range(from..until).map(|(_, span)| span.calls).sum()
    }

    /// The reads that were `ok` and invoked at this time or later, which is one of the nemesis's;
    /// where there are no calls that only read, all calls.
    pub(super) fn reads_after(&self, time: Nanos, reads: &[&str]) -> u64 {
        let is_read = |f: &str| reads.is_empty() || reads.contains(&f);
        let ok = self.spans.range(time..).flat_map(|(_, span)| &span.ok);
        ok.filter(|(f, _)| is_read(f)).map(|(_, count)| count).sum()
    }

    /// What they are evidence of, under these faults.
    pub(super) fn evidence(&self, faults: &[FaultWindow]) -> Evidence {
        Evidence {
            ops_ok: self.stats.ops.ok,
            concurrent_pairs: self.pairs,
            ops_during_faults: faults.iter().map(|fault| self.during(fault)).sum(),
            ..evidence::of_faults(faults)
        }
    }

    /// How the system bore these faults.
    pub(super) fn resilience(&self, faults: &[FaultWindow]) -> Resilience {
        let Some((availability, longest_outage)) = self.service.measure() else {
            return Resilience::default();
        };
        let back = |healed: Nanos, node: &str| {
            self.spans.range(healed..).filter_map(|(_, span)| span.back.get(node)).min().copied()
        };
        Resilience {
            availability: Some(availability),
            longest_outage_ns: Some(longest_outage),
            recovery_ns: resilience::recovery(faults, back),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use checkers::{Budget, Checker, History, set::Set};
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use serde_json::{Value, json};

    use super::*;
    use crate::findings::{
        stats::{client_calls, stats},
        streamed::SideBySide,
        windows::windows,
    };

    const MS: Nanos = 1_000_000;

    /// A history in the making: four threads and a nemesis, of which each does the next thing.
    struct Story {
        text: String,
        lines: u32,
        time: Nanos,
        /// By thread, its process, and what it waits for.
        threads: [(u32, Option<&'static str>); 4],
        /// What the nemesis does next, and whether it has begun.
        fault: (usize, bool),
    }

    const FAULT: [&str; 2] = [
        r#""f":"kill","value":{"target":"one","effective":true,"nodes":["n1","n2"],"evidence":{}}"#,
        r#""f":"heal","value":{"fault":"kill","healed":true,"evidence":{}}"#,
    ];

    impl Story {
        fn new() -> Story {
            let threads = [0, 1, 2, 3].map(|process| (process, None));
            Story { text: String::new(), lines: 0, time: 0, threads, fault: (0, false) }
        }

        fn line(&mut self, process: impl Into<Value>, kind: &str, more: &str) {
            let (index, time, process) = (self.lines, self.time, process.into());
            self.lines += 1;
            writeln!(
                self.text,
                r#"{{"index":{index},"time":{time},"process":{process},"type":"{kind}",{more}}}"#
            )
            .unwrap();
        }

        /// After so many milliseconds, the next thing of a thread; where it is the fifth, the
        /// nemesis's.
        fn act(&mut self, (after, who, how): (u64, usize, usize)) {
            self.time += after * MS;
            let Some((process, open)) = self.threads.get(who).copied() else {
                let (step, has_begun) = self.fault;
                self.line("nemesis", if has_begun { "ok" } else { "invoke" }, FAULT[step]);
                self.fault = if has_begun { (1 - step, false) } else { (step, true) };
                return;
            };
            let f = open.unwrap_or(["read", "write", "cas"][how % 3]);
            let due = self.time.saturating_sub(how as u64 * 7 * MS);
            let more = format!(r#""f":"{f}","node":"n{}","value":{}"#, 1 + who % 3, self.time);
            let (kind, more) = match open {
                None if how % 2 == 0 => ("invoke", format!(r#""due":{due},{more}"#)),
                None => ("invoke", more),
                Some(_) => {
                    let kind = ["ok", "ok", "fail", "info"][how % 4];
                    (kind, format!(r#"{more},"error":"unforeseen: {how}""#))
                }
            };
            self.line(process, kind, &more);
            let is_crashed = kind == "info";
            let process = if is_crashed { process + 10 } else { process };
            self.threads[who] = (process, open.is_none().then_some(f));
        }
    }

    /// What is found in the whole.
    fn whole(text: &str, reads: &[&str]) -> Value {
        let history = History::read(text.to_owned()).unwrap();
        let faults = windows(&history);
        let healed = evidence::last_heal(&history).unwrap_or(0);
        let is_read = |f: &str| reads.is_empty() || reads.contains(&f);
        let late = client_calls(&history).filter(|(op, done)| {
            op.time >= healed && is_read(op.f) && done.is_some_and(|done| done.kind == Kind::Ok)
        });
        let (stats, late) = (stats(&history), late.count());
        let evidence = evidence::of_history(&history, &faults);
        json!([stats, evidence, late, resilience::resilience(&history, &faults)])
    }

    /// What is found in pieces of so many lines.
    fn in_pieces(text: &str, lines: usize, reads: &[&str]) -> Value {
        let history = History::read(text.to_owned()).unwrap();
        let faults = windows(&history);
        let healed = evidence::last_heal(&history).unwrap_or(0);
        // Who judges does not matter here.
        let judge = Set::default();
        let mut sides = SideBySide::new(judge.stream().unwrap());
        let budget = Budget::unlimited();
        let all: Vec<&str> = text.split_inclusive('\n').collect();
        for piece in all.chunks(lines) {
            sides.take(piece.concat().as_bytes(), &budget).unwrap();
        }
        let counted = sides.finish(&budget).unwrap().1.end();
        let late = counted.reads_after(healed, reads);
        json!([counted.stats, counted.evidence(&faults), late, counted.resilience(&faults)])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn pieces_are_counted_as_the_whole_is(
            acts in prop::collection::vec((1..600_u64, 0..5_usize, 0..24_usize), 20..120),
            lines in 1..30_usize,
        ) {
            let mut story = Story::new();
            // One outage longer than a slot, at least.
            acts.into_iter().chain([(20, 4, 0)]).for_each(|act| story.act(act));
            for reads in [&["read"][..], &[]] {
                let (whole, in_pieces) =
                    (whole(&story.text, reads), in_pieces(&story.text, lines, reads));
                prop_assert_eq!(whole, in_pieces, "{}", story.text);
            }
        }
    }

    #[test]
    fn the_story_has_what_it_is_about() {
        let mut story = Story::new();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..400 {
            let choice =
                (rng.random_range(1..300), rng.random_range(0..5), rng.random_range(0..24));
            story.act(choice);
        }
        // Reads by all, and no more faults.
        (0..40).for_each(|i| story.act((10, i % 4, 0)));
        let found = whole(&story.text, &["read"]);
        let (stats, evidence, late, resilience) = (&found[0], &found[1], &found[2], &found[3]);
        for name in ["ok", "fail", "info"] {
            assert!(stats["ops"][name].as_u64() > Some(5), "{stats}");
        }
        assert!(evidence["ops_during_faults"].as_u64() > Some(10), "{evidence}");
        assert!(evidence["concurrent_pairs"].as_u64() > Some(10), "{evidence}");
        assert!(late.as_u64() > Some(0), "{late}");
        assert!(resilience["recovery_ns"]["0"].is_u64(), "{resilience}");
        assert!(resilience["availability"].as_f64() > Some(0.1), "{resilience}");
    }
}

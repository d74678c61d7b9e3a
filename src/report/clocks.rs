//! How wrong the nodes' clocks were seen to be, and when.
use std::collections::BTreeSet;

use askama::Template;
use checkers::Nanos;
use serde_json::Value;

use super::format::duration;
use crate::result::{FaultWindow, RunResult};

/// The section.
#[derive(Template)]
#[template(
    ext = "html",
    source = r##"
{%- if !rows.is_empty() %}
<section id="clocks"><h2>Clocks <small>how far ahead of the true time, as measured on the nodes</small></h2>
<div class="scroll"><svg class="clocks" viewBox="0 0 {{ width }} {{ height }}" width="{{ width }}" height="{{ height }}" role="img" aria-label="offsets of the nodes' clocks">
{%- for t in ticks %}
<line class="tick" x1="{{ t.x }}" y1="0" x2="{{ t.x }}" y2="{{ floor }}"/><text class="axis" x="{{ t.x }}" y="{{ height - 3.0 }}" text-anchor="middle">{{ t.text }}</text>
{%- endfor %}
{%- for r in rows %}
<text class="node" x="0" y="{{ r.zero + 4.0 }}">{{ r.node }}</text><line class="zero" x1="{{ left }}" y1="{{ r.zero }}" x2="{{ width }}" y2="{{ r.zero }}"/>
{%- for s in r.spans %}
<polygon class="offset" points="{{ s.points }}"><title>{{ s.title }}</title></polygon><text class="said" x="{{ s.x }}" y="{{ s.y }}">{{ s.text }}</text>
{%- endfor %}
{%- endfor %}
</svg></div>
<p class="key">Measured when a clock had been made wrong, and before it was made right: at least and at most. Above the line it is ahead, below it is behind, on a logarithmic scale; on the line it is right. Times are seconds since the start.</p></section>
{%- endif %}"##
)]
pub(super) struct Clocks {
    width: f64,
    height: f64,
    left: f64,
    /// Where the rows end.
    floor: f64,
    ticks: Vec<Tick>,
    rows: Vec<Row>,
}

struct Tick {
    x: f64,
    text: String,
}

/// A node.
struct Row {
    node: String,
    /// Where a right clock is drawn.
    zero: f64,
    spans: Vec<Span>,
}

/// A time for which its clock was wrong.
struct Span {
    points: String,
    title: String,
    text: String,
    x: f64,
    y: f64,
}

const WIDTH: f64 = 1200.0;
const LEFT: f64 = 76.0;
const ROW: f64 = 56.0;
/// How far from its zero the largest offset is drawn.
const REACH: f64 = 20.0;
const AXIS: f64 = 18.0;
/// At most so many ticks.
const TICKS_MAX: f64 = 12.0;
const SECOND: f64 = 1e9;

/// An offset as it was measured: at least and at most, in milliseconds.
type Offset = (f64, f64);

/// When a clock was wrong, and how: at the beginning, and at the end.
struct Wrong<'a> {
    fault: &'a FaultWindow,
    from: Nanos,
    until: Nanos,
    offsets: [Offset; 2],
}

impl Clocks {
    /// Nothing where no clock was looked at; `end` is when the last call was over.
    pub(super) fn new(result: &RunResult, end: Nanos) -> Clocks {
        let names: BTreeSet<&String> = result.faults.iter().flat_map(nodes).collect();
        let all: Vec<(&String, Vec<Wrong<'_>>)> =
            names.into_iter().map(|node| (node, wrong(result, node, end))).collect();
        let wrongs = || all.iter().flat_map(|(_, wrongs)| wrongs);
        let end = wrongs().map(|it| it.until).max().unwrap_or(0).max(end);
        let ends = |it: &Wrong<'_>| it.offsets.map(|(least, most)| least.abs().max(most.abs()));
        let scale = Scale { end, largest: wrongs().flat_map(ends).fold(1.0, f64::max) };
        let row = |(number, (node, wrongs)): (usize, &(&String, Vec<Wrong<'_>>))| {
            let zero = (number as f64 + 0.5) * ROW;
            let spans = wrongs.iter().map(|it| scale.span(it, zero)).collect();
            Row { node: (*node).clone(), zero, spans }
        };
        let rows: Vec<Row> = all.iter().enumerate().map(row).collect();
        let floor = rows.len() as f64 * ROW;
        let (width, height, left) = (WIDTH, floor + AXIS, LEFT);
        Clocks { width, height, left, floor, ticks: scale.ticks(), rows }
    }

    /// Whether no clock was looked at.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// The nodes whose clocks a fault was seen to make wrong.
fn nodes(fault: &FaultWindow) -> impl Iterator<Item = &String> {
    fault.nodes.iter().filter(|node| offset(&fault.evidence, "during", node).is_some())
}

fn offset(evidence: &Value, when: &str, node: &str) -> Option<Offset> {
    let [least, most] = &evidence[when][node]["ahead_ms"].as_array()?[..] else { return None };
    Some((least.as_f64()?, most.as_f64()?))
}

fn wrong<'a>(result: &'a RunResult, node: &str, end: Nanos) -> Vec<Wrong<'a>> {
    let of_fault = |fault: &'a FaultWindow| {
        let during = offset(&fault.evidence, "during", node)?;
        let at_end = offset(&fault.evidence, "at_end", node).unwrap_or(during);
        let (from, until) = (fault.injected_ns?, fault.healing_ns.unwrap_or(end));
        Some(Wrong { fault, from, until: until.max(from), offsets: [during, at_end] })
    };
    result.faults.iter().filter_map(of_fault).collect()
}

/// Where times and offsets are drawn.
struct Scale {
    end: Nanos,
    largest: f64,
}

impl Scale {
    fn x(&self, at: Nanos) -> f64 {
        let share = at as f64 / self.end.max(1) as f64;
        tenth(LEFT + share * (WIDTH - LEFT - 12.0))
    }

    fn above(&self, ms: f64) -> f64 {
        tenth(ms.signum() * ms.abs().ln_1p() / self.largest.ln_1p() * REACH)
    }

    fn span(&self, it: &Wrong<'_>, zero: f64) -> Span {
        let [(least, most), (least_later, most_later)] = it.offsets;
        let (x, later) = (self.x(it.from), self.x(it.until));
        let y = |ms: f64| tenth(zero - self.above(ms));
        // From what was right to what was shown.
        let points = [
            (x, y(most.max(0.0))),
            (later, y(most_later.max(0.0))),
            (later, y(least_later.min(0.0))),
            (x, y(least.min(0.0))),
        ];
        let points = points.map(|(x, y)| format!("{x},{y}")).join(" ");
        let text = told(it.offsets);
        let title = format!("{} ({}): {text}", it.fault.fault, it.fault.id);
        let is_behind = least_later + most_later < 0.0;
        let y = if is_behind { zero - 4.0 } else { zero + 12.0 };
        Span { points, title, text, x: x + 2.0, y }
    }

    fn ticks(&self) -> Vec<Tick> {
        let seconds = self.end as f64 / SECOND;
        let steps = [1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0];
        let fits = |step: &f64| seconds / step <= TICKS_MAX;
        let step = steps.into_iter().find(fits).unwrap_or(seconds / TICKS_MAX).max(1.0);
        let tick = |number: u64| {
            let at = number as f64 * step;
            Tick { x: self.x((at * SECOND) as Nanos), text: format!("{at:.0}") }
        };
        (0..=(seconds / step) as u64).map(tick).collect()
    }
}

/// One number, or from where to where.
fn told(offsets: [Offset; 2]) -> String {
    let all = offsets.iter().flat_map(|(least, most)| [*least, *most]);
    let of = |pick: fn(f64, f64) -> f64| all.clone().reduce(pick).unwrap_or(0.0);
    let (least, most) = (signed(of(f64::min)), signed(of(f64::max)));
    if least == most { least } else { format!("{least} … {most}") }
}

fn signed(ms: f64) -> String {
    let sign = if ms < 0.0 { "−" } else { "+" };
    // Rounded to what matters to a reader: the look itself takes microseconds.
    let ns = (ms.abs() * 10.0).round() * 1e5;
    if ns == 0.0 { "0".into() } else { format!("{sign}{}", duration(ns as Nanos)) }
}

fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use askama::Template;
    use serde_json::json;

    use super::*;
    use crate::report::page::tests::result;

    fn fault(evidence: Value) -> FaultWindow {
        FaultWindow {
            fault: "clock-drift".into(),
            nodes: vec!["n1".into()],
            injected_ns: Some(1_000_000_000),
            healing_ns: Some(3_000_000_000),
            evidence,
            ..FaultWindow::default()
        }
    }

    #[test]
    fn what_was_measured_is_drawn() {
        let look = |least: f64, most: f64| json!({ "n1": { "ahead_ms": [least, most] } });
        let evidence = json!({ "during": look(-5.0, -5.0), "at_end": look(-1000.0, -1000.0) });
        let result = RunResult { faults: vec![fault(evidence)], ..result() };
        let drawn = Clocks::new(&result, 4_000_000_000).render().unwrap();
        assert!(drawn.contains(">−1 s … −5 ms<"), "{drawn}");
        assert!(drawn.contains("<polygon"), "{drawn}");
        let clocks = Clocks::new(&result, 4_000_000_000);
        let span = &clocks.rows[0].spans[0];
        // Behind is below, and the further the lower.
        let ys = span.points.split([' ', ',']).skip(1).step_by(2);
        let ys: Vec<f64> = ys.map(|y| y.parse().unwrap()).collect();
        assert_eq!(ys[..2], [clocks.rows[0].zero; 2]);
        assert!(ys[0] < ys[3] && ys[3] < ys[2], "{}", span.points);
    }

    #[test]
    fn where_no_clock_was_looked_at_nothing_is_said() {
        let drawn = Clocks::new(&result(), 4_000_000_000).render().unwrap();
        assert_eq!(drawn.trim(), "");
    }
}

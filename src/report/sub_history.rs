//! The drawing of a failing sub-history: a row a process, a bar a call.
use std::collections::BTreeMap;

use askama::Template;
use checkers::{Nanos, OpsFigure};

use super::{
    calls::{Call, Calls, Outcome},
    format::shorten,
    hurt,
    warp::Warp,
};
use crate::result::{FaultWindow, RunResult};

mod axis;

use axis::{Mark, axis, idle, settled, ticks};

/// Left of the bars: names of the rows.
const GUTTER: f64 = 84.0;
const TOP: f64 = 40.0;
const ROW: f64 = 30.0;
const BAR: f64 = 20.0;
/// Width of a character of the labels' monospaced font, rounded up.
const CHAR: f64 = 6.7;
const LABEL_MOST: usize = 34;
const FILL: f64 = 1_080.0;
/// More bars than this are a wall, not a drawing.
const MOST: usize = 200;

/// The drawing.
#[derive(Template)]
#[template(
    ext = "html",
    source = r##"
<div class="scroll" tabindex="0" role="group" aria-label="drawing of the sub-history">
<svg class="ops" width="{{ width }}" height="{{ height }}" viewBox="0 0 {{ width }} {{ height }}" role="img" aria-label="{{ about }}">
{%- for b in bands %}
<g class="band"><rect x="{{ b.x }}" y="0" width="{{ b.width }}" height="{{ height - 1 }}"/><text x="{{ b.x + 4 }}" y="11">{{ b.label }}</text></g>
{%- endfor %}
{%- for r in rows %}
<text class="row" x="0" y="{{ r.y }}">{{ r.label }}</text><line class="row" x1="{{ left }}" x2="{{ width }}" y1="{{ r.line }}" y2="{{ r.line }}"/>
{%- endfor %}
{%- for t in ticks %}
<line class="tick" x1="{{ t.x }}" x2="{{ t.x }}" y1="30" y2="{{ height - 14 }}"/><text class="tick" x="{{ t.x }}" y="26">{{ t.label }}</text>
{%- endfor %}
{%- for g in idle %}
<text class="idle" x="{{ g.x }}" y="{{ height - 3 }}">⋯ {{ g.label }} ⋯</text>
{%- endfor %}
{%- for b in bars %}
<a href="#op={{ b.op }}" class="bar {{ b.class }}"><title>{{ b.title }}</title>
<path d="{{ b.path }}"/>
{%- if b.crossed %}<path class="cross" d="M{{ b.x }} {{ b.y }}l{{ b.width }} 20"/>{% endif %}
<text x="{{ b.x + 6 }}" y="{{ b.y + 14 }}">{% if b.place > 0 %}<tspan class="place">{{ b.place }}</tspan> {% endif %}{{ b.label }}</text></a>
{%- endfor %}
</svg></div>
<p class="key">{% if timed %}Time runs to the right, idle time compressed; ticks are seconds since the start.{% else %}The history has no times: ops stand in the order of the file.{% endif %}
 <span class="chip ok">ok</span> <span class="chip info">info: may take effect at any later time, or never</span> <span class="chip fail">fail: never happened</span>{% if any_optional %} <span class="chip optional">ok, but its answer is not needed: it may have happened or not</span>{% endif %} <span class="chip culprit">no order explains it</span>{% if any_place %} <span class="nowrap"><span class="place">1</span> place in the longest order</span>{% endif %}{% if hidden > 0 %} The last {{ bars.len() }} calls; {{ hidden }} earlier ones are in the timeline.{% endif %}</p>
"##
)]
pub(super) struct SubHistory {
    about: String,
    width: u64,
    height: u64,
    left: u64,
    timed: bool,
    any_place: bool,
    any_optional: bool,
    hidden: usize,
    rows: Vec<RowName>,
    bands: Vec<Band>,
    ticks: Vec<Mark>,
    idle: Vec<Mark>,
    bars: Vec<Bar>,
}

struct RowName {
    y: u64,
    line: u64,
    label: String,
}

struct Band {
    x: u64,
    width: u64,
    label: String,
}

struct Bar {
    op: u32,
    class: &'static str,
    crossed: bool,
    path: String,
    x: u64,
    y: u64,
    width: u64,
    place: usize,
    label: String,
    title: String,
}

impl SubHistory {
    /// Draws the calls of a figure; `None` where the history has none of them.
    pub(super) fn draw(
        figure: &OpsFigure,
        calls: &Calls<'_>,
        result: &RunResult,
    ) -> Option<SubHistory> {
        let mut drawn: Vec<&Call<'_>> =
            figure.calls.iter().filter_map(|&i| calls.with_op(i)).collect();
        drawn.extend(calls.with_op(figure.culprit));
        drawn.sort_by_key(|c| c.index);
        drawn.dedup_by_key(|c| c.index);
        let hidden = drawn.len().saturating_sub(MOST);
        drawn.drain(..hidden);
        let (first, last) = range(&drawn)?;
        let places: BTreeMap<u32, usize> =
            figure.prefix.iter().enumerate().map(|(i, (op, _))| (*op, i + 1)).collect();
        let nodes = &result.system.nodes;
        let faults: Vec<_> =
            result.faults.iter().filter_map(|f| span(f, first, last, nodes)).collect();
        let warp = axis(&drawn, &faults, first, last);
        let rows = rows(&drawn);
        let height = (TOP + ROW * rows.len() as f64 + 18.0) as u64;
        let bars: Vec<Bar> = drawn
            .iter()
            .map(|call| {
                let culprit = call.completed.is_some_and(|(_, done)| done == figure.culprit)
                    || call.index == figure.culprit;
                let place = places.get(&call.index).copied().unwrap_or(0);
                let class = match call.outcome {
                    _ if culprit => "culprit",
                    Outcome::Ok if figure.optional.contains(&call.index) => "optional",
                    outcome => outcome.name(),
                };
                bar(call, rows[&row_key(call)], &warp, class, place)
            })
            .collect();
        Some(SubHistory {
            about: format!("{} calls of {} processes", drawn.len(), rows.len()),
            width: (GUTTER + warp.width() + 24.0).ceil() as u64,
            height,
            left: GUTTER as u64 - 6,
            timed: calls.timed,
            any_place: bars.iter().any(|b| b.place > 0),
            any_optional: bars.iter().any(|b| b.class == "optional"),
            hidden,
            rows: rows.iter().map(|(key, &row)| row_name(*key, row)).collect(),
            bands: faults.iter().map(|f| f.band(&warp)).collect(),
            ticks: if calls.timed { ticks(&drawn, &warp, first, last) } else { Vec::new() },
            idle: if calls.timed { idle(&drawn, &warp, first, last) } else { Vec::new() },
            bars,
        })
    }
}

/// Rows are ordered by node, then process.
type RowKey<'a> = (Option<&'a str>, u32);

fn row_key<'a>(call: &Call<'a>) -> RowKey<'a> {
    (call.node, call.process)
}

fn rows<'a>(drawn: &[&Call<'a>]) -> BTreeMap<RowKey<'a>, usize> {
    let mut rows: BTreeMap<RowKey<'a>, usize> = drawn.iter().map(|c| (row_key(c), 0)).collect();
    rows.values_mut().enumerate().for_each(|(i, row)| *row = i);
    rows
}

fn row_name((node, process): RowKey<'_>, row: usize) -> RowName {
    let y = TOP + ROW * row as f64;
    let node = node.map_or(String::new(), |n| format!("{} ", shorten(n, 7)));
    RowName { y: y as u64 + 14, line: y as u64 + 10, label: format!("{node}p{process}") }
}

/// From the first invocation to the last thing that happened.
fn range(drawn: &[&Call<'_>]) -> Option<(Nanos, Nanos)> {
    let first = drawn.iter().map(|c| c.start).min()?;
    // An `info` is open-ended: when its client gave up says nothing about the sub-history.
    let settled = drawn.iter().filter(|c| c.outcome != Outcome::Info).filter_map(|c| c.end);
    let last = settled.chain(drawn.iter().map(|c| c.start)).max()?;
    Some((first, last))
}

struct Active {
    from: Nanos,
    to: Nanos,
    label: String,
}

impl Active {
    fn band(&self, warp: &Warp) -> Band {
        let (from, to) = (GUTTER + warp.x(self.from), GUTTER + warp.x(self.to));
        Band { x: from as u64, width: (to - from).max(2.0) as u64, label: self.label.clone() }
    }
}

/// A fault within a range, if it reached into it.
fn span(fault: &FaultWindow, first: Nanos, last: Nanos, nodes: &[String]) -> Option<Active> {
    let from = fault.effective_ns.or(fault.injected_ns)?;
    let to = fault.healed_ns.unwrap_or(Nanos::MAX);
    let overlaps = from <= last && to >= first;
    let doubt = if fault.effective_ns.is_none() { " (not proved)" } else { "" };
    let hurt = hurt::describe(&fault.hurt, nodes);
    let label = format!("#{} {} {hurt}{doubt}", fault.id, fault.fault);
    overlaps.then(|| Active { from: from.max(first), to: to.min(last), label })
}

fn bar(call: &Call<'_>, row: usize, warp: &Warp, class: &'static str, place: usize) -> Bar {
    let x = GUTTER + warp.x(call.start);
    let end = settled(call).map_or(GUTTER + warp.width() + 20.0, |end| GUTTER + warp.x(end));
    let (x, y, width) = (x as u64, (TOP + ROW * row as f64) as u64, (end - x).max(3.0) as u64);
    let path = match call.outcome {
        // Open at the right: it has no end.
        Outcome::Info => format!("M{} {y}H{x}v{BAR}H{}", x + width, x + width),
        _ => format!("M{x} {y}h{width}v{BAR}h-{width}z"),
    };
    Bar {
        op: call.index,
        class,
        crossed: call.outcome == Outcome::Fail,
        path,
        x,
        y,
        width,
        place,
        label: shorten(&call.label(), LABEL_MOST),
        title: call.tooltip(),
    }
}

#[cfg(test)]
mod tests {
    use checkers::History;
    use serde_json::json;

    use super::*;
    use crate::report::page::tests::result;

    const STALE: &str = r#"{"index":0,"time":1000000,"process":0,"type":"invoke","f":"write","value":4,"node":"n1"}
{"index":1,"time":9000000,"process":0,"type":"ok","f":"write","value":4,"node":"n1"}
{"index":2,"time":10000000,"process":1,"type":"invoke","f":"write","value":9,"node":"n2"}
{"index":3,"time":2000000000,"process":0,"type":"invoke","f":"write","value":5,"node":"n1"}
{"index":4,"time":2010000000,"process":0,"type":"ok","f":"write","value":5,"node":"n1"}
{"index":5,"time":2020000000,"process":3,"type":"invoke","f":"read","node":"n3"}
{"index":6,"time":2021000000,"process":4,"type":"invoke","f":"cas","value":[4,6],"node":"n3"}
{"index":7,"time":2030000000,"process":3,"type":"ok","f":"read","value":4,"node":"n3"}
{"index":8,"time":2031000000,"process":4,"type":"fail","f":"cas","value":[4,6],"node":"n3"}"#;

    fn drawing() -> SubHistory {
        let history = History::read(STALE).unwrap();
        let calls = Calls::of(Some(&history));
        let figure = OpsFigure {
            calls: vec![0, 2, 3, 6],
            culprit: 7,
            prefix: vec![(0, "4".into()), (3, "5".into())],
            optional: vec![2, 3],
            ..OpsFigure::default()
        };
        let fault = FaultWindow {
            id: 3,
            fault: "partition".into(),
            hurt: json!({"n2": ["n1"]}),
            effective_ns: Some(1_500_000_000),
            ..FaultWindow::default()
        };
        let result = RunResult { faults: vec![fault], ..result() };
        SubHistory::draw(&figure, &calls, &result).unwrap()
    }

    #[test]
    fn bars_say_what_happened() {
        let drawing = drawing();
        let bars: Vec<_> = drawing.bars.iter().map(|b| (b.class, &*b.label, b.place)).collect();
        assert_eq!(
            bars,
            [
                ("ok", "write 4", 1),
                ("info", "write 9 ?", 0),
                ("optional", "write 5", 2),
                ("culprit", "read → 4", 0),
                ("fail", "cas [4,6] ✗", 0),
            ]
        );
        let names: Vec<_> = drawing.rows.iter().map(|r| &*r.label).collect();
        assert_eq!(names, ["n1 p0", "n2 p1", "n3 p3", "n3 p4"]);
        assert_eq!(drawing.bands[0].label, "#3 partition n1 ⇸ n2");
        assert_eq!(drawing.idle[0].label, "1.99 s");
    }

    #[test]
    fn a_bar_is_as_wide_as_its_label_and_an_info_is_open() {
        let drawing = drawing();
        for bar in &drawing.bars {
            assert!(bar.width as f64 >= bar.label.chars().count() as f64 * 6.0, "{}", bar.label);
            assert_eq!(bar.path.ends_with('z'), bar.class != "info");
            assert!(bar.x + bar.width <= drawing.width);
        }
    }

    #[test]
    fn the_drawing_is_an_image_with_links() {
        let svg = drawing().render().unwrap();
        assert!(svg.contains("<svg class=\"ops\""));
        assert!(svg.contains("chip optional"));
        assert!(svg.contains("href=\"#op=5\" class=\"bar culprit\""));
        assert!(svg.contains("class=\"cross\""));
    }
}

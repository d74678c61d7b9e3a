//! The drawing of a cycle: ops on a ring, each edge with its kind.
use std::f64::consts::TAU;

use askama::Template;
use checkers::Edge;

use super::{calls::Calls, format::shorten};

const LABEL_MOST: usize = 30;
const CHAR: f64 = 6.7;
const BOX_HEIGHT: f64 = 34.0;
/// A ring of more is unreadable; the list of edges remains.
const MOST: usize = 12;

/// The ring and the list of its edges.
#[derive(Template)]
#[template(
    ext = "html",
    source = r##"
<div class="columns ring">{% if !nodes.is_empty() %}<div class="scroll" tabindex="0" role="group" aria-label="drawing of the cycle">
<svg class="cycle" width="{{ width }}" height="{{ height }}" viewBox="0 0 {{ width }} {{ height }}" role="img" aria-label="a cycle of {{ nodes.len() }} calls">
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>
{%- for e in arcs %}
<path class="edge {{ e.class }}" d="{{ e.path }}" marker-end="url(#arrow)"/>
{%- endfor %}
{%- for e in arcs %}
<text class="edge {{ e.class }}" x="{{ e.x }}" y="{{ e.y }}">{{ e.label }}</text>
{%- endfor %}
{%- for n in nodes %}
<a href="#op={{ n.op }}" class="bar"><title>{{ n.title }}</title><rect x="{{ n.x }}" y="{{ n.y }}" width="{{ n.width }}" height="34" rx="3"/><text x="{{ n.x + 8 }}" y="{{ n.y + 14 }}" class="small">{{ n.head }}</text><text x="{{ n.x + 8 }}" y="{{ n.y + 27 }}">{{ n.label }}</text></a>
{%- endfor %}
</svg></div>{% endif %}
<ol class="edges">
{%- for e in edges %}
<li><a href="#op={{ e.from }}">op {{ e.from }}</a> <b class="edge {{ e.class }}">{{ e.kind }}</b> <a href="#op={{ e.to }}">op {{ e.to }}</a><span>{{ e.why }}</span></li>
{%- endfor %}
</ol></div>
"##
)]
pub(super) struct Cycle {
    width: u64,
    height: u64,
    nodes: Vec<Node>,
    arcs: Vec<Arc>,
    edges: Vec<Line>,
}

struct Node {
    op: u32,
    x: u64,
    y: u64,
    width: u64,
    head: String,
    label: String,
    title: String,
}

struct Arc {
    path: String,
    x: u64,
    y: u64,
    label: String,
    class: &'static str,
}

struct Line {
    from: u32,
    to: u32,
    kind: String,
    why: String,
    class: &'static str,
}

impl Cycle {
    /// Draws a cycle; every edge leads to the next, the last back to the first.
    pub(super) fn draw(edges: &[Edge], calls: &Calls<'_>) -> Cycle {
        let next = |i: usize| edges[(i + 1) % edges.len()].from;
        let line = |(i, e): (usize, &Edge)| Line {
            from: e.from,
            to: next(i),
            kind: e.kind.clone(),
            why: e.why.clone(),
            class: class(&e.kind),
        };
        let lines = edges.iter().enumerate().map(line).collect();
        if edges.len() > MOST {
            return Cycle { width: 0, height: 0, nodes: vec![], arcs: vec![], edges: lines };
        }
        let (rx, ry) = (150.0 + 26.0 * edges.len() as f64, 56.0 + 15.0 * edges.len() as f64);
        let (cx, cy) = (rx + 125.0, ry + 40.0);
        let on_ring = |turn: f64| (cx - rx * turn.cos(), cy - ry * turn.sin());
        let step = TAU / edges.len() as f64;
        let nodes: Vec<Node> = edges
            .iter()
            .enumerate()
            .map(|(i, e)| node(e.from, on_ring(step * i as f64), calls))
            .collect();
        let arc = |(i, e): (usize, &Edge)| {
            let ends = (&nodes[i], &nodes[(i + 1) % nodes.len()]);
            let turn = |share: f64| on_ring(step * (i as f64 + share));
            Arc { class: class(&e.kind), label: e.kind.clone(), ..arc(ends, &turn) }
        };
        let arcs = edges.iter().enumerate().map(arc).collect();
        Cycle { width: (cx * 2.0) as u64, height: (cy * 2.0) as u64, nodes, arcs, edges: lines }
    }
}

/// Dependencies that the checker read from values, against those the clock or a process imposes.
fn class(kind: &str) -> &'static str {
    match kind {
        "rw" => "rw",
        "ww" | "wr" => "data",
        _ => "order",
    }
}

fn node(op: u32, (x, y): (f64, f64), calls: &Calls<'_>) -> Node {
    let call = calls.with_op(op);
    let label = call.map_or(String::new(), |c| shorten(&c.label(), LABEL_MOST));
    let head = call.map_or(format!("op {op}"), |c| {
        format!("op {op} · p{}{}", c.process, c.node.map_or(String::new(), |n| format!(" · {n}")))
    });
    let width = label.chars().count().max(head.chars().count()) as f64 * CHAR + 16.0;
    Node {
        op,
        x: (x - width / 2.0).max(2.0) as u64,
        y: (y - BOX_HEIGHT / 2.0) as u64,
        width: width as u64,
        head,
        label,
        title: call.map_or(String::new(), |c| c.tooltip()),
    }
}

/// The part of the ring between two boxes, and where its label stands.
fn arc((from, to): (&Node, &Node), on_ring: &dyn Fn(f64) -> (f64, f64)) -> Arc {
    let outside = |node: &Node, (x, y): (f64, f64)| {
        let (left, top) = (node.x as f64 - 3.0, node.y as f64 - 3.0);
        x < left || x > left + node.width as f64 + 6.0 || y < top || y > top + BOX_HEIGHT + 6.0
    };
    let points: Vec<(f64, f64)> = (0..=48)
        .map(|i| on_ring(f64::from(i) / 48.0))
        .filter(|&p| outside(from, p) && outside(to, p))
        .collect();
    let mut path = String::new();
    for (i, (x, y)) in points.iter().enumerate() {
        path.push_str(&format!("{}{x:.1} {y:.1}", if i == 0 { 'M' } else { 'L' }));
    }
    let (x, y) = points.get(points.len() / 2).copied().unwrap_or_else(|| on_ring(0.5));
    Arc { path, x: x as u64, y: y as u64 + 4, label: String::new(), class: "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edge_leads_to_the_next() {
        let edge = |from, kind: &str| Edge { from, kind: kind.into(), why: "because".into() };
        let edges = [edge(0, "wr"), edge(2, "rw")];
        let html = Cycle::draw(&edges, &Calls::of(None)).render().unwrap();
        assert!(html.contains("a cycle of 2 calls"));
        assert_eq!(html.matches("class=\"edge rw\"").count(), 3);
        assert!(
            html.contains(
                "<a href=\"#op=2\">op 2</a> <b class=\"edge rw\">rw</b> <a href=\"#op=0\">"
            )
        );
    }
}

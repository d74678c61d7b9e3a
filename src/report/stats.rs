//! Counts, latencies and errors.
use std::collections::BTreeMap;

use askama::Template;

use super::format::{count, duration, share};
use crate::result::{Counts, Harness, Quantiles, RunResult, UnforeseenErrors};

/// The section.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"
<section id="stats"><h2>Counts and latencies</h2>
{%- if total == 0 %}<p>No client call was made.</p>{% else %}
<div class="columns">
{%- for t in tables %}
<div><h3>{{ t.title }}</h3><table><thead><tr><th></th><th class="n">calls</th><th class="n">ok</th><th class="n">fail</th><th class="n">info</th><th class="n">ok share</th></tr></thead><tbody>
{%- for r in t.rows %}
<tr><td>{{ r.name }}</td><td class="n">{{ r.total }}</td><td class="n">{{ r.ok }}</td><td class="n">{{ r.fail }}</td><td class="n">{{ r.info }}</td><td class="n">{{ r.share }}</td></tr>
{%- endfor %}</tbody></table></div>
{%- endfor %}
{%- for t in latencies %}
<div><h3>{{ t.0 }}</h3><table><thead><tr><th></th><th class="n">p50</th><th class="n">p95</th><th class="n">p99</th><th class="n">max</th></tr></thead><tbody>
{%- for l in t.1 %}
<tr><td>{{ l.0 }}</td>{% for q in l.1 %}<td class="n">{{ q }}</td>{% endfor %}</tr>
{%- endfor %}</tbody></table></div>
{%- endfor %}
<div><h3>Resilience</h3><table><tbody>
{%- for r in resilience %}<tr><td>{{ r.0 }}</td><td class="n">{{ r.1 }}</td></tr>{% endfor %}</tbody></table></div>
{%- if !harness.is_empty() %}
<div><h3>The harness itself</h3><table><tbody>
{%- for r in harness %}<tr><td>{{ r.0 }}</td><td class="n">{{ r.1 }}</td></tr>{% endfor %}</tbody></table></div>
{%- endif %}
</div>
{%- if !errors.is_empty() %}
<h3>Why calls did not end ok</h3><table><thead><tr><th class="n">calls</th><th>error</th></tr></thead><tbody>
{%- for e in errors %}<tr><td class="n">{{ e.0 }}</td><td><code>{{ e.1 }}</code></td></tr>{% endfor %}</tbody></table>
{%- endif %}
{%- if !unforeseen.is_empty() %}
<h3>Errors that no client foresaw</h3><table><thead><tr><th class="n">calls</th><th>kind</th><th>the first of them</th><th class="n">op</th></tr></thead><tbody>
{%- for e in unforeseen %}<tr><td class="n">{{ e.count }}</td><td>{{ e.kind }}</td><td><code>{{ e.example }}</code></td><td class="n">{{ e.op }}</td></tr>{% endfor %}</tbody></table>
{%- endif %}{% endif %}</section>
"#
)]
pub(super) struct Stats {
    total: u64,
    tables: Vec<Table>,
    latencies: Vec<(&'static str, Latencies)>,
    resilience: Vec<(&'static str, String)>,
    harness: Vec<(&'static str, String)>,
    errors: Vec<(String, String)>,
    unforeseen: Vec<Unforeseen>,
}

/// By function, quantiles as text.
type Latencies = Vec<(String, [String; 4])>;

struct Table {
    title: &'static str,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    total: String,
    ok: String,
    fail: String,
    info: String,
    share: String,
}

struct Unforeseen {
    count: String,
    kind: String,
    example: String,
    op: u32,
}

impl Unforeseen {
    fn new(errors: &UnforeseenErrors) -> Unforeseen {
        let UnforeseenErrors { kind, example, op, .. } = errors.clone();
        Unforeseen { count: count(errors.count), kind, example, op }
    }
}

impl Stats {
    pub(super) fn new(result: &RunResult) -> Stats {
        let stats = &result.stats;
        let (latency, service) = (latencies(&stats.latency_ns), latencies(&stats.service_ns));
        let title = match service.is_empty() {
            true => "Latency of ok calls",
            false => "Latency of ok calls, since they were due",
        };
        let service_title = "Latency of ok calls, since they began";
        let latencies = [(title, latency), (service_title, service)];
        let mut by_f = table("Calls by function", &stats.by_f);
        by_f.rows.push(row("all", &stats.ops));
        let tables = [by_f, table("Calls by node", &stats.by_node)];
        Stats {
            total: stats.ops.total,
            tables: tables.into_iter().filter(|t| !t.rows.is_empty()).collect(),
            latencies: latencies.into_iter().filter(|t| !t.1.is_empty()).collect(),
            resilience: resilience(result),
            harness: result.harness.as_ref().map(harness).unwrap_or_default(),
            errors: stats.errors.iter().map(|e| (count(e.count), e.error.clone())).collect(),
            unforeseen: stats.unforeseen.iter().map(Unforeseen::new).collect(),
        }
    }
}

fn latencies(by_f: &BTreeMap<String, Quantiles>) -> Latencies {
    // A history without times has no latencies: every quantile is 0.
    let timed = by_f.iter().filter(|(_, q)| q.max > 0);
    timed.map(|(f, q)| (f.clone(), [q.p50, q.p95, q.p99, q.max].map(duration))).collect()
}

fn table(title: &'static str, counts: &BTreeMap<String, Counts>) -> Table {
    Table { title, rows: counts.iter().map(|(name, c)| row(name, c)).collect() }
}

fn row(name: &str, counts: &Counts) -> Row {
    Row {
        name: name.to_owned(),
        total: count(counts.total),
        ok: count(counts.ok),
        fail: count(counts.fail),
        info: count(counts.info),
        share: share(counts.ok, counts.total),
    }
}

fn resilience(result: &RunResult) -> Vec<(&'static str, String)> {
    let r = &result.resilience;
    let available = r.availability.map_or("–".into(), |a| format!("{:.1} %", a * 100.0));
    let mut rows = vec![
        ("seconds with an ok call", available),
        ("longest time without one", r.longest_outage_ns.map_or("–".into(), duration)),
    ];
    let recovered: Option<Vec<u64>> = r.recovery_ns.values().copied().collect();
    let slowest = match recovered {
        None => "never".into(),
        Some(times) => times.into_iter().max().map_or("–".into(), duration),
    };
    rows.push(("slowest recovery after a healing", slowest));
    rows
}

fn harness(harness: &Harness) -> Vec<(&'static str, String)> {
    let delay = &harness.delay_ns;
    vec![
        ("calls a second", count(harness.ops_per_s as u64)),
        ("its own delay of a call, p50", duration(delay.p50)),
        ("its own delay of a call, p99", duration(delay.p99)),
        ("most memory held", format!("{} MB", count(harness.memory_bytes_max >> 20))),
    ]
}

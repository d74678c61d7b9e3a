//! What should not have happened: each anomaly explained and drawn.
use askama::Template;
use checkers::{Candidate, Figure, OpsFigure, Stuck};
use serde_json::Value;

use super::{
    calls::Calls,
    cycle::Cycle,
    format::{duration, moment, plain, shorten},
    sub_history::SubHistory,
};
use crate::result::{FaultWindow, FoundAnomaly, RunResult};

/// Rows of a table shown; the rest is in `result.json`.
const ROWS_MOST: usize = 200;
/// Characters of a call or a cell shown: a value may be a whole set.
const TEXT_MOST: usize = 240;
/// Anomalies drawn; the rest is in `result.json`.
const DRAWN_MOST: usize = 40;

/// The section.
#[derive(Template)]
#[template(
    ext = "html",
    source = r##"
{%- if !items.is_empty() %}
<section id="anomalies"><h2>{% if items.len() + hidden == 1 %}What went wrong{% else %}What went wrong: {{ items.len() + hidden }} anomalies{% endif %}</h2>
{%- for a in items %}
{%- if loop.first %}
<article class="anomaly" id="anomaly-{{ loop.index0 }}">{{ a|safe }}</article>
{%- else %}
<details class="anomaly" id="anomaly-{{ loop.index0 }}"><summary>{{ a.heading|safe }} <span class="lead">{{ a.explanation }}</span></summary>{{ a|safe }}</details>
{%- endif %}
{%- endfor %}
{%- if hidden > 0 %}<p class="key">{{ hidden }} more anomalies are in result.json.</p>{% endif %}
</section>
{%- endif %}
"##
)]
pub(super) struct Anomalies {
    items: Vec<Item>,
    hidden: usize,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r##"
<p class="explanation">{{ heading|safe }} {{ explanation }}</p>
<p class="facts">{{ facts }}{% if let Some(file) = file %} · sub-history in <code>{{ file }}</code>{% endif %}</p>
{{ figure|safe }}
"##
)]
struct Item {
    heading: Heading,
    explanation: String,
    facts: String,
    file: Option<String>,
    figure: String,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<b class="kind">{{ kind }}</b>{% if let Some(key) = key %} <b>key {{ key }}</b>{% endif %}"#
)]
struct Heading {
    kind: String,
    key: Option<u32>,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r##"
{%- if let Some(drawing) = drawing %}{{ drawing|safe }}{% else %}<p class="key">The history has none of these ops, so nothing can be drawn.</p>{% endif %}
<div class="columns">
{%- if !prefix.is_empty() %}
<div><h3>Longest order that explains the calls</h3><div class="cap"><table><thead><tr><th class="n">#</th><th>call</th><th class="n">op</th><th>state after it</th></tr></thead><tbody>
{%- for p in prefix %}
<tr><td class="n">{{ loop.index }}</td><td><code>{{ p.label }}</code></td><td class="n"><a href="#op={{ p.op }}">{{ p.op }}</a></td><td><code>{{ p.state }}</code></td></tr>
{%- endfor %}</tbody></table></div></div>
{%- endif %}
{%- if !stuck.is_empty() %}
<div class="stuck"><h3>Why it stops there{% if let Some(c) = culprit %}: <code>{{ c }}</code> cannot follow{% endif %}</h3><div class="cap">
{%- for s in stuck %}
<h4>In the state <code>{{ s.state }}</code>, what may come next:</h4><ul>
{%- for c in s.candidates %}<li><code>{{ c.call }}</code> (<a href="#op={{ c.op }}">op {{ c.op }}</a>{% if c.is_optional %}, if it happened{% endif %}) {{ c.reason }}</li>{% endfor %}</ul>
{%- endfor %}</div></div>
{%- else if !reasons.is_empty() %}
<div><h3>Why it stops there{% if let Some(c) = culprit %}: <code>{{ c }}</code> cannot follow{% endif %}</h3><ul class="cap">
{%- for r in reasons %}<li>{{ r }}</li>{% endfor %}</ul></div>
{%- endif %}
</div>
"##
)]
struct OpsView<'a> {
    drawing: Option<SubHistory>,
    prefix: Vec<Step<'a>>,
    reasons: &'a [String],
    stuck: Vec<StuckView<'a>>,
    culprit: Option<String>,
}

struct StuckView<'a> {
    state: String,
    candidates: Vec<CandidateView<'a>>,
}

struct CandidateView<'a> {
    op: u32,
    call: String,
    reason: &'a str,
    is_optional: bool,
}

struct Step<'a> {
    op: u32,
    label: String,
    state: &'a str,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r##"
<div class="scroll cap"><table><thead><tr>{% for h in head %}<th>{{ h }}</th>{% endfor %}</tr></thead><tbody>
{%- for row in rows %}
<tr>{% for c in row %}<td>{% for part in c %}{% if let Some(op) = part.0 %}<a href="#op={{ op }}">{{ part.1 }}</a>{% else %}{{ part.1 }}{% endif %}{% if !loop.last %}, {% endif %}{% endfor %}</td>{% endfor %}</tr>
{%- endfor %}
</tbody></table></div>
{%- if hidden > 0 %}<p class="key">{{ hidden }} more rows are in result.json.</p>{% endif %}
"##
)]
struct TableView<'a> {
    head: &'a [String],
    rows: Vec<Vec<Cell>>,
    hidden: usize,
}

/// Texts, with the index of the op where a text is one.
type Cell = Vec<(Option<u32>, String)>;

impl Anomalies {
    pub(super) fn new(result: &RunResult, calls: &Calls<'_>) -> askama::Result<Anomalies> {
        let drawn = result.anomalies.iter().take(DRAWN_MOST);
        let items: Vec<Item> =
            drawn.map(|a| Item::new(a, result, calls)).collect::<askama::Result<_>>()?;
        Ok(Anomalies { hidden: result.anomalies.len() - items.len(), items })
    }
}

impl Item {
    fn new(anomaly: &FoundAnomaly, result: &RunResult, calls: &Calls<'_>) -> askama::Result<Item> {
        let figure = match &anomaly.figure {
            Figure::Ops(figure) => ops_view(figure, result, calls).render()?,
            Figure::Cycle(edges) => Cycle::draw(edges, calls).render()?,
            Figure::Table { head, rows } => table_view(head, rows, calls).render()?,
        };
        Ok(Item {
            heading: Heading { kind: anomaly.kind.clone(), key: anomaly.key },
            explanation: anomaly.explanation.clone(),
            facts: facts(anomaly, &result.faults, calls.timed),
            file: anomaly.file.clone(),
            figure,
        })
    }
}

/// Where and when, and what was broken at that time.
fn facts(anomaly: &FoundAnomaly, faults: &[FaultWindow], timed: bool) -> String {
    let [from, to] = anomaly.window_ns;
    let mut facts = vec![format!("violates {}", anomaly.property)];
    if timed && to > 0 {
        let length = duration(to.saturating_sub(from));
        facts.push(format!("from {} s to {} s ({length})", moment(from), moment(to)));
    }
    let active = anomaly.faults_active.iter().map(|id| {
        let fault = faults.iter().find(|f| f.id == *id);
        fault.map_or(format!("#{id}"), |f| format!("#{id} {}", f.fault))
    });
    let active: Vec<String> = active.collect();
    facts.push(match active.is_empty() {
        true => "no fault was active".into(),
        false => format!("active: {}", active.join(", ")),
    });
    facts.join(" · ")
}

fn ops_view<'a>(figure: &'a OpsFigure, result: &RunResult, calls: &Calls<'_>) -> OpsView<'a> {
    let label = |op: u32| calls.with_op(op).map(|c| shorten(&c.label(), TEXT_MOST));
    let step = |(op, state): &'a (u32, String)| Step {
        op: *op,
        label: label(*op).unwrap_or_default(),
        state,
    };
    OpsView {
        drawing: SubHistory::draw(figure, calls, result),
        prefix: figure.prefix.iter().map(step).collect(),
        reasons: &figure.reasons,
        stuck: figure.stuck.iter().map(|stuck| stuck_view(stuck, figure)).collect(),
        culprit: label(figure.culprit),
    }
}

fn stuck_view<'a>(stuck: &'a Stuck, figure: &OpsFigure) -> StuckView<'a> {
    let candidate = |candidate: &'a Candidate| CandidateView {
        op: candidate.op,
        call: shorten(&candidate.call, TEXT_MOST),
        reason: &candidate.reason,
        is_optional: figure.optional.contains(&candidate.op),
    };
    StuckView {
        state: shorten(&stuck.state, TEXT_MOST),
        candidates: stuck.candidates.iter().map(candidate).collect(),
    }
}

fn table_view<'a>(head: &'a [String], rows: &[Vec<Value>], calls: &Calls<'_>) -> TableView<'a> {
    let part = |heading: Option<&String>, value: &Value| {
        let call = heading.and_then(|heading| calls.in_cell(heading, value));
        (call.map(|c| c.index), shorten(&plain(value), TEXT_MOST))
    };
    let cell = |(column, value): (usize, &Value)| match value {
        Value::Array(items) if items.len() < 20 => {
            items.iter().map(|item| part(head.get(column), item)).collect()
        }
        one => vec![part(head.get(column), one)],
    };
    let shown = rows.iter().take(ROWS_MOST);
    TableView {
        head,
        rows: shown.map(|row| row.iter().enumerate().map(cell).collect()).collect(),
        hidden: rows.len().saturating_sub(ROWS_MOST),
    }
}

#[cfg(test)]
mod tests {
    use checkers::History;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_leads_to_its_ops_and_is_cut_when_huge() {
        let text = r#"{"index":12,"process":0,"type":"invoke","f":"add","value":1}"#;
        let history = History::read(text).unwrap();
        let head = ["element".to_owned(), "add".to_owned()];
        let rows = vec![vec![json!("<b>"), json!(12)]; ROWS_MOST + 3];
        let html = table_view(&head, &rows, &Calls::of(Some(&history))).render().unwrap();
        assert!(html.contains("<td>&#60;b&#62;</td><td><a href=\"#op=12\">12</a></td>"));
        assert!(html.contains("3 more rows"));
    }
}

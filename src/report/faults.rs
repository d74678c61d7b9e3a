//! The faults as they happened, from plan to healing.
use askama::Template;
use checkers::Nanos;
use serde_json::Value;

use super::{
    format::{duration, moment, plain, shorten},
    hurt,
};
use crate::result::{FaultWindow, RunResult};

/// The section.
#[derive(Template)]
#[template(
    ext = "html",
    source = r##"
<section id="faults"><h2>Faults</h2>
{%- if rows.is_empty() %}<p>No fault was injected.</p>{% else %}
<div class="scroll"><table class="faults"><thead><tr><th class="n">#</th><th>fault</th><th>target</th><th>hurt</th><th class="n">planned</th><th class="n">injected</th><th class="n">effective</th><th class="n">healed</th><th class="n">lasted</th><th class="n">recovery</th><th>proof</th></tr></thead><tbody>
{%- for r in rows %}
<tr id="fault-{{ r.id }}"><td class="n"><a href="#fault={{ r.id }}">{{ r.id }}</a></td><td>{{ r.fault }}</td><td class="nowrap">{{ r.target }}</td><td class="hurt">{{ r.hurt }}</td><td class="n">{{ r.planned }}</td><td class="n">{{ r.injected }}</td><td class="n">{{ r.effective }}</td><td class="n">{{ r.healed }}</td><td class="n">{{ r.lasted }}</td><td class="n">{{ r.recovery }}</td>
<td>{% if r.unhealed %}<span class="status fail">✗ not seen healed</span> {% endif %}{% if let Some(e) = r.error %}<span class="mishap">{{ e }}</span>{% endif %}
{% if !r.summary.is_empty() %}<details><summary>{% endif %}{% if r.proved %}<span class="status pass">✓ in effect</span>{% else %}<span class="status fail">✗ not proved</span>{% endif %}{% if !r.summary.is_empty() %} {{ r.summary }}</summary><pre>{{ r.evidence }}</pre></details>{% endif %}</td></tr>
{%- endfor %}
</tbody></table></div>
<p class="key">Times are seconds since the start. A partition <code>a | b</code>: no packet passes between the sides; <code>a ⇸ b</code>: b hears nothing from a; <code>a ↮ b</code>: neither hears the other. Recovery: from healing to the first ok call on every node that was hurt.</p>
{%- endif %}</section>
"##
)]
pub(super) struct Faults {
    rows: Vec<Row>,
}

struct Row {
    id: u32,
    fault: String,
    target: String,
    hurt: String,
    planned: String,
    injected: String,
    effective: String,
    healed: String,
    lasted: String,
    recovery: String,
    proved: bool,
    unhealed: bool,
    error: Option<String>,
    summary: String,
    evidence: String,
}

impl Faults {
    pub(super) fn new(result: &RunResult) -> Faults {
        Faults { rows: result.faults.iter().map(|f| row(f, result)).collect() }
    }
}

fn row(fault: &FaultWindow, result: &RunResult) -> Row {
    let or_dash = |at: Option<Nanos>| at.map_or("–".to_owned(), moment);
    let from = fault.effective_ns.or(fault.injected_ns);
    let lasted = from.zip(fault.healed_ns).map(|(a, b)| b.saturating_sub(a));
    let recovery = match result.resilience.recovery_ns.get(&fault.id) {
        None => "–".into(),
        Some(None) => "never".into(),
        Some(Some(after)) => duration(*after),
    };
    let described = hurt::describe(&fault.hurt, &result.system.nodes);
    Row {
        id: fault.id,
        fault: fault.fault.clone(),
        target: plain(&fault.target),
        hurt: if described.is_empty() { fault.nodes.join(", ") } else { described },
        planned: moment(fault.planned_ns),
        injected: or_dash(fault.injected_ns),
        effective: or_dash(fault.effective_ns),
        healed: or_dash(fault.healed_ns),
        lasted: lasted.map_or("–".into(), duration),
        recovery,
        proved: fault.effective,
        unhealed: fault.injected_ns.is_some() && fault.healed_ns.is_none(),
        error: fault.error.clone(),
        summary: summary(&fault.evidence),
        evidence: serde_json::to_string_pretty(&fault.evidence).unwrap_or_default(),
    }
}

/// The evidence in one line: each part by name, long parts cut.
fn summary(evidence: &Value) -> String {
    match evidence {
        Value::Null => String::new(),
        Value::Object(parts) => {
            let part = |(name, value): (&String, &Value)| {
                format!("{name}: {}", shorten(&plain(&without_empty(value)), 60))
            };
            parts.iter().map(part).collect::<Vec<_>>().join("; ")
        }
        other => shorten(&plain(other), 120),
    }
}

/// Nothing is best said by silence.
fn without_empty(value: &Value) -> Value {
    let Value::Object(parts) = value else { return value.clone() };
    let is_said = |value: &Value| !value.as_array().is_some_and(Vec::is_empty);
    let said = parts.iter().filter(|(_, value)| is_said(value));
    said.map(|(name, value)| (name.clone(), value.clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn evidence_of_any_shape_is_summed_up() {
        assert_eq!(
            summary(&json!({"before": {"lost": 0}, "during": {"lost": 3}})),
            "before: lost 0; during: lost 3"
        );
        assert_eq!(summary(&json!(null)), "");
        assert_eq!(summary(&json!(["a", 1])), "a, 1");
    }
}

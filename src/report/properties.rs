//! Everything that was judged.
use askama::Template;

use super::format::{count, plain, shorten};
use crate::result::{Property, PropertyKind, PropertyStatus, RunResult};

/// The section.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"
<section id="properties"><h2>Properties</h2>
{%- if rows.is_empty() %}<p>Nothing was judged: the run did not get so far.</p>{% else %}
<div class="scroll"><table><thead><tr><th>status</th><th>property</th><th>kind</th><th class="n">checked</th><th class="n">violated</th><th>finding</th></tr></thead><tbody>
{%- for r in rows %}
<tr><td><span class="status {{ r.class }}">{{ r.status }}</span></td><td>{{ r.id }}</td><td>{{ r.kind }}</td><td class="n">{{ r.checked }}</td><td class="n">{{ r.violated }}</td><td>{{ r.message }}
{%- if !r.details.is_empty() %}<details><summary>details</summary><dl>{% for d in r.details %}<dt>{{ d.0 }}</dt><dd>{{ d.1 }}</dd>{% endfor %}</dl></details>{% endif %}</td></tr>
{%- endfor %}
</tbody></table></div>{% endif %}</section>
"#
)]
pub(super) struct Properties {
    rows: Vec<Row>,
}

struct Row {
    class: &'static str,
    status: &'static str,
    id: String,
    kind: &'static str,
    checked: String,
    violated: String,
    message: String,
    details: Vec<(String, String)>,
}

impl Properties {
    pub(super) fn new(result: &RunResult) -> Properties {
        Properties { rows: result.properties.iter().map(row).collect() }
    }
}

fn row(property: &Property) -> Row {
    let (class, status) = match property.status {
        PropertyStatus::Pass => ("pass", "✓ holds"),
        PropertyStatus::Fail => ("fail", "✗ violated"),
        PropertyStatus::Unknown => ("unknown", "? unknown"),
    };
    let kind = match property.kind {
        PropertyKind::Safety => "safety",
        PropertyKind::Liveness => "liveness",
        PropertyKind::Objective => "objective",
        PropertyKind::Sanity => "sanity",
    };
    let details = property.details.iter().map(|(k, v)| (k.clone(), shorten(&plain(v), 2_000)));
    Row {
        class,
        status,
        id: property.id.clone(),
        kind,
        checked: count(property.checked),
        violated: count(property.violated),
        message: property.message.clone(),
        details: details.collect(),
    }
}

//! Tails of the nodes' logs.
use askama::Template;

use super::format::bytes;

/// The section.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"
<section id="logs"><h2>Logs</h2>
{%- if items.is_empty() %}<p>No log was collected.</p>{% else %}<p class="key">The end of each log, as the system wrote it; whole files lie in <code>nodes/</code>.</p>{% endif %}
{%- for i in items %}
<details><summary><b>{{ i.node }}</b> {{ i.file }} <span class="key">{{ i.size }}</span></summary><pre tabindex="0">{{ i.text }}</pre></details>
{%- endfor %}</section>
"#
)]
pub(super) struct Logs<'a> {
    items: Vec<Item<'a>>,
}

struct Item<'a> {
    node: &'a str,
    file: &'a str,
    text: &'a str,
    size: String,
}

impl<'a> Logs<'a> {
    pub(super) fn new(logs: &'a [(String, String, String)]) -> Logs<'a> {
        let item = |(node, file, text): &'a (String, String, String)| Item {
            node,
            file,
            text,
            size: bytes(text.len() as u64),
        };
        Logs { items: logs.iter().map(item).collect() }
    }
}

//! How to have the run again, and what made it what it was.
use askama::Template;

use super::format::{bytes, duration, plain};
use crate::result::{Artifact, RunResult};

/// The section.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"
<section id="reproduce"><h2>Reproduce</h2>
<pre id="reproduce-command" tabindex="0">{{ command }}</pre>
<div class="columns"><div><h3>Run</h3><dl class="pairs">{% for f in facts %}<dt>{{ f.0 }}</dt><dd>{{ f.1 }}</dd>{% endfor %}</dl></div>
{%- if !options.is_empty() %}<div><h3>Options</h3><dl class="pairs">{% for o in options %}<dt>{{ o.0 }}</dt><dd>{{ o.1 }}</dd>{% endfor %}</dl></div>{% endif %}
{%- if !phases.is_empty() %}<div><h3>Phases</h3><dl class="pairs">{% for p in phases %}<dt>{{ p.0 }}</dt><dd class="n">{{ p.1 }}</dd>{% endfor %}</dl></div>{% endif %}
{%- if !artifacts.is_empty() %}<div><h3>Files beside this page</h3><dl class="pairs">{% for a in artifacts %}<dt><code>{{ a.0 }}</code></dt><dd>{{ a.1 }}</dd>{% endfor %}</dl></div>{% endif %}
</div></section>
"#
)]
pub(super) struct Reproduce {
    command: String,
    facts: Vec<(&'static str, String)>,
    options: Vec<(String, String)>,
    phases: Vec<(String, String)>,
    artifacts: Vec<(String, String)>,
}

impl Reproduce {
    pub(super) fn new(result: &RunResult) -> Reproduce {
        let (run, system) = (&result.run, &result.system);
        let mut facts = vec![("netsplit", run.netsplit.clone())];
        let version = system.version.as_deref().unwrap_or("version unknown");
        facts.push(("system", format!("{} {version}", system.name)));
        if !run.argv.is_empty() {
            facts.push(("as typed", run.argv.join(" ")));
        }
        facts.extend(run.seed.map(|seed| ("seed", seed.to_string())));
        facts.push(("nodes", system.nodes.join(", ")));
        facts.retain(|(_, text)| !text.is_empty());
        let options = system.options.iter().map(|(k, v)| (format!("system {k}"), plain(v)));
        let params =
            result.workload.params.iter().map(|(k, v)| (format!("workload {k}"), plain(v)));
        let phases = run.phases_ms.iter().map(|(k, ms)| (k.clone(), duration(ms * 1_000_000)));
        let command = match run.reproduce.is_empty() {
            true => "# This history was not made by a run of netsplit.".to_owned(),
            false => run.reproduce.clone(),
        };
        let file = |a: &Artifact| (a.path.clone(), format!("{} ({})", a.about, bytes(a.bytes)));
        Reproduce {
            command,
            facts,
            options: options.chain(params).collect(),
            phases: phases.collect(),
            artifacts: result.artifacts.iter().map(file).collect(),
        }
    }
}

//! The page: its sections in order, its style and its script.
use askama::Template;

use super::{
    Report, anomalies::Anomalies, calls::Calls, clocks::Clocks, faults::Faults, format::count,
    logs::Logs, properties::Properties, reproduce::Reproduce, sample::CALLS_MOST, stats::Stats,
    timeline_data, verdict_bar::VerdictBar,
};

const STYLE: &str = concat!(include_str!("style.css"), include_str!("figures.css"));

/// One script, in files by theme; the order is that of dependence.
const SCRIPT: &str = concat!(
    include_str!("timeline/data.js"),
    include_str!("timeline/view.js"),
    include_str!("timeline/lanes.js"),
    include_str!("timeline/strips.js"),
    include_str!("timeline/filter.js"),
    include_str!("timeline/panel.js"),
    include_str!("timeline/input.js"),
    include_str!("timeline/start.js"),
);

/// The whole page.
#[derive(Template)]
#[template(
    ext = "html",
    source = r##"<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{ verdict.word }} · {{ title }} · netsplit</title>
<link rel="icon" href="data:,">
<style>{{ style|safe }}</style></head><body>
<main>{{ verdict|safe }}
<nav aria-label="sections">{% if has_anomalies %}<a href="#anomalies">Anomalies</a>{% endif %}<a href="#properties">Properties</a><a href="#timeline">Timeline</a><a href="#faults">Faults</a>{% if has_clocks %}<a href="#clocks">Clocks</a>{% endif %}<a href="#stats">Statistics</a><a href="#logs">Logs</a><a href="#reproduce">Reproduce</a></nav>
{{ anomalies|safe }}
{{ properties|safe }}
<section id="timeline"><h2>Timeline <small>{{ shown }}</small></h2>
{%- if empty %}<p>{{ why_empty }}</p>{% else %}
<noscript><p>The timeline is drawn by a script; everything else on this page is not.</p></noscript>
<form id="filter" class="script" aria-label="filter calls"></form>
<div id="stage" class="script"><canvas id="canvas" tabindex="0" role="img" aria-label="timeline of calls with throughput, latency and availability"></canvas><div id="tip" hidden></div></div>
<p class="key script"><kbd>wheel</kbd> zoom <kbd>drag</kbd> pan <kbd>shift drag</kbd> zoom to range <kbd>f</kbd> fit <kbd>←</kbd><kbd>→</kbd> pan <kbd>+</kbd><kbd>−</kbd> zoom <kbd>n</kbd><kbd>p</kbd> next, previous anomalous call <kbd>/</kbd> filter <kbd>Esc</kbd> clear. A row is one client slot of a node. <span class="chip ok">ok</span> <span class="chip info">info: may have happened</span> <span class="chip fail">fail: did not</span> <span class="chip marked">in an anomaly</span></p>
<div id="panel" class="script" aria-live="polite" hidden></div>
<script type="application/octet-stream" id="data">{{ data|safe }}</script>
{%- endif %}</section>
{{ faults|safe }}
{{ clocks|safe }}
{{ stats|safe }}
{{ logs|safe }}
{{ reproduce|safe }}
</main>
<script>(() => {
"use strict";
{{ script|safe }}
})();</script>
</body></html>
"##
)]
pub(super) struct Page<'a> {
    title: String,
    style: &'static str,
    script: &'static str,
    verdict: VerdictBar,
    has_anomalies: bool,
    anomalies: Anomalies,
    properties: Properties,
    shown: String,
    empty: bool,
    why_empty: &'static str,
    data: String,
    faults: Faults,
    has_clocks: bool,
    clocks: Clocks,
    stats: Stats,
    logs: Logs<'a>,
    reproduce: Reproduce,
}

impl<'a> Page<'a> {
    pub(super) fn new(report: &Report<'a>) -> anyhow::Result<Page<'a>> {
        let result = report.result;
        let calls = Calls::of(report.history);
        let total = calls.all.len();
        let (data, carried) = timeline_data::encode(result, &calls, CALLS_MOST)?;
        let shown = match total {
            0 => String::new(),
            _ if carried == total => format!("all {} calls", count(total as u64)),
            _ => format!(
                "showing {} of {} calls: anomalies and edges of faults first, then an even sample",
                count(carried as u64),
                count(total as u64)
            ),
        };
        let clocks = Clocks::new(result, calls.end);
        Ok(Page {
            title: format!("{} {} {}", result.system.name, result.workload.name, result.run.id),
            style: STYLE,
            script: SCRIPT,
            verdict: VerdictBar::new(result, &calls),
            has_anomalies: !result.anomalies.is_empty(),
            anomalies: Anomalies::new(result, &calls)?,
            properties: Properties::new(result),
            shown,
            empty: total == 0,
            why_empty: match result.stats.ops.total {
                0 => "No client call was made, so there is no timeline.",
                _ => "The history is larger than the memory for judging: there is no timeline.",
            },
            data,
            faults: Faults::new(result),
            has_clocks: !clocks.is_empty(),
            clocks,
            stats: Stats::new(result),
            logs: Logs::new(report.logs),
            reproduce: Reproduce::new(result),
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use checkers::{Figure, History, OpsFigure};
    use serde_json::json;

    use crate::{
        report::{Report, render},
        result::*,
    };

    const HOSTILE: &str = "</script><img src=x onerror=alert(1)>";

    /// A run in which a read was stale.
    pub(in crate::report) fn result() -> RunResult {
        let figure = OpsFigure {
            calls: vec![0, 2],
            culprit: 3,
            prefix: vec![(0, "5".into())],
            ..OpsFigure::default()
        };
        let anomaly = FoundAnomaly {
            kind: "nonlinearizable".into(),
            property: "linearizable".into(),
            key: Some(17),
            explanation: format!("op 3 read 4 & not {HOSTILE}"),
            window_ns: [1_000_000, 4_000_000],
            faults_active: vec![0],
            figure: Figure::Ops(figure),
            file: None,
        };
        let fault = FaultWindow {
            fault: "partition".into(),
            hurt: json!({"n1": ["n2"], "n2": ["n1"]}),
            injected_ns: Some(500_000),
            effective_ns: Some(600_000),
            healed_ns: Some(3_000_000),
            evidence: json!({"during": {"answer": HOSTILE}}),
            ..FaultWindow::default()
        };
        RunResult {
            schema_version: SCHEMA_VERSION.into(),
            run: RunInfo { reproduce: format!("netsplit run '{HOSTILE}'"), ..RunInfo::default() },
            system: SystemInfo { nodes: vec!["n1".into(), "n2".into()], ..SystemInfo::default() },
            workload: WorkloadInfo::default(),
            verdict: RunVerdict::new(VerdictValue::Fail, Reason::Violation, HOSTILE),
            properties: Vec::new(),
            anomalies: vec![anomaly],
            faults: vec![fault],
            stats: Stats::default(),
            resilience: Resilience::default(),
            harness: Some(Harness::default()),
            evidence: Evidence::default(),
            warnings: vec![HOSTILE.into()],
            artifacts: Vec::new(),
        }
    }

    /// The same, and an error that no client foresaw.
    fn troubled() -> RunResult {
        let ops = Counts { total: 2, ok: 1, info: 1, ..Counts::default() };
        let unforeseen = UnforeseenErrors {
            kind: "no number".into(),
            count: 1,
            example: format!("no number: {HOSTILE}"),
            op: 3,
        };
        let stats = Stats { ops, unforeseen: vec![unforeseen], ..Stats::default() };
        RunResult { stats, ..result() }
    }

    fn history() -> History {
        let hostile = json!(HOSTILE);
        let text = format!(
            r#"{{"index":0,"time":1000000,"process":0,"type":"invoke","f":"write","value":{hostile},"node":"n1"}}
{{"index":1,"time":2000000,"process":0,"type":"ok","f":"write","value":{hostile},"node":"n1"}}
{{"index":2,"time":3000000,"process":1,"type":"invoke","f":"read","node":"n2"}}
{{"index":3,"time":4000000,"process":1,"type":"ok","f":"read","value":{hostile},"node":"n2"}}"#
        );
        History::read(text).unwrap()
    }

    fn page(result: &RunResult, history: Option<&History>) -> String {
        let logs = [("n1".to_owned(), "db.log".to_owned(), format!("panic: {HOSTILE}"))];
        render(&Report { result, history, logs: &logs }).unwrap()
    }

    #[test]
    fn the_answer_is_in_words() {
        let words = [
            (VerdictValue::Pass, Reason::Ok, "PASS"),
            (VerdictValue::Fail, Reason::Violation, "VIOLATION"),
            (VerdictValue::Fail, Reason::Objective, "OBJECTIVE MISSED"),
            (VerdictValue::Unknown, Reason::Vacuous, "INCONCLUSIVE"),
            (VerdictValue::Error, Reason::Setup, "ERROR"),
        ];
        for (value, reason, word) in words {
            let mut result = result();
            result.verdict = RunVerdict::new(value, reason, "because of this");
            let page = page(&result, None);
            assert!(page.contains(&format!("<h1>{word} ")), "{word}");
            assert!(page.contains("because of this"));
            assert!(page.contains("No client call was made"));
        }
    }

    #[test]
    fn the_anomaly_is_explained_and_drawn_without_a_script() {
        let page = page(&result(), Some(&history()));
        assert!(page.contains("op 3 read 4"));
        assert!(page.contains("<svg class=\"ops\""));
        assert!(page.contains("class=\"bar culprit\""));
        assert!(page.contains("n1 | n2"));
    }

    #[test]
    fn what_the_target_said_is_text_and_never_markup() {
        let page = page(&troubled(), Some(&history()));
        assert!(!page.contains("<img"));
        assert_eq!(page.matches("</script>").count(), 2);
        assert!(page.contains("&#60;img src=x onerror=alert(1)&#62;"));
    }

    #[test]
    fn errors_that_no_client_foresaw_are_listed_apart() {
        let mut result = troubled();
        assert!(page(&result, None).contains("no number: &#60;/script"));
        result.stats.unforeseen.clear();
        assert!(!page(&result, None).contains("foresaw"));
    }

    #[test]
    fn nothing_is_fetched() {
        let page = page(&result(), Some(&history()));
        for attribute in [" href=\"", " src=\""] {
            for (at, _) in page.match_indices(attribute) {
                let target = &page[at + attribute.len()..];
                let tag = &page[page[..at].rfind('<').unwrap()..];
                assert!(target.starts_with('#') || target.starts_with("data:"), "{}", &tag[..80]);
            }
        }
        for word in ["http://", "https://", "url(h", "@import", "fetch(", "XMLHttp"] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(page.contains("default-src 'none'"));
    }
}

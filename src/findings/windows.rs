//! The faults as they happened, read from the nemesis's ops.
use checkers::{History, Kind, OpRef, Process};
use serde_json::{Value, json};

use crate::{nemesis::HEAL, result::FaultWindow};

/// Every fault of a history, in order of its plan.
pub fn windows(history: &History) -> Vec<FaultWindow> {
    let mut windows: Vec<FaultWindow> = Vec::new();
    let invocations =
        history.ops().filter(|op| op.process == Process::Nemesis && op.kind == Kind::Invoke);
    for invoked in invocations {
        let done = history.pair(invoked.row);
        if invoked.f == HEAL {
            close(&mut windows, history, &invoked, done);
        } else {
            let id = windows.len() as u32;
            windows.push(open(id, history, &invoked, done));
        }
    }
    windows
}

/// A fault as its completion tells it.
fn open(id: u32, history: &History, invoked: &OpRef<'_>, done: Option<OpRef<'_>>) -> FaultWindow {
    let asked = json(&invoked.value);
    let mut window = FaultWindow {
        id,
        fault: invoked.f.to_owned(),
        target: asked["target"].clone(),
        planned_ns: invoked.time,
        ..FaultWindow::default()
    };
    let Some(done) = done else {
        window.error = Some("the run ended while it was injected".into());
        return window;
    };
    if done.kind != Kind::Ok {
        window.error = history.error(done.row).or(Some("it could not be injected".into()));
        return window;
    }
    let told = json(&done.value);
    window.injected_ns = Some(done.time);
    window.effective = told["effective"] == true;
    window.effective_ns = window.effective.then_some(done.time);
    window.hurt = told["hurt"].clone();
    window.nodes = serde_json::from_value(told["nodes"].clone()).unwrap_or_default();
    window.evidence = told["evidence"].clone();
    if !window.evidence.is_object() {
        window.evidence = json!({});
    }
    window
}

/// Healing closes the open windows of one fault, or of all.
fn close(
    windows: &mut [FaultWindow],
    history: &History,
    invoked: &OpRef<'_>,
    done: Option<OpRef<'_>>,
) {
    let asked = json(&invoked.value);
    let only = asked["fault"].as_str();
    let open = windows
        .iter_mut()
        .filter(|w| w.healed_ns.is_none() && only.is_none_or(|only| only == w.fault));
    for window in open {
        window.healing_ns.get_or_insert(invoked.time);
        let Some(done) = done else { continue };
        if done.kind != Kind::Ok {
            window.error = history.error(done.row).or(Some("it could not be healed".into()));
            continue;
        }
        let told = json(&done.value);
        if let Some(Value::Object(seen)) = told["evidence"].get(&window.fault)
            && let Some(evidence) = window.evidence.as_object_mut()
        {
            // What undoing it once more finds is what it left the first time.
            let is_first = !evidence.contains_key("lasted");
            let news = seen.iter().filter(|(name, _)| is_first || *name == "after");
            evidence.extend(news.map(|(name, seen)| (name.clone(), seen.clone())));
            if evidence.get("lasted") == Some(&Value::Bool(false)) && window.effective {
                window.effective = false;
                window.error = Some("it did not last until it was healed".into());
            }
        }
        if told["healed"] == true {
            window.healed_ns = Some(done.time);
        }
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(lines: &[&str]) -> History {
        History::read(lines.join("\n")).unwrap()
    }

    #[test]
    fn a_fault_is_told_from_plan_to_healing() {
        let windows = windows(&history(&[
            r#"{"time":1,"process":"nemesis","type":"invoke","f":"kill","value":{"target":"one"}}"#,
            r#"{"time":2,"process":"nemesis","type":"ok","f":"kill","value":{"hurt":["n1"],"nodes":["n1"],"effective":true,"evidence":{"before":1}}}"#,
            r#"{"time":5,"process":"nemesis","type":"invoke","f":"heal","value":{"fault":"kill"}}"#,
            r#"{"time":7,"process":"nemesis","type":"ok","f":"heal","value":{"healed":true,"evidence":{"kill":{"after":2}}}}"#,
        ]));
        let [kill] = &windows[..] else { panic!("one window") };
        assert_eq!((kill.planned_ns, kill.effective_ns), (1, Some(2)));
        assert_eq!((kill.healing_ns, kill.healed_ns), (Some(5), Some(7)));
        assert_eq!(kill.evidence, json!({ "before": 1, "after": 2 }));
        assert_eq!(kill.nodes, ["n1"]);
    }

    #[test]
    fn a_fault_that_did_not_last_was_not_effective() {
        let windows = windows(&history(&[
            r#"{"process":"nemesis","type":"invoke","f":"kill","value":{"target":"one"}}"#,
            r#"{"process":"nemesis","type":"ok","f":"kill","value":{"effective":true,"evidence":{}}}"#,
            r#"{"process":"nemesis","type":"invoke","f":"heal","value":{"fault":"kill"}}"#,
            r#"{"process":"nemesis","type":"ok","f":"heal","value":{"healed":true,"evidence":{"kill":{"lasted":false}}}}"#,
        ]));
        assert!(!windows[0].effective && windows[0].error.is_some());
    }

    #[test]
    fn a_fault_that_had_to_be_undone_twice_lasted_until_the_first_time() {
        let windows = windows(&history(&[
            r#"{"time":1,"process":"nemesis","type":"invoke","f":"kill","value":{"target":"one"}}"#,
            r#"{"time":2,"process":"nemesis","type":"ok","f":"kill","value":{"effective":true,"evidence":{}}}"#,
            r#"{"time":3,"process":"nemesis","type":"invoke","f":"heal","value":{"fault":"kill"}}"#,
            r#"{"time":4,"process":"nemesis","type":"ok","f":"heal","value":{"healed":false,"evidence":{"kill":{"lasted":true,"after":"half"}}}}"#,
            r#"{"time":5,"process":"nemesis","type":"invoke","f":"heal","value":{"fault":null}}"#,
            r#"{"time":6,"process":"nemesis","type":"ok","f":"heal","value":{"healed":true,"evidence":{"kill":{"lasted":false,"after":"all"}}}}"#,
        ]));
        let [kill] = &windows[..] else { panic!("one window") };
        assert!(kill.effective && kill.error.is_none(), "{kill:?}");
        assert_eq!((kill.healing_ns, kill.healed_ns), (Some(3), Some(6)));
        assert_eq!(kill.evidence, json!({ "lasted": true, "after": "all" }));
    }

    #[test]
    fn a_fault_that_failed_was_never_effective() {
        let windows = windows(&history(&[
            r#"{"process":"nemesis","type":"invoke","f":"kill","value":{"target":"one"}}"#,
            r#"{"process":"nemesis","type":"info","f":"kill","error":"no such node"}"#,
        ]));
        assert_eq!(windows[0].error.as_deref(), Some("no such node"));
        assert!(!windows[0].effective && windows[0].injected_ns.is_none());
    }
}

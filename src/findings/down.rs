//! Nodes that are dead at the end though nobody killed them since they were started, or that live
//! and serve nobody.
use std::{collections::BTreeMap, fs, path::Path};

use checkers::Figure;
use serde_json::{Value, json};

use super::worst_first;
use crate::{
    nemesis,
    result::{FaultWindow, FoundAnomaly, Property, PropertyKind, PropertyStatus, RunResult},
};

/// The name of the property and of the anomaly.
const NAME: &str = "nodes-back";
/// So much of a log's last line is shown.
const CHARS_MAX: usize = 300;

/// A node that is down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Down {
    /// Its name.
    pub node: String,
    /// Whether its system lives, though it serves nobody; otherwise it has ended by itself.
    pub lives: bool,
    /// The last line of its log.
    pub last_words: String,
}

impl Down {
    /// Reads its last words, where the logs below this directory have any.
    pub fn read(&mut self, nodes: &Path, log: &str) {
        let path = nodes.join(&self.node).join(format!("{log}.log"));
        let text = fs::read(path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        self.last_words = last.chars().take(CHARS_MAX).collect();
    }
}

/// A fault that few systems promise to bear, where one struck the node: it may refuse to go on.
pub(super) fn excuse<'a>(node: &str, faults: &'a [FaultWindow]) -> Option<&'a FaultWindow> {
    let is_beyond_all = |name: &str| nemesis::find(name).is_some_and(|entry| !entry.in_all);
    let struck = |fault: &&FaultWindow| fault.nodes.iter().any(|it| it == node);
    faults.iter().filter(struck).find(|fault| is_beyond_all(&fault.fault))
}

/// The nodes that were found down, as the result of a run remembers them; none where nobody could
/// tell.
pub fn remembered(result: &RunResult) -> Option<Vec<Down>> {
    let of_result = result.properties.iter().find(|property| property.id == NAME)?;
    let down: Vec<(String, bool)> =
        serde_json::from_value(of_result.details.get("down")?.clone()).ok()?;
    Some(down.into_iter().map(|(node, lives)| Down { node, lives, ..Down::default() }).collect())
}

/// Adds to a result that these were down.
pub(super) fn add_to(result: &mut RunResult, down: &[Down]) {
    let (excused, guilty): (Vec<&Down>, Vec<&Down>) =
        down.iter().partition(|it| excuse(&it.node, &result.faults).is_some());
    let status = match () {
        () if !guilty.is_empty() => PropertyStatus::Fail,
        () if !excused.is_empty() => PropertyStatus::Unknown,
        () => PropertyStatus::Pass,
    };
    let list: Vec<(&str, bool)> = down.iter().map(|it| (&*it.node, it.lives)).collect();
    let names: Vec<&str> = down.iter().map(|it| &*it.node).collect();
    let message = match &names[..] {
        [] => "every node serves at the end, or netsplit has killed it".to_owned(),
        names => format!("down at the end, and nothing is done to them: {}", names.join(", ")),
    };
    result.properties.push(Property {
        id: NAME.into(),
        kind: PropertyKind::Safety,
        status,
        message,
        checked: result.system.nodes.len() as u64,
        violated: guilty.len() as u64,
        details: BTreeMap::from([("down".to_owned(), json!(list))]),
    });
    worst_first(&mut result.properties);
    let explanation = guilty.first().map(|first| explain(first, &result.faults));
    result.anomalies.extend(explanation.map(|explanation| FoundAnomaly {
        kind: NAME.into(),
        property: NAME.into(),
        key: None,
        explanation,
        window_ns: [0, 0],
        faults_active: Vec::new(),
        figure: figure(&guilty),
        file: None,
    }));
}

fn explain(down: &Down, faults: &[FaultWindow]) -> String {
    let Down { node, lives, last_words } = down;
    let struck = |fault: &&FaultWindow| fault.nodes.contains(node);
    let after = match faults.iter().rfind(struck) {
        Some(FaultWindow { id, fault, .. }) => {
            format!("; the last fault it had was {fault} ({id})")
        }
        None => String::new(),
    };
    let said = match &**last_words {
        "" => String::new(),
        words => format!("; the last line of its log: {words}"),
    };
    let how = match lives {
        true => "it lives, but served nobody when nothing was done to any node any more",
        false => "its system was dead at the end, and nobody had killed it since its start",
    };
    format!("{node} did not come back: {how}{after}{said}")
}

fn figure(down: &[&Down]) -> Figure {
    let head = ["node", "last line of its log"].map(String::from).to_vec();
    let row = |it: &&Down| -> Vec<Value> { vec![json!(it.node), json!(it.last_words)] };
    Figure::Table { head, rows: down.iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::empty;

    /// A result in which this fault struck `n1`.
    fn after(fault: &str) -> RunResult {
        let nodes = vec!["n1".to_owned()];
        let fault = FaultWindow { fault: fault.into(), nodes, ..FaultWindow::default() };
        RunResult { faults: vec![fault], ..empty() }
    }

    fn judged(mut result: RunResult, node: &str) -> (PropertyStatus, RunResult) {
        let last_words = "panic: no data".into();
        add_to(&mut result, &[Down { node: node.into(), lives: false, last_words }]);
        (result.properties[0].status, result)
    }

    #[test]
    fn who_does_not_come_back_is_convicted_unless_few_would() {
        let (status, result) = judged(after("power-failure"), "n1");
        assert_eq!(status, PropertyStatus::Fail);
        assert!(result.anomalies[0].explanation.contains("power-failure"));
        assert!(result.anomalies[0].explanation.contains("panic: no data"));
        let (status, result) = judged(after("flip-bits"), "n1");
        assert_eq!((status, result.anomalies.len()), (PropertyStatus::Unknown, 0));
        // What has struck another is no excuse.
        assert_eq!(judged(after("flip-bits"), "n2").0, PropertyStatus::Fail);
    }

    #[test]
    fn who_was_down_is_remembered_and_so_is_that_nobody_was() {
        assert_eq!(remembered(&empty()), None);
        let mut result = empty();
        add_to(&mut result, &[]);
        assert_eq!(remembered(&result), Some(Vec::new()));
        let (_, result) = judged(empty(), "n3");
        let down = remembered(&result).unwrap();
        assert_eq!(down, [Down { node: "n3".into(), ..Down::default() }]);
    }
}

//! The faults of another run, once more.
use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use checkers::Nanos;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use workloads::generator::{Context as Asked, Generator, Invocation, Next, Thread, invoke};

use super::{HEAL, find};
use crate::{
    net::{Grudge, links},
    result::FaultWindow,
};

/// A fault as it is to happen again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// Its name.
    pub fault: String,
    /// Exactly who is hurt: nodes, with the way in which each is hurt where there
    /// are several, or the links that are cut.
    pub target: String,
    /// When it is injected, since the start.
    pub strike_ns: Nanos,
    /// When it is healed; absent where only the end of the run heals it.
    pub heal_ns: Option<Nanos>,
}

/// What a `schedule.json` asks for: its faults at the same nodes, at the times at which they were
/// asked for then. Those that were never injected are left out.
///
/// # Errors
/// What is no schedule, or names a fault that there is not.
pub fn plan(text: &str) -> Result<Vec<Planned>> {
    let schedule: Schedule =
        serde_json::from_str(text).context("this is no schedule.json of a run")?;
    let injected = schedule.faults.iter().filter(|window| window.injected_ns.is_some());
    injected.map(Planned::of).collect()
}

/// A `schedule.json`.
#[derive(Deserialize)]
struct Schedule {
    faults: Vec<FaultWindow>,
}

impl Planned {
    fn of(window: &FaultWindow) -> Result<Planned> {
        let FaultWindow { id, fault, planned_ns, healing_ns, .. } = window;
        if find(fault).is_none() {
            bail!("fault {id} of the schedule is called {fault}, and there is none of that name");
        }
        let target = target(&window.hurt)
            .with_context(|| format!("fault {id} of the schedule says not whom {fault} hurt"))?;
        let fault = fault.clone();
        Ok(Planned { fault, target, strike_ns: *planned_ns, heal_ns: *healing_ns })
    }

    /// A node that it hurts, or cuts off, and that is none of these.
    pub fn stranger(&self, nodes: &[String]) -> Option<&str> {
        let parts = self.target.split([',', ';', '>']);
        // How a node is hurt may stand behind it.
        let mut hurt = parts.map(|part| part.split('=').next().unwrap_or(part));
        hurt.find(|name| !nodes.iter().any(|node| node == name))
    }

    /// The injection and the healing, with their times.
    fn steps(&self) -> impl Iterator<Item = (Nanos, Invocation)> {
        let strike = (self.strike_ns, invoke(&*self.fault, json!({ "target": self.target })));
        let heal = |at| (at, invoke(HEAL, json!({ "fault": self.fault })));
        [Some(strike), self.heal_ns.map(heal)].into_iter().flatten()
    }
}

/// The target that means exactly those who were hurt.
fn target(hurt: &Value) -> Option<String> {
    if let Ok(nodes) = serde_json::from_value::<Vec<String>>(hurt.clone()) {
        return (!nodes.is_empty()).then(|| nodes.join(","));
    }
    if let Ok(ways) = serde_json::from_value::<BTreeMap<String, String>>(hurt.clone()) {
        let ways: Vec<String> = ways.iter().map(|(node, way)| format!("{node}={way}")).collect();
        return (!ways.is_empty()).then(|| ways.join(","));
    }
    let grudge: Grudge = serde_json::from_value(hurt.clone()).ok()?;
    let links: Vec<String> = links(&grudge).into_iter().collect();
    (!links.is_empty()).then(|| links.join(";"))
}

/// Strikes and heals at the times planned, or as soon after as the one before is done.
pub fn replay(planned: &[Planned]) -> impl Generator + 'static {
    let mut steps: Vec<_> = planned.iter().flat_map(Planned::steps).collect();
    steps.sort_by_key(|(at, _)| *at);
    Replay { steps: steps.into_iter().peekable() }
}

struct Replay {
    steps: std::iter::Peekable<std::vec::IntoIter<(Nanos, Invocation)>>,
}

impl Generator for Replay {
    fn next(&mut self, ctx: &mut Asked, _: Thread) -> Next {
        match self.steps.peek() {
            None => Next::Exhausted,
            Some((at, _)) if ctx.time < *at => Next::Pending(Some(*at)),
            Some(_) => self.steps.next().map_or(Next::Exhausted, |(_, step)| Next::Invoke(step)),
        }
    }
}

#[cfg(test)]
mod tests {
    use checkers::Kind;
    use workloads::generator::{Completion, GeneratorExt, Timing, simulate};

    use super::*;

    fn window(fault: &str, hurt: Value, at: Nanos, healing: Option<Nanos>) -> FaultWindow {
        let (fault, planned_ns, injected_ns) = (fault.to_owned(), at, Some(at + 5));
        FaultWindow {
            fault,
            hurt,
            planned_ns,
            injected_ns,
            healing_ns: healing,
            ..Default::default()
        }
    }

    fn plan_of(windows: &[FaultWindow]) -> Result<Vec<Planned>> {
        plan(&json!({ "schema_version": "1.0.0", "faults": windows }).to_string())
    }

    #[test]
    fn faults_come_again_at_their_times_to_the_same_nodes() {
        let planned = plan_of(&[
            window("kill", json!(["n1", "n3"]), 1_000, Some(3_000)),
            window("partition", json!({"n1": ["n2"], "n2": ["n1"]}), 2_000, None),
        ]);
        let generator = replay(&planned.unwrap()).nemesis();
        let timing = Timing { before_max: 1, after_max: 1, seed: 0 };
        let ops = simulate(generator, Asked::new(1, Vec::new(), 0), timing, |_, op| Completion {
            kind: Kind::Ok,
            value: op.value.clone(),
            error: None,
        });
        let asked = ops.iter().filter(|op| op.kind == Kind::Invoke);
        let asked: Vec<_> = asked.map(|op| format!("{} {} {}", op.time, op.f, op.value)).collect();
        assert_eq!(
            asked,
            [
                r#"1000 kill {"target":"n1,n3"}"#,
                r#"2000 partition {"target":"n1>n2;n2>n1"}"#,
                r#"3000 heal {"fault":"kill"}"#,
            ]
        );
    }

    #[test]
    fn what_cannot_happen_again_is_refused() {
        assert!(plan("{}").is_err());
        assert!(plan_of(&[window("flood", json!(["n1"]), 0, None)]).is_err());
        assert!(plan_of(&[window("kill", json!(null), 0, None)]).is_err());
        let never = FaultWindow { injected_ns: None, ..window("kill", json!([]), 0, None) };
        assert_eq!(plan_of(&[never]).unwrap(), []);
    }
}

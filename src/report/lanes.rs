//! Which row of the timeline a call is drawn in.
//!
//! A process never invokes again after an `info`, so a row a process would give one row a crash.
//! A row here is a lane of a node: a call takes the first lane of its node that is free.
use std::collections::BTreeMap;

use checkers::Nanos;

use super::calls::Calls;

/// Lanes of all nodes.
pub(super) struct Lanes {
    /// For each lane, the number of its node in `nodes`.
    pub(super) node_of: Vec<u32>,
    /// For each call, its lane.
    pub(super) of_call: Vec<u32>,
    /// Names of the nodes, in order.
    pub(super) nodes: Vec<String>,
}

impl Lanes {
    /// Lanes for all calls; `known` nodes come first, and in that order.
    pub(super) fn of(calls: &Calls<'_>, known: &[String]) -> Lanes {
        let mut nodes = known.to_vec();
        let mut numbers: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        for (i, name) in known.iter().enumerate() {
            numbers.insert(Some(name), i);
        }
        // For each node, when each of its lanes is free again.
        let mut free: Vec<Vec<Nanos>> = vec![Vec::new(); nodes.len()];
        let mut local = Vec::with_capacity(calls.all.len());
        for call in &calls.all {
            let node = *numbers.entry(call.node).or_insert_with(|| {
                nodes.push(call.node.unwrap_or("clients").to_owned());
                free.push(Vec::new());
                nodes.len() - 1
            });
            let lanes = &mut free[node];
            let lane = lanes.iter().position(|&at| at <= call.start).unwrap_or_else(|| {
                lanes.push(0);
                lanes.len() - 1
            });
            lanes[lane] = call.end.unwrap_or(Nanos::MAX);
            local.push((node, lane));
        }
        let mut first = Vec::with_capacity(nodes.len());
        let mut node_of = Vec::new();
        for (node, lanes) in free.iter().enumerate() {
            first.push(node_of.len());
            node_of.extend(lanes.iter().map(|_| node as u32));
        }
        let of_call = local.iter().map(|&(node, lane)| (first[node] + lane) as u32).collect();
        Lanes { node_of, of_call, nodes }
    }
}

#[cfg(test)]
mod tests {
    use checkers::History;

    use super::*;

    #[test]
    fn a_new_process_takes_the_lane_of_the_crashed_one() {
        let text = r#"{"time":1,"process":0,"type":"invoke","f":"read","node":"n2"}
{"time":2,"process":1,"type":"invoke","f":"read","node":"n1"}
{"time":3,"process":0,"type":"info","f":"read","node":"n2"}
{"time":4,"process":5,"type":"invoke","f":"read","node":"n2"}
{"time":5,"process":6,"type":"invoke","f":"read","node":"n2"}"#;
        let history = History::read(text).unwrap();
        let lanes = Lanes::of(&Calls::of(Some(&history)), &["n1".into(), "n2".into()]);
        assert_eq!(lanes.of_call, [1, 0, 1, 2]);
        assert_eq!(lanes.node_of, [0, 1, 1]);
    }
}

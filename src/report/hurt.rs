//! Who was hurt by a fault, in the fewest words.
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::format::plain;

/// `n1,n2 | n3` for a partition, `n1 ⇸ n2` where packets are lost one way, `n1, n2` for nodes.
pub(super) fn describe(hurt: &Value, nodes: &[String]) -> String {
    match drops(hurt) {
        Some(drops) => describe_drops(&drops, nodes),
        None if *hurt == Value::Null => String::new(),
        None => plain(hurt),
    }
}

/// Receiver -> senders whose packets it drops.
type Drops<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

fn drops(hurt: &Value) -> Option<Drops<'_>> {
    let mut drops = Drops::new();
    for (receiver, senders) in hurt.as_object()? {
        let senders = senders.as_array()?.iter().map(Value::as_str).collect::<Option<_>>()?;
        drops.insert(receiver, senders);
    }
    Some(drops)
}

fn describe_drops(drops: &Drops<'_>, nodes: &[String]) -> String {
    let cut = |a: &str, b: &str| drops.get(a).is_some_and(|senders| senders.contains(b));
    let symmetric = drops.iter().all(|(a, senders)| senders.iter().all(|b| cut(b, a)));
    let mut all: Vec<&str> = nodes.iter().map(String::as_str).collect();
    let named = drops.iter().flat_map(|(a, senders)| std::iter::once(a).chain(senders));
    for name in named {
        if !all.contains(name) {
            all.push(name);
        }
    }
    if symmetric && let Some(groups) = components(&all, &cut) {
        return groups.iter().map(|g| g.join(",")).collect::<Vec<_>>().join(" | ");
    }
    let mut parts = Vec::new();
    for (receiver, senders) in drops.iter().filter(|(_, senders)| !senders.is_empty()) {
        let list = |both: bool| -> Vec<&str> {
            senders.iter().filter(|s| cut(s, receiver) == both).copied().collect()
        };
        let (one_way, both_ways) = (list(false), list(true));
        if !one_way.is_empty() {
            parts.push(format!("{} ⇸ {receiver}", one_way.join(",")));
        }
        // A pair that drops both ways is told once, at the lesser name.
        let later: Vec<&str> = both_ways.into_iter().filter(|s| s > receiver).collect();
        if !later.is_empty() {
            parts.push(format!("{receiver} ↮ {}", later.join(",")));
        }
    }
    parts.join("; ")
}

/// Groups that are whole inside and cut from each other, if the nodes fall into such groups.
fn components<'a>(
    nodes: &[&'a str],
    cut: &dyn Fn(&str, &str) -> bool,
) -> Option<Vec<Vec<&'a str>>> {
    let mut groups: Vec<Vec<&str>> = Vec::new();
    for &node in nodes {
        match groups.iter_mut().find(|g| !cut(node, g[0])) {
            Some(group) => group.push(node),
            None => groups.push(vec![node]),
        }
    }
    let group_of = |node: &str| groups.iter().position(|g| g.contains(&node));
    let clean = nodes
        .iter()
        .all(|a| nodes.iter().all(|b| a == b || cut(a, b) == (group_of(a) != group_of(b))));
    (clean && groups.len() > 1).then_some(groups)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn five() -> Vec<String> {
        (1..=5).map(|n| format!("n{n}")).collect()
    }

    #[test]
    fn halves_are_told_as_halves() {
        let hurt = json!({"n1": ["n3","n4","n5"], "n2": ["n3","n4","n5"],
            "n3": ["n1","n2"], "n4": ["n1","n2"], "n5": ["n1","n2"]});
        assert_eq!(describe(&hurt, &five()), "n1,n2 | n3,n4,n5");
    }

    #[test]
    fn one_way_loss_is_told_as_who_is_not_heard() {
        assert_eq!(describe(&json!({"n2": ["n1"]}), &five()), "n1 ⇸ n2");
    }

    #[test]
    fn a_broken_link_is_no_partition() {
        let hurt = json!({"n1": ["n2"], "n2": ["n1"]});
        assert_eq!(describe(&hurt, &five()), "n1 ↮ n2");
    }

    #[test]
    fn any_other_shape_is_told_as_it_is() {
        assert_eq!(describe(&json!(["n2", "n3"]), &five()), "n2, n3");
        assert_eq!(describe(&json!({"n1": {"ms": 200}}), &five()), "n1 (ms 200)");
        assert_eq!(describe(&json!(null), &five()), "");
    }
}

//! What faults that cut the net have in common: they look whether it is whole, cut, and look again.
use std::collections::BTreeMap;

use anyhow::Result;
use futures_util::future::try_join_all;
use serde_json::{Value, json};

use super::Proof;
use crate::{
    cluster::{Cluster, Node},
    net::{
        Cut, Heard, Way,
        knock::{self, Answer},
        links,
    },
};

/// A port at which nobody is expected: who refuses a connection refuses it at any.
const ANY_PORT: u16 = 9;

/// Cuts the net, and looks whether it did.
pub(super) async fn inject(cluster: &Cluster, cut: &Cut) -> Result<Proof> {
    let (before, answers_before) = look(cluster, cut).await?;
    cluster.net.cut(cut).await?;
    let (during, answers) = look(cluster, cut).await?;
    let refused = refused(cluster, cut).await?;
    let fits = during.matches(cut) && is_cut(cut, &answers, &refused);
    let was_open = !answers_before.values().any(|answer| *answer == Answer::Silence);
    let holds = before.is_whole() && was_open && !cut.is_empty() && fits;
    let mut seen = json!({
        "cut": cut_links(cut),
        "before": told(&before, &answers_before),
        "during": told(&during, &answers),
    });
    if cut.way == Way::Reset {
        seen["refused"] = json!(refused);
    }
    Ok(Proof { holds, seen })
}

/// Looks whether it is still cut, mends it, and looks whether it is whole. Idempotent.
pub(super) async fn heal(cluster: &Cluster, cut: &Cut) -> Result<Proof> {
    let (at_end, answers_at_end) = look(cluster, cut).await?;
    let lasted = at_end.matches(cut) && is_cut(cut, &answers_at_end, &refused(cluster, cut).await?);
    cluster.net.heal().await?;
    let (after, answers) = look(cluster, cut).await?;
    let is_open = !answers.values().any(|answer| *answer == Answer::Silence);
    let seen = json!({
        "at_end": told(&at_end, &answers_at_end), "lasted": lasted, "after": told(&after, &answers),
    });
    Ok(Proof { holds: after.is_whole() && is_open, seen })
}

/// What came of knocking, by `n1>n2`.
type Answers = BTreeMap<String, Answer>;

/// Who hears whom; where a cut is not silence alone, what comes of knocking, once at each node
/// that is to drop packets.
async fn look(cluster: &Cluster, cut: &Cut) -> Result<(Heard, Answers)> {
    let heard = cluster.net.probe().await?;
    let port = match cut.way {
        Way::Drop => return Ok((heard, Answers::new())),
        Way::Reset => ANY_PORT,
        Way::Port(port) => port,
    };
    let knocks = cut.grudge.iter().filter_map(|(to, froms)| Some((froms.first()?, to)));
    let answers = knocks.map(async |(from, to)| {
        let answer = knock::between(cluster.node(from)?, cluster.node(to)?, port).await?;
        anyhow::Ok((format!("{from}>{to}"), answer))
    });
    Ok((heard, try_join_all(answers).await?.into_iter().collect()))
}

/// How many packets those that reset connections have refused, by node.
async fn refused(cluster: &Cluster, cut: &Cut) -> Result<BTreeMap<String, u64>> {
    if cut.way != Way::Reset {
        return Ok(BTreeMap::new());
    }
    let nodes: Vec<&Node> = cut.grudge.keys().map(|n| cluster.node(n)).collect::<Result<_>>()?;
    let counts = nodes
        .into_iter()
        .map(async |node| anyhow::Ok((node.name.to_string(), cluster.net.refused(node).await?)));
    Ok(try_join_all(counts).await?.into_iter().collect())
}

/// Whether those who knock are answered as they should be: where a port is closed anyway, only the
/// count of packets tells who refused.
fn is_cut(cut: &Cut, answers: &Answers, refused: &BTreeMap<String, u64>) -> bool {
    let all = |wanted| answers.values().all(|answer| *answer == wanted);
    match cut.way {
        Way::Drop => true,
        Way::Reset => all(Answer::Refused) && refused.values().all(|packets| *packets > 0),
        Way::Port(_) => all(Answer::Silence),
    }
}

fn cut_links(cut: &Cut) -> Value {
    match cut.way {
        Way::Port(port) => json!({ "port": port, "links": links(&cut.grudge) }),
        Way::Drop | Way::Reset => json!(cut.silent()),
    }
}

/// What a look came to, in short: how many links were tried, and which were silent.
fn told(heard: &Heard, answers: &Answers) -> Value {
    let mut told = probed(heard);
    if !answers.is_empty() {
        told["knocks"] = json!(answers);
    }
    told
}

/// What a probe heard, in short.
pub(super) fn probed(heard: &Heard) -> Value {
    json!({ "links": heard.tried.len(), "silent": heard.silent, "half": heard.half })
}

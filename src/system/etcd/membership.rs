//! Members that come and go, by the cluster API.
use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{CLIENT_PORT, Etcd, PEER_PORT, gateway::Gateway, url};
use crate::{cluster::Node, remote::Program, system::Membership};

/// How long a member may take to answer: a change of the members is a proposal.
const PATIENCE: Duration = Duration::from_secs(3);

#[async_trait]
impl Membership for Etcd {
    async fn members(&self, asked: &Node, all: &[Node]) -> Result<Vec<Arc<str>>> {
        let listed = list(asked).await?;
        let is_member = |node: &&Node| listed.iter().any(|member| is(member, node));
        Ok(all.iter().filter(is_member).map(|node| node.name.clone()).collect())
    }

    async fn remove(&self, asked: &Node, node: &Node) -> Result<()> {
        let listed = list(asked).await?;
        let Some(member) = listed.iter().find(|member| is(member, node)) else { return Ok(()) };
        ask(asked, "remove", &json!({ "ID": member["ID"] })).await.map(drop)
    }

    async fn add(&self, asked: &Node, node: &Node, all: &[Node]) -> Result<Program> {
        if !list(asked).await?.iter().any(|member| is(member, node)) {
            ask(asked, "add", &json!({ "peerURLs": [url(node, PEER_PORT)] })).await?;
        }
        let names = self.members(asked, all).await?;
        let members = all.iter().filter(|node| names.contains(&node.name));
        Ok(self.member(node, members, "existing"))
    }
}

/// The members, as one of them lists them.
async fn list(asked: &Node) -> Result<Vec<Value>> {
    let listed = ask(asked, "list", &json!({})).await?;
    let members = listed["members"].as_array().context("no list of members")?;
    Ok(members.clone())
}

/// Whether a member of a list is this node: until it was started, it has no name.
fn is(member: &Value, node: &Node) -> bool {
    member["peerURLs"].as_array().is_some_and(|urls| urls.contains(&url(node, PEER_PORT).into()))
}

async fn ask(asked: &Node, what: &str, request: &Value) -> Result<Value> {
    let answer = async {
        let mut gateway = Gateway::connect((asked.ip, CLIENT_PORT).into()).await?;
        gateway.post(&format!("/v3/cluster/member/{what}"), request).await
    };
    let answer = timeout(PATIENCE, answer).await;
    let answer = answer.with_context(|| format!("{} did not answer", asked.name))??;
    let status = answer.status;
    ensure!(status.is_success(), "{} refuses: {status}: {}", asked.name, answer.body["error"]);
    Ok(answer.body)
}

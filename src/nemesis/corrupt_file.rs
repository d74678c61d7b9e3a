//! Files that are not what was written: what old disks, bad cables and wrong firmware do. The
//! system may read it at once, or when it is started again; it should find out.
use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use async_trait::async_trait;
use clap::ValueEnum;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use regex::Regex;
use serde_json::{Map, Value, json};

use super::{
    Entry, Fault, Injury, Proof, Settings,
    spoil::{Damage, How, Kept},
    target,
    victims::{HELIX, Victims},
};
use crate::{
    cluster::{Cluster, Node},
    ledger::Undo,
};

macro_rules! file_fault {
    ($entry:ident, $name:literal, $about:literal, $how:expr) => {
        /// In the list of faults.
        pub(super) const $entry: Entry = Entry {
            name: $name,
            about: $about,
            needs_switch: false,
            needs_disk: false,
            // Few systems promise to bear it.
            in_all: false,
            build: |settings: &Settings| -> Box<dyn Fault> { build($name, $how, settings) },
        };
    };
}

file_fault!(
    FLIP,
    "flip-bits",
    "flips bits in up to 8 chunks of the files of a minority of nodes, always the same",
    How::Flip
);
file_fault!(
    TRUNCATE,
    "truncate-file",
    "cuts off the end of a file of a minority of nodes, always the same",
    How::Truncate
);
file_fault!(
    COPY,
    "misdirect-writes",
    "overwrites up to 8 chunks of the files of a minority of nodes with others of the same file",
    How::Copy
);
file_fault!(
    REWIND,
    "lose-writes",
    "gives half of the chunks that a minority of nodes wrote meanwhile their old content",
    How::Keep
);

fn build(name: &'static str, how: How, settings: &Settings) -> Box<dyn Fault> {
    Box::new(CorruptFile {
        name,
        how,
        files: settings.files.clone(),
        victims: Victims::new(settings.seed),
        seed: 0,
        kept: BTreeMap::new(),
    })
}

struct CorruptFile {
    name: &'static str,
    how: How,
    /// Which files, by their paths.
    files: Regex,
    victims: Victims,
    /// The chance of this strike.
    seed: u64,
    /// What files held, by node.
    kept: BTreeMap<Arc<str>, Kept>,
}

/// How long a node may take to damage its files.
const DEADLINE: Duration = Duration::from_secs(30);

#[async_trait]
impl Fault for CorruptFile {
    fn name(&self) -> &'static str {
        self.name
    }

    fn targets(&self, _: &Cluster) -> Vec<String> {
        Victims::words()
    }

    fn more_targets(&self) -> Vec<String> {
        // What is cut off of a file is every later chunk of it.
        let can_be_shared = self.how != How::Truncate;
        can_be_shared.then(|| HELIX.to_owned()).into_iter().collect()
    }

    async fn aim(&mut self, cluster: &Cluster, word: &str, rng: &mut ChaCha8Rng) -> Result<Injury> {
        let nodes = self.victims.resolve(cluster, word, rng).await?;
        self.seed = rng.random();
        Ok(Injury { hurt: json!(nodes), nodes, undo: Undo::Nothing })
    }

    async fn inject(&mut self, cluster: &Arc<Cluster>, injury: &Injury) -> Result<Proof> {
        self.kept.clear();
        let mut seen = Map::new();
        for name in &injury.nodes {
            let told = self.spoil(cluster, injury, cluster.node(name)?, self.how, b"").await?;
            let what = if self.how == How::Keep {
                let kept: Kept = serde_json::from_str(&told)?;
                let chunks = kept.files.values().map(BTreeMap::len).sum::<usize>();
                let files = kept.files.len();
                self.kept.insert(name.clone(), kept);
                json!({ "files": files, "chunks": chunks })
            } else {
                json!(serde_json::from_str::<Vec<Damage>>(&told)?)
            };
            seen.insert(name.to_string(), what);
        }
        let holds = match self.how {
            How::Keep => self.kept.values().all(|kept| !kept.files.is_empty()),
            _ => all_differ(&seen),
        };
        Ok(Proof { holds, seen: json!({ "damage": seen }) })
    }

    /// What is damaged stays so; what was written since a snapshot is lost now.
    async fn heal(&mut self, cluster: &Cluster, injury: Option<&Injury>) -> Result<Proof> {
        let mut seen = Map::new();
        let kept = std::mem::take(&mut self.kept);
        let (Some(injury), false) = (injury, kept.is_empty()) else {
            return Ok(Proof { holds: true, seen: json!({}) });
        };
        for (name, kept) in &kept {
            let input = serde_json::to_vec(kept)?;
            let node = cluster.node(name)?;
            let told = self.spoil(cluster, injury, node, How::Rewind, &input).await?;
            let lost: Vec<Damage> = serde_json::from_str(&told)?;
            seen.insert(name.to_string(), json!(by_file(&lost)));
        }
        let lasted = all_differ(&seen);
        Ok(Proof { holds: true, seen: json!({ "lost": seen, "lasted": lasted }) })
    }
}

impl CorruptFile {
    /// Has a node damage its files; returns what it said.
    async fn spoil(
        &self,
        cluster: &Cluster,
        injury: &Injury,
        node: &Node,
        how: How,
        input: &[u8],
    ) -> Result<String> {
        let how = how.to_possible_value().context("it is never asked for")?;
        // More than a minority has no chunk hurt in common.
        let nodes = cluster.nodes.len();
        let is_helix = injury.nodes.len() > target::minority(nodes);
        let (part, parts) = if is_helix { (node.number, nodes) } else { (0, 1) };
        let netsplit = node.netsplit.to_string_lossy();
        let seed = self.seed.wrapping_add(node.number as u64).to_string();
        let (data, part, parts) =
            (node.data.to_string_lossy(), part.to_string(), parts.to_string());
        let files = self.files.as_str();
        let argv = [&*netsplit, "spoil", how.get_name(), &data, "--files", files, "--seed", &seed];
        let argv = [&argv[..], &["--part", &part, "--parts", &parts]].concat();
        let told = node.remote.ask(&argv, input, DEADLINE).await;
        told.with_context(|| format!("failed to damage the files of {}", node.name))
    }
}

/// Many places as one a file, the first.
fn by_file(damage: &[Damage]) -> Vec<Damage> {
    let mut files: Vec<Damage> = Vec::new();
    for it in damage {
        match files.iter_mut().find(|file| file.file == it.file) {
            Some(file) => file.bytes += it.bytes,
            None => files.push(it.clone()),
        }
    }
    files
}

/// Whether at least a byte of each node is not what it was.
fn all_differ(seen: &Map<String, Value>) -> bool {
    let differs = |of_node: &Value| {
        let damage = of_node.as_array().map_or(&[][..], Vec::as_slice);
        damage.iter().any(|it| it["bytes"].as_u64() > Some(0))
    };
    seen.values().all(differs)
}

//! What is cut of a net, and how that looks to those who are cut off.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Who drops whose packets: `{n1: {n2, n3}}` means that `n1` receives nothing from `n2` and `n3`.
/// One-way by nature; a cut both ways has two entries.
pub type Grudge = BTreeMap<Arc<str>, BTreeSet<Arc<str>>>;

/// Who asks the nodes: netsplit itself, from outside, under a name of its own among the links.
pub const CLIENTS: &str = "clients";

/// How a cut looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// Nothing arrives, and nobody is told.
    #[default]
    Drop,
    /// Connections are refused, or reset, at once; nothing else arrives.
    Reset,
    /// Nothing arrives that comes from this port or goes there, of TCP and UDP; all else does.
    Port(u16),
}

/// What is cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// Who drops whose packets.
    pub grudge: Grudge,
    /// The nodes that hear nothing of the clients, nor these of them.
    pub clients: BTreeSet<Arc<str>>,
    /// How it looks between nodes.
    pub way: Way,
}

impl From<Grudge> for Cut {
    fn from(grudge: Grudge) -> Cut {
        Cut { grudge, ..Cut::default() }
    }
}

impl Cut {
    /// The links over which nothing arrives at all.
    pub fn silent(&self) -> BTreeSet<String> {
        let clients = self.clients.iter();
        let ways =
            clients.flat_map(|node| [format!("{CLIENTS}>{node}"), format!("{node}>{CLIENTS}")]);
        let between = match self.way {
            Way::Drop | Way::Reset => links(&self.grudge),
            Way::Port(_) => BTreeSet::new(),
        };
        ways.chain(between).collect()
    }

    /// Whether it cuts nothing.
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty() && self.grudge.values().all(BTreeSet::is_empty)
    }
}

/// The links a grudge cuts, as `n1>n2`: from the sender to the receiver that drops.
pub fn links(grudge: &Grudge) -> BTreeSet<String> {
    let pairs = grudge.iter().flat_map(|(to, froms)| froms.iter().map(move |from| (from, to)));
    pairs.map(|(from, to)| format!("{from}>{to}")).collect()
}

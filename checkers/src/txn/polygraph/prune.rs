//! Choices that known edges decide already.
use super::{super::graph::NONE, Answer, Choice, Polygraph, topology::Topology};
use crate::Budget;

/// A larger table takes longer than it is worth.
const TABLE_BYTES_MAX: u64 = 1 << 30;

/// Drops the choices that decide themselves, and adds their edges. An answer, if that is one.
///
/// Where the table of what reaches what does not fit into memory, nothing is dropped.
pub(super) fn prune(
    polygraph: &Polygraph,
    topology: &mut Topology,
    open: &mut Vec<Choice>,
    budget: &Budget,
) -> Option<Answer> {
    let bytes = u64::from(polygraph.nodes).pow(2) / 8;
    while bytes <= (budget.bytes_max / 2).min(TABLE_BYTES_MAX) {
        if budget.is_over() {
            return Some(Answer::GaveUp);
        }
        let reach = Reach::of(topology);
        let before = open.len();
        let mut kept = Vec::new();
        for &choice in &*open {
            let closes = |choice| polygraph.edges(choice).any(|(from, to)| reach.is(to, from));
            let forced = match (closes(choice), closes(choice.turned())) {
                (true, true) => return Some(contradiction(polygraph, topology, choice)),
                (false, false) => {
                    kept.push(choice);
                    continue;
                }
                (false, true) => choice,
                (true, false) => choice.turned(),
            };
            for edge in polygraph.edges(forced) {
                // What is forced may contradict what was forced since the table was made.
                if let Err(circle) = topology.add(edge, 0) {
                    return Some(Answer::No(Some(forced), vec![circle.nodes]));
                }
            }
        }
        *open = kept;
        if open.len() == before {
            break;
        }
    }
    None
}

/// Both alternatives close circles: which.
fn contradiction(polygraph: &Polygraph, topology: &mut Topology, choice: Choice) -> Answer {
    let mut circles = Vec::new();
    for choice in [choice, choice.turned()] {
        let mark = topology.mark();
        let refused = polygraph.edges(choice).find_map(|edge| topology.add(edge, 0).err());
        circles.extend(refused.map(|circle| circle.nodes));
        topology.undo(mark);
    }
    Answer::No(Some(choice), circles)
}

/// Which node can be reached from which, a bit each.
struct Reach {
    words: usize,
    bits: Vec<u64>,
}

impl Reach {
    fn of(topology: &Topology) -> Reach {
        let nodes = topology.nodes();
        let words = nodes.len().div_ceil(64);
        let mut bits = vec![0; words * nodes.len()];
        let mut row = vec![0; words];
        for &node in nodes.iter().rev() {
            row.fill(0);
            let mut latest = NONE;
            for next in
                topology.after(node).filter(|&next| std::mem::replace(&mut latest, next) != next)
            {
                row[next as usize / 64] |= 1 << (next % 64);
                let start = next as usize * words;
                for (word, more) in row.iter_mut().zip(&bits[start..start + words]) {
                    *word |= more;
                }
            }
            bits[node as usize * words..][..words].copy_from_slice(&row);
        }
        Reach { words, bits }
    }

    fn is(&self, from: u32, to: u32) -> bool {
        from == to || self.bits[from as usize * self.words + to as usize / 64] >> (to % 64) & 1 == 1
    }
}

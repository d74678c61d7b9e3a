//! What still holds of registers. Where the values written differ, all claims are judged; where
//! they do not, those that need no more than a search.
use super::{
    Claim, Weaker,
    accesses::{self, Accesses, RegisterCalls, Unclear},
    delta,
    sequential::{
        self, Hints,
        forced::{Because, Circle, Forced},
        schedule::{Scheduled, schedule},
    },
    sessions, two_atomic,
};
use crate::{
    Budget, Datum, Edge, Figure, History, Malformed, OpsFigure, Valid,
    model::{Register, RegisterInput},
};

impl Weaker for Register {
    fn promises(&self) -> Vec<&'static str> {
        let names = [sequential::NAME].into_iter().chain(sessions::NAMES);
        names.chain([two_atomic::NAME, delta::NAME]).collect()
    }

    /// Sequential consistency, the four session guarantees, 2-atomicity and the Delta bound. The
    /// last two are local: they hold of a history if they hold of each key. The others are not
    /// (but for read your writes and both kinds of monotony), and are judged over all its keys.
    fn judge(
        &self,
        promises: &[&'static str],
        history: &History,
        budget: &Budget,
    ) -> Result<Vec<Claim>, Malformed> {
        let (calls, key_of) = accesses::calls(history)?;
        let judge = |name: &&'static str| match (Accesses::new(self, &calls, &key_of), *name) {
            (Err(Unclear::Nowhere(row)), name) => from_nowhere(name, history, row),
            (_, two_atomic::NAME) => two_atomic::claim(self, history, budget),
            (Err(Unclear::Ambiguous(_)), sequential::NAME) => {
                let hints = Hints::default();
                sequential::judge(self, history, (&calls, &key_of), &hints, budget)
            }
            (Err(Unclear::Ambiguous(why)), name) => Claim::unknown(name, why),
            (Ok(accesses), sequential::NAME) => {
                order(self, history, &accesses, (&calls, &key_of), budget)
            }
            (Ok(accesses), delta::NAME) => delta::claim(history, &accesses),
            (Ok(accesses), name) => sessions::claim(name, history, &accesses),
        };
        Ok(promises.iter().map(judge).collect())
    }
}

/// Sequential consistency: first what is forced, then a schedule, then the search for the rest.
fn order(
    model: &Register,
    history: &History,
    accesses: &Accesses,
    (calls, key_of): (&RegisterCalls, &[u32]),
    budget: &Budget,
) -> Claim {
    match schedule(accesses, budget) {
        Scheduled::Order(order) => sequential::found(order.len()),
        Scheduled::Nothing(circle) => circular(history, accesses, &circle),
        Scheduled::Open(forced) => {
            let hints = hints(&forced, accesses, calls);
            sequential::judge(model, history, (calls, key_of), &hints, budget)
        }
    }
}

/// What is forced, in the words of the search.
fn hints(forced: &Forced, accesses: &Accesses, calls: &RegisterCalls) -> Hints<Datum> {
    let call = |&access: &u32| accesses.get(access).call;
    let mut hints = Hints { before: vec![Vec::new(); calls.len()], ..Hints::default() };
    for (i, access) in accesses.all.iter().enumerate() {
        let before = forced.before[i].iter().map(|must| &must.first);
        hints.before[access.call as usize] = before.map(call).collect();
        if let RegisterInput::Write(value) = &calls[access.call as usize].input {
            let readers = forced.readers[i].iter().map(call).collect();
            hints.readers.insert((access.key, value.clone()), readers);
        }
    }
    hints
}

/// Ops of which no order can be made: each must come before the next, and the last before the
/// first.
fn circular(history: &History, accesses: &Accesses, circle: &Circle) -> Claim {
    let index = |i: u32| history.op(accesses.get(i).invoked).index;
    let edge = |(first, because): &(u32, Because), then: u32| {
        let (from, to) = (index(*first), index(then));
        let (kind, why) = match *because {
            Because::Session => ("process", format!("one process asked for {from} and then {to}")),
            Because::Saw => ("wr", format!("op {to} read what op {from} wrote")),
            Because::Initial => {
                ("rw", format!("op {from} read the initial value, which op {to} overwrote"))
            }
            Because::SawNewer(read) => (
                "ww",
                format!("op {} comes after op {from}, and read the value of op {to}", index(read)),
            ),
            Because::Excluded => {
                ("ww", format!("op {to} before op {from} would leave a circle of calls that wait"))
            }
            Because::Overwrote(write) => (
                "rw",
                format!(
                    "op {from} read the value of op {}, which comes before op {to}",
                    index(write)
                ),
            ),
        };
        Edge { from, kind: kind.into(), why }
    };
    let then = circle.0.iter().cycle().skip(1).map(|(then, _)| *then);
    let edges: Vec<Edge> = circle.0.iter().zip(then).map(|(one, then)| edge(one, then)).collect();
    let ops: Vec<String> = edges.iter().map(|edge| format!("op {}", edge.from)).collect();
    let whys: Vec<&str> = edges.iter().map(|edge| edge.why.as_str()).collect();
    let why = format!(
        "in any order that explains the answers each of these comes before the next, and the last \
         before the first: {} ({})",
        ops.join(", "),
        whys.join("; "),
    );
    Claim::new(sequential::NAME, Valid::Invalid, why).shown_by(Figure::Cycle(edges))
}

/// A value that nobody wrote is explained by nothing.
fn from_nowhere(name: &str, history: &History, row: u32) -> Claim {
    let op = history.op(row);
    let why = format!("op {} answered {}, which nothing had written", op.index, op.value);
    let asked = history.pair(row).map(|asked| asked.index);
    let calls = asked.into_iter().collect();
    let figure = OpsFigure { calls, culprit: op.index, ..OpsFigure::default() };
    Claim::new(name, Valid::Invalid, why).shown_by(Figure::Ops(figure))
}

//! What still holds of registers. Where the values written differ, all claims are judged; where
//! they do not, those that need no more than a search.
use super::{
    Claim, Weaker,
    accesses::{self, Accesses, RegisterCalls, Unclear},
    delta,
    sequential::{
        self, Hints,
        forced::{Circle, Forced},
    },
    sessions, two_atomic,
};
use crate::{
    Budget, Datum, History, Valid,
    model::{Register, RegisterInput},
};

impl Weaker for Register {
    /// Sequential consistency, the four session guarantees, 2-atomicity and the Delta bound. The
    /// last two are local: they hold of a history if they hold of each key. The others are not
    /// (but for read your writes and both kinds of monotony), and are judged over all its keys.
    fn claims(&self, history: &History, budget: &Budget) -> Vec<Claim> {
        let (calls, key_of) = match accesses::calls(history) {
            Ok(read) => read,
            Err(malformed) => return vec![Claim::unknown(sequential::NAME, malformed.to_string())],
        };
        let accesses = match Accesses::new(self, &calls, &key_of) {
            Ok(accesses) => accesses,
            Err(Unclear::Nowhere(row)) => return from_nowhere(history, row),
            Err(Unclear::Ambiguous(why)) => {
                let found = sequential::order(self, &calls, &key_of, &Hints::default(), budget);
                let mut claims = vec![sequential::claim(found)];
                claims.extend(sessions::NAMES.map(|name| Claim::unknown(name, why.clone())));
                claims.push(two_atomic::claim(self, history, budget));
                claims.push(Claim::unknown(delta::NAME, why));
                return claims;
            }
        };
        let mut claims = vec![order(self, history, &accesses, &calls, &key_of, budget)];
        claims.extend(sessions::claims(history, &accesses));
        claims.push(two_atomic::claim(self, history, budget));
        claims.push(delta::claim(history, &accesses));
        claims
    }
}

/// Sequential consistency: first what is forced, then the search for the rest.
fn order(
    model: &Register,
    history: &History,
    accesses: &Accesses,
    calls: &RegisterCalls,
    key_of: &[u32],
    budget: &Budget,
) -> Claim {
    match Forced::new(accesses, budget) {
        Ok(forced) => {
            let hints = hints(&forced, accesses, calls);
            sequential::claim(sequential::order(model, calls, key_of, &hints, budget))
        }
        Err(circle) => circular(history, accesses, &circle),
    }
}

/// What is forced, in the words of the search.
fn hints(forced: &Forced<'_>, accesses: &Accesses, calls: &RegisterCalls) -> Hints<Datum> {
    let call = |&access: &u32| accesses.get(access).call;
    let mut hints = Hints { before: vec![Vec::new(); calls.len()], ..Hints::default() };
    for (i, access) in accesses.all.iter().enumerate() {
        hints.before[access.call as usize] = forced.before[i].iter().map(call).collect();
        if let RegisterInput::Write(value) = &calls[access.call as usize].input {
            let readers = forced.readers[i].iter().map(call).collect();
            hints.readers.insert((access.key, value.clone()), readers);
        }
    }
    hints
}

/// Ops of which no order can be made, in a sentence.
fn circular(history: &History, accesses: &Accesses, circle: &Circle) -> Claim {
    let op = |&i: &u32| format!("op {}", history.op(accesses.get(i).invoked).index);
    let ops: Vec<_> = circle.0.iter().map(op).collect();
    let why = format!(
        "in any order that explains the answers each of these comes before the next, and the last \
         before the first: {}",
        ops.join(", "),
    );
    Claim { name: sequential::NAME.into(), valid: Valid::Invalid, why }
}

/// A value that nobody wrote is explained by nothing.
fn from_nowhere(history: &History, row: u32) -> Vec<Claim> {
    let op = history.op(row);
    let why = format!("op {} answered {}, which nothing had written", op.index, op.value);
    let names = [sequential::NAME].into_iter().chain(sessions::NAMES);
    let names = names.chain([two_atomic::NAME, delta::NAME]);
    names.map(|name| Claim { name: name.into(), valid: Valid::Invalid, why: why.clone() }).collect()
}

//! The models by name, each with a checker made from an initial value.
use super::{
    BadInit, CasRegister, Counter, FencedMutex, FifoQueue, Kv, Log, Model, MultiRegister, Mutex,
    PriorityQueue, ReentrantMutex, Register, Semaphore, Set, Stack, UniqueIds, UnorderedQueue,
};
use crate::{
    Certifier, Checker, Independent,
    linearizable::Linearizable,
    weaker::{Classified, Demanded, Level, Sequential, Weaker},
};

/// Makes a checker from an initial value as a person writes it.
pub type Build = fn(init: Option<&str>) -> Result<Box<dyn AnyLevel>, BadInit>;

/// A checker of linearizability that can be made to demand less.
pub trait AnyLevel: Certifier {
    /// The promises that it can judge beside linearizability.
    fn promises(&self) -> Vec<&'static str>;

    /// The checker of this level, where the model knows it.
    fn at(self: Box<Self>, level: &'static Level) -> Option<Box<dyn Checker>>;
}

impl<M: Model + Clone + 'static> AnyLevel for Independent<Linearizable<M>> {
    fn promises(&self) -> Vec<&'static str> {
        Sequential(self.0.0.clone()).promises()
    }

    fn at(self: Box<Self>, level: &'static Level) -> Option<Box<dyn Checker>> {
        let weaker = Sequential(self.0.0.clone());
        demanded(level, *self, weaker)
    }
}

impl<C, W> AnyLevel for Classified<C, W>
where
    C: Certifier + 'static,
    W: Weaker + 'static,
{
    fn promises(&self) -> Vec<&'static str> {
        self.model.promises()
    }

    fn at(self: Box<Self>, level: &'static Level) -> Option<Box<dyn Checker>> {
        if level.promises.is_empty() {
            return Some(self);
        }
        demanded(level, self.strong, self.model)
    }
}

fn demanded(
    level: &'static Level,
    strong: impl Checker + 'static,
    weaker: impl Weaker + 'static,
) -> Option<Box<dyn Checker>> {
    let known = weaker.promises();
    let is_known = level.promises.iter().all(|promise| known.contains(promise));
    is_known.then(|| Box::new(Demanded { level, strong, weaker }) as Box<dyn Checker>)
}

/// A model that can be had by name.
pub struct Entry {
    /// The name on the command line.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// A checker of linearizability against it.
    pub build: Build,
}

/// Every model, by name.
pub const ALL: &[Entry] = &[
    Entry {
        name: "register",
        about: "one value: `read`, `write v`; INIT is JSON, null unless given",
        build: |init| Ok(register(Register::from_word(init))),
    },
    Entry {
        name: "cas-register",
        about: "a register with `cas [old,new]`, which is ok only if it replaced old",
        build: |init| Ok(register(CasRegister::from_word(init))),
    },
    Entry {
        name: "multi-register",
        about: "registers by name: `txn [[\"read\",k,v],[\"write\",k,v],..]`; INIT is x=0,y=0",
        build: |init| boxed(MultiRegister::from_word(init)),
    },
    Entry {
        name: "kv",
        about: "a key of a store: `get`, `put v`, `delete`, `cas [old,new]`, and of a text `append \
                text`; INIT is what it holds, the empty text unless given",
        build: |init| boxed(Ok(Kv::from_word(init))),
    },
    Entry {
        name: "mutex",
        about: "a lock: `acquire`, `release`; INIT is free (as unless given) or held",
        build: |init| boxed(Mutex::from_word(init)),
    },
    Entry {
        name: "reentrant-mutex",
        about: "a lock its holder may take again: `acquire owner`, `release owner`; INIT is free \
                (as unless given) or the owner",
        build: |init| boxed(ReentrantMutex::from_word(init)),
    },
    Entry {
        name: "fenced-mutex",
        about: "a lock with growing tokens: `acquire [owner] -> token`, `release [owner]`; INIT \
                is the last token",
        build: |init| boxed(FencedMutex::from_word(init)),
    },
    Entry {
        name: "semaphore",
        about: "permits: `acquire [n]`, `release [n]`; INIT is how many, 1 unless given",
        build: |init| boxed(Semaphore::from_word(init)),
    },
    Entry {
        name: "counter",
        about: "a number: `add n`, `increment [n]`, `decrement [n]`, `read -> v`; INIT is a \
                number, 0 unless given",
        build: |init| boxed(Counter::from_word(init)),
    },
    Entry {
        name: "set",
        about: "a set: `add v`, `remove v`, `contains v -> bool`, `read -> [..]`; INIT is a JSON list",
        build: |init| boxed(Set::from_word(init)),
    },
    Entry {
        name: "fifo-queue",
        about: "first in, first out: `enqueue v`, `dequeue -> v` (null: empty); INIT is a list",
        build: |init| boxed(FifoQueue::from_word(init)),
    },
    Entry {
        name: "unordered-queue",
        about: "a bag: `enqueue v`, `dequeue -> v` in any order (null: empty); INIT is a list",
        build: |init| boxed(UnorderedQueue::from_word(init)),
    },
    Entry {
        name: "stack",
        about: "last in, first out: `push v`, `pop -> v` (null: empty); INIT is a list",
        build: |init| boxed(Stack::from_word(init)),
    },
    Entry {
        name: "priority-queue",
        about: "the least first: `insert v`, `delete-min -> v` (null: empty), v being n or \
                [n,..]; INIT is a list",
        build: |init| boxed(PriorityQueue::from_word(init)),
    },
    Entry {
        name: "log",
        about: "a list that grows: `append v -> offset`, `read -> [..]`, `read offset -> v`; INIT \
                is a list",
        build: |init| boxed(Log::from_word(init)),
    },
    Entry {
        name: "unique-ids",
        about: "ids, each given once: `generate -> id`; INIT is a list of those given before",
        build: |init| boxed(UniqueIds::from_word(init)),
    },
];

/// The model of this name.
pub fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.name == name)
}

/// A register that is not linearizable may still keep a weaker promise: the verdict says which.
fn register(model: Register) -> Box<dyn AnyLevel> {
    Box::new(Classified { strong: Independent(Linearizable(model.clone())), model })
}

fn boxed<M>(model: Result<M, BadInit>) -> Result<Box<dyn AnyLevel>, BadInit>
where
    M: Model + Clone + 'static,
{
    model.map(|model| Box::new(Independent(Linearizable(model))) as Box<dyn AnyLevel>)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_starts_from_nothing_and_has_its_own_name() {
        for (i, entry) in ALL.iter().enumerate() {
            assert!((entry.build)(None).is_ok(), "{}", entry.name);
            assert!(ALL[..i].iter().all(|other| other.name != entry.name), "{}", entry.name);
        }
        assert!(find("register").is_some() && find("regster").is_none());
    }

    #[test]
    fn an_initial_value_that_does_not_fit_is_refused_with_what_would() {
        for (name, init) in [("mutex", "7"), ("multi-register", "x"), ("set", "3")] {
            let error = (find(name).unwrap().build)(Some(init)).err().unwrap();
            assert!(error.to_string().contains(init), "{error}");
        }
    }
}

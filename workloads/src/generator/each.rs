//! A copy for each.
use std::collections::BTreeMap;

use checkers::{Op, Process};

use super::{Context, Generator, Next, Thread, Threads, Wait, context::Scope};

/// A fresh copy for every client thread that may ask; ends when all copies have ended.
///
/// ```
/// use workloads::generator::{each_thread, invoke, ops, sketch};
/// let two = each_thread(|| ops([invoke("a", ()), invoke("b", ())]));
/// assert_eq!(sketch(2, two), "0ms 0:a 1:a; 1ms 0:b 1:b");
/// ```
pub fn each_thread<G: Generator + 'static>(
    make: impl FnMut() -> G + Send + 'static,
) -> impl Generator + 'static {
    Each { make, copies: BTreeMap::new(), live: None, is_by_process: false }
}

/// A fresh copy for every client process: after a crash the thread begins anew. Ends when the copy
/// of every process there is has ended.
///
/// ```
/// use checkers::Kind;
/// use workloads::generator::{GeneratorExt, each_process, invoke, ops, sketch_of};
/// let copies = each_process(|| ops([invoke("open", ()), invoke("read", ())])).limit(4);
/// let crash = |op: &checkers::Op| if &*op.f == "read" { Kind::Info } else { Kind::Ok };
/// let line = "0ms 0:open; 1ms 0:read; 2ms 1:open; 3ms 1:read";
/// assert_eq!(sketch_of(1, copies, crash), line);
/// ```
pub fn each_process<G: Generator + 'static>(
    make: impl FnMut() -> G + Send + 'static,
) -> impl Generator + 'static {
    Each { make, copies: BTreeMap::new(), live: None, is_by_process: true }
}

struct Each<F, G> {
    make: F,
    copies: BTreeMap<u32, Copy<G>>, // By client thread.
    live: Option<usize>,            // Threads whose copy has not ended.
    is_by_process: bool,
}

struct Copy<G> {
    process: Process,
    inner: Option<G>,
}

impl<G: Generator, F: FnMut() -> G + Send> Generator for Each<F, G> {
    fn next(&mut self, ctx: &mut Context, thread: Thread) -> Next {
        let live = self.live.get_or_insert_with(|| ctx.clients().count());
        let Thread::Client(i) = thread else {
            return match *live {
                0 => Next::Exhausted,
                _ => Next::Rest(Wait::never(Threads::NEMESIS)),
            };
        };
        let (alone, process) = (Threads::one(thread), ctx.process(thread));
        let make = &mut self.make;
        let copy = self.copies.entry(i).or_insert_with(|| Copy { process, inner: Some(make()) });
        if self.is_by_process && copy.process != process {
            *live += usize::from(copy.inner.is_none());
            *copy = Copy { process, inner: Some(make()) };
        }
        if let Some(inner) = &mut copy.inner {
            match ctx.within(&mut Scope::Run(alone), |ctx| inner.next(ctx, thread)) {
                Next::Exhausted => {
                    copy.inner = None;
                    *live -= 1;
                }
                next => return next.within(alone, alone),
            }
        }
        if *live == 0 { Next::Exhausted } else { Next::Rest(Wait::never(alone)) }
    }
    fn update(&mut self, ctx: &Context, event: &Op) {
        if let Thread::Client(i) = ctx.thread(event.process)
            && let Some(Copy { inner: Some(inner), .. }) = self.copies.get_mut(&i)
        {
            inner.update(ctx, event);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use checkers::Kind;

    use crate::generator::{
        GeneratorExt, each_process, each_thread, invoke, ops, phases, simulate::quick, sketch_of,
    };

    #[test]
    fn every_thread_gets_its_own_copy() {
        let ops = quick(each_thread(|| ops((0..3).map(|i| invoke("r", i)))));
        let mut by_process: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for op in &ops {
            by_process.entry(op.process).or_default().push(op.value.as_u64());
        }
        let three = vec![Some(0), Some(1), Some(2)];
        assert_eq!(by_process.into_values().collect::<Vec<_>>(), vec![three; 10]);
    }

    #[test]
    fn a_crash_begins_anew_for_a_process_and_not_for_a_thread() {
        let copy = || ops([invoke("a", ()), invoke("b", ()), invoke("c", ())]);
        let crash_once = || {
            let mut crashes = 0;
            move |op: &checkers::Op| {
                crashes += u32::from(&*op.f == "b");
                if &*op.f == "b" && crashes == 1 { Kind::Info } else { Kind::Ok }
            }
        };
        let line = sketch_of(1, each_thread(copy), crash_once());
        assert_eq!(line, "0ms 0:a; 1ms 0:b; 2ms 1:c");
        let line = sketch_of(1, each_process(copy), crash_once());
        assert_eq!(line, "0ms 0:a; 1ms 0:b; 2ms 1:a; 3ms 1:b; 4ms 1:c");
    }

    #[test]
    fn phases_of_a_thread_do_not_wait_for_other_threads() {
        let two = || phases(vec![ops([invoke("a", ())]).boxed(), ops([invoke("b", ())]).boxed()]);
        let slow = crate::generator::simulate::quick(each_thread(two));
        assert_eq!(slow.len(), 20);
        let first_b = slow.iter().position(|op| &*op.f == "b").expect("a b");
        assert!(slow[..first_b].len() <= 10);
    }
}

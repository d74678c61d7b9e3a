//! The combinators that wrap one generator, so that they read left to right.
use std::collections::BTreeSet;

use checkers::{Nanos, Op};

use super::{
    Arrivals, Context, Generator, Invocation, Thread, Threads, limits, open_loop, phases, rest,
    threads, time, transform,
};

/// The combinators that wrap one generator, so that they read left to right.
pub trait GeneratorExt: Generator + Sized + 'static {
    /// Behind a pointer, to stand beside others.
    fn boxed(self) -> Box<dyn Generator> {
        Box::new(self)
    }

    /// At most `n` ops.
    ///
    /// ```
    /// # use workloads::generator::*;
    /// # let reads = || repeat(|| value(invoke("read", ())));
    /// assert_eq!(sketch(2, reads().limit(3)), "0ms 0:read 1:read; 1ms 0:read");
    /// ```
    fn limit(self, n: u64) -> impl Generator + 'static {
        limits::Limit { left: n, inner: self }
    }

    /// At most `n` ops, and at least 90 percent of that: how many is drawn when it is first asked,
    /// so that many that begin together do not end together.
    ///
    /// ```
    /// # use workloads::generator::*;
    /// # let reads = || repeat(|| value(invoke("read", ())));
    /// let ops = sketch(1, reads().limit_near(40)).matches("read").count();
    /// assert!((36..=40).contains(&ops));
    /// ```
    fn limit_near(self, n: u64) -> impl Generator + 'static {
        limits::LimitNear { is_drawn: false, limit: limits::Limit { left: n, inner: self } }
    }

    /// At most one op.
    ///
    /// ```
    /// # use workloads::generator::*;
    /// # let reads = || repeat(|| value(invoke("read", ())));
    /// assert_eq!(sketch(2, reads().once()), "0ms 0:read");
    /// ```
    fn once(self) -> impl Generator + 'static {
        self.limit(1)
    }

    /// Again and again until one of its own ops is `ok`.
    ///
    /// ```
    /// # use workloads::generator::*;
    /// # let reads = || repeat(|| value(invoke("read", ())));
    /// let mut calls = 0;
    /// let third = move |_: &checkers::Op| {
    ///     calls += 1;
    ///     if calls < 3 { checkers::Kind::Fail } else { checkers::Kind::Ok }
    /// };
    /// let line = "0ms 0:read; 1ms 0:read; 2ms 0:read";
    /// assert_eq!(sketch_of(1, reads().until_ok().clients(), third), line);
    /// ```
    fn until_ok(self) -> impl Generator + 'static {
        limits::UntilOk { processes: BTreeSet::new(), is_done: false, inner: self }
    }

    /// Nothing while so many threads, of those that may ask, are busy.
    ///
    /// ```
    /// # use workloads::generator::*;
    /// # let reads = || repeat(|| value(invoke("read", ())));
    /// let line = "0ms 0:read 1:read; 1ms 2:read 0:read";
    /// assert_eq!(sketch(3, reads().concurrency_limit(2).limit(4)), line);
    /// ```
    fn concurrency_limit(self, most: u32) -> impl Generator + 'static {
        limits::ConcurrencyLimit { most, inner: self }
    }

    /// Ends when more client processes than this would have taken part: those there are when it
    /// begins, of threads that may ask, and a new one for each crash. With crashes, a key is asked
    /// by so many processes at most.
    ///
    /// ```
    /// # use workloads::generator::*;
    /// # let reads = || repeat(|| value(invoke("read", ())));
    /// let crashes = |_: &checkers::Op| checkers::Kind::Info;
    /// let line = "0ms 0:read 1:read; 1ms 2:read 3:read";
    /// assert_eq!(sketch_of(2, reads().process_limit(4).clients(), crashes), line);
    /// ```
    fn process_limit(self, most: u32) -> impl Generator + 'static {
        limits::ProcessLimit { most, known: None, inner: self }
    }

    /// For client threads only.
    ///
    /// ```
    /// # use workloads::generator::*;
    /// # let reads = || repeat(|| value(invoke("read", ())));
    /// assert_eq!(sketch_all(1, reads().clients().limit(2)), "0ms 0:read; 1ms 0:read");
    /// ```
    fn clients(self) -> impl Generator + 'static {
        threads::On::new(Threads::CLIENTS, self)
    }

    /// For the nemesis only.
    ///
    /// ```
    /// # use workloads::generator::*;
    /// # let reads = || repeat(|| value(invoke("read", ())));
    /// assert_eq!(sketch_all(1, reads().nemesis().limit(2)), "0ms nemesis:read; 1ms nemesis:read");
    /// ```
    fn nemesis(self) -> impl Generator + 'static {
        threads::On::new(Threads::NEMESIS, self)
    }

    /// For the threads that meet a predicate, always the same ones.
    ///
    /// ```
    /// # use workloads::generator::*;
    /// # let reads = || repeat(|| value(invoke("read", ())));
    /// let line = "0ms 1:read; 1ms 1:read";
    /// assert_eq!(sketch(3, reads().on_threads(|t| t == Thread::Client(1)).limit(2)), line);
    /// ```
    fn on_threads(
        self,
        is_in: impl Fn(Thread) -> bool + Send + 'static,
    ) -> impl Generator + 'static {
        threads::OnThreads { is_in, split: None, is_done: false, inner: self }
    }

    /// Ends `span` after it is first asked, or when the user interrupts; ops in flight go on.
    ///
    /// ```
    /// # use workloads::generator::*;
    /// # let reads = || repeat(|| value(invoke("read", ())));
    /// assert_eq!(sketch(1, reads().time_limit(2_000_000)), "0ms 0:read; 1ms 0:read");
    /// ```
    fn time_limit(self, span: Nanos) -> impl Generator + 'static {
        time::TimeLimit { span, until: None, inner: self }
    }

    /// Gaps between ops uniform in `[0, 2 * mean)`, over all threads together. A generator that
    /// fell behind does not hurry to catch up.
    ///
    /// ```
    /// # use workloads::generator::*;
    /// # let reads = || repeat(|| value(invoke("read", ())));
    /// let line = sketch(5, reads().stagger(2_000_000).limit(4));
    /// assert_eq!(line, "0ms 0:read; 1ms 1:read; 3ms 2:read; 7ms 3:read");
    /// ```
    fn stagger(self, mean: Nanos) -> impl Generator + 'static {
        time::Stagger { mean, at: 0, inner: self }
    }

    /// Ops are due at times of their own, over all threads together, with this mean between them:
    /// one that finds every thread busy begins late, and says when it was due.
    ///
    /// ```
    /// # use workloads::generator::*;
    /// # let reads = || repeat(|| value(invoke("read", ())));
    /// let line = sketch(5, reads().open_loop(Arrivals::Fixed, 2_000_000).limit(3));
    /// assert_eq!(line, "0ms 0:read; 2ms 1:read; 4ms 2:read");
    /// ```
    fn open_loop(self, arrivals: Arrivals, mean: Nanos) -> impl Generator + 'static {
        open_loop::OpenLoop { arrivals, mean, due: None, inner: self }
    }

    /// Gaps between ops of just this length, over all threads together. A generator that fell
    /// behind catches up.
    ///
    /// ```
    /// # use workloads::generator::*;
    /// # let reads = || repeat(|| value(invoke("read", ())));
    /// let line = "0ms 0:read; 3ms 1:read; 6ms 0:read";
    /// assert_eq!(sketch(2, reads().delay(3_000_000).limit(3)), line);
    /// ```
    fn delay(self, gap: Nanos) -> impl Generator + 'static {
        time::Delay { gap, at: None, inner: self }
    }

    /// While it has nothing, asks at most once in this span: for a generator whose answer is dear.
    /// An event does not change the answer meanwhile.
    ///
    /// ```
    /// # use workloads::generator::*;
    /// # let reads = || repeat(|| value(invoke("read", ())));
    /// let waits = lazy(|ctx| value(invoke("made", ctx.time))).synchronize();
    /// let both = sequence(vec![reads().once().boxed(), waits.cache(5_000_000).boxed()]);
    /// assert_eq!(sketch(2, both), "0ms 0:read; 5ms 1:made=5000000");
    /// ```
    fn cache(self, span: Nanos) -> impl Generator + 'static {
        rest::Cache { span, kept: Vec::new(), inner: self }
    }

    /// Begins when every thread that may ask is at rest.
    ///
    /// ```
    /// # use workloads::generator::*;
    /// # let reads = || repeat(|| value(invoke("read", ())));
    /// let line = "0ms 0:read; 1ms 1:read";
    /// assert_eq!(sketch(2, sequence(vec![reads().once().boxed(), reads().once().synchronize().boxed()])), line);
    /// ```
    fn synchronize(self) -> impl Generator + 'static {
        phases::phases(vec![self.boxed()])
    }

    /// When this has ended and every thread that may ask is at rest, `next`.
    ///
    /// ```
    /// # use workloads::generator::*;
    /// # let reads = || repeat(|| value(invoke("read", ())));
    /// let line = "0ms 0:read 1:read; 1ms 0:read; 2ms 1:write=1";
    /// assert_eq!(sketch(2, reads().limit(3).then(value(invoke("write", 1)))), line);
    /// ```
    fn then(self, next: impl Generator + 'static) -> impl Generator + 'static {
        phases::then(self.boxed(), next.boxed())
    }

    /// What `f` makes of each op.
    ///
    /// ```
    /// # use workloads::generator::*;
    /// # let reads = || repeat(|| value(invoke("read", ())));
    /// let keyed = reads().map(|op| Invocation { value: 7.into(), ..op });
    /// assert_eq!(sketch(1, keyed.limit(2)), "0ms 0:read=7; 1ms 0:read=7");
    /// ```
    fn map(
        self,
        f: impl FnMut(Invocation) -> Invocation + Send + 'static,
    ) -> impl Generator + 'static {
        transform::Map { f, inner: self }
    }

    /// Other names for functions, as pairs of old and new. It hears of its ops under the new ones.
    ///
    /// ```
    /// # use workloads::generator::*;
    /// # let reads = || repeat(|| value(invoke("read", ())));
    /// assert_eq!(sketch(2, reads().f_map([("read", "scan")]).once()), "0ms 0:scan");
    /// ```
    fn f_map(
        self,
        names: impl IntoIterator<Item = (&'static str, &'static str)>,
    ) -> impl Generator + 'static {
        self.map(transform::rename(names))
    }

    /// The ops that are wanted; the others are dropped, and the next one is asked for at once.
    ///
    /// ```
    /// # use workloads::generator::*;
    /// # let reads = || repeat(|| value(invoke("read", ())));
    /// let numbers = ops((1..=4).map(|i| invoke("write", i)));
    /// let even = numbers.filter(|op| op.value.as_u64().is_some_and(|n| n % 2 == 0));
    /// assert_eq!(sketch(1, even), "0ms 0:write=2; 1ms 0:write=4");
    /// ```
    fn filter(
        self,
        is_wanted: impl FnMut(&Invocation) -> bool + Send + 'static,
    ) -> impl Generator + 'static {
        transform::Filter { is_wanted, inner: self }
    }

    /// Whatever `react` returns after an event takes the place of this; `None` leaves it.
    ///
    /// ```
    /// # use workloads::generator::*;
    /// # let reads = || repeat(|| value(invoke("read", ())));
    /// let enough = reads().on_update(|_, event| {
    ///     (event.time >= 2_000_000).then(|| value(invoke("last", ())).boxed())
    /// });
    /// assert_eq!(sketch(1, enough.limit(3)), "0ms 0:read; 1ms 0:read; 2ms 0:last");
    /// ```
    fn on_update(
        self,
        react: impl FnMut(&Context, &Op) -> Option<Box<dyn Generator>> + Send + 'static,
    ) -> impl Generator + 'static {
        transform::OnUpdate { react, inner: self.boxed() }
    }

    /// Tells the log every answer and every event, under a name.
    ///
    /// ```
    /// # use workloads::generator::*;
    /// # let reads = || repeat(|| value(invoke("read", ())));
    /// let line = sketch(1, reads().once().trace("mine"));
    /// assert!(line.contains("mine at 1000000 ns: Client(0) Ok read null"), "{line}");
    /// ```
    fn trace(self, name: impl Into<String>) -> impl Generator + 'static {
        transform::Trace { name: name.into(), inner: self }
    }
}
impl<G: Generator + Sized + 'static> GeneratorExt for G {}

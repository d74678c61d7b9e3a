//! However many threads there are, the verdict is the same, to the word.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use checkers::{Budget, Checker, Valid, Verdict, linearizable::Linearizable, model::Register};

#[path = "../benches/grid.rs"]
#[expect(dead_code, reason = "benches use the rest")]
mod grid;

use grid::{Grid, Lie, Mix, Values};

fn judge(threads: usize, grid: &Grid) -> Verdict {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let history = grid.history();
    pool.install(|| Linearizable(Register::default()).check(&history, &Budget::unlimited()))
}

#[test]
fn threads_change_no_verdict() {
    let (mut valid, mut invalid) = (0, 0);
    for seed in 0..24 {
        let mix = if seed % 2 == 0 { Mix::ReadWrite } else { Mix::ReadWriteCas };
        let crashed = if seed % 3 == 0 { 0.02 } else { 0.0 };
        // With few clients the lie shows, with many the search is hard.
        let (clients, calls) = if seed % 4 < 2 { (5, 1000) } else { (24, 400) };
        let base = Grid { clients, calls, values: Values::Below(5), ..Grid::default() };
        let grid = Grid { mix, crashed, lie: Lie::Stale, seed, ..base };
        let alone = judge(1, &grid);
        for threads in [2, 4] {
            assert_eq!(judge(threads, &grid), alone, "{grid:?}");
        }
        valid += u32::from(alone.valid == Valid::Valid);
        invalid += u32::from(alone.valid == Valid::Invalid);
    }
    assert!(valid > 3 && invalid > 3, "{valid} {invalid}");
}

#[test]
fn hundreds_of_open_calls_on_one_key_are_judged() {
    for clients in [65, 100, 200] {
        for (mix, values) in [
            (Mix::ReadWrite, Values::Below(5)),
            (Mix::ReadWrite, Values::Distinct),
            (Mix::ReadWriteCas, Values::Distinct),
        ] {
            let grid = Grid { clients, mix, values, calls: 3000, ..Grid::default() };
            let verdict = judge(2, &grid);
            assert_eq!(verdict.valid, Valid::Valid, "{grid:?}");
            assert_ne!(verdict.details["path"], "search");
        }
    }
    let grid = Grid { clients: 100, values: Values::Below(5), calls: 3000, ..Grid::default() };
    assert_eq!(judge(2, &grid).valid, Valid::Valid);
}

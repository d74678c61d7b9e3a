//! A bank: money moves between accounts while all of them are read. Is it always all there?
//!
//! A transfer takes a little from one account and gives it to another, in one transaction, and is
//! to fail where there is too little; a read asks for all balances at once. Half the calls are
//! reads; after healing each thread reads until it is answered. The system opens the accounts,
//! numbered from 0, with everything in the first.
use checkers::bank::Bank;
use rand::RngExt;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Entry, Invocation, Params, Workload, finally,
    generator::{Context, GeneratorExt, invoke},
};

/// In the table of contents.
pub const ENTRY: Entry = Entry {
    name: "bank",
    about: "transfers between accounts, and reads of all: does the total stay, is none overdrawn?",
    is_pinned: false,
    build,
};

/// What a bank is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shape {
    /// Accounts, at least two.
    pub accounts: u32,
    /// The money in all of them.
    pub total: i64,
    /// The largest transfer.
    pub transfer_max: i64,
    /// Whether an account may be overdrawn.
    pub negative_allowed: bool,
}

impl Default for Shape {
    fn default() -> Shape {
        Shape { accounts: 8, total: 100, transfer_max: 5, negative_allowed: false }
    }
}

fn build(params: &Params) -> Workload {
    let shape = params.bank;
    let calls = move |ctx: &mut Context| {
        if ctx.rng.random() { finally::read(ctx) } else { transfer(ctx, shape) }
    };
    let bank = Bank::new(shape.accounts, shape.total);
    Workload {
        generator: calls.clients().boxed(),
        final_generator: finally::each_thread_until_ok(finally::read),
        checker: Box::new(Bank { negative_allowed: shape.negative_allowed, ..bank }),
        reads: &["read"],
    }
}

fn transfer(ctx: &mut Context, shape: Shape) -> Option<Invocation> {
    let from = ctx.rng.random_range(0..shape.accounts);
    let step = ctx.rng.random_range(1..shape.accounts.max(2));
    let to = (from + step) % shape.accounts;
    let amount = ctx.rng.random_range(1..=shape.transfer_max.max(1));
    Some(invoke("transfer", json!({ "from": from, "to": to, "amount": amount })))
}

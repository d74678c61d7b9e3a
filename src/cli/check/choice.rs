//! What a bare history is to be judged by, as it was asked for.
use anyhow::{Context, Result, anyhow, bail};
use checkers::{
    Checker,
    bank::Bank,
    model::{self, AnyLevel},
    txn,
    weaker::{self, LEVELS, Level},
};

use workloads::Params;

use super::CheckArgs;
use crate::findings::Asked;

/// The checker of the model and the level that were asked for, of transactions, or of a workload.
pub(super) fn checker(args: &CheckArgs) -> Result<(Asked, Box<dyn Checker>)> {
    match &args.workload {
        Some(name) => match txn::find(name) {
            Some(entry) => transactions(entry, args),
            None => workload(name, args),
        },
        None => calls(args),
    }
}

/// The checkers of a model by name.
pub(in crate::cli) fn any_level(
    model: Option<&str>,
    init: Option<&str>,
) -> Result<Box<dyn AnyLevel>> {
    let names = || model::ALL.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", ");
    let Some(name) = model else {
        let workloads =
            workloads::ALL.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", ");
        bail!("a bare history needs --model: one of {}; or --workload: {workloads}", names());
    };
    let Some(entry) = model::find(name) else {
        bail!("no model is called {name}; there are {}", names());
    };
    Ok((entry.build)(init)?)
}

fn calls(args: &CheckArgs) -> Result<(Asked, Box<dyn Checker>)> {
    let built = any_level(args.model.as_deref(), args.init.as_deref())?;
    let name = args.model.clone().unwrap_or_default();
    let mut asked = Asked { arguments: format!("--model {name}"), property: name.clone() };
    let level = match &args.consistency[..] {
        [] => &LEVELS[0],
        [level] => self::level(level)?,
        _ => bail!("calls are held to one level: give --consistency once"),
    };
    if !args.consistency.is_empty() {
        asked.arguments += &format!(" --consistency {}", level.name);
    }
    let promises = built.promises();
    let checker = built.at(level).with_context(|| {
        let known = LEVELS.iter().filter(|l| l.promises.iter().all(|p| promises.contains(p)));
        format!("{} is not known of a {name}; known are {}", level.name, names(known))
    })?;
    Ok((asked, checker))
}

fn level(name: &str) -> Result<&'static Level> {
    weaker::level(name)
        .with_context(|| format!("no level is called {name}; there are {}", names(LEVELS)))
}

fn names<'a>(levels: impl IntoIterator<Item = &'a Level>) -> String {
    levels.into_iter().map(|level| level.name).collect::<Vec<_>>().join(", ")
}

/// The checker of a workload, as in a run.
fn workload(name: &str, args: &CheckArgs) -> Result<(Asked, Box<dyn Checker>)> {
    let Some(entry) = workloads::find(name) else {
        let transactions = txn::ALL.iter().map(|entry| entry.name);
        let others = workloads::ALL.iter().map(|entry| entry.name);
        let others = others.filter(|name| txn::find(name).is_none());
        let names = transactions.chain(others).collect::<Vec<_>>().join(", ");
        bail!("no workload is called {name}; there are {names}");
    };
    if !args.consistency.is_empty() || !args.assume.arguments().is_empty() {
        bail!("{name} is held to what it is about: leave out --consistency and what is assumed");
    }
    let mut arguments = format!("--workload {name}");
    let checker: Box<dyn Checker> = match &args.init {
        None => (entry.build)(&Params::default()).checker,
        Some(init) if name == "bank" => {
            arguments += &format!(" --init {init}");
            Box::new(Bank::from_word(init)?)
        }
        Some(_) => bail!("of workloads, only a bank takes --init: its accounts"),
    };
    Ok((Asked { property: name.to_owned(), arguments }, checker))
}

fn transactions(entry: &txn::Entry, args: &CheckArgs) -> Result<(Asked, Box<dyn Checker>)> {
    let name = entry.name;
    if args.init.is_some() {
        bail!("the keys of {name} are empty at the start: leave out --init");
    }
    let mut options = match &args.consistency[..] {
        [] => txn::Options::default(),
        names => txn::Options::new(names.iter().map(String::as_str)).map_err(|name| {
            anyhow!(
                "no consistency model is called {name}; \
                 `netsplit list consistency-models` lists them"
            )
        })?,
    };
    args.assume.tell(&mut options);
    if !args.assume.arguments().is_empty() && name != "rw-register" {
        bail!("only registers need to be ordered, not the versions of {name}");
    }
    let mut arguments = format!("--workload {name}");
    for model in &args.consistency {
        arguments += &format!(" --consistency {model}");
    }
    arguments += &args.assume.arguments();
    Ok((Asked { property: name.to_owned(), arguments }, (entry.build)(options)))
}

//! `netsplit check`
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use checkers::History;
use clap::Args;

use super::{
    Format, OrExit, Out, Outcome,
    input::{self, KeysArg},
    judge::judge,
    output, parse,
    verify::Certified,
};
use crate::{
    exit::Exit,
    findings::{self, Circumstances},
    result::RunResult,
    store::Store,
};

mod assume;
pub(super) mod choice;
pub(super) mod streamed;

const EXAMPLES: &str = "\
Examples:
  netsplit check results/latest
  netsplit check history.jsonl --model cas-register --init 0
  netsplit check store/latest/history.edn.gz --model cas-register
  netsplit check history.jsonl --model register --consistency sequential
  netsplit check history.edn --workload append --consistency snapshot-isolation
  netsplit check history.edn --workload rw-register --linearizable-keys
  netsplit check history.edn --workload closed-predicate --consistency serializable
  netsplit check history.edn --workload bank --init 0=50,1=50
  cat history.jsonl | netsplit check - --model register --format json
  netsplit check history.jsonl --model register --certificate proof.json";

/// Judge a stored run again, or any history
#[derive(Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct CheckArgs {
    /// A stored run (directory, name, `latest`), a history file, or `-` for standard input. A file
    /// may be netsplit's JSON Lines, Jepsen's EDN or log, Porcupine's test data; gzip or zstd
    path: String,
    /// What a bare history is to be checked against (`netsplit list models`)
    #[arg(long, short = 'm')]
    model: Option<String>,
    /// The workload that a bare history is of (`netsplit list workloads`). Of an rw-register, the
    /// number that the database gives a version may stand behind the value: ["r","x",1,17]
    #[arg(long, short = 'w', conflicts_with = "model")]
    workload: Option<String>,
    /// The object's value at the start: `0`, or `x=0,y=0` for a multi-register, or the accounts of
    /// a bank
    #[arg(long, value_name = "VALUE")]
    init: Option<String>,
    /// What a bare history is to keep at least: calls one level (`netsplit list levels`)
    /// [default: linearizable], transactions one or several models (`netsplit list
    /// consistency-models`) [default: strong-serializable]
    #[arg(long, value_name = "LEVEL")]
    consistency: Vec<String>,
    #[command(flatten)]
    assume: assume::AssumeArgs,
    /// Where the keys of another tool's history are
    #[arg(long, value_enum, default_value = "auto")]
    keys: KeysArg,
    /// Judge a history whose last line is torn, without that line
    #[arg(long)]
    allow_torn: bool,
    /// Time for judging
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = parse::duration)]
    check_timeout: Duration,
    /// Memory for judging
    #[arg(long, value_name = "SIZE", default_value = "2G", value_parser = parse::bytes)]
    check_memory: u64,
    /// Judge a bare history bit by bit, as is done anyway where it does not fit into memory
    #[arg(long)]
    stream: bool,
    /// Write the proof of the verdict on a bare history to a file, for `netsplit verify`
    #[arg(long, value_name = "FILE", requires = "model", conflicts_with_all = ["stream", "consistency"])]
    certificate: Option<PathBuf>,
    /// Write a text for each type of anomaly in a bare history to this directory
    #[arg(long, value_name = "DIRECTORY")]
    anomalies: Option<PathBuf>,
    /// What standard output carries
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    #[command(flatten)]
    out: Out,
}

/// Checks a run or a history.
pub(super) fn check(args: &CheckArgs) -> Outcome {
    let path = Path::new(&args.path);
    let is_told = args.model.is_some() || args.workload.is_some();
    let is_bare = args.path == "-" || is_told || (path.exists() && !path.is_dir());
    if is_bare { check_history(args) } else { check_run(args) }
}

fn check_run(args: &CheckArgs) -> Outcome {
    let store = Store::open(&args.out.out, &args.path).or_usage()?;
    let mut test = store.test().or_usage()?;
    test.check_timeout_ms = args.check_timeout.as_millis() as u64;
    test.check_memory = args.check_memory;
    let mut judged = judge(&store, &test, remembered(&store)).or_usage()?;
    output::finish(&store, &mut judged).or_infrastructure()?;
    let result = judged.result;
    output::print(&result, &store, args.format).or_infrastructure()?;
    Ok(Exit::of(result.verdict.value, result.verdict.reason))
}

/// What only the run itself could know, from its own result; of a run that never came to judge,
/// nothing.
fn remembered(store: &Store) -> Circumstances {
    let Ok(result) = store.result() else {
        let warnings = vec!["the run did not come to its end".into()];
        return Circumstances { warnings, ..Circumstances::default() };
    };
    let down = findings::down::remembered(&result);
    let RunResult { run, system, verdict, harness, warnings, .. } = result;
    let was_interrupted = verdict.reason == crate::result::Reason::Interrupted;
    let interrupted = was_interrupted.then_some(crate::run::Interrupt::Int);
    let (phases_ms, version) = (run.phases_ms, system.version);
    let logs = None;
    Circumstances { phases_ms, version, warnings, interrupted, harness, down, logs }
}

fn check_history(args: &CheckArgs) -> Outcome {
    let (asked, checker) = choice::checker(args).or_usage()?;
    let name = &args.path;
    let mut source = input::Source::open(name).or_usage()?;
    let mut text = Vec::new();
    // A proof is about a history as a whole.
    let may_stream = args.certificate.is_none();
    if may_stream && streamed::is_to_be(args, &mut source, &mut text, &*checker).or_usage()? {
        let (result, evidence) =
            streamed::check(args, &asked, source, text, &*checker).or_usage()?;
        return tell(args, &result, |key| evidence.get(&key));
    }
    source.read_all(&mut text).or_usage()?;
    let parsed = input::parse(name, text.into(), args.keys.into(), args.allow_torn);
    let (history, torn) = parsed.or_usage()?;
    let budget = findings::budget(args.check_timeout, args.check_memory);
    let verdict = checkers::compose::guard(&asked.property, &*checker, &history, &budget);
    let judged = findings::of_history(name, &asked, &verdict, &history);
    let mut result = judged.with_context(|| name.clone()).or_usage()?;
    if let Some(path) = &args.certificate {
        let budget = findings::budget(args.check_timeout, args.check_memory);
        let certifier =
            choice::any_level(args.model.as_deref(), args.init.as_deref()).or_usage()?;
        let keys = certifier.certify(&history, &verdict, &budget);
        Certified::new(&asked.property, args.init.as_deref(), keys)
            .write(path)
            .or_infrastructure()?;
    }
    if let Some(line) = torn {
        result.warnings.push(format!("line {line} is torn and left out"));
    }
    tell(args, &result, |_| Some(&history))
}

/// Prints a result; `of_key` has the ops that the anomalies of a key name.
fn tell<'h>(
    args: &CheckArgs,
    result: &RunResult,
    of_key: impl Fn(Option<u32>) -> Option<&'h History>,
) -> Outcome {
    if let Some(directory) = &args.anomalies {
        write_texts(directory, &output::referee::texts(&result.anomalies, &of_key))
            .or_infrastructure()?;
    }
    let text = match args.format {
        Format::Json => serde_json::to_string_pretty(result).or_bug()?,
        Format::Human => human(result, of_key),
    };
    output::say(&text).or_infrastructure()?;
    Ok(Exit::of(result.verdict.value, result.verdict.reason))
}

fn write_texts(directory: &Path, texts: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let make = || format!("failed to write to {}", directory.display());
    fs::create_dir_all(directory).with_context(make)?;
    for (kind, text) in texts {
        fs::write(directory.join(format!("{kind}.txt")), text).with_context(make)?;
    }
    Ok(())
}

/// The summary, with the drawing of what is wrong.
fn human<'h>(result: &RunResult, of_key: impl Fn(Option<u32>) -> Option<&'h History>) -> String {
    let mut text = output::summary(result);
    for anomaly in &result.anomalies {
        if let checkers::Figure::Ops(ops) = &anomaly.figure
            && let Some(history) = of_key(anomaly.key)
        {
            let part = output::sub_history(history, &ops.calls);
            text += &format!("\n\n{}", checkers::notation::draw(&part));
            text += &output::why_stuck(ops);
        }
    }
    text
}

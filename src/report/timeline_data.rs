//! What the timeline draws: one column a field, as JSON, gzipped, in base64.
//!
//! Base64 also keeps whatever a hostile target answered out of the page's markup.
use std::{collections::HashMap, io::Write};

use anyhow::Context;
use base64::{Engine, engine::general_purpose::STANDARD};
use checkers::Nanos;
use flate2::{Compression, write::GzEncoder};
use serde::Serialize;

use super::{
    calls::{Call, Calls, Outcome},
    format::shorten,
    hurt,
    lanes::Lanes,
    marks,
    rates::{self, Rates},
    sample,
};
use crate::result::{FaultWindow, RunResult};

/// A value is cut here: a read of a whole set in every call would make a page of megabytes.
const VALUE_MOST: usize = 300;
/// Once there are so many bytes of different texts, values are cut sooner.
const TEXTS_MANY: usize = 4_000_000;
const VALUE_FEW: usize = 40;

/// Everything the script is given.
#[derive(Serialize)]
struct Data<'a> {
    total: usize,
    end: Nanos,
    timed: bool,
    window: Nanos,
    nodes: &'a [String],
    lanes: &'a [u32],
    faults: Vec<Fault<'a>>,
    /// Functions, values and errors: each text once.
    texts: Vec<String>,
    /// Only where not all calls are carried.
    rates: Option<Rates>,
    columns: Columns,
    /// Positions, in the columns, of the calls that anomalies name.
    marked: Vec<usize>,
    /// Positions of calls that no order explains.
    culprits: Vec<usize>,
}

#[derive(Serialize)]
struct Fault<'a> {
    id: u32,
    name: &'a str,
    hurt: String,
    planned: Nanos,
    injected: Option<Nanos>,
    effective: Option<Nanos>,
    healed: Option<Nanos>,
}

/// One entry a call in each. Numbers that grow are stored as differences: they compress better.
#[derive(Default, Serialize)]
struct Columns {
    index: Vec<u32>,
    /// Index of the completion less that of the invocation; 0 where there is none.
    completed: Vec<u32>,
    start: Vec<i64>,
    /// -1 where there is no completion.
    length: Vec<i64>,
    process: Vec<u32>,
    lane: Vec<u32>,
    f: Vec<u32>,
    /// -1 where there is none.
    key: Vec<i64>,
    outcome: Vec<u8>,
    input: Vec<u32>,
    output: Vec<u32>,
    error: Vec<u32>,
}

/// Texts by number; number 0 is the empty text.
#[derive(Default)]
struct Texts {
    numbers: HashMap<String, u32>,
    texts: Vec<String>,
    bytes: usize,
}

impl Texts {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = self.texts.len() as u32;
        self.bytes += text.len();
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }

    fn value(&mut self, json: &str) -> u32 {
        let most = if self.bytes > TEXTS_MANY { VALUE_FEW } else { VALUE_MOST };
        // Bytes are never fewer than characters: most values need no counting.
        match json {
            "null" => 0,
            _ if json.len() <= most => self.number(json),
            _ => self.number(&shorten(json, most)),
        }
    }
}

/// The data as base64, and how many calls it carries.
pub(super) fn encode(
    result: &RunResult,
    calls: &Calls<'_>,
    most: usize,
) -> anyhow::Result<(String, usize)> {
    let lanes = Lanes::of(calls, &result.system.nodes);
    let chosen = sample::choose(calls, result, most);
    let mut texts = Texts::default();
    texts.number("");
    let columns = columns(&chosen, calls, &lanes, &mut texts);
    let window = rates::window(calls.end);
    let marked = marks::named(calls, result);
    let culprits = marks::culprits(calls, result);
    let at = |wanted: &dyn Fn(u32) -> bool| -> Vec<usize> {
        (0..chosen.len()).filter(|&i| wanted(calls.all[chosen[i]].index)).collect()
    };
    let data = Data {
        total: calls.all.len(),
        end: calls.end,
        timed: calls.timed,
        window,
        nodes: &lanes.nodes,
        lanes: &lanes.node_of,
        faults: result.faults.iter().map(|f| fault(f, &result.system.nodes)).collect(),
        texts: texts.texts,
        rates: (chosen.len() < calls.all.len()).then(|| Rates::of(calls, &lanes.nodes, window)),
        columns,
        marked: at(&|index| marked.contains(&index)),
        culprits: at(&|index| culprits.contains(&index)),
    };
    let json = serde_json::to_vec(&data).context("writing the timeline's data")?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&json)?;
    Ok((STANDARD.encode(gzip.finish()?), chosen.len()))
}

fn columns(chosen: &[usize], calls: &Calls<'_>, lanes: &Lanes, texts: &mut Texts) -> Columns {
    let mut columns = Columns::default();
    let (mut index, mut start) = (0, 0);
    for &i in chosen {
        let call: &Call<'_> = &calls.all[i];
        let c = &mut columns;
        c.index.push(call.index - index);
        c.completed.push(call.completed.map_or(0, |(_, done)| done - call.index));
        c.start.push(call.start as i64 - start as i64);
        c.length.push(call.end.map_or(-1, |end| end.saturating_sub(call.start) as i64));
        c.process.push(call.process);
        c.lane.push(lanes.of_call[i]);
        c.f.push(texts.number(call.f));
        c.key.push(call.key.map_or(-1, i64::from));
        c.outcome.push(match call.outcome {
            Outcome::Ok => 0,
            Outcome::Fail => 1,
            Outcome::Info => 2,
        });
        c.input.push(texts.value(call.input));
        c.output.push(texts.value(call.output));
        c.error.push(calls.error(call).map_or(0, |e| texts.number(&shorten(&e, VALUE_MOST))));
        (index, start) = (call.index, call.start);
    }
    columns
}

fn fault<'a>(fault: &'a FaultWindow, nodes: &[String]) -> Fault<'a> {
    Fault {
        id: fault.id,
        name: &fault.fault,
        hurt: hurt::describe(&fault.hurt, nodes),
        planned: fault.planned_ns,
        injected: fault.injected_ns,
        effective: fault.effective_ns,
        healed: fault.healed_ns,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use checkers::History;
    use flate2::read::GzDecoder;
    use serde_json::{Value, json};

    use super::*;
    use crate::report::page::tests::result;

    fn decode(base64: &str) -> Value {
        let gzip = STANDARD.decode(base64).unwrap();
        let mut text = String::new();
        GzDecoder::new(&*gzip).read_to_string(&mut text).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn columns_hold_every_call_and_each_text_once() {
        let text = r#"{"index":0,"time":10,"process":0,"type":"invoke","f":"write","value":"5","node":"n1"}
{"index":1,"time":20,"process":1,"type":"invoke","f":"write","value":"5","node":"n2"}
{"index":2,"time":30,"process":0,"type":"ok","f":"write","value":"5","node":"n1"}
{"index":3,"time":45,"process":1,"type":"info","f":"write","value":"5","error":"timeout","node":"n2"}
{"index":4,"time":50,"process":0,"type":"invoke","f":"read","key":7,"node":"n1"}"#;
        let history = History::read(text).unwrap();
        let (base64, carried) = encode(&result(), &Calls::of(Some(&history)), 100).unwrap();
        let data = decode(&base64);
        assert_eq!(carried, 3);
        assert_eq!(data["texts"], json!(["", "write", "\"5\"", "timeout", "read"]));
        let columns = &data["columns"];
        assert_eq!(columns["index"], json!([0, 1, 3]));
        assert_eq!(columns["completed"], json!([2, 2, 0]));
        assert_eq!(columns["start"], json!([10, 10, 30]));
        assert_eq!(columns["length"], json!([20, 25, -1]));
        assert_eq!(columns["outcome"], json!([0, 2, 2]));
        assert_eq!(columns["key"], json!([-1, -1, 7]));
        assert_eq!(data["culprits"], json!([1]));
        assert_eq!(data["rates"], json!(null));
    }
}

//! What each format looks like, and what becomes of it.
use checkers::{
    Budget, History, Process, Valid,
    format::{self, Format, Keys},
    model,
};

#[track_caller]
fn read(text: &str) -> History {
    format::read(text.to_owned(), Keys::Auto).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

#[track_caller]
fn refused(text: &str, line: usize, part: &str) {
    let error = format::read(text.as_bytes().to_vec(), Keys::Auto).unwrap_err();
    assert_eq!(error.line, line, "{error}\n{text}");
    assert!(error.message.contains(part), "{error}\n{text}");
}

#[track_caller]
fn judged(text: &str, model: &str, valid: Valid) {
    let checker = (model::find(model).unwrap().build)(None).unwrap();
    let verdict = checker.check(&read(text), &Budget::unlimited());
    assert_eq!(verdict.valid, valid, "{:?}", verdict.why());
}

/// Each op as its process, kind, function, key and value.
fn ops(history: &History) -> Vec<String> {
    let key = |key: Option<u32>| key.map_or(String::new(), |key| format!("[{key}] "));
    let ops = history.ops();
    ops.map(|op| format!("{} {} {} {}{}", op.process, op.kind, op.f, key(op.key), op.value))
        .collect()
}

const TWO: [&str; 2] = ["process 0 invoke write 1", "process 0 ok write 1"];

#[test]
fn jepsen_writes_its_history_in_many_ways() {
    let invoke = "{:process 0, :type :invoke, :f :write, :value 1}";
    let ok = "{:process 0, :type :ok, :f :write, :value 1}";
    for text in [
        format!("{invoke}\n{ok}\n"),
        format!("{invoke} {ok}"),
        format!("[{invoke}\n {ok}]\n"),
        format!("({invoke},{ok})"),
        format!("; by hand\n\n#_ {ok} {invoke} ; the first\n#_ #_ 1 2 {ok} #_ 3"),
        format!("[\n{invoke} #_ {ok}\n{ok} #_ {ok}]"),
        format!("#jepsen.history.Op{invoke}\n#jepsen.history.Op{ok}"),
        format!("\u{feff}{invoke}{ok}"),
        invoke.replace(", ", "\n ") + &ok.replace(", ", ",\r\n   "),
        format!("{invoke}{ok}").replace(":type :invoke", ":error nil :type :invoke :index -1"),
        format!("{invoke}{ok}").replace(":write", "\"write\""),
    ] {
        assert_eq!(ops(&read(&text)), TWO, "{text}");
    }
}

#[test]
fn index_time_node_and_error_are_kept() {
    let history = read(
        "{:index 4, :time 17, :process 0, :type :invoke, :f :read, :value nil, :node \"n1\"}
         {:index 9, :time -3, :process 0, :type :info, :f :read, :error [:oops \"x\"]}",
    );
    let [invoke, info] = [history.op(0), history.op(1)];
    assert_eq!((invoke.index, invoke.time, invoke.node), (4, 17, Some("n1")));
    assert_eq!((info.index, info.time, info.value.as_str()), (9, 0, "null"));
    assert_eq!(history.error(1).unwrap(), r#"["oops","x"]"#);
    // Where one op has no index, none has.
    let mixed =
        read("{:index 4, :process 0, :type :invoke, :f :read} {:process 0, :type :ok, :f :read}");
    assert_eq!(mixed.ops().map(|op| op.index).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn what_has_a_name_is_a_nemesis() {
    let one = "{:process :nemesis, :type :invoke, :f :start}
               {:process :nemesis, :type :info, :f :start, :value {:n1 #{:n2}}}
               {:process :nemesis, :type :info, :f nil}";
    let history = read(one);
    assert!(history.ops().all(|op| op.process == Process::Nemesis));
    assert_eq!(history.pair(0).unwrap().value, r#"{"n1":["n2"]}"#);
    // Two at once would be busy twice as one.
    let two = "{:process :nemesis, :type :invoke, :f :start}
               {:process :clock, :type :invoke, :f :bump}
               {:process :nemesis, :type :info, :f :start}
               {:process :clock, :type :info, :f :bump}";
    assert!(read(two).ops().all(|op| op.kind == checkers::Kind::Info));
}

#[test]
fn values_of_transactions_are_lists() {
    let text = "{:process 0, :type :invoke, :f :txn, :value [[:r :x nil] [:w :y 3]]}
                {:process 0, :type :ok, :f :txn, :value [[:r :x nil] [:w :y 3]]}";
    let value = r#"[["r","x",null],["w","y",3]]"#;
    assert!(read(text).ops().all(|op| op.key.is_none() && op.value == value));
    judged(text, "multi-register", Valid::Valid);
    judged(&text.replace("nil", "4"), "multi-register", Valid::Invalid);
}

#[test]
fn a_set_is_a_sorted_list() {
    let text = "{:process 0, :type :invoke, :f :add, :value 2}
                {:process 0, :type :ok, :f :add, :value 2}
                {:process 0, :type :invoke, :f :add, :value 1}
                {:process 0, :type :ok, :f :add, :value 1}
                {:process 0, :type :invoke, :f :read, :value nil}
                {:process 0, :type :ok, :f :read, :value #{2 1}}";
    assert_eq!(read(text).op(5).value, "[1,2]");
    judged(text, "set", Valid::Valid);
    judged(&text.replace("#{2 1}", "#{2}"), "set", Valid::Invalid);
}

const INDEPENDENT: &str = "{:process 0, :type :invoke, :f :write, :value [7 1]}
{:process 0, :type :ok, :f :write, :value [7 1]}
{:process 0, :type :invoke, :f :read, :value [8 nil]}
{:process 1, :type :invoke, :f :cas, :value [7 [1 2]]}
{:process :nemesis, :type :info, :f :start, :value nil}
{:process 0, :type :ok, :f :read, :value [8 nil]}
{:process 1, :type :info, :f :cas, :value :timed-out}
{:process 0, :type :invoke, :f :read, :value [7 nil]}
{:process 0, :type :fail, :f :read, :value nil}
";

#[test]
fn keys_are_taken_out_of_independent_values() {
    let history = read(INDEPENDENT);
    let keys: Vec<Option<u32>> = history.ops().map(|op| op.key).collect();
    let expected = [7, 7, 8, 7, u32::MAX, 8, 7, 7, 7];
    assert_eq!(keys, expected.map(|key| (key != u32::MAX).then_some(key)));
    assert_eq!(
        (history.op(3).value.as_str(), history.op(6).value.as_str()),
        ("[1,2]", r#""timed-out""#)
    );
    judged(INDEPENDENT, "cas-register", Valid::Valid);
    judged(
        &INDEPENDENT
            .replace("[8 nil]}\n{:process 1, :type :info", "[8 1]}\n{:process 1, :type :info"),
        "cas-register",
        Valid::Invalid,
    );
}

#[test]
fn a_pair_is_not_taken_for_a_key_without_need() {
    let plain = |text: &str| assert!(read(text).ops().all(|op| op.key.is_none()), "{text}");
    // A register that holds pairs is read without asking with one.
    plain(
        "{:process 0, :type :invoke, :f :write, :value [7 1]}{:process 1, :type :invoke, :f :read, :value nil}",
    );
    // Only cas.
    plain("{:process 0, :type :invoke, :f :cas, :value [7 nil]}");
    // An answer about something else.
    plain(
        "{:process 0, :type :invoke, :f :read, :value [7 nil]}{:process 0, :type :ok, :f :read, :value [8 1]}",
    );
    // Two micro-operations.
    plain("{:process 0, :type :invoke, :f :txn, :value [[:r 1 nil] [:r 2 nil]]}");
    let forced = format::read(INDEPENDENT, Keys::None).unwrap();
    assert_eq!((forced.op(0).key, forced.op(0).value.as_str()), (None, "[7,1]"));
    let writes = "{:process 0, :type :invoke, :f :write, :value [:x 1]}";
    let forced = format::read(writes, Keys::Independent).unwrap();
    assert_eq!((forced.op(0).key, forced.op(0).value.as_str()), (Some(0), "1"));
    assert!(forced.line(0).contains(r#""key_name":"x""#));
    let error = format::read(writes.replace("[:x 1]", "3"), Keys::Independent).unwrap_err();
    assert!(error.message.contains("3 is no pair"), "{error}");
}

const KV: &str = r#"{:process 0, :type :invoke, :f :put, :key "3", :value "a"}
{:process 0, :type :ok, :f :put, :key "3", :value "a"}
{:process 1, :type :invoke, :f :append, :key "3", :value "b c"}
{:process 1, :type :ok, :f :append, :key "3", :value "b c"}
{:process 0, :type :invoke, :f :get, :key "3", :value nil}
{:process 1, :type :invoke, :f :get, :key "4", :value nil}
{:process 0, :type :ok, :f :get, :key "3", :value "ab c"}
{:process 1, :type :ok, :f :get, :key "4", :value ""}
"#;

#[test]
fn porcupines_kv_logs_name_the_key_beside_the_value() {
    assert_eq!(
        read(KV).ops().filter_map(|op| op.key).collect::<Vec<_>>(),
        [3, 3, 3, 3, 3, 4, 3, 4]
    );
    judged(KV, "kv", Valid::Valid);
    judged(&KV.replace("\"ab c\"", "\"a\""), "kv", Valid::Invalid);
    // Keys with names are numbered.
    let named = read(&KV.replace("\"4\"", "\"four\""));
    assert_eq!(named.op(5).key, Some(1));
}

const ETCD: &str = "INFO  jepsen.util - 0\t:invoke\t:read\tnil
INFO  jepsen.util - 1\t:invoke\t:write\t4
INFO  jepsen.util - 0\t:ok\t:read\tnil
INFO  jepsen.util - 1\t:ok\t:write\t4
INFO  jepsen.util - 2\t:invoke\t:cas\t[4 2]
INFO  jepsen.util - 2\t:info\t:cas\t:timed-out

INFO  jepsen.util - 1\t:invoke\t:cas\t[3 1]
INFO  jepsen.util - 1\t:fail\t:cas\t[3 1]
INFO  jepsen.util - 0\t:invoke\t:read\tnil
INFO  jepsen.util - 0\t:fail\t:read\t:timed-out
INFO  jepsen.util - 0\t:invoke\t:read\tnil
INFO  jepsen.util - 0\t:ok\t:read\t2
";

#[test]
fn a_log_of_jepsens_is_a_history() {
    assert_eq!(read(ETCD).op(4).value, "[4,2]");
    judged(ETCD, "cas-register", Valid::Valid);
    judged(&ETCD.replace("read\t2", "read\t1"), "cas-register", Valid::Invalid);
    // `history.txt`, with errors and a nemesis.
    let text = ETCD
        .replace("INFO  jepsen.util - ", "")
        .replace(":cas\t:timed-out", ":cas\t[4 2]\t:timeout")
        + ":nemesis\t:info\t:start\t\"cut off\"\n";
    let history = read(&text);
    assert_eq!(history.error(5).unwrap(), ":timeout");
    assert_eq!(history.op(12).process, Process::Nemesis);
    judged(&text, "cas-register", Valid::Valid);
    let new = ETCD.replace(
        "INFO  jepsen.util -",
        "2026-01-01 00:00:00,000{GMT}\tINFO\t[worker 0] jepsen.util:",
    );
    judged(&new, "cas-register", Valid::Valid);
}

#[test]
fn formats_are_known_by_their_content() {
    for (text, format) in [
        ("", Format::JsonLines),
        ("\n {\"process\":0", Format::JsonLines),
        ("{ \"a\"", Format::JsonLines),
        ("{:process 0}", Format::Edn),
        ("\n\n[{:process", Format::Edn),
        ("; x", Format::Edn),
        ("#jepsen.history.Op{", Format::Edn),
        (ETCD, Format::JepsenLog),
        ("3\t:invoke\t:read\tnil", Format::JepsenLog),
    ] {
        assert_eq!(format::detect(text.as_bytes()), Ok(format), "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_its_line() {
    refused("plain words", 1, "known are JSON Lines");
    refused("\n[{\"process\": 0}]", 2, "jq -c");
    let error = format::read(&b"{:process 0}\n\xff"[..], Keys::Auto).unwrap_err();
    assert_eq!((error.line, error.message.contains("not text")), (2, true));
    refused("{:type :invoke, :f :read}", 1, "no process");
    refused("\n{:process 0, :f :read}", 2, "no type");
    refused("{:process 0, :type :maybe, :f :read}", 1, "\"maybe\"");
    refused("{:process -1, :type :ok, :f :read}", 1, "neither a number nor a name");
    refused("{:process 0, :type :ok, :f [1]}", 1, "not a name");
    refused("{:process 0, :type :ok, :f :read, :index :x}", 1, "index");
    refused("{:process 0, :type :invoke, :f :read}\n[1]", 2, "which is a map");
    refused("{:process 0, :type :invoke, :f :read}\n]", 2, "closes nothing");
    refused("\n[{:process 0, :type :invoke, :f :read}\n\n", 2, "never closed");
    refused("[{:process 0, :type :invoke, :f :read}\n", 1, "never closed");
    // What cannot have happened, on lines of its own whatever the layout.
    let wide =
        "{:process 0\n :type :invoke\n :f :read}\n; again\n{:process 0\n:type :invoke :f :read}";
    refused(wide, 5, "has not completed");
    refused(&ETCD.replace("[3 1]", "[3 1"), 8, "in the middle of a form");
    refused(&ETCD.replace("[4 2]", ""), 5, "no value");
    refused(&format!("{ETCD}WARN something else"), 14, "not an op in a log");
    refused("; nothing", 1, "empty");
}

#[test]
fn a_torn_last_line_is_forgiven_when_asked() {
    for text in [INDEPENDENT, KV, ETCD] {
        let (whole, torn) = format::read_torn(text.trim_end(), Keys::Auto).unwrap();
        assert_eq!((whole.len(), torn), (text.lines().filter(|l| !l.is_empty()).count(), None));
        let cut = &text[..text.len() - 12];
        assert!(format::read(cut, Keys::Auto).is_err());
        let (part, torn) = format::read_torn(cut, Keys::Auto).unwrap();
        assert_eq!((part.len(), torn), (whole.len() - 1, Some(text.lines().count())));
    }
    assert!(format::read_torn("{:process", Keys::Auto).is_err());
}

#[test]
fn numbers_of_any_size_keep_their_value() {
    let text = "{:process 0, :type :invoke, :f :write, :value 18446744073709551616}
                {:process 0, :type :ok, :f :write, :value 18446744073709551616N}
                {:process 0, :type :invoke, :f :read, :value nil}
                {:process 0, :type :ok, :f :read, :value 18446744073709551616.0M}";
    judged(text, "register", Valid::Valid);
    judged(&text.replace("616.0M", "617"), "register", Valid::Invalid);
    assert!(read(text).line(1).ends_with(r#""value":18446744073709551616}"#));
}

#[test]
fn rows_of_our_own_keep_values_apart() {
    let check = |written: &str, seen: &str, valid| {
        let row = |kind: &str, f: &str, value: &str| {
            format!("{{\"process\":0,\"type\":\"{kind}\",\"f\":\"{f}\",\"value\":{value}}}\n")
        };
        let write = row("invoke", "write", written) + &row("ok", "write", written);
        let text = write + &row("invoke", "read", "null") + &row("ok", "read", seen);
        judged(&text, "register", valid);
    };
    for (a, b) in [
        ("18446744073709551616", "18446744073709551617"),
        ("1e400", "1e401"),
        ("0.1", "0.10000000000000000001"),
        ("\"1\"", "1"),
        ("\"a\\u0000\"", "\"a\""),
        ("[1,[2]]", "[[1],2]"),
        ("{\"a\":1}", "{\"a\":2}"),
    ] {
        check(a, b, Valid::Invalid);
        check(b, a, Valid::Invalid);
    }
    for (a, b) in [
        ("1", "1.0"),
        ("0", "-0"),
        ("100", "1e2"),
        ("\"A\"", "\"\\u0041\""),
        ("{\"a\":1,\"b\":2}", "{\"b\":2.0,\"a\":1}"),
    ] {
        check(a, b, Valid::Valid);
    }
    for value in ["{\"a\":1,\"a\":1}", "\"\\ud800\"", "[{\"a\":[],\"\\u0061\":[]}]"] {
        let text =
            format!("{{\"process\":0,\"type\":\"invoke\",\"f\":\"write\",\"value\":{value}}}");
        refused(&text, 1, "");
    }
}

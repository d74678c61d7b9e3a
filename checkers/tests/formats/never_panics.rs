//! Whatever a file contains, it is read or refused.
use checkers::format::{self, Keys, edn};
use proptest::{prelude::*, sample::Index};

const SEEDS: [&str; 3] = [
    "[#jepsen.history.Op{:index 0, :time 1, :process 0, :type :invoke, :f :cas, :value [1 [2 \\a]]}
     {:process 0, :type :ok, :f :cas, :value #{1 2N 1/2 \"a\\n\\u00e9\"}, :error #inst \"x\"} #_ 1]",
    "INFO  jepsen.util - 0\t:invoke\t:cas\t[3 0]\nINFO  jepsen.util - 0\t:fail\t:cas\t[3 0]\n",
    "{\"process\":0,\"type\":\"invoke\",\"f\":\"read\"}\n",
];

/// What mutations put in: all that means something to a reader.
const PIECES: [&[u8]; 22] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b"(",
    b")",
    b"#",
    b"#_",
    b"#{",
    b"\"",
    b"\\",
    b";",
    b"\n",
    b":",
    b",",
    b"nil",
    b"\xff",
    b"\xc3\xa9",
    b"1e9",
    b"-",
    b"#:a",
    b"\\u12",
];

/// Reads and writes: nothing is expected of the answer.
fn survives(text: Vec<u8>) {
    for keys in [Keys::Auto, Keys::Independent, Keys::None] {
        if let Ok(history) = format::read(text.clone(), keys) {
            let _ = edn::write(&history);
        }
    }
    let _ = format::read_torn(text, Keys::Auto);
}

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<Index>(), 0..PIECES.len(), 0..4_usize);
    (0..SEEDS.len(), proptest::collection::vec(change, 1..6)).prop_map(|(seed, changes)| {
        let mut text = SEEDS[seed].as_bytes().to_vec();
        for (at, piece, removed) in changes {
            let at = at.index(text.len() + 1);
            let end = (at + removed).min(text.len());
            drop(text.splice(at..end, PIECES[piece].iter().copied()));
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(text in proptest::collection::vec(any::<u8>(), 0..60)) {
        survives(text);
    }

    #[test]
    fn any_text_that_looks_like_edn(rest in "[\\[\\](){}\"#_:;\\\\a-z0-9 \n/.é-]{0,60}") {
        survives(format!("{{:{rest}").into());
    }

    #[test]
    fn mutated_histories(text in mutated()) {
        survives(text);
    }
}

//! A proof that was tampered with is refused.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
use checkers::{
    BadCertificate, Budget, Certificate, History, Proof, Proven, Refused,
    linearizable::Linearizable,
    model::{self, Register},
    notation,
};

const PICTURE: &str = "
    0: |- write 1 -|     |- read -> 1 -|
    1: |- write 2 -|                     |- write 3 -x
    2: |- write 4 ---------------------------------~";

fn verify(history: &History, proof: &Proof) -> Result<Proven, Refused> {
    proof.verify(&Register::default(), history)
}

#[test]
fn only_a_true_order_is_a_proof() {
    let history = notation::history(PICTURE);
    let verify = |order: &[u32]| verify(&history, &Proof::Order(order.to_vec()));
    let checker = Linearizable(Register::default());
    let prepared = checker.prepare(&history).unwrap();
    let found = prepared.order(&Budget::unlimited()).unwrap().unwrap();
    assert_eq!(verify(&found), Ok(Proven::Valid));
    for order in [&[1, 0, 5][..], &[2, 1, 0, 5], &[1, 0, 5, 2]] {
        assert_eq!(verify(order), Ok(Proven::Valid));
    }
    assert_eq!(verify(&[1, 5, 0]), Err(Refused::Illegal { index: 5, state: "2".into() }));
    assert_eq!(verify(&[0, 5, 1]), Err(Refused::Late(1)));
    assert_eq!(verify(&[0, 5]), Err(Refused::Missing(1)));
    assert_eq!(verify(&[1, 0, 0, 5]), Err(Refused::Twice(0)));
    for no_call in [3, 7, 9] {
        assert_eq!(verify(&[1, 0, 5, no_call]), Err(Refused::NoCall(no_call)));
    }
}

#[test]
fn only_a_true_contradiction_is_a_proof() {
    let history = notation::history(
        "0: |- write 1 -| |- write 2 -| |- write 7 -~
         1:                               |- read -> 1 -|",
    );
    let verify = |answers: &[u32]| verify(&history, &Proof::Contradiction(answers.to_vec()));
    assert_eq!(verify(&[0, 2, 5]), Ok(Proven::Invalid));
    // Nobody is convicted by leaving out the write that a read saw.
    for too_few in [&[5][..], &[0, 5], &[2, 5], &[0, 2], &[]] {
        assert_eq!(verify(too_few), Err(Refused::HasOrder));
    }
    assert_eq!(verify(&[4, 5]), Err(Refused::NoAnswer(4)));
    assert_eq!(verify(&[1]), Err(Refused::NoCall(1)));
}

const KEYS: &str = "
    0: |- [1] write 5 -| |- [2] write 6 -| |- [1] read -> 5 -|
    1:                                       |- [2] read -> null -|";

fn certificate(history: &History) -> Certificate {
    let checker = (model::find("register").unwrap().build)(None).unwrap();
    let verdict = checker.check(history, &Budget::unlimited());
    let certificate = checker.certify(history, &verdict, &Budget::unlimited());
    let text = serde_json::to_string(&certificate).unwrap();
    assert_eq!(serde_json::from_str::<Certificate>(&text).unwrap(), certificate);
    certificate
}

#[test]
fn a_certificate_proves_the_verdict_on_every_key() {
    let history = notation::history(KEYS);
    let checker = (model::find("register").unwrap().build)(None).unwrap();
    let whole = certificate(&history);
    let verified = checker.verify(&history, &whole).unwrap();
    let one = |key: &str| vec![key.to_owned()];
    assert_eq!((verified.valid, verified.invalid), (one("1"), one("2")));
    assert!(verified.unproved.is_empty());

    let mut less = whole.clone();
    less.0.remove("2");
    assert_eq!(checker.verify(&history, &less).unwrap().unproved, one("2"));
    let mut more = whole.clone();
    more.0.insert("3".into(), Proof::Order(Vec::new()));
    assert_eq!(checker.verify(&history, &more), Err(BadCertificate::NoKey("3".into())));
    let mut other = whole.clone();
    other.0.insert("2".into(), whole.0["1"].clone());
    let refused = Err(BadCertificate::Refused("2".into(), Refused::NoCall(0)));
    assert_eq!(checker.verify(&history, &other), refused);
}

#[test]
fn a_certificate_from_which_anything_was_taken_is_refused() {
    let history = notation::history(KEYS);
    let checker = (model::find("register").unwrap().build)(None).unwrap();
    let whole = certificate(&history);
    for (key, proof) in &whole.0 {
        let (Proof::Order(calls) | Proof::Contradiction(calls)) = proof;
        for left_out in 0..calls.len() {
            let mut fewer = calls.clone();
            fewer.remove(left_out);
            let proof = match proof {
                Proof::Order(_) => Proof::Order(fewer),
                Proof::Contradiction(_) => Proof::Contradiction(fewer),
            };
            let mut tampered = whole.clone();
            tampered.0.insert(key.clone(), proof);
            assert!(checker.verify(&history, &tampered).is_err(), "{tampered:?}");
        }
    }
}

#[test]
fn a_certificate_of_another_history_or_model_is_refused() {
    let history = notation::history(PICTURE);
    let whole = certificate(&history);
    let other = notation::history(&PICTURE.replace("read -> 1", "read -> 4"));
    let checker = (model::find("register").unwrap().build)(None).unwrap();
    assert!(checker.verify(&history, &whole).is_ok());
    assert!(checker.verify(&other, &whole).is_err());
    let other = (model::find("mutex").unwrap().build)(None).unwrap();
    let malformed = other.verify(&history, &whole).unwrap_err();
    assert!(malformed.to_string().contains("cannot be read"), "{malformed}");
}

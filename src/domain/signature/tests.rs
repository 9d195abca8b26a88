use proptest::prelude::*;

use super::*;
use crate::domain::entropy::{Entropy, SeededEntropy};

const ID: &str = "evt_01h455vb4pex5vsknk084sn02q";
const NOW: i64 = 1_614_265_330;

fn key(seed: u64) -> SigningKey {
    SigningKey::parse(generate_secret(&SeededEntropy::new(seed)).expose()).unwrap()
}

fn private_key(seed: u64) -> SigningKey {
    use base64::Engine;
    let mut bytes = [0; 32];
    SeededEntropy::new(seed).fill(&mut bytes);
    SigningKey::parse(&format!("whsk_{}", base64::engine::general_purpose::STANDARD.encode(bytes))).unwrap()
}

fn check(keys: &[SigningKey], signatures: &str, body: &[u8]) -> Result<(), VerifyError> {
    verify(keys, ID, &NOW.to_string(), signatures, body, Timestamp::from_micros(NOW * 1_000_000))
}

#[test]
fn new_secret_has_its_prefix_and_32_bytes() {
    let secret = generate_secret(&SeededEntropy::new(1));
    assert!(secret.expose().starts_with("whsec_"));
    assert_eq!(secret.expose().len(), "whsec_".len() + 44);
    assert_ne!(secret, generate_secret(&SeededEntropy::new(2)));
}

#[test]
fn old_and_new_key_both_verify_during_a_rotation() {
    let signatures = sign(&[key(2), key(1)], ID, NOW, b"{}");
    assert_eq!(signatures.split(' ').count(), 2);
    for seed in [1, 2] {
        assert_eq!(check(&[key(seed)], &signatures, b"{}"), Ok(()));
    }
    assert_eq!(check(&[key(3)], &signatures, b"{}"), Err(VerifyError::NoMatch));
    assert_eq!(check(&[key(3), key(2)], &signatures, b"{}"), Ok(()));
    assert_eq!(check(&[], &signatures, b"{}"), Err(VerifyError::NoMatch));
}

#[test]
fn versions_are_not_mistaken_for_each_other() {
    let signatures = sign(&[key(1), private_key(1)], ID, NOW, b"{}");
    assert!(signatures.starts_with("v1,") && signatures.contains(" v1a,"));
    assert_eq!(check(&[private_key(1)], &signatures, b"{}"), Ok(()));
    assert_eq!(check(&[private_key(2)], &signatures, b"{}"), Err(VerifyError::NoMatch));
    let swapped = signatures.replace("v1a,", "v1b,");
    assert_eq!(check(&[private_key(1)], &swapped, b"{}"), Err(VerifyError::NoMatch));
}

#[test]
fn identifiers_and_timestamps_that_could_be_cut_differently_are_refused() {
    let keys = [key(1)];
    let now = Timestamp::from_micros(NOW * 1_000_000);
    for (id, timestamp, expected) in [
        ("", "1614265330", VerifyError::BadId),
        ("a.b", "1614265330", VerifyError::BadId),
        ("a", "+1614265330", VerifyError::BadTimestamp),
        ("a", "1614265330.0", VerifyError::BadTimestamp),
        ("a", "", VerifyError::BadTimestamp),
        ("a", "99999999999999999999", VerifyError::BadTimestamp),
        ("a", "1614265029", VerifyError::TooOld),
        ("a", "1614265631", VerifyError::TooNew),
    ] {
        assert_eq!(verify(&keys, id, timestamp, "v1,x", b"", now), Err(expected), "{id:?} {timestamp:?}");
    }
}

#[test]
fn only_so_many_signatures_are_looked_at() {
    let padding = "v1,x ".repeat(MAX_SIGNATURES);
    let signature = sign(&[key(1)], ID, NOW, b"");
    assert_eq!(check(&[key(1)], &format!("{padding}{signature}"), b""), Err(VerifyError::NoMatch));
}

#[test]
fn secrets_out_of_bounds_are_refused() {
    use base64::Engine;
    let text = |length: usize| format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(vec![7; length]));
    for length in [0, 23, 65] {
        assert_eq!(SigningKey::parse(&text(length)).err(), Some(InvalidSecret), "{length}");
    }
    for length in [24, 64] {
        assert!(SigningKey::parse(&text(length)).is_ok(), "{length}");
    }
    assert_eq!(format!("{:?}", key(1)), "SigningKey(***)");
}

proptest! {
    #[test]
    fn any_change_of_the_body_is_noticed(body in any::<Vec<u8>>(), other in any::<Vec<u8>>()) {
        let signatures = sign(&[key(1), private_key(1)], ID, NOW, &body);
        for key in [key(1), private_key(1)] {
            prop_assert_eq!(check(std::slice::from_ref(&key), &signatures, &body), Ok(()));
            prop_assert_eq!(check(&[key], &signatures, &other).is_ok(), body == other);
        }
    }

    #[test]
    fn arbitrary_signatures_never_verify(signatures in any::<String>()) {
        prop_assert_eq!(check(&[key(1), private_key(1)], &signatures, b"{}"), Err(VerifyError::NoMatch));
    }
}

#[test]
fn a_new_key_pair_holds_halves_that_agree() {
    let pair = generate_key_pair(&SeededEntropy::new(1));
    assert!(is_key_pair(&pair) && !is_key_pair(&generate_secret(&SeededEntropy::new(1))));
    assert_eq!(pair.expose().len(), "whsk_".len() + 88);
    let key = SigningKey::parse(pair.expose()).unwrap();
    assert_eq!(key.public_text(), private_key(1).public_text());
    assert_ne!(pair, generate_key_pair(&SeededEntropy::new(2)));
}

#[test]
fn a_keys_name_is_its_own_and_tells_nothing_of_it() {
    let names: std::collections::BTreeSet<String> =
        [key(1), key(2), private_key(1), private_key(2)].iter().map(SigningKey::id).collect();
    assert_eq!(names.len(), 4);
    assert!(names.iter().all(|name| name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())));
    assert_eq!(key(1).id(), key(1).id());
}

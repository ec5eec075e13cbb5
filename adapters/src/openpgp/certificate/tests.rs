//! What a certificate says and how copies unite.

use proptest::prelude::*;

use super::*;
use crate::openpgp::testing::{Build, arbitrary_certificate};

/// The builder's keys are created at this time.
const CREATED: u64 = 1000;

/// Each case: what is tried, the certificate, and how long after its creation the key expires.
type Expiry = (&'static str, Build, Option<u32>);

fn assert_expires(cases: impl IntoIterator<Item = Expiry>) {
    for (what, build, lifetime) in cases {
        let expected = lifetime.map(|lifetime| CREATED + u64::from(lifetime));
        assert_eq!(build.read().expires(), expected, "{what}");
    }
}

#[test]
fn expiry_follows_the_newest_self_signature_of_a_user_id() {
    let uid = || Build::key(1).user_id("a");
    assert_expires([
        ("no signature", uid(), None),
        ("one", uid().certify(2000, 50), Some(50)),
        ("for ever", uid().certify(2000, 0), None),
        (
            "extended",
            uid().certify(2000, 50).certify(3000, 90),
            Some(90),
        ),
        (
            "the other order",
            uid().certify(3000, 90).certify(2000, 50),
            Some(90),
        ),
        (
            "limit lifted",
            uid().certify(3000, 0).certify(2000, 50),
            None,
        ),
        (
            "other types",
            uid().sign(0x10, 2000, 50).sign(0x12, 3000, 70),
            Some(70),
        ),
        (
            "a binding is none",
            uid().certify(2000, 50).sign(0x18, 3000, 90),
            Some(50),
        ),
        (
            "another's",
            uid().certify(2000, 50).sign_as(9, 0x13, 3000, 90),
            Some(50),
        ),
        (
            "certified again",
            uid().sign(0x30, 2000, 0).certify(3000, 90),
            Some(90),
        ),
        (
            "a key ID as issuer",
            uid().sign_by_key_id(0x13, 2000, 50),
            Some(50),
        ),
        ("beyond 2106", uid().certify(2000, u32::MAX), Some(u32::MAX)),
    ]);
}

#[test]
fn expiry_follows_the_newest_user_id_that_limits_it() {
    let old = || Build::key(1).user_id("a").certify(2000, 50).user_id("b");
    let revoked = old().certify(3000, 90).sign(0x30, 3001, 0);
    let attribute = Build::key(1).packet(17, b"x").certify(2000, 50);
    let subkey = old().packet(14, b"x").certify(3000, 90);
    assert_expires([
        ("the newer one", old().certify(3000, 90), Some(90)),
        (
            "the first of equally new ones",
            old().certify(2000, 90),
            Some(50),
        ),
        (
            "the older one, alone in limiting",
            old().certify(3000, 0),
            Some(50),
        ),
        ("the newer one is revoked", revoked, Some(50)),
        ("an attribute has no say", attribute, None),
        ("a subkey has no say", subkey, Some(50)),
    ]);
}

#[test]
fn expiry_follows_direct_signatures_first() {
    let direct = |lifetime| Build::key(1).sign(0x1f, 1500, lifetime);
    let lifted = direct(70).sign(0x1f, 1600, 0);
    assert_expires([
        (
            "over a user ID",
            direct(70).user_id("a").certify(2000, 50),
            Some(70),
        ),
        ("the newest", direct(70).sign(0x1f, 1600, 80), Some(80)),
        (
            "no limit",
            direct(0).user_id("a").certify(2000, 50),
            Some(50),
        ),
        ("limit lifted", lifted, None),
    ]);
}

#[test]
fn only_the_key_revokes_itself() {
    assert!(
        Build::key(1)
            .sign(0x20, 2000, 0)
            .user_id("a")
            .read()
            .is_revoked()
    );
    assert!(
        !Build::key(1)
            .sign_as(9, 0x20, 2000, 0)
            .user_id("a")
            .sign(0x30, 2000, 0)
            .read()
            .is_revoked()
    );
}

#[test]
fn an_older_copy_changes_nothing() {
    let old = Build::key(1).user_id("a").certify(2000, 50);
    let newer = old
        .clone()
        .certify(3000, 90)
        .user_id("b")
        .certify(3000, 90)
        .packet(14, b"x")
        .sign(0x18, 3000, 0);
    let (old, mut newer) = (old.read(), newer.read());
    assert!(newer.contains(&old) && !old.contains(&newer));
    let before = newer.clone();
    assert!(!newer.merge(&old));
    assert_eq!(newer, before);
}

#[test]
fn a_copy_with_fewer_packets_but_a_newer_signature_extends() {
    let mut full = Build::key(1)
        .user_id("a")
        .certify(2000, 50)
        .user_id("b")
        .certify(2000, 50)
        .read();
    let renewed = Build::key(1).user_id("a").certify(3000, 90).read();
    assert!(full.merge(&renewed));
    assert_eq!(
        (full.expires(), full.user_ids().count()),
        (Some(CREATED + 90), 2)
    );
}

#[test]
fn certificates_of_different_keys_stay_apart() {
    let (mut one, other) = (
        Build::key(1).user_id("a").read(),
        Build::key(2).user_id("a").certify(2000, 50).read(),
    );
    assert!(!one.merge(&other) && !one.contains(&other));
    assert_eq!(one, Build::key(1).user_id("a").read());
}

#[test]
fn sections_keep_their_order_and_unknown_packets_stay() {
    let shuffled = Build::key(1)
        .packet(40, b"new")
        .certify(2000, 0)
        .packet(14, b"k")
        .user_id("a")
        .sign(0x13, 1, 0);
    let ordered = Build::key(1)
        .user_id("a")
        .sign(0x13, 1, 0)
        .packet(14, b"k")
        .packet(40, b"new")
        .certify(2000, 0);
    let mut written = Vec::new();
    shuffled.read().write(&mut written);
    assert_eq!(written, ordered.bytes());
}

#[test]
fn signatures_of_unknown_versions_stay() {
    let build = Build::key(1)
        .packet(2, &[9, 9])
        .user_id("a")
        .packet(2, &[])
        .packet(2, &[3, 5, 0]);
    let mut written = Vec::new();
    build.read().write(&mut written);
    assert_eq!(written, build.bytes());
}

proptest! {
    #[test]
    fn merging_is_idempotent(mut a in arbitrary_certificate()) {
        let copy = a.clone();
        prop_assert!(!a.merge(&copy));
        prop_assert_eq!(a, copy);
    }

    #[test]
    fn merging_is_commutative_and_only_adds(
        a in arbitrary_certificate(),
        b in arbitrary_certificate(),
    ) {
        let (mut ab, mut ba) = (a.clone(), b.clone());
        let changed = ab.merge(&b);
        ba.merge(&a);
        if a.fingerprint() == b.fingerprint() {
            prop_assert_eq!(&ab, &ba);
            prop_assert!(ab.contains(&a) && ab.contains(&b));
        }
        prop_assert_eq!(changed, ab != a);
        prop_assert_eq!(a.contains(&b), a.fingerprint() == b.fingerprint() && !changed);
    }

    #[test]
    fn merging_is_associative(certificates in prop::collection::vec(arbitrary_certificate(), 3)) {
        let merged = |a: &Certificate, b: &Certificate| {
            let mut all = a.clone();
            all.merge(b);
            all
        };
        let [a, b, c] = certificates.as_slice() else { unreachable!("three were asked for") };
        if [b, c].iter().all(|it| it.fingerprint() == a.fingerprint()) {
            prop_assert_eq!(merged(&merged(a, b), c), merged(a, &merged(b, c)));
        }
    }

    #[test]
    fn the_order_of_packets_is_no_difference(
        seeds in prop::collection::vec((0_u8..4, 0_u32..9, 0_u32..3), 0..9)
    ) {
        let of = |seeds: &mut dyn Iterator<Item = &(u8, u32, u32)>| {
            seeds.fold(Build::key(1), |build, (name, created, lifetime)| {
                build.user_id(&name.to_string()).certify(*created, *lifetime)
            })
        };
        prop_assert_eq!(of(&mut seeds.iter()).read(), of(&mut seeds.iter().rev()).read());
    }
}

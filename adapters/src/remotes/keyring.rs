//! The keyring of a remote: what lies beside its group and has to be there before it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice as _};
use overlay_resolver::escape::escape_path;
use overlay_resolver::finding::Finding;
use overlay_resolver::keyfile::value;

use super::exchanged::Exchanged;
use super::keys::{Keys, Known};
use super::notes::{KEYRING_BASELINE, TAKEN_OUT};
use super::remote::Remote;
use super::repository::Repository;
use super::verification::{is_verified, needs_keys};
use super::{doubted, handed_on, servers, taken_out, unverified};
use crate::code;
use crate::expiry::outlook_of_all;
use crate::keyed::draft::{Beside, Draft, SideFile};
use crate::keyed::facet::{Facet, Turn};
use crate::keyed::intent::Traces;
use crate::keyed::management::Management;
use crate::keyed::store::Store;
use crate::keyed::subject::Subject;
use crate::openpgp::{Certificate, Fingerprint, Keyring};
use crate::report::Operation;

/// The certificates that the vendor brought for a remote.
pub(crate) fn fingerprints(store: &impl Store, name: &str) -> BTreeSet<Fingerprint> {
    listed(store, name, KEYRING_BASELINE)
}

/// The certificates that a note lists.
pub(super) fn listed(store: &impl Store, name: &str, note: &str) -> BTreeSet<Fingerprint> {
    store
        .note(name, note)
        .and_then(|raw| value::decode_list(raw.as_bytes()).ok())
        .unwrap_or_default()
        .iter()
        .filter_map(|text| text.parse().ok())
        .collect()
}

/// The certificates of a keyring. What cannot be read is nobody's.
fn fingerprints_in(keyring: Option<&Vec<u8>>) -> BTreeSet<Fingerprint> {
    let keyring = keyring.and_then(|text| Keyring::parse(text).ok());
    let certificates = keyring.iter().flat_map(Keyring::iter);
    certificates.map(|one| one.fingerprint().clone()).collect()
}

/// The keyring of one remote.
#[derive(Debug, Default)]
pub(crate) struct OwnKeyring {
    /// What it holds.
    actual: Keyring,
    /// What it is to hold, once that is decided.
    decided: Option<Keyring>,
}

impl<T: Repository> Facet<T> for OwnKeyring {
    /// One that cannot be read is left alone, and so is its remote.
    fn observe(&mut self, subject: &mut Subject<'_, '_, T>) -> Result<(), Finding> {
        let path = subject.draft.target.keyring(subject.name);
        let Some(bytes) = subject.draft.observed.files.get(&path) else {
            return Ok(());
        };
        self.actual = Keyring::parse(bytes).map_err(|error| {
            let finding = code::BROKEN_KEYRING.error(
                path,
                format!(
                    "{error}; the remote {} stays as it is until this file is mended or moved away",
                    subject.name
                ),
            );
            subject.draft.findings.push(finding.clone());
            finding
        })?;
        Ok(())
    }

    fn follow(&mut self, subject: &mut Subject<'_, '_, T>, remote: &Remote, turn: Turn<'_>) {
        match turn {
            Turn::Created { former } => self.create(subject, remote, former),
            Turn::Adopted | Turn::Updated => {
                self.reconcile(subject, remote);
                unverified::tell(subject, remote);
            }
            // What is verified from now on gets its keyring: the vendor may have one for it that no run has
            // brought yet.
            Turn::Reverted => {
                let [did, does] = [&subject.draft.before, &subject.draft.store]
                    .map(|store| needs_keys(|key| store.get(subject.name, key)));
                let back = taken_out::given_back(subject, remote, &self.actual);
                if does && !did {
                    return self.reconcile(subject, remote);
                }
                let actual = self.actual.clone();
                let mut keys = taken_out::with_those(actual, &back, subject, remote);
                servers::take_out(subject, &mut keys);
                if !keys.changes.is_empty() {
                    self.write(subject, keys);
                }
            }
        }
    }

    /// A keyring that was reconciled is mended by that.
    fn mend(&mut self, subject: &mut Subject<'_, '_, T>) {
        let observed = subject.draft.observed;
        let traces = observed.intent.of(subject.name);
        let path = subject.draft.target.keyring(subject.name);
        let is_open = self.decided.is_none() && !observed.links.contains_key(&path);
        if let Some(traces) = traces.filter(|_| is_open) {
            let draft = &subject.draft;
            let is_absent = !draft.store.has(subject.name);
            // What its owner leaves of one that they delete stays theirs.
            let is_deleted = draft.before.marks(subject.name).tombstone();
            if is_absent && !is_deleted && traces.files.contains(&path) {
                subject.forget(observed.files.contains_key(&path).then_some(path));
            } else {
                // Another that its owner made since inherits nothing, of what went along to a later name neither.
                let is_ours = is_absent || Management::of(&draft.store, subject.name).is_some();
                let later = draft.before.later_name(subject.name);
                let later = later.or_else(|| observed.intent.successor(subject.name));
                let exchanged = Exchanged::of(traces);
                let doubted = if is_ours {
                    exchanged.doubted()
                } else if later.is_some_and(|later| draft.before.has(later)) {
                    exchanged.certificates
                } else {
                    exchanged.brought()
                };
                doubted::distrust(subject, &doubted);
            }
        }
    }

    /// A remote that is made would trust what a symlink leads to that lies where its keyring is to be, be it the
    /// keyring of another. And what its owner imported under its former name has to be known.
    fn hindrance(&self, subject: &Subject<'_, '_, T>) -> Option<Finding> {
        let path = subject.draft.target.keyring(subject.name);
        let Some(end) = subject.draft.observed.links.get(&path) else {
            return handed_on::hindrance(subject);
        };
        let message = format!(
            "is a symlink to {}, and {} would be verified with what is there: remove it, so that the remote can be made",
            escape_path(end),
            subject.name
        );
        Some(code::SYMLINK.error(path, message))
    }

    /// That the certificates by which the remote will be verified are expired, or soon are; also of one that is
    /// left to its owner.
    fn tell(&mut self, subject: &mut Subject<'_, '_, T>) {
        let name = subject.name;
        let Draft {
            target,
            observed,
            store,
            ..
        } = &*subject.draft;
        if !store.has(name) || !is_verified(|key| store.get(name, key)) {
            return;
        }
        let found = observed.files.get(&target.keyring(name));
        let own = match self.decided.take() {
            Some(decided) => Ok(decided),
            None => found.map_or_else(|| Ok(Keyring::default()), |text| Keyring::parse(text)),
        };
        // What is no keyring is told by whoever needs it.
        let Ok(own) = own else { return };
        servers::tell(subject, &own);
        let Draft {
            target,
            observed,
            store,
            request,
            ..
        } = &*subject.draft;
        let keyrings = target.keyrings(observed, store, name, own);
        let findings = outlook_of_all(name, &keyrings, request.now);
        subject.draft.findings.extend(findings);
    }

    fn is_pristine(&self, subject: &Subject<'_, '_, T>) -> bool {
        let draft = &subject.draft;
        let vendors = fingerprints(&draft.before, subject.name);
        // One that a dead run had left to go, or brought too early, is nobody's: it goes with the remote. So is one that
        // a server sent.
        let dead_runs = |fingerprint: &Fingerprint| {
            let traces = draft.observed.intent.of(subject.name);
            traces.is_some_and(|traces| Exchanged::of(traces).doubted().contains(fingerprint))
        };
        let path = draft.target.keyring(subject.name);
        draft.observed.files.get(&path).is_none_or(|bytes| {
            Keyring::parse(bytes).is_ok_and(|ring| {
                let servers = draft
                    .target
                    .servers_keys(&draft.before, subject.name, &ring);
                let is_nobodys = |one: &Fingerprint| servers.contains(one) || dead_runs(one);
                let mut certificates = ring.iter().map(Certificate::fingerprint);
                taken_out::missing_from(draft, subject.name, &ring).is_empty()
                    && certificates.all(|one| vendors.contains(one) || is_nobodys(one))
            })
        })
    }

    fn mended(&self, target: &T, name: &str) -> Option<PathBuf> {
        Some(target.keyring(name))
    }

    /// The certificates that come or go. Those of the owner's may, too, with a remote that goes or gets another
    /// name: they are not to be doubted while the remote is there. What is made whole, or goes whole, is a file.
    fn intend(&self, draft: &Draft<'_, T>, name: &str, traces: &mut Traces) {
        let path = draft.target.keyring(name);
        let before = draft.observed.files.get(&path);
        let after = draft.files.get(&path).map(|file| &file.content);
        let goes = draft.obsolete.contains_key(&path);
        if after.is_none() && !goes {
            return;
        }
        if before.is_none() || goes {
            traces.files.insert(path);
        }
        let [before, after] = [before, after].map(fingerprints_in);
        let certificates: BTreeSet<_> = before.symmetric_difference(&after).cloned().collect();
        // What is reconciled is the vendor's, or nobody's.
        let reconciled = draft.beside.get(name).into_iter().flatten();
        let reconciled: BTreeSet<_> = reconciled.map(|beside| beside.subject.as_str()).collect();
        let vendors = [&draft.before, &draft.store].map(|store| fingerprints(store, name));
        let is_owners = |one: &&Fingerprint| {
            let is_vendors = vendors.iter().any(|vendors| vendors.contains(*one));
            !is_vendors && !reconciled.contains(&*one.to_string())
        };
        let owners = certificates.iter().filter(is_owners).cloned();
        let (owners, inherited) = owners.partition(|one| before.contains(one));
        let exchanged = Exchanged {
            certificates,
            inherited,
            owners,
        };
        exchanged.write(traces, draft.observed.intent.of(name));
    }

    /// Certificates whose record changes while the keyring has them, or has them not, as before.
    fn recorded(&self, draft: &Draft<'_, T>, name: &str) -> Vec<(Operation, String)> {
        let [was, is] = [&draft.before, &draft.store].map(|store| fingerprints(store, name));
        let beside = || draft.beside.get(name).into_iter().flatten();
        let untold = |fingerprint: &&Fingerprint| {
            let subject = fingerprint.to_string();
            beside().all(|beside| beside.subject != subject)
        };
        let record = |operation: Operation| {
            move |fingerprint: &Fingerprint| (operation, fingerprint.to_string())
        };
        let recorded = is.difference(&was).filter(untold);
        let forgotten = was.difference(&is).filter(untold);
        let [was_out, is_out] =
            [&draft.before, &draft.store].map(|store| taken_out::noted(store, name));
        let taken_out = is_out.difference(&was_out).filter(untold);
        // One that is there again is the vendor's as before, whoever brought it.
        let again = was_out.difference(&is_out);
        let again = again.filter(|one| was.contains(*one) && is.contains(*one));
        recorded
            .chain(again)
            .map(record(Operation::RecordCertificate))
            .chain(forgotten.map(record(Operation::ForgetCertificate)))
            .chain(taken_out.map(record(Operation::LeaveCertificate)))
            .collect()
    }
}

impl OwnKeyring {
    /// What lies there without a remote belongs to nobody and must not be trusted; what the owner trusted under
    /// a former name is.
    fn create<T: Repository>(
        &mut self,
        subject: &mut Subject<'_, '_, T>,
        remote: &Remote,
        former: Option<&str>,
    ) {
        // A mask may have the very place of the keyring.
        let former = former.filter(|_| !remote.is_keyring_masked);
        let imported = former.map(|former| handed_on::imported_for(subject.draft, former));
        let taken_out = former.map(|former| handed_on::taken_out_of(subject.draft, former));
        let keys = Known {
            actual: imported.unwrap_or_default(),
            former: &remote.former_certificates,
            taken_out: &taken_out.unwrap_or_default(),
            adopted: former.is_some_and(|former| subject.is_others(former)),
            ..Known::default()
        }
        .reconcile(&remote.keyring, false);
        self.write(subject, keys);
        if let Some(keyring) = self.decided.as_ref().filter(|keyring| !keyring.is_empty()) {
            put(subject, keyring.to_bytes(), None);
        }
    }

    /// Reconciles the keyring, once it is known how the remote will verify.
    fn reconcile<T: Repository>(&mut self, subject: &mut Subject<'_, '_, T>, remote: &Remote) {
        let draft = &subject.draft;
        let intent = draft.observed.intent.of(subject.name);
        let actual = std::mem::take(&mut self.actual);
        let mut baseline = taken_out::brought(draft, subject.name, &actual);
        let is_on_its_way = intent.is_some_and(|traces| traces.moves.is_some());
        if is_on_its_way {
            // What is staged of it speaks of a keyring that may not be there yet.
            baseline.retain(|fingerprint| actual.get(fingerprint).is_some());
        }
        // One with another name was ours before, and says what we brought.
        let is_new = is_on_its_way && intent.is_some_and(|traces| traces.former.is_none());
        let needed = needs_keys(|key| draft.store.get(subject.name, key));
        let needed = needed && !remote.is_keyring_masked;
        let servers = draft
            .target
            .servers_keys(&draft.before, subject.name, &actual);
        let back = taken_out::given_back(subject, remote, &actual);
        let noted = taken_out::noted(&draft.before, subject.name);
        let taken_out = &taken_out::missing(&actual, &baseline, &noted) - &back;
        let doubted = |traces: &Traces| Exchanged::of(traces).doubted();
        let keys = Known {
            actual,
            baseline: &baseline,
            interrupted: &intent.map(doubted).unwrap_or_default(),
            former: &remote.former_certificates,
            servers: &servers,
            taken_out: &taken_out,
            adopted: is_new || subject.management.is_none(),
        }
        .reconcile(&remote.keyring, needed);
        taken_out::tell(subject, remote, &keys, needed);
        self.write(subject, keys);
    }

    /// Puts the keyring and its baseline into the draft.
    fn write<T: Repository>(&mut self, subject: &mut Subject<'_, '_, T>, keys: Keys) {
        let name = subject.name;
        let path = subject.draft.target.keyring(name);
        if let Some(end) = subject.draft.observed.links.get(&path) {
            let finding = is_link(name, path, end);
            let findings = &mut subject.draft.findings;
            findings.extend((!keys.changes.is_empty()).then_some(finding));
            return;
        }
        subject.beside(keys.changes.iter().map(|(operation, fingerprint)| Beside {
            operation: *operation,
            subject: fingerprint.to_string(),
            path: path.clone(),
        }));
        if keys.keyring.is_empty() {
            if subject.draft.observed.files.contains_key(&path) {
                subject.forget([path]);
            }
        } else if !keys.changes.is_empty() {
            let union = keys.union.as_ref().map(Keyring::to_bytes);
            put(subject, keys.keyring.to_bytes(), union);
        }
        for (note, certificates) in [
            (KEYRING_BASELINE, &keys.vendors),
            (TAKEN_OUT, &keys.taken_out),
        ] {
            let names = certificates.iter().map(ToString::to_string);
            let list = BString::from(value::encode_list(names));
            let list = (!certificates.is_empty()).then_some(list.as_bstr());
            subject.draft.store.put_note(name, note, list);
        }
        self.decided = Some(keys.keyring);
    }
}

fn is_link(name: &str, path: PathBuf, end: &Path) -> Finding {
    let message = format!(
        "is a symlink to {}, which is not written, so the vendor's certificates for {name} do not come: put the file itself in its place",
        escape_path(end)
    );
    code::SYMLINK.warning(path, message)
}

/// Gives the keyring this content.
pub(super) fn put<T: Repository>(
    subject: &mut Subject<'_, '_, T>,
    content: Vec<u8>,
    meanwhile: Option<Vec<u8>>,
) {
    let path = subject.draft.target.keyring(subject.name);
    let file = SideFile {
        of: subject.name.into(),
        content,
        meanwhile,
    };
    subject.draft.files.insert(path, file);
}

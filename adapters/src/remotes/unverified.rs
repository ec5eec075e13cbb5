//! Verification that is off where the vendor wants it.

use bstr::ByteSlice as _;

use super::remote::Remote;
use super::repository::Repository;
use super::verification;
use crate::keyed::management::Management;
use crate::keyed::store::Store as _;
use crate::keyed::subject::Subject;
use crate::report::{Matter, Verification};

/// Warns of a verification that is off in an adopted remote: nobody can tell whether its owner meant it, then or
/// since, or a script that knew no better.
pub(super) fn tell<T: Repository>(subject: &mut Subject<'_, '_, T>, remote: &Remote) {
    let (name, store) = (subject.name, &subject.draft.store);
    if Management::of(store, name) != Some(Management::Adopted) {
        return;
    }
    let ended = verification::KEYS.into_iter().filter(|&key| {
        let wanted = remote.get(key).map(|setting| setting.value.as_bstr());
        verification::is_ended(key, wanted, store.get(name, key))
    });
    let place = subject.place();
    let remarks: Vec<_> = ended
        .map(|key| {
            let (name, how) = (name.into(), Verification::Off(key));
            Matter::Verification { name, how }.at(&place, None)
        })
        .collect();
    subject.draft.remarks.extend(remarks);
}

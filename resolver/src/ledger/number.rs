//! The numbers of what a ledger holds, a type each. Only the ledger makes them.

use crate::numbered::number;

number! {
    /// An assignment, in the order in which the consumer meets them.
    pub(crate) Row, made by pub(super)
}
number! {
    /// A key of a section.
    pub(crate) KeyId, made by pub(super)
}
number! {
    /// What keys are called.
    pub(crate) NameId, made by pub(super)
}
number! {
    /// A section.
    pub(crate) SectionId, made by pub(super)
}
number! {
    /// Something that the consumer refuses.
    pub(crate) ProblemId, made by pub(super)
}

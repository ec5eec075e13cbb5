//! One change of a target, as people and programs are told of it.

use std::path::PathBuf;

use bstr::BString;

/// One change of the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What the entry is reported under, such as `flatpak-remotes`.
    pub adapter: String,
    /// The name of the entry; none for what belongs to none, such as what a killed run left.
    pub entry: Option<String>,
    /// What sentences call the object that is changed, such as `remote`.
    pub noun: &'static str,
    /// What is done.
    pub operation: Operation,
    /// To what: a name, a key, the fingerprint of a certificate, or a path.
    pub subject: String,
    /// What it is before, where that can be said.
    pub from: Option<BString>,
    /// What it is after, where that can be said.
    pub to: Option<BString>,
    /// The file or directory that is written or removed for it.
    pub path: PathBuf,
}

/// `ADAPTER/NAME`: what only one entry is called.
pub fn full_name(adapter: &str, name: &str) -> String {
    format!("{adapter}/{name}")
}

impl Change {
    /// `ADAPTER/NAME` of its entry; the adapter of one that has none.
    pub fn full_name(&self) -> String {
        match &self.entry {
            Some(entry) => full_name(&self.adapter, entry),
            None => self.adapter.clone(),
        }
    }
}

/// The kinds of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// The entry is made, and remembered as offered.
    Create,
    /// The entry is taken away, and remembered as withheld.
    Remove,
    /// Somebody else's entry is managed from now on.
    Adopt,
    /// The entry is the owner's from now on.
    Release,
    /// The entry goes from one file to another.
    Move,
    /// A key gets a value, and that is recorded as the vendor's.
    Set,
    /// A key is taken away, and so is what was recorded of it.
    Unset,
    /// A value of a key is recorded as the vendor's; the key stays as it is.
    Record,
    /// What was recorded of a key is forgotten; the key stays as it is.
    Forget,
    /// A certificate is added to the keyring, and recorded as the vendor's.
    AddCertificate,
    /// A certificate in the keyring learns what is new about it, such as a later expiry.
    UpdateCertificate,
    /// A certificate is taken out of the keyring.
    RemoveCertificate,
    /// A certificate that is in the keyring is recorded as the vendor's.
    RecordCertificate,
    /// A certificate is not recorded as the vendor's any more; the keyring stays as it is.
    ForgetCertificate,
    /// A certificate of the vendor's that the owner took out is recorded as taken out; the keyring stays as it is.
    LeaveCertificate,
    /// From which bundles the entry has anything is recorded.
    RecordBundles,
    /// What is remembered of a name changes: whether it was offered, withheld, deleted.
    Mark,
    /// A later name of the entry is remembered.
    Rename,
    /// A file is written: a copy that the target keeps, or one that says the same in other bytes.
    WriteFile,
    /// A file is made readable by its owner alone, since not everybody may read what it comes from.
    Narrow,
    /// A file that was made readable by its owner alone gets its mode back.
    Widen,
    /// A file or directory that nothing needs any more goes, if it is there.
    Clean,
    /// Something is run, and it is written down what became of it.
    Run,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::Create,
        Self::Remove,
        Self::Adopt,
        Self::Release,
        Self::Move,
        Self::Set,
        Self::Unset,
        Self::Record,
        Self::Forget,
        Self::AddCertificate,
        Self::UpdateCertificate,
        Self::RemoveCertificate,
        Self::RecordCertificate,
        Self::ForgetCertificate,
        Self::LeaveCertificate,
        Self::RecordBundles,
        Self::Mark,
        Self::Rename,
        Self::WriteFile,
        Self::Narrow,
        Self::Widen,
        Self::Clean,
        Self::Run,
    ];

    /// The word for it in machine output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Remove => "remove",
            Self::Adopt => "adopt",
            Self::Release => "release",
            Self::Move => "move",
            Self::Set => "set",
            Self::Unset => "unset",
            Self::Record => "record",
            Self::Forget => "forget",
            Self::AddCertificate => "add-certificate",
            Self::UpdateCertificate => "update-certificate",
            Self::RemoveCertificate => "remove-certificate",
            Self::RecordCertificate => "record-certificate",
            Self::ForgetCertificate => "forget-certificate",
            Self::LeaveCertificate => "leave-certificate",
            Self::RecordBundles => "record-bundles",
            Self::Mark => "mark",
            Self::Rename => "rename",
            Self::WriteFile => "write-file",
            Self::Narrow => "narrow",
            Self::Widen => "widen",
            Self::Clean => "clean",
            Self::Run => "run",
        }
    }
}

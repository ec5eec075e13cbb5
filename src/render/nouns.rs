//! No sentence calls an entry otherwise than its adapter does.

use std::path::PathBuf;

use overlay_adapters::code;
use overlay_adapters::report::{
    Change, Decision, Dependent, EntryReport, Foreign, Going, Idle, Mask, Matter, Operation, Own,
    Remark, Report, RunDecision,
};
use overlay_resolver::finding::Level;

use super::report::{How, explanation, report};
use super::{idle, told};

const NOUN: &str = "service";

fn path() -> PathBuf {
    "/etc/daemon.conf".into()
}

fn mask() -> Mask {
    Mask {
        path: path(),
        is_former_name: true,
    }
}

fn foreign() -> [Foreign; 8] {
    [
        Foreign::Other,
        Foreign::OtherUrl,
        Foreign::OtherRemote { place: path() },
        Foreign::Elsewhere {
            place: path(),
            own: path(),
        },
        Foreign::ReadOnly {
            place: path(),
            own: path(),
        },
        Foreign::Needed {
            place: path(),
            own: path(),
            origin: path(),
        },
        Foreign::Symlink {
            place: path(),
            end: path(),
        },
        Foreign::Inherited { place: path() },
    ]
}

/// All but what is of collection IDs, which only remotes have.
fn decisions() -> Vec<Decision> {
    let mut all = vec![
        Decision::UpToDate {
            origin: path(),
            refreshed: vec![],
        },
        Decision::New { origin: path() },
        Decision::Updated {
            changed: vec!["port".into()],
        },
        Decision::Adopted { except: vec![] },
        Decision::Edited {
            keys: vec!["port".into()],
            unclear: vec!["host".into()],
        },
        Decision::Conflict {
            keys: vec!["port".into()],
            unclear: vec!["host".into()],
        },
        Decision::Masked { mask: mask() },
        Decision::MaskedForeign { mask: mask() },
        Decision::Deleted,
        Decision::Removed {
            why: Going::Withdrawn,
        },
        Decision::Released {
            why: Going::Withdrawn,
        },
        Decision::LeftToOwner { mask: mask() },
        Decision::Renamed {
            origin: path(),
            former: "other".into(),
        },
        Decision::ReleasedByOwner,
        Decision::LayerMissing,
        Decision::Run(RunDecision::Due {
            origin: path(),
            begun: 1,
            of: 3,
            is_interrupted: false,
        }),
        Decision::Run(RunDecision::Done),
        Decision::Run(RunDecision::Failed {
            tries: 1,
            of: 2,
            why: None,
        }),
        Decision::Run(RunDecision::NoOccasion),
        Decision::Run(RunDecision::Off),
        Decision::Run(RunDecision::GivenUp {
            tries: 2,
            why: Some("it ended".into()),
        }),
    ];
    all.extend(foreign().map(Decision::Foreign));
    let users = [Dependent::Apps, Dependent::Deployment];
    all.extend(users.map(|user| Decision::InUse {
        why: Going::Masked(mask()),
        user,
    }));
    all
}

fn entry(decision: Decision) -> EntryReport {
    EntryReport {
        adapter: "daemon".into(),
        name: "web".into(),
        noun: NOUN,
        whole: true,
        is_ambiguous: false,
        decision,
        layered: None,
        beside: Vec::new(),
        keys: Vec::new(),
    }
}

fn change(operation: Operation) -> Change {
    Change {
        adapter: "daemon".into(),
        entry: Some("web".into()),
        noun: NOUN,
        operation,
        subject: "web".into(),
        from: None,
        to: None,
        path: path(),
    }
}

fn matters() -> Vec<Matter> {
    let name = || "web".to_owned();
    let mut all = vec![
        Matter::CannotMove { name: name() },
        Matter::Conflict {
            name: name(),
            key: "port".into(),
            baseline: None,
            desired: None,
            actual: None,
            is_unclear: true,
        },
        Matter::BaselineLost { name: name() },
        Matter::LayerMissing { name: name() },
        Matter::GivenUp {
            name: name(),
            tries: 2,
            why: None,
            level: Level::Error,
        },
        Matter::Own(Own {
            code: code::UNUSABLE,
            level: Level::Warning,
            name: name(),
            sentence: "has the port {} of {}, which is started first",
            values: vec!["80".into(), "mail".into()],
        }),
    ];
    all.extend(foreign().map(|why| Matter::CannotAdopt {
        name: name(),
        noun: NOUN,
        why,
    }));
    all
}

fn idles() -> [Idle; 15] {
    [
        Idle::There,
        Idle::ToBeMade,
        Idle::Follows,
        Idle::Released,
        Idle::Unedited,
        Idle::Masked(mask()),
        Idle::Broken,
        Idle::NotShipped { new_name: None },
        Idle::InUse { new_name: None },
        Idle::Inherited,
        Idle::NameTaken(Foreign::Other),
        Idle::Deleted,
        Idle::NotMade,
        Idle::NotAdopted,
        Idle::NotFollowing,
    ]
}

#[test]
fn an_entry_is_called_what_its_adapter_calls_it() {
    let remarks = matters().into_iter().map(|matter| Remark {
        path: path(),
        line: None,
        matter,
    });
    let all = Report {
        entries: decisions().into_iter().map(entry).collect(),
        pending: Operation::ALL.map(change).into(),
        remarks: remarks.collect(),
        ..Report::default()
    };
    let mut text = report(&all, How::Sync).as_str().to_owned();
    text.push_str(explanation(&all).as_str());
    for finding in told(&all) {
        text.push_str(&finding.message);
    }
    for why in idles() {
        text.push_str(&idle(&entry(Decision::Deleted), &why));
    }
    assert!(!text.contains("remote"), "{text}");
    for sentence in [
        "create the service web",
        "but this service was made by somebody else",
        "a service of this name with another URL",
        "is another service of this name",
        "to manage the service, remove the symlink",
        "a service of somebody else has its name",
        "web: has the port 80 of mail, which is started first",
    ] {
        assert!(text.contains(sentence), "{sentence} in {text}");
    }
}

//! The documents for who works on the code name files and items: each of them is there.

use std::collections::BTreeSet;
use std::path::Path;

use walkdir::WalkDir;

const DOCUMENTS: [&str; 4] = [
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/reliability.md",
];

/// What is named like something of ours, and is another program's or the system's.
const OTHERS: [&str; 2] = ["repo/config", "fsync"];

/// What is there to be named.
struct House {
    /// The files and directories, below the repository.
    paths: Vec<String>,
    /// What is declared in the code.
    items: BTreeSet<String>,
    /// The code and the scripts.
    texts: String,
}

impl House {
    fn open() -> Self {
        let top = Path::new(env!("CARGO_MANIFEST_DIR"));
        let is_ours = |name: &str| !matches!(name, "target" | ".git" | "proptest-regressions");
        let entries = WalkDir::new(top).into_iter();
        let entries = entries.filter_entry(|entry| entry.file_name().to_str().is_none_or(is_ours));
        let mut house = Self {
            paths: Vec::new(),
            items: BTreeSet::new(),
            texts: String::new(),
        };
        for entry in entries {
            let entry = entry.expect("the repository can be read");
            let path = entry.path().strip_prefix(top).expect("it is in there");
            house
                .paths
                .push(path.to_str().expect("our names are text").to_owned());
            let is_script = path == Path::new("tests/run");
            if entry.file_type().is_file() && (is_script || path.extension() == Some("rs".as_ref()))
            {
                let text = std::fs::read_to_string(entry.path()).expect("code is text");
                house.items.extend(declared(&text).map(str::to_owned));
                house.texts.push_str(&text);
            }
        }
        house
    }

    /// Whether there is such a file or directory: by the end of its path, in which `NAME` and `*` stand for one
    /// name.
    fn has_path(&self, named: &str) -> bool {
        let named: Vec<_> = named.trim_end_matches('/').split('/').collect();
        let fits = |path: &String| {
            let parts: Vec<_> = path.split('/').collect();
            let Some(start) = parts.len().checked_sub(named.len()) else {
                return false;
            };
            let mut pairs = named.iter().zip(&parts[start..]);
            pairs.all(|(named, part)| fits_name(named, part))
        };
        self.paths.iter().any(fits)
    }

    /// Whether something in the code has that name: an item, or a module, which is a file or directory.
    fn has_item(&self, name: &str) -> bool {
        self.items.contains(name)
            || self.has_path(&format!("{name}.rs"))
            || self.has_path(name)
            || name == "mod"
    }

    /// What is wrong with a text that stands between backticks; nothing if it names nothing of ours.
    fn complaint(&self, named: &str) -> Option<&'static str> {
        if OTHERS.contains(&named) {
            return None;
        }
        let is_word = |text: &str| !text.is_empty() && text.chars().all(is_of_word);
        if let Some((variable, _)) = named.split_once('=')
            && variable.starts_with("OVERLAYCTL_")
        {
            return (!self.texts.contains(variable)).then_some("no such variable");
        }
        if named.split("::").all(is_word) {
            let is_foreign = named.starts_with("std::")
                || named.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            let mut segments = named.split("::");
            let is_there = is_foreign || segments.all(|segment| self.has_item(segment));
            return (!is_there).then_some("nothing has that name");
        }
        let path = named.strip_prefix("…/").unwrap_or(named);
        let is_path = path
            .chars()
            .all(|c| is_of_word(c) || matches!(c, '/' | '.' | '*' | '-'))
            && (path.contains('/') || Path::new(path).extension() == Some("rs".as_ref()))
            && !path.starts_with(['/', '.']);
        (is_path && !self.has_path(path)).then_some("no such file")
    }
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn fits_name(named: &str, part: &str) -> bool {
    let any = named.replace("NAME", "*");
    match any.split_once('*') {
        Some((start, end)) => part.starts_with(start) && part.ends_with(end),
        None => part == any,
    }
}

/// The names behind a keyword that declares something.
fn declared(text: &str) -> impl Iterator<Item = &str> {
    const KEYWORDS: [&str; 8] = [
        "fn ",
        "struct ",
        "enum ",
        "trait ",
        "type ",
        "mod ",
        "const ",
        "macro_rules! ",
    ];
    let lines = text.lines();
    lines.flat_map(|line| {
        let keywords = KEYWORDS.iter();
        keywords.filter_map(move |keyword| {
            let (before, name) = line.split_once(keyword)?;
            let end = name.find(|c| !is_of_word(c)).unwrap_or(name.len());
            (!before.contains("//") && !before.ends_with(is_of_word)).then(|| &name[..end])
        })
    })
}

/// What stands between backticks, outside of blocks of code.
fn named(document: &str) -> impl Iterator<Item = &str> {
    let blocks = document.split("```").step_by(2);
    blocks.flat_map(|text| text.split('`').skip(1).step_by(2))
}

#[test]
fn every_file_and_item_that_the_documents_name_is_there() {
    let house = House::open();
    let mut looked_at = 0;
    let mut wrong = Vec::new();
    for document in DOCUMENTS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
        let text = std::fs::read_to_string(path).unwrap();
        for named in named(&text) {
            looked_at += 1;
            let complaint = house.complaint(named);
            wrong.extend(complaint.map(|why| format!("{document}: `{named}`: {why}")));
        }
    }
    assert!(
        looked_at > 200,
        "{looked_at} names only: are they read at all?"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A file and what a document shows of it, in pieces.
struct Shown<'d> {
    path: &'d str,
    pieces: Vec<String>,
}

/// The blocks of code whose first line names a file behind the language.
fn shown(document: &str) -> Vec<Shown<'_>> {
    let blocks = document.split("```").skip(1).step_by(2);
    let blocks = blocks.filter_map(|block| {
        let (heading, code) = block.split_once('\n')?;
        let (_, path) = heading.split_once(' ')?;
        let pieces = code.split("…\n").map(str::to_owned);
        Some(Shown {
            path,
            pieces: pieces.collect(),
        })
    });
    blocks.collect()
}

#[test]
fn the_worked_example_is_what_the_page_shows() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(top.join("CONTRIBUTING.md")).unwrap();
    let shown = shown(&page);
    assert!(shown.len() > 6, "{} blocks only", shown.len());
    for Shown { path, pieces } in shown {
        let file = std::fs::read_to_string(top.join(path)).unwrap();
        for piece in pieces {
            assert!(file.contains(&piece), "{path} has no\n{piece}");
        }
    }
}

#[test]
fn an_adapter_is_a_folder_and_a_row() {
    let places = ["adapters/src/lib.rs", "adapters/src/registry.rs"];
    for adapter in ["exampled", "tasksd"] {
        let naming = naming(adapter);
        assert_eq!(naming, places.map(str::to_owned).into(), "{adapter}");
    }
}

/// The files of code that name an adapter, outside of its own folder.
fn naming(adapter: &str) -> BTreeSet<String> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut naming = BTreeSet::new();
    for crates in ["adapters/src", "resolver/src", "src"] {
        for entry in WalkDir::new(top.join(crates)) {
            let entry = entry.expect("the repository can be read");
            let path = entry.path().strip_prefix(top).expect("it is in there");
            let is_code = path.extension() == Some("rs".as_ref());
            if !is_code || path.starts_with(format!("adapters/src/{adapter}")) {
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).expect("code is text");
            if text.to_lowercase().contains(adapter) {
                naming.insert(path.to_str().expect("our names are text").to_owned());
            }
        }
    }
    naming
}

#[test]
fn what_is_not_there_is_found() {
    let house = House::open();
    for named in [
        "…/no_such.rs",
        "adapters/src/no_such/",
        "NAME/no_such.rs",
        "NoSuchItem",
        "Root::no_such_method",
        "no_such_word",
        "OVERLAYCTL_NO_SUCH_VARIABLE=1"
            .replace("SUCH", "REAL")
            .as_str(),
    ] {
        assert!(house.complaint(named).is_some(), "{named}");
    }
    for named in ["/etc", "repo/config", "cargo test", "std::fs", "EIO"] {
        assert!(house.complaint(named).is_none(), "{named}");
    }
}

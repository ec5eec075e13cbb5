//! Whole trees by any rules: files are separated by byte 0xff, each begins with its layer and its name.
#![no_main]

use std::path::{Path, PathBuf};

use libfuzzer_sys::fuzz_target;
use overlay_resolver::tree::Tree;
use overlay_resolver::{Resolver, Rules};

const PATHS: [&str; 4] = ["x.d", "x.conf", "a-b@c.service", "NetworkManager/NetworkManager.conf"];

fuzz_target!(|data: &[u8]| {
    let [rules, path, files @ ..] = data else {
        return;
    };
    let names: Vec<_> = Rules::names().collect();
    let rules = Rules::named(names[usize::from(*rules) % names.len()]).expect("a rule set");
    let path = Path::new(PATHS[usize::from(*path) % PATHS.len()]);
    let mut tree = Tree::default();
    for file in files.split(|&byte| byte == 0xff) {
        let [layer, place, text @ ..] = file else {
            continue;
        };
        let layer = rules.layers[usize::from(*layer) % rules.layers.len()].base();
        let at = layer.join(place_of(path, *place));
        tree = match text {
            b"/dev/null" => tree.with_mask(&at),
            text => tree.with(&at, text),
        };
    }
    let resolver = Resolver::new(tree).rules(rules).with_history();
    let document = resolver.resolve(path);
    for key in document.keys() {
        key.items();
        let _ = document.explain(key.section(), key.name()).to_string();
    }
    for assignment in document.assignments() {
        assert!(assignment.fragment().text.get(assignment.span()).is_some());
        let applied = assignment.by().is_none();
        assert_eq!(applied, assignment.state() == overlay_resolver::document::State::Applied);
    }
    document.digest();
    resolver.entries(path);
});

/// The main file, a drop-in, or something that should be ignored.
fn place_of(path: &Path, choice: u8) -> PathBuf {
    let beside = |directory: String| path.with_file_name(directory);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match choice % 8 {
        0 => path.to_owned(),
        1 => path.join("a.conf"),
        2 => path.join("b.conf"),
        3 => beside(format!("{name}.d")).join("a.conf"),
        4 => beside(format!("{name}.d")).join("b.conf"),
        5 => beside("conf.d".into()).join("c.conf"),
        6 => beside("a-.service.d".into()).join("a.conf"),
        _ => path.join(".hidden.conf~"),
    }
}

//! `netplan get`: one merged document, with sequences that add up.
//!
//! The bodies are JSON, which is YAML too.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use overlay_resolver::Rules;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use super::generator::{Shape, Texts, Weights, trees};
use super::helper::Helper;
use super::ours::Answer;
use super::tree::Tree;
use super::{Peer, rules};
use crate::peers::{Found, read, require_root};

/// Lowest first: what runs now wins.
const LAYERS: [&str; 3] = ["lib", "etc", "run"];
const PATH: &str = "netplan";

const ADDRESSES: &str = "§1.5 #25 netplan drops an address that it has already";

#[derive(Debug)]
pub(crate) struct Netplan(Helper);

/// The values at each path of keys: one, or those of a sequence.
type Leaves = BTreeMap<String, Vec<String>>;

impl Netplan {
    pub(crate) fn find() -> Found<Self> {
        require_root()?;
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/trees/netplan.py");
        // Debian's own Python has netplan's modules.
        let mut python = Command::new("/usr/bin/python3");
        read(python.args([
            "-c",
            "import sys; sys.path.append('/usr/share/netplan'); import netplan",
        ]))?;
        let mut python = Command::new("/usr/bin/python3");
        python.arg(script);
        Ok(Self(Helper::new(python)))
    }
}

impl Peer for Netplan {
    type Answer = Result<Leaves, String>;

    fn name(&self) -> String {
        self.0.name()
    }

    fn rules(&self) -> Found<Rules> {
        // Netplan reads YAML, of which JSON is a part.
        rules("extends = 'netplan-files'\nformat = 'json'\nrepeated = 'last'")
    }

    fn path(&self) -> &'static str {
        PATH
    }

    fn trees(&self) -> (BoxedStrategy<Tree>, usize) {
        let weights = Weights {
            text: 200,
            empty: 20,
            null: 10,
            null_upwards: 4,
            link: 16,
            dangling: 1,
            looped: 1,
            directory: 1,
            broken: 2,
            linked_directory: 3,
            no_dev: 2,
            ..Weights::default()
        };
        let shape = Shape {
            layers: &LAYERS,
            main_layers: &[],
            main: None,
            drop_ins: PATH,
            suffix: ".yaml",
            weights,
        };
        let broken = select(&["{\"network\":", "{\"network\": {]}"][..]);
        let texts = Texts {
            good: document().prop_map(|document| document.to_string()).boxed(),
            broken: broken.prop_map(str::to_owned).boxed(),
        };
        (trees(&shape, &texts), 600)
    }

    fn ask(&mut self, root: &Path) -> Self::Answer {
        match &self.0.ask(root)[..] {
            [line] if line == "error" => Err("refused".to_owned()),
            [line] => {
                let mut leaves = Leaves::new();
                collect(&serde_json::from_str(line).unwrap(), "", &mut leaves);
                Ok(without_defaults(leaves))
            }
            lines => panic!("the netplan helper: {lines:?}"),
        }
    }

    fn expected(&self, ours: &Answer, _tree: &Tree) -> Self::Answer {
        if !ours.loads {
            return Err("refused".to_owned());
        }
        let mut leaves = Leaves::new();
        for ((section, key), values) in &ours.values {
            let path = [&**section, key].join(".");
            if !values.is_empty() {
                leaves.insert(path.trim_start_matches('.').to_owned(), values.clone());
            }
        }
        Ok(without_defaults(leaves))
    }

    fn refuses(answer: &Self::Answer) -> bool {
        answer.is_err()
    }

    fn row(&self, _: &Tree, ours: &Self::Answer, theirs: &Self::Answer) -> Option<&'static str> {
        let mut ours = ours.clone().ok()?;
        for (_, values) in ours
            .iter_mut()
            .filter(|(path, _)| path.ends_with(".addresses"))
        {
            let mut seen = Vec::new();
            values.retain(|value| !seen.contains(value) && (seen.push(value.clone()), true).1);
        }
        (Ok(ours) == *theirs).then_some(ADDRESSES)
    }
}

/// Netplan adds its version where there is none, and leaves out what is not so by default.
fn without_defaults(mut leaves: Leaves) -> Leaves {
    leaves.remove("network.version");
    leaves.retain(|_, values| *values != ["false"]);
    leaves
}

/// The leaves of a document; a mapping without keys has none.
fn collect(value: &Value, path: &str, leaves: &mut Leaves) {
    match value {
        Value::Object(keys) => {
            for (key, value) in keys {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                collect(value, &path, leaves);
            }
        }
        Value::Array(elements) => {
            leaves.insert(path.to_owned(), elements.iter().map(text).collect());
        }
        Value::Null => {}
        value => {
            leaves.insert(path.to_owned(), vec![text(value)]);
        }
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// A document that netplan accepts, also with any other.
fn document() -> impl Strategy<Value = Value> {
    let number = |text: fn(u8) -> Value| any::<u8>().prop_map(text);
    let addresses = vec(1..250u8, 1..4);
    let key = prop_oneof![
        number(|n| json!({"mtu": 1000 + u32::from(n)})),
        any::<bool>().prop_map(|on| json!({"dhcp4": on})),
        any::<bool>().prop_map(|on| json!({"optional": on})),
        addresses.prop_map(|hosts| {
            let hosts: Vec<String> = hosts
                .iter()
                .map(|host| format!("10.0.0.{host}/24"))
                .collect();
            json!({"addresses": hosts})
        }),
        vec(select(&["a", "b", "c"][..]), 1..3)
            .prop_map(|names| json!({"nameservers": {"search": names}})),
        number(|n| json!({"macaddress": format!("00:11:22:33:44:{n:02x}")})),
    ];
    let interface = vec(key, 0..4).prop_map(|keys| {
        let keys = keys.into_iter().filter_map(|key| match key {
            Value::Object(keys) => Some(keys),
            _ => None,
        });
        keys.flatten().collect::<Map<_, _>>()
    });
    let interfaces = (
        subsequence(&["e0", "e1", "br0"][..], 0..3),
        vec(interface, 3),
    );
    (interfaces, prop::bool::weighted(0.2)).prop_map(|((names, interfaces), renderer)| {
        let mut network = Map::new();
        for (name, interface) in names.iter().zip(interfaces) {
            let kind = if *name == "br0" {
                "bridges"
            } else {
                "ethernets"
            };
            let kind = network.entry(kind).or_insert_with(|| json!({}));
            kind[*name] = Value::Object(interface);
        }
        if renderer {
            network.insert("renderer".to_owned(), json!("networkd"));
        }
        json!({ "network": network })
    })
}

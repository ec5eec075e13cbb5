//! Resolves one configuration path and says what it comes to: `resolve ROOT PATH [RULES]`.
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::env::args;
use std::error::Error;

use overlay_resolver::{Resolver, Rules};

fn main() -> Result<(), Box<dyn Error>> {
    let [root, path, rules]: [String; 3] = match args().skip(1).collect::<Vec<_>>() {
        given if given.len() == 2 => [given[0].clone(), given[1].clone(), "uapi6".into()],
        given => given
            .try_into()
            .map_err(|_| "usage: resolve ROOT PATH [RULES]")?,
    };
    let rules = Rules::named(&rules).ok_or("no such rule set")?;
    let document = Resolver::open(root)?.rules(rules).resolve(path)?;
    for finding in document.findings() {
        println!("{}: {finding}", finding.level);
    }
    let files = document.entry().effective().count();
    let keys = document.keys().filter(|key| key.last().is_some()).count();
    println!("{files} files, {keys} keys");
    Ok(())
}

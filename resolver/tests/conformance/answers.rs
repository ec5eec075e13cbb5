//! `CONFORMANCE.md` answers every question, and what it names exists.

use std::path::Path;

use libtest_mimic::Trial;

use crate::row::Row;

const ANSWERS: &str = include_str!("../../CONFORMANCE.md");

/// How many questions there are.
const QUESTIONS: usize = 42;

/// The sources of proofs, beside the rows of the table.
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

pub(crate) fn trial(rows: &[Row]) -> Trial {
    let ids: Vec<_> = rows.iter().map(|row| row.id.clone()).collect();
    let left_out = rows.iter().filter(|row| row.not_reproduced.is_some());
    let (all, left_out) = (rows.len(), left_out.count());
    Trial::test("CONFORMANCE.md", move || {
        let mut wrong = check(&ids);
        let count = format!("{} rows are run, {left_out} more", all - left_out);
        if !ANSWERS.contains(&count) {
            wrong.push(format!("it does not say that `{count}` are listed"));
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(wrong.join("\n").into())
        }
    })
}

fn check(ids: &[String]) -> Vec<String> {
    let mut wrong = Vec::new();
    let rows = ANSWERS.lines().filter_map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").collect();
        let number: usize = cells.first()?.trim().parse().ok()?;
        Some((number, cells.len(), line))
    });
    let rows: Vec<_> = rows.collect();
    let numbers: Vec<_> = rows.iter().map(|(number, ..)| *number).collect();
    if numbers != (1..=QUESTIONS).collect::<Vec<_>>() {
        wrong.push(format!("expected rows 1 to {QUESTIONS}, found {numbers:?}"));
    }
    for (number, cells, line) in rows {
        if cells != 4 {
            wrong.push(format!("row {number}: expected 4 cells, found {cells}"));
        }
        let proofs: Vec<_> = line.rsplit(" | ").next().map(proofs).unwrap_or_default();
        if proofs.is_empty() && !line.contains("not reproduced") {
            wrong.push(format!("row {number} is neither proved nor given up"));
        }
        let missing = proofs.into_iter().filter(|proof| !exists(proof, ids));
        wrong.extend(missing.map(|proof| format!("row {number}: there is no {proof}")));
    }
    wrong
}

/// What stands between backquotes.
fn proofs(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// A row's id, the beginning of several (`…/*`), or a function of a file (`a/b.rs: c`).
fn exists(proof: &str, ids: &[String]) -> bool {
    if let Some((file, function)) = proof.split_once(": ") {
        let text = std::fs::read_to_string(Path::new(WORKSPACE).join(file));
        return text.is_ok_and(|text| text.contains(&format!("fn {function}(")));
    }
    match proof.strip_suffix('*') {
        Some(start) => ids.iter().any(|id| id.starts_with(start)),
        None => ids.iter().any(|id| id == proof),
    }
}

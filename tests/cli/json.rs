//! The machine output, held against its schema.

use serde_json::Value;

use crate::image::Image;

const SCHEMA: &str = include_str!("../../data/schema/report.schema.json");

fn document(image: &Image, arguments: &[&str]) -> Value {
    let output = image.run(&[&["--json"], arguments].concat());
    serde_json::from_slice(&output.stdout).expect("one JSON document")
}

#[test]
fn every_command_s_document_follows_the_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("a schema");
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let image = Image::new();
    image
        .write("etc/flatpak/remotes.d/plain.flatpakrepo", "")
        .write("etc/flatpak/remotes.d/broken.flatpakrepo", "junk\n");
    for arguments in [
        &["sync", "--dry-run"][..],
        &["sync"],
        &["status"],
        &["explain", "*"],
        &["check"],
        &["check", "--list"],
        &["list", "flatpak/remotes.d"],
        &["cat", "flatpak/collections.d"],
        &["restore", "flathub"],
        &["adopt", "flathub"],
        &["explain", "nothing"],
    ] {
        let document = document(&image, arguments);
        let errors: Vec<_> = validator
            .iter_errors(&document)
            .map(|error| error.to_string())
            .collect();
        assert!(
            errors.is_empty(),
            "{arguments:?}: {errors:#?}\n{document:#}"
        );
    }
}

#[test]
fn the_schema_refuses_what_is_not_promised() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("a schema");
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let mut document = document(&Image::new(), &["status"]);
    assert!(validator.is_valid(&document));
    document["entries"][0]["state"] = "splendid".into();
    assert!(!validator.is_valid(&document));
}

#[test]
fn a_finding_has_its_place() {
    let image = Image::new();
    image.write(
        "etc/flatpak/remotes.d/broken.flatpakrepo",
        "[Flatpak Repo]\nUrl=x\njunk\n",
    );
    let document = document(&image, &["sync"]);
    let finding = &document["findings"][0];
    assert_eq!(finding["level"], "error");
    assert_eq!(finding["path"], "/etc/flatpak/remotes.d/broken.flatpakrepo");
    assert_eq!(finding["line"], 3);
}

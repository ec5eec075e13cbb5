//! What `show` prints is a file that comes to what it says.

use std::fs;

use tempfile::TempDir;

use crate::consistency::case::Case;
use crate::consistency::kinds::Kind;
use crate::peers::SCRATCH;

pub(super) fn examine(case: &Case<'_>, kind: &Kind) {
    let show = case.text(&["show", kind.path]);
    // Of values that nobody can tell apart all are printed, bytes that are not text as escapes, and a
    // blank before a value without the quotes or the continued line that it takes.
    let is_plain = !show.text.contains(['\\', '#']) && !show.text.contains("= ");
    let is_whole = is_plain && show.status == Some(0);
    let entries = case.json(&["list", kind.path]);
    // Trees of tables are printed in the notation of TOML.
    let is_json = kind.suffix == ".json";
    if is_json
        || !is_whole
        || entries.list("entries").len() != 1
        || kind.path.ends_with("remotes.d")
    {
        return;
    }
    let root = TempDir::new_in(SCRATCH).unwrap();
    let name = if kind.has_main() {
        kind.path.to_owned()
    } else {
        format!("{}/50{}", kind.path, kind.suffix)
    };
    let file = root.path().join(kind.layers[0]).join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, &show.text).unwrap();
    let again = Case::new(root.path());
    let shown = again.text(&["show", kind.path]);
    case.agree(
        "what show prints is shown as it is",
        show.says(&show.text),
        shown.says(&shown.text),
    );
    case.take_over(&[&again]);
}

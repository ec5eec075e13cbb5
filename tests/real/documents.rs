//! The files that a page of `docs/` shows: its blocks that begin with `# /path`.

/// The files of a section of `docs/replacing-scripts.md`, by path.
pub(crate) fn files(section: &str) -> Vec<(&'static str, &'static str)> {
    let page = include_str!("../../docs/replacing-scripts.md");
    let heading = format!("\n## {section}\n");
    let (_, section) = page.split_once(&heading).expect("the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let blocks = section.split("```ini\n").skip(1);
    let files: Vec<_> = blocks
        .filter_map(|block| block.split("```").next())
        .filter_map(|text| Some((text.lines().next()?.strip_prefix("# ")?, text)))
        .collect();
    assert!(!files.is_empty(), "no files in {section}");
    files
}

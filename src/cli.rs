//! The arguments.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};
use overlay_resolver::escape::escape_path;

use crate::exit::Exit;
use crate::output::Output;
use crate::reading::Reading;
use crate::text::{Text, say};
use crate::writing::Writing;

/// Vendor defaults, the owner's changes and vendor updates, each in its place.
///
/// An image ships defaults under /usr; the owner overrides them under /etc, masks them with an empty
/// file, edits or deletes the result; the image is updated. `sync` makes all of that come out right.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "\
Exit status: 0 in order; 1 something failed (the rest was done); 2 wrong usage;
3 changes are pending (sync --dry-run, status --check), something differs (diff --check,
diff with two --rules), or is in conflict (etc diff --check, etc merge --check)."
)]
pub(crate) struct Cli {
    /// The tree to work on; nothing outside it is read or written.
    #[arg(long, global = true, default_value = "/", value_name = "DIR")]
    pub(crate) root: PathBuf,

    /// Print one JSON document (described by report.schema.json) instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Take this bundle as chosen, whatever the tree says: for an image that is being built. May be given more than
    /// once, the lowest first.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) bundle: Vec<String>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// What this process was asked; or what clap has to say instead: help, or why it means nothing.
    ///
    /// Clap quotes the arguments as they are, so of those that it refuses it gets to see what may be shown.
    pub(crate) fn from_arguments() -> Result<Self, Box<Output>> {
        Self::try_parse().map_err(|refusal| {
            let shown =
                std::env::args_os().map(|argument| escape_path(argument.as_ref()).to_string());
            let text = match Self::try_parse_from(shown) {
                Err(refusal) => Text::of_lines(&refusal.render().ansi().to_string()),
                // Only what may not be shown was wrong, so there is nothing of clap's that has styles.
                Ok(_) => plain(&refusal.render().to_string()),
            };
            Box::new(if refusal.use_stderr() {
                Output {
                    messages: text,
                    exit: Exit::Usage,
                    ..Output::new(Text::new())
                }
            } else {
                Output::new(text)
            })
        })
    }
}

fn plain(lines: &str) -> Text {
    let mut text = Text::new();
    for line in lines.lines() {
        say!(text, "{line}");
    }
    text
}

#[derive(Debug, Subcommand)]
// The arguments of one command only are made, where all of them take longer than reading ten files.
#[command(defer = true)]
pub(crate) enum Command {
    /// Bring the system to what the layers and the owner want.
    Sync {
        /// Say what would be done, and do nothing.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        writing: Writing,
    },
    /// Show each entry and how it stands.
    Status {
        /// End with status 3 if `sync` has something to do.
        #[arg(long)]
        check: bool,
        /// Only these entries: NAME, with `*`, `?`, `[…]` and `{…}`; or ADAPTER/NAME.
        #[arg(value_name = "ENTRY")]
        entries: Vec<String>,
        #[command(flatten)]
        writing: Writing,
    },
    /// List the files of a configuration path over all layers, and which of them count.
    List {
        /// A path below every layer, such as systemd/journald.conf or flatpak/remotes.d; without one,
        /// all that have something to tell.
        path: Option<PathBuf>,
        #[command(flatten)]
        reading: Reading,
    },
    /// Print the files that count, each with its name, in the order in which they are merged.
    Cat {
        /// A path below every layer, such as systemd/journald.conf or flatpak/remotes.d.
        path: PathBuf,
        /// Leave out comments, blank lines and empty sections.
        #[arg(long)]
        tldr: bool,
        #[command(flatten)]
        reading: Reading,
    },
    /// Show what the files come to, key by key.
    Show {
        /// A path below every layer, such as systemd/journald.conf.
        path: PathBuf,
        /// Name the file and line that each value comes from.
        #[arg(long)]
        origin: bool,
        #[command(flatten)]
        reading: Reading,
    },
    /// Show where files differ from those below them, key by key, and what can go.
    ///
    /// With --rules twice: where two consumers of the same files would disagree. The exit status is 3
    /// then if they do.
    Diff {
        /// A path below every layer, such as systemd/journald.conf; without one, all of the tree.
        path: Option<PathBuf>,
        /// Show the lines that differ, too.
        #[arg(long)]
        text: bool,
        /// End with status 3 if anything differs.
        #[arg(long)]
        check: bool,
        /// Show what would change, key by key, if this bundle were chosen, too; may be given more than once.
        #[arg(long, value_name = "NAME", conflicts_with_all = ["text", "rules"])]
        with_bundle: Vec<String>,
        /// Show what would change if this bundle were not chosen; may be given more than once.
        #[arg(long, value_name = "NAME", conflicts_with_all = ["text", "rules"])]
        without_bundle: Vec<String>,
        #[command(flatten)]
        reading: Reading,
    },
    /// Print a digest of what the files come to, for a build to compare.
    Digest {
        /// A path below every layer, such as systemd/journald.conf.
        path: PathBuf,
        #[command(flatten)]
        reading: Reading,
    },
    /// List every path that can change the result, absent ones too.
    WatchList {
        /// A path below every layer, such as systemd/journald.conf.
        path: PathBuf,
        #[command(flatten)]
        reading: Reading,
    },
    /// Look for what works, but probably not as somebody meant it.
    ///
    /// Masks that hide nothing, drop-ins that always lose, keys that nobody knows: every finding names
    /// its lint. An error ends the command with status 1; warnings do so with --strict.
    Check {
        /// Paths below every layer, such as systemd/journald.conf; without one, all that are known.
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Fail with warnings, too.
        #[arg(long)]
        strict: bool,
        /// Only what this lint finds; may be given more than once.
        #[arg(long, value_name = "LINT", value_parser = lints(), hide_possible_values = true)]
        only: Vec<String>,
        /// Not what this lint finds; may be given more than once.
        #[arg(long, value_name = "LINT", value_parser = lints(), hide_possible_values = true)]
        allow: Vec<String>,
        /// Print the lints, and look at nothing.
        #[arg(long)]
        list: bool,
        #[command(flatten)]
        reading: Reading,
    },
    /// Show where each value comes from, why the others lost, and what `sync` would do.
    Explain {
        /// An entry, as NAME or ADAPTER/NAME, or a path below every layer, such as
        /// systemd/journald.conf. With --rules, --with or --without always a path.
        #[arg(value_name = "ENTRY|PATH")]
        subject: String,
        /// Only this key: KEY, SECTION.KEY or `'[SECTION] KEY'`; of an entry also as the target calls it (xa.title).
        key: Option<String>,
        #[command(flatten)]
        reading: Reading,
        #[command(flatten)]
        writing: Writing,
    },
    /// Show what effect a file has, or one line of it, or why it has none.
    Why {
        /// A path inside the root, such as /etc/systemd/journald.conf.d/10-mine.conf.
        #[arg(value_name = "FILE[:LINE]")]
        file: String,
        #[command(flatten)]
        reading: Reading,
    },
    /// Bring back entries that you deleted, and do nothing else.
    Restore {
        #[command(flatten)]
        meant: Meant,
    },
    /// Let entries that somebody else made, or that you released, follow the vendor; values that differ
    /// stay as they are.
    Adopt {
        #[command(flatten)]
        meant: Meant,
    },
    /// Give what you changed of an entry back to the vendor: one key, or all of them. The
    /// vendor's certificates that you took out come back, those that you imported stay; one that a server sent goes where
    /// it is named.
    Revert {
        /// NAME or ADAPTER/NAME.
        entry: String,
        /// Only this key, as the target calls it (xa.title) or the vendor's file (Title).
        key: Option<String>,
        /// Say what would be done, and do nothing.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        writing: Writing,
    },
    /// Take entries from the vendor: they stay as they are, whatever is shipped, until you `adopt` them.
    Release {
        #[command(flatten)]
        meant: Meant,
    },
    /// Merge an owner's /etc with a vendor's new one, as ostree does at every deployment, and key by key
    /// where ostree would lose the vendor's change.
    Etc {
        #[command(subcommand)]
        command: Etc,
    },
    /// Do once after each deployment what is to be done then, and remember it.
    ///
    /// The tasks are overlayctl/cleanup.d/NAME.toml below every layer. A deployment counts as cleaned once the file
    /// .ostree-cleaned in /sysroot says so.
    Cleanup {
        /// The sysroot, if it is not /sysroot in the root.
        #[arg(long, global = true, value_name = "DIR")]
        sysroot: Option<PathBuf>,
        #[command(subcommand)]
        command: Cleanup,
    },
    /// List the product bundles that are chosen: by whom, whether each fits, and what it brings.
    ///
    /// A bundle is NAME/usr/lib/… in /var/lib/overlayctl/bundles or /usr/lib/overlayctl/bundles. Chosen are the names
    /// in /etc/overlayctl/bundles; else those that the machine's tags, the kernel's command line or the image says.
    Bundles,
    /// Make a small image in a new directory, run `sync` on it, and say what to try next.
    Demo {
        /// A directory that does not exist yet, or is empty.
        dir: PathBuf,
    },
}

// The entries that a command is about.
// (Not a doc comment: clap would put it in the place of what the command that has these says of itself.)
#[derive(Debug, Args)]
pub(crate) struct Meant {
    /// NAME, with `*`, `?`, `[…]` and `{…}`; or ADAPTER/NAME.
    #[arg(required = true, value_name = "ENTRY")]
    pub(crate) entries: Vec<String>,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) writing: Writing,
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Etc {
    /// Show what the owner changed, and what a merge makes of it.
    Diff {
        #[command(flatten)]
        trees: Trees,
    },
    /// Show every path that the owner or the vendor changed and what becomes of it; with --out, write the
    /// result.
    Merge {
        #[command(flatten)]
        trees: Trees,
        /// Write the merged tree here: a directory that does not exist yet, or is empty. Without it,
        /// nothing is written.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Cleanup {
    /// Run the tasks that are due, and say in the marker that the deployment is cleaned.
    Run {
        /// Say what would be done, and do nothing.
        #[arg(long)]
        dry_run: bool,
        /// Run them also where they were done or given up.
        #[arg(long)]
        force: bool,
        /// Only this one; may be given more than once.
        #[arg(long, value_name = "NAME")]
        task: Vec<String>,
    },
    /// Remove a marker that is not about the deployment that is booted, or not true.
    ///
    /// What somebody has to look after is left to `run` to be told: this is part of the boot.
    Verify,
    /// Remove the marker: something is about to be deployed.
    Arm,
    /// Show which deployment is booted, whether it is cleaned, and each task.
    Status,
}

// The three trees of a merge, inside the root.
// (Not a doc comment: clap would put it in the place of what the command that has these says of itself.)
#[derive(Debug, Args)]
pub(crate) struct Trees {
    /// The vendor's /usr/etc that the owner's /etc was made from.
    #[arg(long, value_name = "DIR")]
    pub(crate) old: PathBuf,
    /// The owner's /etc.
    #[arg(long, value_name = "DIR")]
    pub(crate) current: PathBuf,
    /// The vendor's new /usr/etc.
    #[arg(long, value_name = "DIR")]
    pub(crate) new: PathBuf,
    /// End with status 3 if the owner and the vendor changed the same.
    #[arg(long)]
    pub(crate) check: bool,
}

/// The names of lints, so that a wrong one is wrong usage.
fn lints() -> PossibleValuesParser {
    PossibleValuesParser::new(crate::lints::all().iter().map(|lint| lint.code.name()))
}

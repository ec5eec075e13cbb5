//! A run that is asked to end: by SIGTERM, as whoever shuts the system down asks for it. While jobs are run, it is no sudden
//! death: what runs is told, its end is waited for and written down, and nothing more is begun.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use overlay_resolver::root::Root;
use signal_hook::consts::SIGTERM;
use signal_hook::flag;

use crate::{launch, process};

/// What is known of the signal in this process.
#[derive(Debug)]
struct Watch {
    is_asked: Arc<AtomicBool>,
    /// Whether the signal ends this process, as it does where nobody watches.
    is_deadly: Arc<AtomicBool>,
}

static WATCH: OnceLock<Watch> = OnceLock::new();

impl Watch {
    fn new() -> Self {
        let watch = Self {
            is_asked: Arc::default(),
            is_deadly: Arc::new(true.into()),
        };
        let deadly = flag::register_conditional_default(SIGTERM, Arc::clone(&watch.is_deadly));
        // Where it cannot be watched, it is deadly, and what it ends is counted.
        let _unwatched = deadly.and_then(|_| flag::register(SIGTERM, Arc::clone(&watch.is_asked)));
        watch
    }
}

/// As long as this is held, the signal asks.
#[derive(Debug)]
pub(crate) struct Held(());

/// Has the signal ask for an end, instead of being one.
pub(crate) fn hold() -> Held {
    let watch = WATCH.get_or_init(Watch::new);
    watch.is_asked.store(false, Ordering::Relaxed);
    watch.is_deadly.store(false, Ordering::Relaxed);
    Held(())
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(watch) = WATCH.get() {
            watch.is_deadly.store(true, Ordering::Relaxed);
        }
    }
}

/// Whether the last run that was carried out was asked to end before all was done.
pub fn is_asked() -> bool {
    let watch = WATCH.get();
    watch.is_some_and(|watch| watch.is_asked.load(Ordering::Relaxed))
}

/// Whether what runs is ended by others: this run was asked to end, or the system goes down, and whoever is told first is
/// chance.
pub(crate) fn is_ending(root: &Root) -> bool {
    is_asked() || (launch::is_under_systemd(root) && is_shut_down())
}

fn is_shut_down() -> bool {
    let said = process::words(Path::new("systemctl"), &["is-system-running".into()]);
    said.is_some_and(|said| said.trim() == "stopping")
}

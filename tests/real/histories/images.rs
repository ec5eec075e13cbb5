//! The images that a history has, and which of them is booted.

use super::turn::{Changes, Entry, Shipped};
use super::{History, RENAMED, Scene, later};

impl<S: Scene> History<'_, S> {
    /// The next image ships one remote otherwise, of those that this one ships.
    pub(super) fn reship(
        &mut self,
        from: &'static str,
        otherwise: impl FnOnce(Entry) -> Shipped,
        may_be: fn(&str) -> bool,
    ) {
        let shipped = |history: &Self, name: &str| match history.images[history.booted].get(name) {
            Some(Shipped::Remote(entry)) => Some(entry.clone()),
            _ => None,
        };
        let is_one = |history: &Self, name: &str| may_be(name) && shipped(history, name).is_some();
        let name = self.first(from, is_one);
        if let Some((name, entry)) = name.and_then(|name| Some((name, shipped(self, name)?))) {
            self.deploy(vec![(name, Some(otherwise(entry)))]);
        }
    }

    pub(super) fn deploy(&mut self, changes: Changes) {
        let mut image = self.images[self.booted].clone();
        for (name, shipped) in changes {
            match shipped {
                Some(shipped) => image.insert(name, shipped),
                None => image.remove(name),
            };
        }
        self.images.truncate(self.booted + 1);
        self.images.push(image);
        self.boot(self.booted + 1);
    }

    pub(super) fn boot(&mut self, image: usize) {
        self.settled = None;
        self.booted = image;
        let layer = self.scene.machine().path("usr");
        let _ = std::fs::remove_dir_all(&layer);
        std::fs::create_dir(layer).expect("an image");
        for (name, shipped) in &self.images[image] {
            let entry = match shipped {
                Shipped::Broken { .. } => None,
                Shipped::Remote(entry) | Shipped::Hidden(entry) => Some(entry),
            };
            let (own, other) = names(name, shipped);
            self.scene.ship(&own, other.as_deref(), entry);
            if matches!(shipped, Shipped::Hidden(_)) {
                self.scene.hide(&own);
            }
        }
    }
}

/// How an image calls a remote, and how others do.
pub(super) fn names(name: &str, shipped: &Shipped) -> (String, Option<String>) {
    let renamed = match shipped {
        Shipped::Remote(entry) | Shipped::Hidden(entry) => entry.renamed,
        Shipped::Broken { renamed } => *renamed,
    };
    let (own, other) = if renamed {
        (later(name), name.to_owned())
    } else {
        (name.to_owned(), later(name))
    };
    (own, RENAMED.contains(&name).then_some(other))
}

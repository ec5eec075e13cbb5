//! Whose a target is, and so when it may be written.

use std::fmt;
use std::path::{Component, Path};
use std::str::FromStr;

use overlay_resolver::root::Root;

/// Whose a target is, and so when it may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Of one deployment of the system: below `/etc`.
    Etc,
    /// Of the machine, whatever runs on it: everything that is not the others'.
    Var,
    /// Of the running system: below `/run`.
    Run,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Etc, Self::Var, Self::Run];

    /// The scope of a target, by its path inside the root.
    pub fn of(target: &Path) -> Self {
        match target.components().nth(1).map(Component::as_os_str) {
            Some(top) if top == "etc" => Self::Etc,
            Some(top) if top == "run" => Self::Run,
            _ => Self::Var,
        }
    }

    /// The scope of a target, by where its path ends inside the root: `/etc` may lead out of itself.
    pub fn within(root: &Root, target: &Path) -> Self {
        let end = |path: &Path| root.chase(path).ok();
        let Some(place) = end(target) else {
            return Self::of(target);
        };
        let below = |top| end(Path::new(top)).is_some_and(|top| place.starts_with(top));
        match () {
            () if below("/etc") => Self::Etc,
            () if below("/run") => Self::Run,
            () => Self::Var,
        }
    }

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Etc => "etc",
            Self::Var => "var",
            Self::Run => "run",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The word stands for no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected etc, var or run")]
pub struct NoScope;

impl FromStr for Scope {
    type Err = NoScope;

    fn from_str(word: &str) -> Result<Self, NoScope> {
        let named = Self::ALL.into_iter().find(|scope| scope.word() == word);
        named.ok_or(NoScope)
    }
}

/// Some of the scopes: those that a run may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes([bool; 3]);

impl Scopes {
    /// All of them.
    pub const ALL: Self = Self([true; 3]);
    /// The deployment's own alone.
    pub const ETC: Self = Self([true, false, false]);

    /// Whether the scope of a target is one of them. Where all are, nobody has to look which it is.
    pub(crate) fn contain(self, root: &Root, target: &Path) -> bool {
        self == Self::ALL || self.contains(Scope::within(root, target))
    }

    /// Whether it is one of them.
    pub fn contains(self, scope: Scope) -> bool {
        let [etc, var, run] = self.0;
        match scope {
            Scope::Etc => etc,
            Scope::Var => var,
            Scope::Run => run,
        }
    }
}

impl Default for Scopes {
    fn default() -> Self {
        Self::ALL
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let given: Vec<_> = scopes.into_iter().collect();
        Self(Scope::ALL.map(|scope| given.contains(&scope)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes() {
        for (target, scope) in [
            ("/etc/ostree/remotes.d", Scope::Etc),
            ("/run/NetworkManager/system-connections", Scope::Run),
            ("/var/lib/flatpak", Scope::Var),
            ("/sysroot/ostree/repo/config", Scope::Var),
            ("/srv/apps", Scope::Var),
            ("/etcetera", Scope::Var),
        ] {
            assert_eq!(Scope::of(Path::new(target)), scope, "{target}");
            assert_eq!(scope.word().parse(), Ok(scope));
        }
        let some: Scopes = [Scope::Run, Scope::Etc].into_iter().collect();
        let contained = Scope::ALL.map(|scope| some.contains(scope));
        assert_eq!(contained, [true, false, true]);
        assert_eq!(Scopes::from_iter(Scope::ALL), Scopes::ALL);
    }
}

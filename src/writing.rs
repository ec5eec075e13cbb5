//! What a run may write: what the owner says, else what is usual for such a tree.

use clap::Args;
use overlay_adapters::report::Request;
use overlay_adapters::{Scope, Scopes, System};

use crate::failure::Failure;

// What a run may write.
// (Not a doc comment: clap would put it in the place of what the command that has these says of itself.)
#[derive(Debug, Default, Args)]
pub(crate) struct Writing {
    /// Write only what is below /etc (`etc`), /run (`run`) or elsewhere, which is shared by all
    /// deployments (`var`); `all` is the default for `/` and for a plain tree, `etc` for an ostree
    /// deployment that is not booted and for an ostree image.
    #[arg(long, value_name = "SCOPE", value_delimiter = ',', value_parser = word)]
    scope: Vec<Word>,
}

/// What `--scope` is given.
#[derive(Debug, Clone, Copy)]
enum Word {
    All,
    One(Scope),
}

fn word(word: &str) -> Result<Word, String> {
    match word {
        "all" => Ok(Word::All),
        word => word
            .parse()
            .map(Word::One)
            .map_err(|_| "expected etc, var, run or all".into()),
    }
}

impl Writing {
    /// A request for nothing in particular, within these scopes.
    pub(crate) fn request(&self, system: &System) -> Result<Request, Failure> {
        let asked: Vec<_> = self.scope.iter().flat_map(Word::scopes).copied().collect();
        if let Some(&scope) = asked.iter().find(|scope| !system.allows(**scope)) {
            let why = system.why_left(scope);
            return Err(Failure::ScopeRefused { scope, why });
        }
        let scopes = if asked.is_empty() {
            system.usual_scopes()
        } else {
            Scopes::from_iter(asked)
        };
        Ok(Request {
            scopes,
            now: crate::clock::now()?,
            ..Request::default()
        })
    }
}

impl Word {
    fn scopes(&self) -> &[Scope] {
        match self {
            Self::All => &Scope::ALL,
            Self::One(scope) => std::slice::from_ref(scope),
        }
    }
}

//! What effect a file has, or why it has none: the question of whoever edits a file and sees nothing
//! change.
//!
//! [`Resolver::owners`](crate::Resolver::owners) tells what a file may be a part of. When that is resolved, its
//! [`Account`](crate::account::Account) tells what the file does to the document, and [`line()`] what one
//! line of it does.
//!
//! ```
//! use overlay_resolver::{Resolver, Tree};
//!
//! let file = "/etc/systemd/journald.conf.d/10-mine.conf";
//! let tree = Tree::default()
//!     .with(file.as_ref(), "[Journal]\nStorage=volatile\n")
//!     .with("/usr/lib/systemd/journald.conf.d/90-vendor.conf".as_ref(), "[Journal]\nStorage=auto\n");
//! let resolver = Resolver::new(tree);
//! let owners = resolver.owners(file.as_ref()).unwrap();
//! assert_eq!(owners[0].path(), "systemd/journald.conf".as_ref() as &std::path::Path);
//!
//! let document = owners[0].document();
//! let account = document.account(file.as_ref()).unwrap();
//! assert_eq!(account.word(), "superseded");
//! ```

mod line;

pub use self::line::{Line, line};

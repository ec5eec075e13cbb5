//! What the kernel says of a call that failed.

use std::{fmt, io};

/// An error of the kernel, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Errno(rustix::io::Errno);

impl Errno {
    pub(crate) const fn of(errno: rustix::io::Errno) -> Self {
        Self(errno)
    }

    /// The error with this number, such as `EACCES`.
    pub const fn from_raw_os_error(number: i32) -> Self {
        Self(rustix::io::Errno::from_raw_os_error(number))
    }

    /// Its number.
    pub const fn raw_os_error(self) -> i32 {
        self.0.raw_os_error()
    }

    pub(crate) const fn says(self) -> rustix::io::Errno {
        self.0
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Errno> for io::Error {
    fn from(errno: Errno) -> Self {
        Self::from_raw_os_error(errno.raw_os_error())
    }
}

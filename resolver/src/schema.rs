//! placeholder
#![allow(missing_docs)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    Last,
    First,
    Append,
    Map,
    Set,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    None,
    Words,
    Commas,
    Semicolons,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnEmpty {
    Reset,
    Value,
    Ignored,
}
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyKind {
    pub merge: Merge,
    pub split: Split,
    pub empty: OnEmpty,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Set,
    Add,
    Remove,
}
#[derive(Debug, Default)]
pub struct Schema {}
impl Schema {
    pub fn named(_: &str) -> Option<Self> {
        None
    }
    pub fn names() -> impl Iterator<Item = &'static str> {
        [].into_iter()
    }
    pub fn resolve_key<'k>(
        &self,
        _s: &[u8],
        key: &'k [u8],
    ) -> (&'k [u8], Operator, Option<&KeyKind>) {
        (key, Operator::Set, None)
    }
}
impl KeyKind {
    pub fn split<'v>(&self, v: &'v [u8]) -> Vec<std::borrow::Cow<'v, [u8]>> {
        vec![v.into()]
    }
}

impl Operator {
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Set => "",
            Self::Add => "+",
            Self::Remove => "-",
        }
    }
}

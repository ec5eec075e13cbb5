//! What a command has to say.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::json::{self, Json};
use crate::render;
use crate::resolved::Resolved;
use crate::text::Text;

/// What a command has to say.
#[derive(Debug)]
pub(crate) struct Output {
    /// For standard output.
    pub(crate) content: Content,
    /// For standard error.
    pub(crate) messages: Text,
    /// How it ended.
    pub(crate) exit: Exit,
}

/// What standard output gets. Nothing else is ever printed.
#[derive(Debug)]
pub(crate) enum Content {
    /// Lines for people.
    Text(Text),
    /// A document for programs.
    Json(Json),
    /// Other people's files: their bytes, but not a terminal's commands.
    Files(Vec<u8>),
}

impl From<Text> for Content {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<Json> for Content {
    fn from(document: Json) -> Self {
        Self::Json(document)
    }
}

impl From<Vec<u8>> for Content {
    fn from(files: Vec<u8>) -> Self {
        Self::Files(files)
    }
}

impl Output {
    pub(crate) fn new(content: impl Into<Content>) -> Self {
        Self {
            content: content.into(),
            messages: Text::new(),
            exit: Exit::Fine,
        }
    }

    /// What a command about files has to say: a document where one was asked for, else text with the
    /// findings beside it.
    pub(crate) fn of_files<T: Into<Content>>(
        is_json: bool,
        resolved: &Resolved,
        json: impl FnOnce() -> Json,
        text: impl FnOnce() -> T,
    ) -> Self {
        let exit = Exit::of_findings(&resolved.findings);
        if is_json {
            return Self {
                exit,
                ..Self::new(json())
            };
        }
        Self {
            messages: render::diagnostics(&resolved.findings, &resolved.sources()),
            exit,
            ..Self::new(text())
        }
    }

    /// A command that failed as a whole still prints a document where one was asked for.
    pub(crate) fn of_failure(is_json: bool, failure: &Failure) -> Self {
        let content = if is_json {
            Content::Json(json::failure(&failure.finding()))
        } else {
            Content::Text(Text::new())
        };
        Self {
            messages: render::failure(&failure.to_string()),
            exit: match failure {
                Failure::ManyRules(_) => Exit::Usage,
                _ => Exit::Failed,
            },
            ..Self::new(content)
        }
    }
}

//! How deep a TOML text is nested, found out without descending.
//!
//! The crate `toml` bounds the levels of values, and of every single key, but not the product of
//! both: tables in tables, each behind a long dotted key. Its document is freed by recursion, so the
//! bound has to hold before there is one.

use toml_parser::decoder::Encoding;
use toml_parser::parser::{EventReceiver, parse_document};
use toml_parser::{ErrorSink, Source, Span};

/// The byte at which `text` goes deeper than `limit` levels, if it does.
pub(super) fn exceeds(text: &str, limit: usize) -> Option<usize> {
    let mut depth = Depth {
        limit,
        header: 0,
        open: Vec::new(),
        now: 0,
        exceeded: None,
    };
    let tokens = Source::new(text).lex().into_vec();
    // Errors are left to the real reading.
    parse_document(&tokens, &mut depth, &mut ());
    depth.exceeded
}

struct Depth {
    limit: usize,
    /// The levels of the table that the last header opened.
    header: usize,
    /// For every open value, the levels outside it.
    open: Vec<usize>,
    now: usize,
    exceeded: Option<usize>,
}

impl Depth {
    /// One level deeper; whether that is allowed.
    fn descend(&mut self, at: Span) -> bool {
        self.now += 1;
        let allowed = self.now <= self.limit;
        if !allowed {
            self.exceeded.get_or_insert(at.start());
        }
        allowed
    }

    fn open(&mut self, at: Span) -> bool {
        self.open.push(self.now);
        self.descend(at)
    }

    fn close(&mut self) {
        self.now = self.open.pop().unwrap_or(self.header);
    }

    fn start_header(&mut self) {
        self.open.clear();
        self.now = 0;
    }
}

impl EventReceiver for Depth {
    fn std_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.start_header();
    }

    fn array_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.start_header();
    }

    fn std_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.header = self.now;
    }

    fn array_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.header = self.now;
    }

    fn inline_table_open(&mut self, at: Span, _: &mut dyn ErrorSink) -> bool {
        self.open(at)
    }

    fn inline_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.close();
    }

    fn array_open(&mut self, at: Span, _: &mut dyn ErrorSink) -> bool {
        self.open(at)
    }

    fn array_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.close();
    }

    fn simple_key(&mut self, at: Span, _: Option<Encoding>, _: &mut dyn ErrorSink) {
        self.descend(at);
    }

    fn value_sep(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.now = self.open.last().map_or(self.header, |outside| outside + 1);
    }

    fn newline(&mut self, _: Span, _: &mut dyn ErrorSink) {
        if self.open.is_empty() {
            self.now = self.header;
        }
    }
}

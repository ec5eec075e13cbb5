use super::*;

/// The problem of the last line of `text`.
fn problem(text: &[u8]) -> Option<Problem> {
    match read(text, &Dialect::GKEYFILE).last()?.kind {
        LineKind::Invalid(problem) => Some(problem),
        _ => None,
    }
}

/// The key and the locale of `line`, which stands in a group.
fn key(line: &[u8]) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    let text = [b"[g]\n", line].concat();
    match read(&text, &Dialect::GKEYFILE).last()?.kind {
        LineKind::Pair { key, locale, .. } => Some((
            text[key].to_vec(),
            locale.map(|locale| text[locale].to_vec()),
        )),
        _ => None,
    }
}

#[test]
fn lines_that_glib_accepts_have_no_problem() {
    for text in [
        &b"[g]"[..],
        b"  [g]",
        b"[g] \t",
        b"[g]\r\n",
        b"[remote \"a\"]",
        b"[\xff]",
        b"[g]\x80 \x80",
        b"[g]\0x",
        b"# c",
        b" \t#",
        b"#\0",
        b" ",
        b"\x0c\r",
        b"\0[",
        b"[g]\na=",
        b"[g]\n  a = b",
        b"[g]\n;a=b",
        b"[g]\n\xef\xbb\xbfa=b",
        b"[g]\nEncoding=utf-8",
        b"[g]\n[h]\nEncoding=latin1",
    ] {
        assert_eq!(problem(text), None, "{:?}", text.as_bstr());
    }
}

#[test]
fn keys_and_locales() {
    let case = |line: &[u8], name: &[u8], locale: Option<&[u8]>| {
        let expected = (name.to_vec(), locale.map(<[u8]>::to_vec));
        assert_eq!(key(line), Some(expected), "{:?}", line.as_bstr());
    };
    case(b"a=b", b"a", None);
    case(b"a b =", b"a b", None);
    case(b"a==b", b"a", None);
    case(b"\xff\x0b=b", b"\xff\x0b", None);
    case(b"a[de]=b", b"a", Some(b"de"));
    case(
        b"a[sr_RS.UTF-8@latin] = b",
        b"a",
        Some(b"sr_RS.UTF-8@latin"),
    );
    case("a[é]=b".as_bytes(), b"a", Some("é".as_bytes()));
    case(b"a\t[d\x80]=b", b"a\t", Some(b"d\x80"));
    case(b"a[]=b", b"a[]", None);
    for line in [
        &b"a[de=b"[..],
        b"ade]=b",
        b"]=b",
        b"a[de]x=b",
        b"a[d e]=b",
        b"a [de]=b",
        b"a[[de]=b",
        b"a[de]]=b",
        b"a[\xff]=b",
        b"a[\xc3]=b",
        b"a[d\0]=b",
    ] {
        assert_eq!(key(line), None, "{:?}", line.as_bstr());
    }
}

#[test]
fn problems_say_what_was_expected() {
    let case = |text: &[u8], message: &str| {
        let problem = problem(text).map(|problem| problem.to_string());
        assert_eq!(problem.as_deref(), Some(message), "{:?}", text.as_bstr());
    };
    case(
        b"\xef\xbb\xbf[g]",
        "expected plain text, found a UTF-8 byte order mark; save the file without it",
    );
    case(
        b"a\tb\r",
        "expected `key=value`, `[group]` or a `#` comment, found `a\\x09b\\x0d`",
    );
    case(
        b"a\0=b",
        "expected `key=value`, `[group]` or a `#` comment, found `a`",
    );
    case(
        b"; comment",
        "a `;` does not start a comment in this format; use `#`",
    );
    case(
        b"a =b",
        "expected a `[group]` before the first key, found the key `a`",
    );
    case(b"[g]\n=v", "expected a key before the `=`");
    case(
        b"[g]\na[de=v",
        "`a[de` is no key: brackets may only hold a locale at its end, as in `Title[de]`",
    );
    case(
        b"[g]\nEncoding=UTF-8 ",
        "the only `Encoding` is `UTF-8`, found `UTF-8 `; leave the line out",
    );
    case(
        b"[g]\nEncoding=UTF-8\0",
        "the only `Encoding` is `UTF-8`, found `UTF-8\\x00`; leave the line out",
    );
    case(
        b"[g=v",
        "expected `]` at the end of the group header, found `[g=v`",
    );
    let behind = |found| {
        format!(
            "expected nothing behind the group header, found `{found}`; a comment needs its own line"
        )
    };
    case(b"[g] # c", &behind(" # c"));
    case(b"[g]]", &behind("]"));
    case(b"[g]=v", &behind("=v"));
    case(b"[g]\r", &behind("\\x0d"));
    case(b"[g]\0]", &behind("\\x00]"));
    case(b"[]", "expected the name of a group between `[` and `]`");
    case(
        b"[a[b]",
        "expected a group name without `[` and control characters, found `a[b`",
    );
    case(
        b"[a\x7f]",
        "expected a group name without `[` and control characters, found `a\\x7f`",
    );
}

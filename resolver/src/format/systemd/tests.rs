//! systemd's own test cases, and tables of what it does at every corner.

use bstr::ByteSlice as _;

use super::super::laws::items;
use super::*;

/// What is not blank and no comment, as `LINES [SECTION]`, `LINES KEY=VALUE` and `LINES lost WHAT`.
fn told(format: &Systemd, text: &[u8]) -> String {
    let mut told = Vec::new();
    for Item { lines, kind, .. } in items(format, text) {
        let lines = match (lines.start(), lines.end()) {
            (start, end) if start == end => start.to_string(),
            (start, end) => format!("{start}-{end}"),
        };
        told.push(match kind {
            Kind::Blank | Kind::Comment => continue,
            Kind::Section(name) => format!("{lines} [{}]", name.as_bstr()),
            Kind::Assignment(pair) => {
                let value = pair.value.text().unwrap();
                format!("{lines} {}={}", pair.key.as_bstr(), value.as_bstr())
            }
            Kind::Problem(problem) => format!("{lines} lost {:?}", problem.lost),
        });
    }
    told.join(", ")
}

/// The last value of the key in a section, as `test-conf-parser.c` asks for it.
fn last(text: &[u8], section: &str, key: &str) -> Option<String> {
    let mut values = items(&Systemd::Sections, text)
        .into_iter()
        .filter_map(|item| match item.kind {
            Kind::Assignment(pair)
                if *pair.section == *section.as_bytes() && *pair.key == *key.as_bytes() =>
            {
                Some(pair.value.text()?.to_str_lossy().into_owned())
            }
            _ => None,
        });
    values.next_back()
}

/// The texts of systemd's `test-conf-parser.c`, and the value of `setting1` in `Section`.
#[test]
fn what_systemd_tests_itself() {
    let x1000 = "x".repeat(1000);
    let x4000 = x1000.repeat(4);
    let case = |text: &str, value: &str| {
        assert_eq!(
            last(text.as_bytes(), "Section", "setting1").as_deref(),
            Some(value),
            "{text:?}"
        );
    };
    case("[Section]\nsetting1=1\n", "1");
    case("[Section]\nsetting1=1", "1");
    case("\n\n\n\n[Section]\n\n\nsetting1=1", "1");
    case(
        "[Section]\n[Section]\nsetting1=1\nsetting1=    2 \t\nsetting1=    1\n",
        "1",
    );
    case(
        "[Section]\nsetting1=1\nsetting1=2\\\n   \nsetting1=1\n",
        "1",
    );
    case("[Section]\nsetting1=1\\\n2\\\n3\n", "1 2 3");
    case("[Section]\n#hogehoge\\\nsetting1=1\\\n2\\\n3\n", "1 2 3");
    case("[Section]\nsetting1=1\\\n#hogehoge\\\n2\\\n3\n", "1 2 3");
    case("[Section]\nsetting1=1\\\n2\\\n#hogehoge\\\n3\n", "1 2 3");
    case("[Section]\nsetting1=1\\\n2\\\n3\\\n", "1 2 3");
    case(
        "[Section]\n   #hogehoge\\\n   setting1=1\\\n2\\\n3\n",
        "1 2 3",
    );
    case(
        "[Section]\nsetting1=1\\\n   #hogehoge\\\n2\\\n3\\\n",
        "1 2 3",
    );
    case(
        "[Section]\nsetting1=1\\\n2\\\n   #hogehoge\\\n3\\\n",
        "1 2 3",
    );
    case(
        "[Section]\nsetting1=1\\\n2\\\n3\\\n   #hogehoge\\\n",
        "1 2 3",
    );
    case("[Section]\nsetting1=1\\\\\\\n\\\\2\n", r"1\\ \\2");
    case(&format!("[Section]\nsetting1={x4000}\n"), &x4000);
    case(
        &format!("[Section]\nsetting1={x4000}\\\nfoobar\n"),
        &format!("{x4000} foobar"),
    );
    case(
        &format!("[Section]\nsetting1={x4000}\\\nfoobar\\\n"),
        &format!("{x4000} foobar"),
    );
    case(
        "[Section]\nsetting1=2\n[NoWarnSection]\nsetting1=3\n[WarnSection]\nsetting1=3\n[X-Section]\nsetting1=3\n",
        "2",
    );
}

#[test]
fn lines_of_a_mebibyte_end_the_reading() {
    let case = |text: &[u8], told_so: &str| {
        let head = [b"[S]\n", text, b"\nb=2\n[T]\n"].concat();
        assert_eq!(told(&Systemd::Sections, &head), told_so);
    };
    let x = |length: usize| "x".repeat(length);
    case(
        format!("a={}", x(1_050_000)).as_bytes(),
        "1 [S], 2 lost Rest, 3 b=2, 4 [T]",
    );
    case(
        &[
            b"a=\\\n".to_vec(),
            format!("{}\\\n", x(1000)).repeat(1100).into_bytes(),
        ]
        .concat(),
        "1 [S], 2-1103 lost Rest, 1104 b=2, 1105 [T]",
    );
    // A line of its own may have one byte less than one that is joined.
    case(
        format!("{}=", x((1 << 20) - 2)).as_bytes(),
        &format!("1 [S], 2 {}=, 3 b=2, 4 [T]", x((1 << 20) - 2)),
    );
    case(
        format!("{}=", x((1 << 20) - 1)).as_bytes(),
        "1 [S], 2 lost Rest, 3 b=2, 4 [T]",
    );
    case(
        format!("\\\n{}=", x((1 << 20) - 2)).as_bytes(),
        &format!("1 [S], 2-3 {}=, 4 b=2, 5 [T]", x((1 << 20) - 2)),
    );
    case(
        format!(" \\\n{}=", x((1 << 20) - 2)).as_bytes(),
        "1 [S], 2-3 lost Rest, 4 b=2, 5 [T]",
    );
    // As a comment or inside a continuation, too; and nobody knows what section a header made.
    case(
        format!("#{}", x(1 << 20)).as_bytes(),
        "1 [S], 2 lost Rest, 3 b=2, 4 [T]",
    );
    case(
        format!("a=\\\n{}\\\n1", x(1 << 20)).as_bytes(),
        "1 [S], 2-4 lost Rest, 5 b=2, 6 [T]",
    );
    case(
        format!("[{}]", x(1 << 20)).as_bytes(),
        "1 [S], 2 lost Rest, 3 lost Item, 4 [T]",
    );
}

fn case(text: &[u8], told_so: &str) {
    let told = told(&Systemd::Sections, text);
    assert_eq!(told, told_so, "{:?}", text.as_bstr());
}

#[test]
fn ends_of_lines() {
    case(
        b"[S]\ra=1\r\nb=2\n\rc=3\0d=4\n\0e=5",
        "1 [S], 2 a=1, 3 b=2, 4 c=3, 5 d=4, 6 e=5",
    );
    case(b"[S]\n\na=1\0\nb=2", "1 [S], 3 a=1, 5 b=2");
}

#[test]
fn comments_are_whole_lines() {
    case(b"[S]\n # c\n\t;c\na=1 # b ; c\n", "1 [S], 4 a=1 # b ; c");
    case(b"[S]\n#a\\\nb=1\n", "1 [S], 3 b=1");
    case(b"[S]\n\x0c#a=1\n", "1 [S], 2 \x0c#a=1");
}

#[test]
fn continuation() {
    case(b"[S]\na=b \\\n b\n", "1 [S], 2-3 a=b   b");
    case(b"[S]\na=1\\\n\nb=2\n", "1 [S], 2-3 a=1, 4 b=2");
    case(b"[S]\na=1\\\n \t\nb=2\n", "1 [S], 2-3 a=1, 4 b=2");
    case(b"[S]\na=1\\\\\nb=2\n", "1 [S], 2 a=1\\\\, 3 b=2");
    case(b"[S]\na=1\\\n; c\n\n", "1 [S], 2-4 a=1");
    case(b"[S]\na=1\\\n; c\n", "1 [S], 2-3 a=1");
    case(b"[S]\na=1\\\n\\\n\\\n2\n", "1 [S], 2-5 a=1   2");
    case(b"[S]\na=1\\\r\n2\\\0\\\n\r3", "1 [S], 2-5 a=1 2  3");
    case(b"[S]\na=1\\\n[T]\nb=2\n", "1 [S], 2-3 a=1 [T], 4 b=2");
    case(b"[S]\na=1\\ \nb=2", "1 [S], 2 a=1\\, 3 b=2");
    case(b"[S\\\nT]\na\\\nb\\\n=\\\n2\n", "1-2 [S T], 3-6 a b=2");
    case(b"\\\n[S]\n\\\n\na=1", "1-2 [S], 5 a=1");
    case(b"[S]\na=1\\", "1 [S], 2 a=1");
}

#[test]
fn byte_order_marks() {
    case(b"\xef\xbb\xbf[S]\na=1\n", "1 [S], 2 a=1");
    case(
        b"# c\n\n\xef\xbb\xbf[S]\n\xef\xbb\xbfa=1\n",
        "3 [S], 4 \u{feff}a=1",
    );
    case(b"\xef\xbb\xbf\xef\xbb\xbf[S]\n", "1 lost Item");
    case(b"\xef\xbb\xbf#c\n[S]\na=1", "1 lost Item, 2 [S], 3 a=1");
    case(b" \xef\xbb\xbf[S]\n\xef\xbb\xbf[S]", "1 lost Item, 2 [S]");
    case(
        b"[S]\na=1\\\n\xef\xbb\xbf2\\\n\xef\xbb\xbf3",
        "1 [S], 2-4 a=1 2 \u{feff}3",
    );
    case(b"\xef\xbb\xbf\\\n[S]", "1-2 [S]");
    case(b"\xef\xbb\xbf", "");
}

#[test]
fn encoding() {
    case(b"[S]\na=\xff\nb=1\n", "1 [S], 2 lost Rest, 3 b=1");
    case(b"# \xff\n[S]\n", "2 [S]");
    case(
        b"[\xff]\na=1\n[T]\nb=2",
        "1 lost Rest, 2 lost Item, 3 [T], 4 b=2",
    );
    case(b"\xff", "1 lost Rest");
    case(
        b"[S]\na=1\\\n\xed\xa0\x80\nb=2",
        "1 [S], 2-3 lost Rest, 4 b=2",
    );
    case("[S]\na=\u{fdd0}\n".as_bytes(), "1 [S], 2 lost Rest");
    case("[S]\na=\u{1ffff}\n".as_bytes(), "1 [S], 2 lost Rest");
    case(
        "[S]\na=\u{fdcf}\u{fdf0}\u{fffd}\u{10fffd}\n".as_bytes(),
        "1 [S], 2 a=\u{fdcf}\u{fdf0}\u{fffd}\u{10fffd}",
    );
}

#[test]
fn headers() {
    case(b"  [S] \t\na=1", "1 [S], 2 a=1");
    case(
        b"[ S ]\n[a b]\n[a]b]\n[[a]\n[a=b]\n[]]",
        "1 [ S ], 2 [a b], 3 [a]b], 4 [[a], 5 [a=b], 6 []]",
    );
    case(
        b"[S] # c\na=1\n[T]\na=2\n",
        "1 lost Rest, 2 lost Item, 3 [T], 4 a=2",
    );
    case(
        b"[S]\n[T\na=1\nb\n",
        "1 [S], 2 lost Rest, 3 lost Item, 4 lost Item",
    );
    case(b"[", "1 lost Rest");
    case(
        b"[a\"b]\n[a'b]\n[a\\b]\n[a\tb]\n[a\x7fb]",
        "1 lost Rest, 2 lost Rest, 3 lost Rest, 4 lost Rest, 5 lost Rest",
    );
    case(
        b"[S]\na=1\n[]\nb=2\n[S]\nc=3\n",
        "1 [S], 2 a=1, 3 lost Item, 4 lost Item, 5 [S], 6 c=3",
    );
    case(b"[X-a]\nX-b=1\n[-c]", "1 [X-a], 2 X-b=1, 3 [-c]");
}

#[test]
fn assignments() {
    case(
        b"a=1\nb\n[S]\nc=2\n",
        "1 lost Item, 2 lost Item, 3 [S], 4 c=2",
    );
    case(
        b"[S]\na\n=b\n \t= b\n",
        "1 [S], 2 lost Item, 3 lost Item, 4 lost Item",
    );
    case(
        b"[S]\n a b\t=\t1 = 2 \t\nA=\na==",
        "1 [S], 2 a b=1 = 2, 3 A=, 4 a==",
    );
    case(
        b"[S]\na=\"1\" '2\\x20'\n\x0ba\x0c=\x0c1\x0b",
        "1 [S], 2 a=\"1\" '2\\x20', 3 \x0ba\x0c=\x0c1\x0b",
    );
    case(
        b"[S]\n.include /etc/x\n.include=1",
        "1 [S], 2 lost Item, 3 .include=1",
    );
    case(b"", "");
    case(b"\n \n\t", "");
}

#[test]
fn flat_files_need_no_section() {
    let case = |text: &[u8], told_so: &str| {
        assert_eq!(told(&Systemd::Flat, text), told_so, "{:?}", text.as_bstr());
    };
    case(b"a=1\nb\n[S]\na=2\n", "1 a=1, 2 lost Item, 3 [S], 4 a=2");
    case(b"\xef\xbb\xbf#a=1", "1 #a=1");
    case(b"a=1\n[]\nb=2\n", "1 a=1, 2 lost Item, 3 lost Item");
    let sections: Vec<_> = items(&Systemd::Flat, b"a=1\n[S]\na=2\n")
        .into_iter()
        .filter_map(|item| match item.kind {
            Kind::Assignment(pair) => Some(pair.section.to_str_lossy().into_owned()),
            _ => None,
        })
        .collect();
    assert_eq!(sections, ["", "S"]);
}

#[test]
fn values_know_where_they_stand() {
    let case = |line: &[u8], raw: &[u8]| {
        let text = [b"[S]\n", line, b"\nz=1\n"].concat();
        let Kind::Assignment(pair) = &items(&Systemd::Sections, &text)[1].kind else {
            panic!("{:?}", line.as_bstr());
        };
        assert_eq!(
            text[pair.raw.clone()].as_bstr(),
            raw.as_bstr(),
            "{:?}",
            line.as_bstr()
        );
    };
    case(b"a=1", b"1");
    case(b" a = 1 = 2 \t", b"1 = 2");
    case(b"a=", b"");
    case(b"a= \t", b"");
    case(b"a=1\\\n 2", b"1\\\n 2");
    case(b"a=1\\\n# c\n2 \t\r", b"1\\\n# c\n2");
    case(b"a=1\\\n", b"1\\");
    case(b"a=\\\n 1", b"\\\n 1");
    case(b"a\\\n b\\\n = 1", b"1");
    case(b"\xef\xbb\xbfa\\\nb=1", b"1");
    let text = b"[S]\na=1\\\n# c";
    assert!(
        matches!(&items(&Systemd::Sections, text)[1].kind, Kind::Assignment(pair) if text[pair.raw.clone()] == *b"1\\")
    );
}

#[test]
fn problems_say_what_to_do() {
    let case = |text: &[u8], message: &str| {
        let problem = items(&Systemd::Sections, text)
            .into_iter()
            .find_map(|item| match item.kind {
                Kind::Problem(problem) => Some(problem.message),
                _ => None,
            });
        assert_eq!(problem.as_deref(), Some(message), "{:?}", text.as_bstr());
    };
    case(
        b"a=1\n",
        "expected a `[section]` above the first key, found `a=1`; put it below a header",
    );
    case(
        b"[S]\na\tb\n",
        "expected `key=value`, `[section]`, or a comment that starts with `#` or `;`, found `a\\x09b`; make it one of these",
    );
    case(
        b"[S]\n = b \n",
        "expected a key before the `=`, found `= b`; write one, or remove the line",
    );
    case(
        b"[S] # c",
        "expected `]` at the end of the section header, found `[S] # c`; systemd reads no further: a comment needs its own line",
    );
    case(
        b"[\"S\"]",
        "expected a section name without quotes, backslashes and control characters, found `\"S\"`; systemd reads no further: correct the name",
    );
    case(
        b"[]",
        "expected the name of a section between `[` and `]`, found none; write one, or nothing below the header has an effect",
    );
    case(
        b"[S]\na=\xff",
        "expected UTF-8 without noncharacters, found other bytes in `a=\\xff`; systemd reads no further: save the file as UTF-8",
    );
    case(
        &vec![b'x'; TOO_LONG],
        "expected less than 1 MiB in a line with all that continues it, found 1048576 bytes; systemd reads no further: split the value up",
    );
}

#[test]
fn plain_lines_are_borrowed() {
    for item in items(&Systemd::Sections, b"\xef\xbb\xbf[S]\n a = 1 \nb=\\\\\n") {
        let is_borrowed = |text: &Cow<'_, [u8]>| matches!(text, Cow::Borrowed(_));
        match item.kind {
            Kind::Section(name) => assert!(is_borrowed(&name)),
            Kind::Assignment(Pair {
                section,
                key,
                value: Value::Text(value),
                ..
            }) => {
                assert!([section, key, value].iter().all(is_borrowed));
            }
            other => panic!("{other:?}"),
        }
    }
}

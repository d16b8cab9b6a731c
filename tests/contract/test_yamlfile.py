"""YAML is read as plain JSON data: nothing is guessed, nothing grows without bound, every fault has its line."""

import pytest

from mockserver.contract.yamlfile import MAX_DEPTH, dump, line_of, lines_of, load, parse, pointer_parts, to_pointer
from mockserver.errors import BadInput, FixtureError


def fault(text):
    """Return the one fault of a text."""
    with pytest.raises(BadInput) as caught:
        parse(text, "f.yaml")
    (one,) = caught.value.faults
    assert one.file == "f.yaml"
    return one


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("~", None),
        ("", None),
        ("# nothing", None),
        ("true", True),
        ("42", 42),
        ("-7", -7),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("18446744073709551616", 2**64),
        ("2026-01-02", "2026-01-02"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("on", "on"),
        ("yes", "yes"),
        ("True", "True"),
        ("010", "010"),
        ("0x1F", "0x1F"),
        ("0o7", "0o7"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        (".5", ".5"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("+1", "+1"),
        ("=", "="),
        ("'42'", "42"),
        ("[a, {b: 1}]", ["a", {"b": 1}]),
        ('{"a": [1, null]}', {"a": [1, None]}),
        ("!!str 42", "42"),
        ("! 42", "42"),
        ("!!int '42'", 42),
        ("!!float 42", 42.0),
        ("!!null ''", None),
        ("!!map {}", {}),
    ],
)
def test_only_what_json_knows_is_more_than_text(text, value):
    assert parse(text) == value
    assert type(parse(text)) is type(value)


def test_the_keys_of_a_mapping_are_always_text():
    assert parse("200: a\ntrue: b\nnull: c\n1.5: d\n") == {"200": "a", "true": "b", "null": "c", "1.5": "d"}


def test_anchors_and_aliases_are_followed():
    assert parse("a: &x {b: 1}\nc: *x\nd: [*x]\n") == {"a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}]}


def test_an_anchor_given_again_stands_for_its_last_value():
    assert parse("a: &x 1\nb: *x\nc: &x 2\nd: *x\n") == {"a": 1, "b": 1, "c": 2, "d": 2}
    assert parse("a: &x [&x 1, *x]\nb: *x\n") == {"a": [1, 1], "b": 1}


def test_a_merge_key_is_a_key_like_any_other():
    assert parse("a: &x {b: 1}\nc:\n  <<: *x\n") == {"a": {"b": 1}, "c": {"<<": {"b": 1}}}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "the member 'a' is given twice"),
        ("x:\n  - {a: 1, a: 2}\n", 2, "the member 'a' is given twice"),
        ("1: a\n'1': b\n", 2, "the member '1' is given twice"),
        ("? [a]\n: 1\n", 1, "a mapping key must be plain text"),
        ("a: [1\nb: 2\n", 2, "is not valid YAML"),
        ("a: 1\n\tb: 2\n", 2, "is not valid YAML"),
        ("a: 1\n---\nb: 2\n", 2, "is not valid YAML"),
        ("a: !!python/object:os.system {}\n", 1, "is not valid YAML"),
        ("a: !secret x\n", 1, "the tag '!secret' does not fit here, or is none of JSON's"),
        ("a:\n  !!set {b}\n", 2, "the tag 'tag:yaml.org,2002:set' does not fit"),
        ("a: 1\nb: !!timestamp 2026-01-02\n", 2, "the tag 'tag:yaml.org,2002:timestamp' does not fit"),
        ("a: !!int x\n", 1, "the tag 'tag:yaml.org,2002:int' does not fit"),
        ("a: !!seq {}\n", 1, "the tag 'tag:yaml.org,2002:seq' does not fit"),
        ("a: &x b\n*x : c\n", 2, "a mapping key must be plain text"),
        ("a: *nowhere\n", 1, "is not valid YAML"),
        ("a: &x\n  b: *x\n", 1, "contains an alias to itself"),
        ("a: &x [*x]\n", 1, "contains an alias to itself"),
    ],
)
def test_a_fault_has_its_line(text, line, message):
    found = fault(text)
    assert message in found.message
    assert found.line == line
    assert found.hint


@pytest.mark.parametrize("text", ["1e999", "-1e999", "9e307999"])
def test_a_number_that_no_double_holds_is_refused(text):
    assert "beyond any double" in fault(f"a: {text}\n").message


def test_a_control_character_is_refused_without_a_traceback():
    assert "is not valid YAML" in fault("a: \x00").message


def test_aliases_that_would_fill_the_memory_are_refused_at_once():
    text = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30))
    assert fault(text).message == "grows without bound through its aliases"


@pytest.mark.parametrize("text", ["[" * 5000, "[" * 250 + "]" * 250, "{a: " * 250 + "}" * 250, "- " * 5000 + "x"])
def test_nesting_too_deep_is_refused_and_ends_nothing(text):
    assert f"nested more than {MAX_DEPTH} levels" in fault(text).message or "not valid" in fault(text).message


def test_block_nesting_too_deep_is_refused():
    text = "".join(" " * level + f"k{level}:\n" for level in range(400))
    assert f"nested more than {MAX_DEPTH} levels" in fault(text).message


def test_nesting_that_only_aliases_make_too_deep_is_refused():
    levels = "[" * 90, "]" * 90
    text = "a0: &a0 []\n" + "".join(f"a{i}: &a{i} {levels[0]}*a{i - 1}{levels[1]}\n" for i in range(1, 9))
    found = fault(text)
    assert found.message == f"is nested more than {MAX_DEPTH} levels deep"
    assert found.line == 4
    assert parse("".join(text.splitlines(keepends=True)[:3]))["a2"]


def test_many_brackets_side_by_side_are_not_deep():
    assert parse("[" + ", ".join(["[]"] * 500) + "]") == [[]] * 500


def test_a_file_that_cannot_be_read_is_the_fault_that_was_asked_for(tmp_path):
    with pytest.raises(FixtureError, match=r"cannot be read \(No such file or directory\)"):
        load(tmp_path / "nothing.yaml", FixtureError)
    path = tmp_path / "latin.yaml"
    path.write_bytes("a: é".encode("latin-1"))
    with pytest.raises(FixtureError, match=r"latin\.yaml: is not UTF-8 text \(byte 3\)"):
        load(path, FixtureError)


def test_a_byte_order_mark_at_the_start_of_a_file_is_no_matter(tmp_path):
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert load(path) == {"a": 1}


TEXT = """\
# a comment
paths:
  /items:
    get: {x: [1, 2]}
    'post':
      - a
      - b: 1
        c: 2
200: x
"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ((), 2),
        (("paths",), 2),
        (("paths", "/items"), 3),
        (("paths", "/items", "get", "x", 1), 4),
        (("paths", "/items", "post"), 5),
        (("paths", "/items", "post", 0), 6),
        (("paths", "/items", "post", "1", "c"), 8),
        (("200",), 9),
        (("paths", "/items", "put", "x"), 3),
        (("paths", "/items", "post", 7), 5),
        (("nowhere",), 2),
    ],
)
def test_a_place_is_found_again_or_its_nearest_ancestor(place, line):
    assert line_of(TEXT, place) == line


def test_many_places_are_found_at_once():
    assert lines_of(TEXT, [("200",), (), ("paths", "/items")]) == [9, 2, 3]
    assert lines_of("x: {y: 1}\n? {k: v}\n: {y: 2}\nk: 3\n", [("k",), ("x", "y"), ("y",)]) == [4, 1, 1]
    assert lines_of("a: {b: 1}\na: {c: 1}\n", [("a", "c"), ("a", "b")]) == [1, 1]
    assert lines_of("a: &a {b: 1}\nc: *a\n", [("c", "b"), ("a", "b")]) == [2, 1]


def test_the_line_in_a_text_that_cannot_be_read_is_that_before_the_fault():
    assert lines_of("x: 1\na: [", [("a", 0), ("b",), ()]) == [2, 1, 1]
    assert line_of("", ("a",)) == 0


@pytest.mark.parametrize("parts", [(), ("a",), ("paths", "/items/{id}", "0"), ("~", "~1", "/", ""), ("a b", "é")])
def test_pointers_are_written_and_read_back(parts):
    assert pointer_parts(to_pointer(parts)) == parts


def test_pointers_escape_what_rfc_6901_says():
    assert to_pointer(("paths", "/a~b", 0)) == "#/paths/~1a~0b/0"
    assert pointer_parts("/a/b") == ("a", "b")


@pytest.mark.parametrize(
    "data",
    [
        {"b": 1, "a": [1.5, None, True, "x"]},
        {"t": "two\nlines\n", "u": "trailing space \nx", "v": " lead", "w": ""},
        ["on", "yes", "null", "~", "1", "1.5", "1e3", "true", "2026-01-02", "010", "=", "0x1F", "<<", "-", "#", "a: b"],
        {"200": {"1": []}, "x": {}},
        "é🙂\u2028",
        2**70,
        [1e300, -0.5, 1e-7, 1e22],
        "a" * 500 + " " + "b" * 500,
        "tab\tand \\ and \" and '",
        "\n",
        "a\r\nb",
        "bell \x07",
    ],
)
def test_what_is_written_reads_back_unchanged_and_in_order(data):
    text = dump(data)
    assert parse(text) == data
    assert list(parse(text)) == list(data) if isinstance(data, dict) else True
    assert dump(parse(text)) == text


def test_repeated_values_are_written_out():
    shared = {"a": 1}
    assert "*" not in dump([shared, shared])

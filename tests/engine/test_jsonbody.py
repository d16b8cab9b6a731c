"""Bodies are read as strict JSON: what two parsers could read differently is refused, with its reason."""

import math

import pytest

from mockserver.engine.jsonbody import MAX_DEPTH, MalformedJSON, decode, encode


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"null", None),
        (b'""', ""),
        (b" [1, 2.5, true]\n", [1, 2.5, True]),
        (b'{"a": {"a": [{"a": 1}]}}', {"a": {"a": [{"a": 1}]}}),
        (b'{"a": "b\\": 1", "c": ":"}', {"a": 'b": 1', "c": ":"}),
        ('{"ключ": "值 🙂"}'.encode(), {"ключ": "值 🙂"}),
        (b'["a", "a"]', ["a", "a"]),
        (b'"\\ud83d\\ude42"', "🙂"),
    ],
)
def test_one_json_value_is_read_as_it_stands(body, value):
    assert decode(body) == value


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1, "a": 1}',
        b'{"a": 1, "b": {}, "a": 2}',
        b'[{"x": [{"a": 1, "a": 2}]}]',
        b'{"a": 1, "\\u0061": 2}',
        b'{"a" : 1, "a"\n:2}',
    ],
)
def test_a_member_given_twice_is_refused_by_its_name(body):
    with pytest.raises(MalformedJSON, match="member 'a' twice"):
        decode(body)


def test_an_empty_name_given_twice_is_refused():
    with pytest.raises(MalformedJSON, match="twice"):
        decode(b'{"": 1, "": 2}')


def test_a_long_member_name_is_quoted_in_part_only():
    name = b"n" * 500
    with pytest.raises(MalformedJSON) as caught:
        decode(b'{"%s": 1, "%s": 2}' % (name, name))
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize("pair", [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_is_taken_up_to_the_limit_and_refused_beyond(pair):
    opening, closing = pair
    decode(opening * MAX_DEPTH + b"1" + closing * MAX_DEPTH)
    with pytest.raises(MalformedJSON, match=f"more than {MAX_DEPTH} levels"):
        decode(opening * (MAX_DEPTH + 1) + b"1" + closing * (MAX_DEPTH + 1))


def test_a_million_open_brackets_do_not_end_the_process():
    with pytest.raises(MalformedJSON, match="levels deep"):
        decode(b"[" * 1_000_000)


def test_brackets_inside_text_and_beside_each_other_are_no_nesting():
    assert decode(b'"' + b"[" * 1000 + b'"') == "[" * 1000
    assert decode(b"[" + b",".join([b"[]"] * 1000) + b"]") == [[]] * 1000
    assert decode(b'["\\"' + b"{" * 1000 + b'"]') == ['"' + "{" * 1000]


@pytest.mark.parametrize(
    "number", [2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**100, 12345678901234567890123]
)
def test_integers_of_any_size_stay_exact_there_and_back(number):
    for body, value in ((b"%d" % number, number), (b"[%d]" % number, [number]), (b'{"n":%d}' % number, {"n": number})):
        assert decode(body) == value
        assert type(decode(b"%d" % number)) is int
        assert encode(value) == body


def test_many_digits_in_text_or_in_a_fraction_change_nothing():
    assert decode(b'{"a": "12345678901234567890123"}') == {"a": "12345678901234567890123"}
    assert decode(b"[0.12345678901234567890123]") == [0.12345678901234567890123]


@pytest.mark.parametrize("body", [b"NaN", b"[Infinity]", b'{"a": -Infinity}', b"[1e400]", b"-1e999", b"9" * 5000])
def test_what_is_no_finite_number_is_refused(body):
    with pytest.raises(MalformedJSON):
        decode(body)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "is empty"),
        (b" \t\r\n", "is empty"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ("{}".encode("utf-16"), "UTF-16"),
        ("{}".encode("utf-16-le"), "UTF-16"),
        ("{}".encode("utf-16-be"), "UTF-16"),
        ("{}".encode("utf-32"), "UTF-16 or UTF-32"),
        (b'{"a": "\xff"}', "not UTF-8 \\(byte 7\\)"),
        ('{"a": "é"}'.encode("latin-1"), "not UTF-8"),
        (b'{"a": 1,}', "line 1, column"),
        (b"{'a': 1}", "not JSON"),
        (b"{} {}", "not JSON"),
        (b"01", "not JSON"),
        (b"1.", "not JSON"),
        (b"+1", "not JSON"),
        (b'"a\nb"', "not JSON"),
        (b'"\\ud800"', "not JSON"),
        (b"{} // done", "not JSON"),
        (b"a=1&b=2", "not JSON"),
        (b'["a"', "not JSON"),
    ],
)
def test_what_is_not_json_is_refused_with_its_reason(body, reason):
    with pytest.raises(MalformedJSON, match=reason):
        decode(body)


def test_a_refusal_never_quotes_the_body():
    with pytest.raises(MalformedJSON) as caught:
        decode(b'{"api_key": "secret-value",}')
    assert "secret" not in str(caught.value)


def test_what_is_written_is_compact_utf8_that_reads_back():
    value = {"a": [1, 2.5, None, True, "é🙂"], "b": {}}
    assert encode(value) == '{"a":[1,2.5,null,true,"é🙂"],"b":{}}'.encode()
    assert decode(encode(value)) == value
    assert math.isclose(decode(encode(0.1)), 0.1)

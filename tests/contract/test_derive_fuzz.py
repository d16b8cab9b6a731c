"""Mutated and random pages: a valid document or a PageError, in bounded time; the examples never change."""

import re

import pytest
from derive_kit import OPERATION_PAGES, PAGES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate

from mockserver.contract import yamlfile
from mockserver.contract.derive import derive
from mockserver.contract.page_blocks import text_lines
from mockserver.contract.page_reader import read_page
from mockserver.errors import PageError

TEXTS = [path.read_text(encoding="utf-8") for path in OPERATION_PAGES]
SCHEMAS = [path.read_text(encoding="utf-8") for path in PAGES.glob("*.schemas.md")]
LINES = sorted({line for text in (*TEXTS, *SCHEMAS) for line in text.split("\n")})
TOKENS = [
    *("|", "»", "```", "```json", "#", "## ", "`", "{", "}", "[array item]", "[any property]", "*anonymous*"),
    *("array of ", "\x00", "\ud800", "\ufeff", "\r", "null", "$ref", "true", "default: 3", "int32", "<!--"),
    *("---", "> ", "(", "[x](y)", "1e999", "99999999999999999999", "allOf", "oneOf", "é", "\u2028", "\\|"),
    *("<aside", "string(", "¦null", "`GET /a/{b}/{b}`", "minimum: 3", "pattern: (", "API_KEY", "/", "{a}", "0"),
]
EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("delete"), st.floats(0, 1), st.integers(1, 5)),
        st.tuples(st.just("line"), st.floats(0, 1), st.sampled_from(LINES)),
        st.tuples(st.just("token"), st.floats(0, 1), st.sampled_from(TOKENS)),
        st.tuples(st.just("erase"), st.floats(0, 1), st.integers(1, 40)),
        st.tuples(st.just("cut"), st.floats(0.3, 1), st.just(0)),
        st.tuples(st.just("repeat"), st.floats(0, 1), st.integers(1, 20)),
    ),
    min_size=1,
    max_size=8,
)
BOUNDED = settings(
    max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def edited(text: str, edits: list[tuple[str, float, object]]) -> str:
    """Return ``text`` after a list of edits, each at a share of its length."""
    for kind, where, what in edits:
        lines = text.split("\n")
        row, column = int(where * (len(lines) - 1)), int(where * len(text))
        if kind == "delete" and isinstance(what, int):
            del lines[row : row + what]
        elif kind == "repeat" and isinstance(what, int):
            lines[row:row] = lines[row : row + what]
        elif kind == "line":
            lines.insert(row, str(what))
        if kind in ("delete", "repeat", "line"):
            text = "\n".join(lines)
        elif kind == "token":
            text = text[:column] + str(what) + text[column:]
        elif kind == "erase" and isinstance(what, int):
            text = text[:column] + text[column + what :]
        else:
            text = text[:column]
    return text


def check(text: str, schemas: str | None = None) -> None:
    """Derive, and hold the result against what is promised of any text."""
    try:
        found = derive(text, schemas_text=schemas)
    except PageError as error:
        found = None
        faults = error.faults
    if found is None:
        assert faults
        assert all(fault.message and fault.hint for fault in faults)
        return
    validate(found.document)
    written = yamlfile.dump(found.document)
    written.encode()
    assert yamlfile.parse(written) == found.document
    uses = read_page(text, "page.md").uses
    assert all(number in uses for number, line in enumerate(text_lines(text), 1) if line.strip())


@BOUNDED
@given(st.sampled_from(TEXTS), EDITS)
def test_a_mutated_page_gives_a_valid_document_or_an_error(text: str, edits: list[tuple[str, float, object]]) -> None:
    check(edited(text, edits))


@BOUNDED
@given(st.sampled_from(TEXTS), st.sampled_from(SCHEMAS), EDITS)
def test_a_mutated_page_of_schemas_gives_a_valid_document(
    text: str, schemas: str, edits: list[tuple[str, float, object]]
) -> None:
    check(text, edited(schemas, edits))


@BOUNDED
@given(st.text(max_size=300) | st.lists(st.sampled_from([*TOKENS, *LINES]), max_size=30).map("\n".join))
def test_random_text_gives_a_valid_document_or_an_error(text: str) -> None:
    check(text, text)


PARAMETERS = "## x\n\n`GET /x`\n\n| Name | In | Description |\n|--|--|--|\n"
HEAVY = {
    "open fences": "```json\n" * 20_000,
    "open comments": "<!--\n" * 20_000,
    "open asides": "<aside>\n" * 20_000,
    "small tables": "| a |\n\n" * 20_000,
    "prose": "x\n" * 50_000,
    "braces": "{" * 100_000,
    "brackets": "[" * 100_000,
    "quotes": "> a\n" * 20_000,
    "empty headings": "# \n" * 20_000,
    "paths": "`GET /a`\n" * 5_000,
    "marks": "»" * 100_000,
    "back quotes": "`" * 100_000,
    "a deep body": "## x\n\n`GET /x`\n\n> Body parameter\n\n```json\n" + "[" * 50_000 + "]" * 50_000 + "\n```\n",
    "a deep body of yaml": "## x\n\n`GET /x`\n\n> Body parameter\n\n```yaml\n" + "[" * 50_000 + "\n```\n",
    "a long sample": "## x\n\n```sh\ncurl " + "a " * 5_000 + "\n```\n\n`GET /x`\n",
    "many sentences": "## x\n\n`GET /x`\n\n" + ". " * 50_000 + "\n",
    "many defaults": PARAMETERS + "| a | query | " + "default " * 20_000 + "|\n",
    "many blanks": PARAMETERS + "| a | query | default" + " " * 50_000 + "x|\n",
    "one heading often": "".join(f"## A\n\n`GET /a{number}`\n\n" for number in range(2_000)),
}


@pytest.mark.parametrize("text", HEAVY.values(), ids=HEAVY)
def test_a_heavy_page_ends_soon(text: str) -> None:
    if re.search(r"^`GET /", text, re.MULTILINE):
        assert derive(text).document["paths"]
    else:
        with pytest.raises(PageError):
            derive(text)

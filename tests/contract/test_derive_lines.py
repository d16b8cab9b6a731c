"""Nothing of a page is passed over in silence: each line is read by a rule, or a warning names it."""

import json
from pathlib import Path

import pytest
from derive_kit import OPERATION_PAGES, PAGES

from mockserver.contract.derive import derive
from mockserver.contract.page_blocks import split_blocks, text_lines
from mockserver.contract.page_reader import read_page
from mockserver.errors import PageError

ALL_PAGES = sorted(PAGES.glob("*.md"))
HEAD = "# A\n\n## One\n\n```sh\n{}\n```\n\n`GET /a`\n\n"
RESPONSES = "| Status | Meaning | Schema |\n|--|--|--|\n| 200 | a | string |\n"
JUNK = [
    "Zorblax quux.",
    "| zorblax | quux |",
    "> zorblax",
    '  "zorblax": 1,',
    "`zorblax`",
    "<b>zorblax</b>",
    "- zorblax",
]


@pytest.mark.parametrize("path", ALL_PAGES, ids=lambda path: path.stem)
def test_every_line_of_a_page_is_accounted_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    uses = read_page(text, path.name).uses
    filled = {number for number, line in enumerate(text_lines(text), 1) if line.strip()}
    assert filled <= set(uses)
    assert "warning" not in uses.values()


@pytest.mark.parametrize("path", ALL_PAGES, ids=lambda path: path.stem)
def test_every_line_belongs_to_one_block(path: Path) -> None:
    lines = text_lines(path.read_text(encoding="utf-8"))
    covered = [number for block in split_blocks(lines) for number in range(block.line, block.end + 1)]
    assert len(covered) == len(set(covered))
    assert {number for number, line in enumerate(lines, 1) if line.strip()} <= set(covered)


def silent_lines(text: str) -> set[int]:
    """Return the lines between which anything may stand: samples of other languages, and front matter's metadata."""
    found: set[int] = set()
    for block in split_blocks(text_lines(text)):
        if block.kind == "comment" or (block.kind == "fence" and block.info == "javascript"):
            found |= set(range(block.line, block.end))
    return found


@pytest.mark.parametrize("turn", range(2))
@pytest.mark.parametrize("path", OPERATION_PAGES, ids=lambda path: path.stem)
def test_a_strange_line_is_in_the_document_or_warned_about(path: Path, turn: int) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    known = {fault.message for fault in derive(text).warnings}
    silent = silent_lines(text)
    for number in range(len(lines) + 1):
        if number in silent:
            continue
        junk = JUNK[(3 * turn + number) % len(JUNK)]
        try:
            found = derive("\n".join([*lines[:number], junk, *lines[number:]]))
        except PageError:
            continue
        new = [fault for fault in found.warnings if fault.message not in known]
        assert "zorblax" in json.dumps(found.document).lower() or new, f"line {number + 1} after {lines[number - 1]!r}"


@pytest.mark.parametrize("path", OPERATION_PAGES, ids=lambda path: path.stem)
def test_a_page_may_be_cut_off_at_any_line(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    first = next(number for number, line in enumerate(lines) if line.startswith(("`GET /", "`POST /")))
    for number in range(first + 1):
        with pytest.raises(PageError):
            derive("\n".join(lines[:number]))
    for number in range(first + 1, len(lines)):
        assert derive("\n".join(lines[:number])).document["paths"]


CUTS = {
    "in a table": ("| 200    | [OK](https://to", "cells"),
    "in a table's header": ("| Status | Mea", "columns"),
    "in a fence": ('### Example responses\n\n> 200 Response\n\n```json\n{"a": 1,', "without an end"),
    "in a comment": ("<!-- never ends", "comment"),
    "in an aside": ('<aside class="warning">\nTo perform', "aside"),
    "in a heading": ("### Resp", "'Resp'"),
}


@pytest.mark.parametrize("name", CUTS)
def test_a_page_cut_off_in_the_middle_of_something_is_a_warning(name: str) -> None:
    end, message = CUTS[name]
    head = "# A\n\n## One\n\n```sh\ncurl http://a.example/a\n```\n\n`GET /a`\n\n### Responses\n\n"
    table = "| Status | Meaning | Description | Schema |\n|--|--|--|--|\n| 204 | a | b | |\n"
    found = derive(f"{head}{table}{end}" if name == "in a table" else f"{head}{table}\n{end}")
    assert any(message in fault.message for fault in found.warnings), found.warnings


FENCES = {
    "the next fence opens": "```json\n{\n\n```json\n{}\n```\n",
    "tildes": "~~~json\n{}\n~~~\n",
    "longer marks": "````json\n{}\n````\n",
    "indented": "  ```json\n{}\n  ```\n",
    "upper case": "```JSON\n{}\n```\n",
}


@pytest.mark.parametrize("name", FENCES)
def test_fences_in_every_form(name: str) -> None:
    blocks = [block for block in split_blocks(FENCES[name].split("\n")) if block.kind == "fence"]
    assert (blocks[-1].info, blocks[-1].text, blocks[-1].closed) == ("json", "{}", True)
    assert all(block.closed for block in blocks[:-1]) == (len(blocks) == 1)


SAMPLES = {
    "an empty fence": ("", "empty"),
    "another command": ("wget http://a.example/a", "not a curl"),
    "an open quote": ("curl http://a.example/a -H 'Accept", "shell"),
    "a second command": ("curl http://a.example/a\ncurl http://a.example/b", "first command"),
    "a pipe": ("curl http://a.example/a | jq .", "'|'"),
    "an unknown option": ("curl --wat http://a.example/a", "--wat"),
    "an option without a value": ("curl http://a.example/a -H", "ends after"),
    "a header without a name": ("curl http://a.example/a -H 'nothing'", "no name"),
    "two addresses": ("curl http://a.example/a http://a.example/b", "not understood"),
    "another method": ("curl -X PUT http://a.example/a", "sends PUT"),
    "an accept that is no media type": ("curl http://a.example/a -H 'Accept: nothing'", "not a media type"),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_code_sample_that_is_not_understood_is_a_warning(name: str) -> None:
    command, message = SAMPLES[name]
    found = derive(
        f"# A\n\n## One\n\n```sh\n{command}\n```\n\n`GET /a`\n\n| Status | Meaning |\n|--|--|\n| 204 | a |\n"
    )
    assert any(message in fault.message for fault in found.warnings), found.warnings


SAME = [
    "curl -X GET http://a.example/a -H 'Accept: text/plain'",
    "curl --request GET --url http://a.example/a --header 'Accept: text/plain'",
    "$ curl -XGET 'http://a.example/a' -H'Accept: text/plain'",
    'curl -s http://a.example/a \\\n  -H "Accept: text/plain"',
    "# a comment\ncurl http://a.example/a \\\n-H Accept:text/plain",
    "curl --request=GET --header='Accept: text/plain' http://a.example/a --compressed -L",
]


@pytest.mark.parametrize("command", SAME)
def test_a_code_sample_in_every_form(command: str) -> None:
    found = derive(HEAD.format(command) + RESPONSES)
    assert found.document["servers"] == [{"url": "http://a.example"}]
    assert "text/plain" in found.document["paths"]["/a"]["get"]["responses"]["200"]["content"]
    assert not found.warnings

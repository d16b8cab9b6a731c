"""JUnit, JSON, Markdown and HTML as files: complete, valid, and unmoved by whatever a server answers."""

import dataclasses
import html.parser
import json
import os
import re
import stat
import sys
import unicodedata
import xml.etree.ElementTree as ET
from importlib.resources import files
from pathlib import Path

import jsonschema_rs
import pytest
import report_kit as kit
from markdown_it import MarkdownIt

from contract_tests.errors import UsageError
from contract_tests.reports import KINDS, markdown, parse_report_option, parse_report_options, render, write
from contract_tests.results import Severity, Verdict

RUNS = {
    "conforming": kit.conforming(),
    "failing": kit.failing(),
    "untestable": kit.untestable(),
    "many": kit.many(),
    "hostile": kit.hostile(),
    "huge": kit.hostile("x" * 50_000, "[" * 1_000_000),
    "empty": kit.run(checks=(), coverage=(), timings=(), notes=(), document="", run_id="", version="", started=""),
    "stopped": kit.failing(exit_code=3, trouble="interrupted"),
}
every_run = pytest.mark.parametrize("name", RUNS)
every_kind = pytest.mark.parametrize("kind", KINDS)


# --report KIND=FILE


@every_kind
def test_an_option_names_kind_and_file(kind, tmp_path):
    assert parse_report_option(f"{kind}={tmp_path}/a=b.out") == (kind, tmp_path / "a=b.out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("junit", "expected KIND=FILE, such as --report html=report.html; kinds are junit, json, markdown, html"),
        ("=x", "expected KIND=FILE"),
        ("html=", "expected KIND=FILE"),
        ("htm=x", "unknown kind 'htm'; did you mean 'html'? kinds are junit"),
        ("HTML=x", "unknown kind 'HTML'; did you mean 'html'?"),
        ("pdf=x", "unknown kind 'pdf'; kinds are junit, json, markdown, html"),
        ("html=no/such/x.html", "there is no folder 'no/such'; make it first"),
        ("html=.", "is a folder; name a file in it"),
    ],
)
def test_an_unusable_option_says_what_to_do(option, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as error:
        parse_report_option(option)
    assert message in str(error.value)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_refused_before_the_run(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="cannot write there: Permission denied"):
        parse_report_option(f"html={tmp_path}/x.html")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc, where even root cannot make files")
def test_a_place_where_nobody_may_write_is_refused_before_the_run():
    with pytest.raises(UsageError, match="cannot write there"):
        parse_report_option("html=/proc/self/report.html")


def test_two_reports_cannot_share_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="to hold both json and html"):
        parse_report_options(["json=x", f"html={tmp_path}/x"])
    assert parse_report_options(["json=x", "html=y"])[1][0] == "html"


@every_kind
def test_a_report_is_written_all_at_once(kind, tmp_path):
    path = tmp_path / "report"
    path.write_text("of an earlier run")
    write(kind, path, kit.failing())
    assert path.read_text(encoding="utf-8") == render(kind, kit.failing())
    assert list(tmp_path.iterdir()) == [path]


def test_a_report_that_cannot_be_written_leaves_what_was_there(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(UsageError, match="cannot be written"):
        write("json", folder, kit.failing())
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither these rights nor these links")
def test_rights_follow_the_umask_and_links_stay(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    before = os.umask(0o027)
    try:
        write("json", link, kit.failing())
    finally:
        os.umask(before)
    assert link.is_symlink()
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o640


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="there is no /dev/null")
def test_a_report_can_go_to_a_device():
    kind, path = parse_report_option("json=/dev/null")
    write(kind, path, kit.failing())
    assert not path.is_file()


# All kinds


@every_run
@every_kind
def test_no_report_holds_control_characters_or_half_characters(kind, name):
    text = render(kind, RUNS[name])
    text.encode()
    forbidden = {c for c in set(text) if unicodedata.category(c) in ("Cc", "Cf", "Cs")} - set("\n\t\u200d")
    assert forbidden == set()
    assert "\ufffe" not in text
    assert "\uffff" not in text


@every_kind
def test_no_report_holds_the_password_of_a_url(kind):
    text = render(kind, RUNS["hostile"])
    assert "dummy-password" not in text


@every_kind
def test_every_finding_is_in_every_report(kind):
    text = render(kind, kit.failing())
    for finding in kit.FINDINGS:
        assert finding.title in text
        assert finding.check in text


@every_kind
def test_the_same_run_gives_the_same_report(kind):
    assert render(kind, kit.failing()) == render(kind, kit.failing())


# JUnit

# What the xUnit schema of Jenkins allows, which GitLab and the viewers of GitHub read too.
ATTRIBUTES = {
    "testsuites": ("name", "time", "tests", "failures", "errors", "disabled"),
    "testsuite": ("name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname", "id", "package"),
    "properties": (),
    "property": ("name", "value"),
    "testcase": ("name", "classname", "time"),
    "failure": ("message", "type"),
    "error": ("message", "type"),
    "skipped": ("message", "type"),
}
CHILDREN = {
    "testsuites": ("testsuite",),
    "testsuite": ("properties", "testcase"),
    "properties": ("property",),
    "testcase": ("skipped", "error", "failure"),
}


def junit(run):
    return ET.fromstring(render("junit", run).encode())


@every_run
def test_junit_has_only_what_its_readers_know(name):
    for element in junit(RUNS[name]).iter():
        assert set(element.attrib) <= set(ATTRIBUTES[element.tag])
        assert {child.tag for child in element} <= set(CHILDREN.get(element.tag, ()))
        if element.tag == "testsuite":
            assert [child.tag for child in element].index("properties") == 0
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d|", element.get("timestamp"))


@every_run
def test_junit_counts_what_it_holds(name):
    root = junit(RUNS[name])
    for element in (root, *root.findall("testsuite")):
        assert int(element.get("tests")) == len(list(element.iter("testcase")))
        assert int(element.get("failures")) == len(list(element.iter("failure")))
        assert int(element.get("errors")) == len(list(element.iter("error")))
    for suite in root.findall("testsuite"):
        assert int(suite.get("skipped")) == len(list(suite.iter("skipped")))


def test_junit_has_a_case_for_each_check_in_the_suite_of_its_layer():
    root = junit(kit.failing())
    cases = [(suite.get("name"), case.get("name")) for suite in root for case in suite.findall("testcase")]
    assert sorted(cases) == sorted((check.layer, check.name) for check in kit.failing().checks)
    verdicts = {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}
    tags = {Verdict.PASSED: [], Verdict.FAILED: ["failure"], Verdict.NOT_EXERCISED: ["skipped"]}
    assert verdicts == {check.name: tags[check.verdict] for check in kit.failing().checks}


def test_a_junit_failure_is_readable_by_itself():
    case = next(one for one in junit(kit.failing()).iter("testcase") if one.get("name") == "rules.key-id-known")
    failure = case.find("failure")
    assert failure.get("message") == f"major: {kit.FINDINGS[0].title}"
    assert "expected:   400, with a validation" in failure.text
    assert "\ncurl -sS -X PATCH " in failure.text
    assert "\n# -> 200, application/json; charset=utf-8, 12 ms\n" in failure.text


def test_junit_says_why_a_check_was_skipped():
    messages = {one.get("message") for one in junit(kit.conforming()).iter("skipped")}
    assert "the clock cannot be set" in messages


@pytest.mark.parametrize("name", ["untestable", "stopped"])
def test_junit_of_a_run_that_could_not_test_is_never_green(name):
    errors = list(junit(RUNS[name]).iter("error"))
    assert [one.get("message") for one in errors] == [RUNS[name].trouble]


def test_a_finding_of_no_failed_check_is_still_a_junit_failure():
    run = dataclasses.replace(kit.failing(), checks=kit.checks())
    failures = [one.get("message") for one in junit(run).iter("failure")]
    assert len(failures) == len(kit.FINDINGS)


# JSON


@pytest.fixture(scope="module")
def schema():
    document = json.loads((files("contract_tests.reports") / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema_rs.meta.validate(document)
    return document


def closed(node):
    """The schema with every object closed: what a report holds is then all described."""
    if isinstance(node, dict):
        node = {key: closed(value) for key, value in node.items()}
        if "properties" in node:
            node["unevaluatedProperties"] = False
    return [closed(item) for item in node] if isinstance(node, list) else node


@every_run
def test_json_is_of_its_schema_and_nothing_else(name, schema):
    report = json.loads(render("json", RUNS[name]))
    # Parts that others refer to stay open there, and are closed where they are used.
    strict = {**closed({k: v for k, v in schema.items() if k != "$defs"}), "$defs": schema["$defs"]}
    jsonschema_rs.validator_for(strict).validate(report)
    for part in ("finding", "check"):
        one = {**closed(schema["$defs"][part]), "$defs": schema["$defs"]}
        for value in report[f"{part}s"]:
            jsonschema_rs.validator_for(one).validate(value)


def test_json_has_every_value_of_a_run():
    run = kit.failing(extra={"command": "contract-tests run X", "n": float("nan"), "when": Severity.MAJOR})
    report = json.loads(render("json", run))
    assert report["run"]["command"] == "contract-tests run X"
    assert report["extra"] == {"command": "contract-tests run X", "n": None, "when": "major"}
    assert report["counts"]["checks"] == {"all": 32, "passed": 21, "failed": 5, "not_exercised": 6}
    assert [one["code"] for one in report["findings"]] == [one.code for one in kit.FINDINGS]
    assert report["findings"][0]["steps"][1]["curl"] == kit.FINDINGS[0].steps[1].curl
    assert report["findings"][0]["steps"][0]["answer_body"] == kit.PROVIDER
    model = next(one for one in report["checks"] if one["id"] == "model.sequence")
    assert model["findings"] == [0, 3]
    assert len(report["coverage"]["rows"]) == len(kit.coverage())
    assert report["coverage"]["summary"][1] == {"dimension": "status", "declared": 25, "exercised": 18}


def test_json_keeps_what_a_server_answered():
    body = "\x00\x1b[31m\u202e漢字 👩‍👩‍👧\r\n"
    report = json.loads(render("json", kit.hostile("x", body)))
    assert report["findings"][0]["steps"][0]["answer_body"] == body
    lone = json.loads(render("json", kit.hostile("x", "\ud83d")))["findings"][0]["steps"][0]["answer_body"]
    assert lone == "\\ud83d"


# Markdown


def tokens(text):
    """All tokens of a Markdown text as GitHub would read it, those within lines too."""
    for token in MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(text):
        yield token
        yield from token.children or ()


@every_run
def test_markdown_fits_what_github_takes(name):
    assert len(render("markdown", RUNS[name]).encode()) < 1024 * 1024


def test_markdown_says_what_it_leaves_out():
    run = kit.many(3000)
    text = render("markdown", run)
    assert len(text.encode()) < markdown.LIMIT
    details = text.count("<summary>🟣") + text.count("<summary>🔴") + text.count("<summary>🟡")
    assert f"*The details of {3000 - details:,} findings are left out here" in text
    assert "… and 2,800 findings more." in text
    assert "### Coverage" in text


def test_markdown_begins_with_the_verdict():
    assert render("markdown", kit.failing()).startswith(
        "## ❌ Contract tests: findings: 1 critical, 3 major, 1 minor; 5"
    )
    assert render("markdown", kit.conforming()).startswith("## ✅ Contract tests: conforms: 26 checks passed")
    assert render("markdown", kit.untestable()).startswith("## ⚠️ Contract tests: could not test: cannot reach")


@pytest.mark.parametrize(
    "text", [*kit.HOSTILE.values(), kit.ALL_HOSTILE, "`````", "a\n\n# b\n\n- c", "www.evil.test x@y.test"]
)
def test_no_value_can_break_the_markdown(text):
    allowed = {"<code>", "</code>", "<!-- -->"}
    plain = [token.type for token in tokens(render("markdown", kit.hostile("x")))]
    found = list(tokens(render("markdown", kit.hostile(text))))
    for token in found:
        assert token.type not in ("link_open", "image", "code_inline", "s_open", "em_open")
        if token.type == "html_inline":
            assert token.content in allowed
        if token.type == "html_block":
            assert re.fullmatch(r"(<details>\n<summary>[^<>]*</summary>\n*|</details>\n*)+", token.content)
    blocks = [one for one in plain if not one.endswith(("inline", "text", "break")) and one != "text_special"]
    assert [
        t.type for t in found if not t.type.endswith(("inline", "text", "break")) and t.type != "text_special"
    ] == blocks


# HTML


class Page(html.parser.HTMLParser):
    """Collects the elements and attributes of a page, and checks that every element is closed in its turn."""

    VOID = frozenset({"meta", "input", "br", "rect", "circle", "path"})

    def __init__(self, text):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@every_run
def test_the_page_is_well_formed_and_needs_nothing_from_elsewhere(name):
    elements = Page(render("html", RUNS[name])).elements
    names = [element for element, _ in elements]
    assert names.count("script") == names.count("style") == 1
    assert not {"img", "link", "iframe", "object", "embed", "form", "base"} & set(names)
    for _, attributes in elements:
        assert not [one for one in attributes if one.startswith("on") or one in ("src", "style", "srcset", "action")]
        assert attributes.get("href", "#").startswith("#")
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {attributes["href"][1:] for _, attributes in elements if "href" in attributes} <= set(ids)


@every_run
def test_the_page_stays_of_a_size_that_opens_at_once(name):
    assert len(render("html", RUNS[name])) < 1_000_000


def test_json_is_set_out_in_lines_only_where_that_changes_nothing():
    text = render("html", kit.hostile("x", '{"a": 1, "b": [true]}'))
    assert "{\n  &#34;a&#34;: 1,\n" in text
    for odd in ('{"a":1,"a":2}', '{"a":1.0e2}', '{"a":"\\u0041"}', '{"a":1}}'):
        assert odd.replace('"', "&#34;") in render("html", kit.hostile("x", odd))

"""The terminal reporter: a live line and colour on a terminal, plain lines anywhere else, nothing that misleads."""

import contextlib
import io
import os
import re
import threading
import unicodedata

import pytest
import report_kit as kit
from rich.cells import cell_len

from contract_tests.events import CheckStarted, LayerStarted, RunStarted
from contract_tests.reports.terminal import Terminal
from contract_tests.results import LAYERS

pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "CI", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def plain(result, encoding="utf-8"):
    """What a run writes where there is no terminal, as in CI."""
    octets = io.BytesIO()
    with io.TextIOWrapper(octets, encoding=encoding, newline="\n") as stream, Terminal(stream) as terminal:
        for event in kit.stream(result):
            terminal(event)
        stream.flush()
        return octets.getvalue().decode(encoding)


@contextlib.contextmanager
def pseudo_terminal():
    """A stream that is a terminal, and the list in which what is written to it comes out."""
    ours, theirs = pty.openpty()
    written = []

    def read():
        # Once the other end is closed, Linux answers with an error, others with nothing.
        with contextlib.suppress(OSError):
            while chunk := os.read(ours, 65536):
                written.append(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        yield stream, written
    reader.join(10)
    os.close(ours)


def on_terminal(result, width=80):
    """What a run writes to a terminal."""
    with pseudo_terminal() as (stream, written), Terminal(stream, width=width) as terminal:
        for event in kit.stream(result):
            terminal(event)
    return b"".join(written).decode()


def test_without_a_terminal_there_is_nothing_but_text():
    text = plain(kit.failing())
    assert not [c for c in text if unicodedata.category(c) == "Cc" and c != "\n"]


def test_each_layer_has_one_line_with_its_counts():
    lines = plain(kit.failing()).splitlines()
    found = [line.split()[1] for line in lines if re.match(r"[✓✗–] ", line)]
    assert found == list(LAYERS)
    assert any(
        re.match(r"✗ rules +6 passed, 3 failed, 5 not exercised · \d+ requests, 3\.7 s$", line) for line in lines
    )


def test_the_last_line_is_the_verdict():
    assert plain(kit.conforming()).splitlines()[-1] == (
        "conforms: 26 checks passed, 6 not exercised, 1,204 requests, 9.8 s, seed 1"
    )
    assert plain(kit.failing()).splitlines()[-1] == (
        "findings: 1 critical, 3 major, 1 minor; 5 checks failed, 21 passed, 6 not exercised, "
        "1,204 requests, 9.8 s, seed 1"
    )
    last = plain(kit.untestable()).splitlines()[-1]
    assert last.startswith("could not test: cannot reach http://127.0.0.1:8080: connection refused.")


def test_a_run_that_was_stopped_says_so_and_what_it_found_before():
    last = plain(kit.failing(exit_code=3, trouble="interrupted")).splitlines()[-1]
    assert last.startswith("could not test: interrupted; before that 1 critical, 3 major, 1 minor;")


def test_a_finding_is_said_when_it_is_seen_and_in_full_at_the_end():
    text = plain(kit.failing())
    early, late = text.split("\nFindings\n")
    finding = kit.FINDINGS[0]
    contrast = "expected 400, with a validation of field api_keys[0].id; found 200"
    assert f"  MAJOR {finding.title} (updateAIProvider): {contrast} · rules.key-id-known\n" in early
    for value in (finding.title, finding.check, finding.section, finding.expected, finding.found):
        assert value in late
    assert "12 times, also by model.sequence, schema.stateful" in late
    for step in finding.steps:
        assert all(line in late for line in step.curl.splitlines())


def test_findings_are_listed_worst_first():
    full = plain(kit.failing()).split("\nFindings\n")[1]
    assert re.findall(r"^\d+\. ([A-Z]+) ", full, re.MULTILINE) == ["CRITICAL", "MAJOR", "MAJOR", "MAJOR", "MINOR"]


def test_commands_are_never_broken_into_lines_of_the_terminals_width():
    text = ESCAPE.sub("", on_terminal(kit.failing(), width=40)).replace("\r\n", "\n")
    assert all(f"   {line}\n" in text for line in kit.CREATE.curl.splitlines())


def test_no_answer_is_told_with_its_reason():
    assert "# → no answer: the connection was closed after 120 of 4,096 octets" in plain(kit.failing())


def test_what_was_not_exercised_is_listed_by_reason():
    text = plain(kit.conforming())
    assert "Not exercised (6 checks)\n  no token of a user without the role was given (--other-token)\n" in text
    assert "      rules.authorisation[deleteAIProvider]\n  the clock cannot be set\n      aftermath.clock\n" in text


def test_coverage_says_how_much_and_what_is_missing():
    text = plain(kit.conforming())
    assert re.search(r"^  statuses +18 of 25 +72 %$", text, re.MULTILINE)
    assert "    statuses: could not be provoked\n      listAIProviders 500\n      createAIProvider 413\n" in text
    assert "      … and 2 more; the other reports list them all\n" in text
    assert "    rules: the profile leaves it open\n      rate-limited\n" in text


def test_the_slowest_operations_come_first():
    text = plain(kit.conforming())
    rows = re.findall(r"^  (\w+) +\d+\.\d +\d+\.\d +\d+\.\d  \d+$", text, re.MULTILINE)
    assert rows == list(reversed(kit.OPERATIONS))


def test_a_failed_check_without_a_finding_says_why():
    assert "\nFailed\n  preflight.reachable: cannot reach http://127.0.0.1:8080" in plain(kit.untestable())


def test_a_run_that_failed_says_how_to_repeat_it_and_hides_passwords():
    text = plain(kit.failing(target="http://me:dummy-password@127.0.0.1:8080/base"))
    assert "contract-tests run 'http://***@127.0.0.1:8080/base' --profile documented" in text
    assert "dummy-password" not in text


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "iso-8859-1"])
def test_hostile_values_are_shown_as_escapes(encoding):
    text = plain(kit.hostile(), encoding)
    assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in "\n\u200d"]
    assert r"\u001b[2J\u001b[31mred" in text
    assert r"\u202egnp.exe" in text
    assert r"lone \ud83d and \udc00" in text
    assert ("עברית" in text) == (encoding == "utf-8")


def test_a_terminal_without_unicode_gets_plain_signs():
    text = plain(kit.conforming(), "ascii")
    assert "+ preflight  3 passed - 30 requests" in text


def test_no_line_is_a_command_to_the_ci_runner():
    hostile = "::error::x\n::add-mask::y\n  ::stop-commands::z\n##[group]a b##[endgroup]"
    lines = plain(kit.hostile(hostile, hostile)).splitlines()
    assert not [line for line in lines if line.lstrip().startswith("::") or "##[" in line]
    assert any("error::x" in line for line in lines)


def test_very_long_values_are_cut_and_say_so():
    text = plain(kit.hostile("x" * 50_000, "x" * 1_000_000))
    assert len(text) < 50_000
    assert "characters more)" in text


def test_a_body_of_many_lines_is_cut():
    text = plain(kit.hostile("x", "\n".join(map(str, range(100)))))
    assert "   # 7\n   # … (92 lines more)\n" in text


def test_on_a_terminal_there_is_colour_and_a_live_line_that_goes_away():
    text = on_terminal(kit.failing())
    assert "\x1b[1;31m" in text
    assert re.search(r"rules +11/14 · \d+ requests, \d+ s · rules\.key-id-known", text)
    assert text.rstrip().endswith("seed 1\x1b[0m")
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # the cursor is back


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_live_line_fits_the_terminal(width):
    text = on_terminal(kit.hostile("漢字" * 500), width)
    lives = [part.partition("\x1b[2K")[0] for part in re.split(r"[\r\n]", text) if re.search(r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]", part)]
    assert lives
    assert all(cell_len(ESCAPE.sub("", line)) <= width for line in lives)


def test_no_color_and_ci_are_heeded_on_a_terminal(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*m", on_terminal(kit.failing()))
    monkeypatch.setenv("CI", "true")
    assert "\x1b" not in on_terminal(kit.failing())


def test_the_terminal_is_put_in_order_when_the_run_breaks_off():
    with pseudo_terminal() as (stream, written), contextlib.suppress(KeyboardInterrupt), Terminal(stream) as terminal:
        terminal(RunStarted(kit.URL, "documented", "openapi/documented.yaml", 1, "quick", "ct-1", False, 10))
        terminal(LayerStarted("rules", 5))
        terminal(CheckStarted("rules.name-unique", "", "Names"))
        raise KeyboardInterrupt
    text = b"".join(written).decode()
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_the_run_goes_on_when_nobody_reads_any_more():
    theirs, ours = os.pipe()
    os.close(theirs)
    with os.fdopen(ours, "w", encoding="utf-8") as stream, Terminal(stream) as terminal:
        for event in kit.stream(kit.failing()):
            terminal(event)

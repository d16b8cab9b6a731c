"""The benchmark's load: what it asks, how it reads wrk's report, and the fixtures that it writes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.load import Ask, parse_report, write_script
from benchmarks.measures import generated_fixture, written_fixture
from benchmarks.processes import CannotMeasure, Server, served
from mockserver.contract import yamlfile
from mockserver.domain.ai_providers import generate_providers

ROOT = Path(__file__).parents[2]
REPORT = """Running 2s test @ http://127.0.0.1:1
  1 threads and 16 connections
  24010 requests in 2.00s, 13.37MB read
{more}Requests/sec:  {rate}
"""


def test_a_report_gives_rate_count_and_refusals():
    rate = parse_report(REPORT.format(rate="11994.51", more=""))
    assert (rate.per_second, rate.count, rate.refused) == (11994.51, 24010, 0)
    assert parse_report(REPORT.format(rate="1.0", more="  Non-2xx or 3xx responses: 17\n")).refused == 17


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("unable to connect to 127.0.0.1:1 Connection refused", "reports no rate: 'unable to connect"),
        (REPORT.format(rate="0.00", more=""), "reports no rate"),
        (
            REPORT.format(rate="1.0", more="  Socket errors: connect 0, read 3, write 0, timeout 0\n"),
            "broken connections (connect 0, read 3",
        ),
    ],
)
def test_a_report_that_proves_nothing_is_no_measurement(text, message):
    with pytest.raises(CannotMeasure) as caught:
        parse_report(text)
    assert message in str(caught.value)


def test_a_script_asks_in_turns_with_what_it_was_given(tmp_path):
    script = tmp_path / "load.lua"
    write_script(script, [Ask(path="/KEY"), Ask("POST", body='{"name": "UNIQUE"}')], 7, tmp_path / "keys")
    text = script.read_text()
    assert '{ "GET", "/api/v2/ai/providers/KEY", "" }, { "POST", "/api/v2/ai/providers", "{\\"name\\":' in text
    assert "count, seed = {}, {" in text
    assert f'local path = "{tmp_path}/keys"' in text
    assert 'wrk.headers["Coder-Session-Token"] = "API_KEY"' in text


def test_a_written_fixture_says_what_the_generated_one_makes(tmp_path):
    assert yamlfile.load(written_fixture(tmp_path, 40))["providers"] == list(generate_providers({"count": 40}, 0))
    assert yamlfile.load(generated_fixture(tmp_path, 40))["generate"] == {"providers": {"count": 40}}


def test_a_server_that_ends_by_itself_is_named_with_what_it_printed():
    broken = Server("the broken one", [sys.executable, "-c", "raise SystemExit('no such luck')"])
    message = r"the broken one does not answer; it printed \['no such luck'\]"
    with pytest.raises(CannotMeasure, match=message), served(broken):
        pass


def test_a_served_mock_answers_and_is_ended_with_all_that_it_started():
    command = [str(Path(sys.executable).parent / "mockserver"), "serve", "--port", "{port}"]
    with served(Server("the mock", command)) as it:
        assert it.seconds > 0
        group = it.process.pid
        os.killpg(group, 0)
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)


def run(*arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, capture_output=True, text=True)


def test_a_missing_tool_is_one_line_that_says_what_to_install_and_what_is_not_measured(tmp_path):
    done = run("--only", "prism-get,rejected", path=str(tmp_path))
    assert done.returncode == 2
    assert [line for line in done.stderr.splitlines() if "others use" not in line] == [
        "bench: no 'wrk' found; install it (Debian: apt-get install wrk); not measured: rejected-post, prism-get",
        "bench: no 'npm' found; install Node.js 20 or later; not measured: prism-get",
    ]
    assert "0 of 0 measured figures reached; not measured: rejected-post, prism-get" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--only", "prisms"], "no row or group 'prisms'"), (["--rounds", "0"], "expected a whole number of at least 1")],
)
def test_a_wrong_option_is_told_and_nothing_is_started(tmp_path, arguments, message):
    done = run(*arguments, path=str(tmp_path))
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""

"""The command line, run as people run it: what it prints, and one clear line where something cannot be used."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mockserver import __version__

COMMAND = Path(sys.executable).with_name("mockserver")
HERE = Path(__file__).parent
LIBRARY, LIBRARY_STATE = HERE / "engine" / "library.yaml", HERE / "engine" / "library-state.yaml"
ROOT = HERE.parent


def run(*args, cwd=None, **environment):
    """Run the command; return what it did."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSERVER_")}
    return subprocess.run(
        [COMMAND, *map(str, args)],
        cwd=cwd,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def refused(done):
    """Return the one line of a refusal."""
    assert (done.returncode, done.stdout) == (2, ""), done
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("mockserver: ")
    return line.removeprefix("mockserver: ")


@pytest.fixture
def file(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["serve", "--profile", "staging"], "profile is 'staging', must be one of documented, deployed"),
        (["serve", "--workers", "2"], "workers is 2, must be 1: the state is in the memory of one process"),
        (["serve", "--port", "70000"], "port is 70000, must be from 0 to 65535"),
        (["serve", "--port", "http"], "'http' is not a valid integer"),
        (["serve", "--prot", "1"], "Did you mean one of: '--host', '--port'"),
        (["serve", "--fixtures", "nothing.yaml"], "nothing.yaml: cannot be read (No such file or directory)"),
        (["serve", "--fixtures", "huge"], "huge: cannot be read"),
        (["serve", "--contract", "nothing.yaml"], "nothing.yaml: cannot be read (No such file or directory)"),
        (["serve", "--config", "nothing.yaml"], "nothing.yaml: cannot be read"),
        (["serve", "--host", "256.0.0.1", "--port", "0"], "cannot listen on 256.0.0.1 port 0"),
        (["serve", "extra"], "unexpected extra argument"),
        (["sevre"], "No such command 'sevre'"),
        (["check"], "Missing argument 'FILE'"),
        (["check", "nothing.yaml"], "nothing.yaml: cannot be read"),
        (["check", "--profile", "x", "nothing.yaml"], "cannot be read"),
        (["routes", "--profile", "staging"], "unknown profile 'staging'; the profiles are documented and deployed"),
        (["routes", "--contract", "nothing.yaml"], "nothing.yaml: cannot be read"),
        (["derive", "nothing.md"], "nothing.md: cannot be read"),
    ],
)
def test_what_cannot_be_used_is_one_clear_line_and_exit_code_2(args, sentence, tmp_path):
    assert sentence in refused(run(*args, cwd=tmp_path))


def test_a_port_in_use_is_told_with_what_to_do():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = refused(run("serve", "--port", port))
    assert line.startswith(f"cannot listen on 127.0.0.1 port {port} (")
    assert "choose another with --port, or 0 for any free one" in line


def test_an_unknown_variable_is_told_with_the_closest_name():
    line = refused(run("serve", MOCKSERVER_FIXTURE="large"))
    assert line.endswith("did you mean 'fixtures'?")


def test_an_unknown_key_of_the_settings_file_is_told_with_the_closest_name(file):
    line = refused(run("serve", "--config", file("settings.yaml", "prot: 1\n")))
    assert line.endswith("sets the unknown 'prot'; did you mean 'port'?")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("openapi: 3.1.0\n  info: x\n", "contract.yaml:2: is not valid YAML"),
        ("openapi: 3.0.3\ninfo: {}\n", "contract.yaml:1: #/openapi: is not OpenAPI 3.1: found openapi: '3.0.3'"),
        ("[]\n", "contract.yaml:1: is not an OpenAPI document"),
        ("openapi: 3.1.0\ninfo: {title: x, version: '1'}\npaths: 5\n", "contract.yaml:3: #/paths"),
    ],
)
def test_a_broken_contract_is_told_with_its_line(file, text, sentence):
    done = run("serve", "--contract", file("contract.yaml", text))
    assert (done.returncode, done.stdout) == (2, "")
    assert all(line.startswith("mockserver: ") for line in done.stderr.splitlines())
    assert sentence in done.stderr


def test_a_contract_that_is_not_text_is_told(tmp_path):
    path = tmp_path / "contract.yaml"
    path.write_bytes(b"openapi: \xff\xfe")
    assert "is not UTF-8 text (byte 9)" in refused(run("serve", "--contract", path))
    assert "cannot be read (Is a directory)" in refused(run("serve", "--contract", tmp_path))


def test_each_fault_of_a_broken_fixture_is_one_line(file):
    path = file("state.yaml", "users:\n  - name: a\n    token: [X]\nprovider: []\n")
    done = run("serve", "--fixtures", path)
    assert (done.returncode, done.stdout) == (2, "")
    first, second = done.stderr.splitlines()
    assert f"{path}:4: #/provider: unknown member 'provider'. Did you mean 'providers'?" in first
    assert f"{path}:3: #/users/0/token: unknown member 'token'. Did you mean 'tokens'?" in second


def test_help_names_every_command_and_every_option_of_serve():
    text = run("--help").stdout
    for name in ("serve", "derive", "build", "check", "routes"):
        assert f"  {name} " in text
    options = run("serve", "-h").stdout
    for name in ("port", "profile", "contract", "fixtures", "seed", "deterministic", "max-body", "log-requests"):
        assert f"--{name}" in options


def test_without_a_command_the_help_is_shown():
    done = run()
    assert "Commands:" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_the_version_is_told():
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"mockserver, version {__version__}\n")


def test_routes_prints_the_operations_in_a_table():
    done = run("routes")
    head, *rows = [line.split() for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert head == ["METHOD", "PATH", "OPERATION", "BEHAVIOUR", "STATUSES"]
    assert [row[:5] for row in rows] == [
        ["GET", "/api/v2/ai/providers", "listAIProviders", "list", "providers"],
        ["POST", "/api/v2/ai/providers", "createAIProvider", "create", "providers"],
        ["GET", "/api/v2/ai/providers/{idOrName}", "getAIProvider", "get", "providers"],
        ["DELETE", "/api/v2/ai/providers/{idOrName}", "deleteAIProvider", "delete", "providers"],
        ["PATCH", "/api/v2/ai/providers/{idOrName}", "updateAIProvider", "update", "providers"],
    ]
    assert "403" in run("routes", "--profile", "deployed").stdout


def test_routes_reads_any_contract():
    lines = run("routes", "--contract", LIBRARY).stdout.splitlines()
    assert len(lines) == 15
    table = {line.split()[2]: line.split()[3] for line in lines[1:]}
    assert (table["replaceShelf"], table["changeBook"], table["getOpeningHours"]) == ("replace", "update", "sample")


@pytest.mark.parametrize("name", ["reference", "documented", "deployed"])
def test_check_praises_the_shipped_documents(name):
    path = ROOT / "openapi" / f"{name}.yaml"
    done = run("check", path)
    assert (done.returncode, done.stdout) == (0, f"{path}: a good OpenAPI document, 5 operations\n")


@pytest.mark.parametrize(("name", "records"), [("default", 8), ("empty", 0), ("large", 1000)])
@pytest.mark.parametrize("profile", ["documented", "deployed"])
def test_check_praises_the_shipped_fixtures(name, records, profile):
    path = ROOT / "fixtures" / f"{name}.yaml"
    done = run("check", path, "--profile", profile)
    assert (done.returncode, done.stdout) == (0, f"{path}: a good fixture, {records} records, 4 tokens\n")


@pytest.mark.parametrize("name", ["common", "deployed"])
def test_check_praises_the_shipped_overlays(name):
    done = run("check", ROOT / "openapi" / "overlays" / f"{name}.yaml")
    assert done.returncode == 0
    assert ": a good overlay, " in done.stdout


def test_check_judges_a_fixture_by_the_contract_that_is_named():
    done = run("check", LIBRARY_STATE, "--contract", LIBRARY)
    assert done.stdout == f"{LIBRARY_STATE}: a good fixture, 7 records, 1 tokens\n"
    assert "unknown member 'shelves'" in run("check", LIBRARY_STATE).stderr


def test_check_names_the_line_of_an_example_that_does_not_fit(file):
    text = LIBRARY.read_text(encoding="utf-8").replace("from: '09:00'", "from: nine")
    line = refused(run("check", file("library.yaml", text)))
    assert "the example of application/json: from does not match the pattern" in line
    assert "library.yaml:1" in line
    assert "#/paths/~1opening-hours/get/responses/200" in line


def test_check_names_the_faults_of_an_overlay(file):
    path = file(
        "overlay.yaml", "overlay: 1.0.0\ninfo: {title: t, version: v}\nactions:\n  - target: $[\n    remove: true\n"
    )
    assert f"{path}:4: #/actions/0/target: is no JSONPath" in refused(run("check", path))


def test_check_says_what_a_file_should_start_with(file):
    assert "One starts with 'openapi:', 'overlay:' or 'users:'" in refused(run("check", file("x.yaml", "a: 1\n")))


def test_build_check_finds_the_committed_documents_up_to_date():
    done = run("build", "--check", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    for name in ("documented", "deployed"):
        assert f"{name}.yaml: up to date" in done.stdout


def test_build_with_a_page_that_is_not_there_is_refused(tmp_path):
    assert "cannot be read" in refused(run("build", "--check", "--page", tmp_path / "page.md"))

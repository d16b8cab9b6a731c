"""`mockserver diff` as people run it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mockserver.contract import yamlfile
from mockserver.resources import data_path

PROGRAM = str(Path(sys.executable).with_name("mockserver"))
DOCUMENTED = str(data_path("openapi", "documented.yaml"))
DEPLOYED = str(data_path("openapi", "deployed.yaml"))


def diff(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, "diff", *words], capture_output=True, text=True, check=False)


def test_no_change_is_said_in_one_line_and_never_fails() -> None:
    done = diff(DOCUMENTED, DOCUMENTED, "--fail-on", "risky")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "No changes.", "")


@pytest.mark.parametrize(("fail_on", "code"), [(None, 0), ("risky", 1), ("breaking", 1)])
def test_breaking_changes_fail_when_asked_to(fail_on: str | None, code: int) -> None:
    done = diff(DOCUMENTED, DEPLOYED, *(["--fail-on", fail_on] if fail_on else []))
    assert done.returncode == code, done.stderr
    assert "BREAKING" in done.stdout


def test_harmless_changes_do_not_fail(tmp_path: Path) -> None:
    document = yamlfile.load(Path(DOCUMENTED))
    document["info"]["description"] = "Another."
    (tmp_path / "new.yaml").write_text(yamlfile.dump(document))
    done = diff(DOCUMENTED, str(tmp_path / "new.yaml"), "--fail-on", "risky")
    assert done.returncode == 0, done.stdout


def test_json_is_json_and_markdown_is_a_table() -> None:
    assert json.loads(diff(DOCUMENTED, DEPLOYED, "--format", "json").stdout)
    assert "| " in diff(DOCUMENTED, DEPLOYED, "--format", "markdown").stdout


def test_a_page_is_derived_first(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Things\n\n## List things\n\n`GET /api/v2/things`\n\n### Responses\n\n"
        "| Status | Meaning | Description | Schema |\n|---|---|---|---|\n| 200 | OK | OK | string |\n"
    )
    done = diff(str(page), str(page))
    assert done.returncode == 0, done.stderr
    assert "No changes." in done.stdout


def test_what_is_no_document_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: 1\n")
    for words in ((str(tmp_path / "x.yaml"), DOCUMENTED), (DOCUMENTED, str(tmp_path / "none.yaml"))):
        done = diff(*words)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert done.stderr.startswith("mockserver: ")


def test_an_added_operation_breaks_servers_and_not_clients(tmp_path: Path) -> None:
    document = yamlfile.load(Path(DOCUMENTED))
    del document["paths"]["/api/v2/ai/providers/{idOrName}"]["patch"]
    document["paths"]["/api/v2/ai/providers"]["post"]["responses"]["201"]["links"].pop("updateAIProvider")
    (tmp_path / "old.yaml").write_text(yamlfile.dump(document))
    old = str(tmp_path / "old.yaml")
    assert diff(old, DOCUMENTED, "--fail-on", "breaking").returncode == 1
    assert diff(old, DOCUMENTED, "--fail-on", "breaking", "--for", "servers").returncode == 1
    assert diff(old, DOCUMENTED, "--fail-on", "breaking", "--for", "clients").returncode == 0

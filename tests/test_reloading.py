"""`serve --watch`: contract and fixture are reloaded, what fits is kept, a mistake changes nothing."""

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from mockserver.app import create_mock
from mockserver.client import MockClient
from mockserver.contract import yamlfile
from mockserver.reloading import Reloader
from mockserver.resources import document_path, fixture_path
from mockserver.server import LocalServer
from mockserver.settings import Settings

PATH = "/api/v2/ai/providers"
MINE = {"name": "mine", "type": "openai", "base_url": "https://mine.example", "api_keys": ["dummy-key-0001"]}


class Watched:
    """A mock over files of its own, whose reloader is asked to look by hand."""

    def __init__(self, folder: Path) -> None:
        self.contract, self.fixture = folder / "contract.yaml", folder / "fixture.yaml"
        shutil.copy(document_path("deployed"), self.contract)
        shutil.copy(fixture_path("default"), self.fixture)
        self.mock = create_mock(Settings(contract=str(self.contract), fixtures=str(self.fixture)))
        self.told: list[str] = []
        self.reloader = Reloader(self.mock, self.told.append)

    def edit(self, path: Path, change: Any) -> None:
        document = yamlfile.parse(path.read_text(), path.name)
        change(document)
        path.write_text(yamlfile.dump(document))


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def names(url: str, session: str = "") -> list[str]:
    request = urllib.request.Request(url + PATH, headers={"Coder-Session-Token": "API_KEY"})
    if session:
        request.add_header("X-Mock-Session", session)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return [one["name"] for one in json.load(answer)]


def test_nothing_is_done_while_no_file_changes(watched: Watched) -> None:
    assert watched.reloader.look() is False
    assert watched.told == []


def test_a_new_fixture_is_taken_and_what_clients_changed_stays(watched: Watched) -> None:
    with LocalServer(app=watched.mock.app) as server:
        session = MockClient(server.url).session("work")
        session.state.add("providers", MINE)
        first, second = names(server.url)[:2]
        key = next(one["key"] for one in session.state.records("providers") if one["view"]["name"] == second)
        session.state.remove("providers", key)
        watched.edit(watched.fixture, lambda f: f["providers"].append({**MINE, "name": "from-the-file"}))
        assert watched.reloader.look() is True
        assert "from-the-file" in names(server.url)
        assert {"from-the-file", "mine", first} <= set(names(server.url, "work"))
        assert second not in names(server.url, "work")
        mine = next(one["view"] for one in session.state.records("providers") if one["view"]["name"] == "mine")
        assert [key["masked"] for key in mine["api_keys"]] == ["du...01"]
        assert "fixture.yaml changed: reloaded" in watched.told[0]
        assert session.journal.entries(method="GET")


def test_what_does_not_fit_any_more_is_dropped_and_told(watched: Watched) -> None:
    with LocalServer(app=watched.mock.app) as server:
        session = MockClient(server.url).session("work")
        session.state.add("providers", {**MINE, "type": "vercel"})
        session.snapshot("with-it")

        def without_vercel(document: Any) -> None:
            document["components"]["schemas"]["codersdk.AIProviderType"]["enum"].remove("vercel")

        watched.edit(
            watched.fixture, lambda f: f.update(providers=[p for p in f["providers"] if p["type"] != "vercel"])
        )
        watched.edit(watched.contract, without_vercel)
        assert watched.reloader.look() is True
        assert "mine" not in names(server.url, "work")
        told = "\n".join(watched.told)
        assert "session 'work': providers" in told
        assert "snapshot 'with-it': providers" in told
        assert "type" in told


@pytest.mark.parametrize("which", ["contract", "fixture"])
def test_a_mistake_leaves_the_last_good_version(watched: Watched, which: str) -> None:
    path: Path = getattr(watched, which)
    good = path.read_text()
    with LocalServer(app=watched.mock.app) as server:
        before = names(server.url)
        path.write_text("providers: [\n")
        assert watched.reloader.look() is True
        assert "cannot be used; the last good version goes on" in watched.told[0]
        assert path.name in watched.told[0]
        assert names(server.url) == before
        path.unlink()
        watched.reloader.look()
        assert names(server.url) == before
        path.write_text(good)
        watched.reloader.look()
        assert "reloaded" in watched.told[-1]
        assert names(server.url) == before


def test_serve_with_watch_takes_a_change_while_it_runs(tmp_path: Path) -> None:
    fixture, output = tmp_path / "fixture.yaml", tmp_path / "output.txt"
    shutil.copy(fixture_path("default"), fixture)
    command = [str(Path(sys.executable).with_name("mockserver")), "serve", "--port", "0", "--watch"]
    with output.open("w") as file:
        process = subprocess.Popen([*command, "--fixtures", str(fixture)], stdout=file, text=True)
    try:
        wait_for("Stop with Ctrl-C", output)
        url = output.read_text().splitlines()[0].rsplit(" ", 1)[1]
        text = fixture.read_text()
        fixture.write_text(text + "  - {name: brand-new, type: openai, base_url: https://new.example}\n")
        wait_for("fixture.yaml changed: reloaded", output)
        assert "brand-new" in names(url)
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_for(text: str, output: Path) -> None:
    for _ in range(600):
        if text in output.read_text():
            return
        time.sleep(0.05)
    raise AssertionError(f"{text!r} never came: {output.read_text()}")

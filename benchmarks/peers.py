"""How each server is started: the mock, a bare Flask application, Prism and WireMock; and what has to be installed."""

import base64
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.processes import PATH, CannotMeasure, Server
from mockserver.contract import yamlfile
from mockserver.resources import document_path

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
from npm_programs import NoPrograms, programs  # a script's neighbour, not a package

__all__ = ["TOOLS", "bare", "embedded", "mock", "prism", "wiremock"]

HERE = Path(__file__).parent
PEERS = HERE / "peers"
BIN = Path(sys.executable).parent
JSON = "application/json; charset=utf-8"

# What the measurements need beside Python, and what to install for it.
TOOLS = {
    "wrk": "it (Debian: apt-get install wrk)",
    "npm": "Node.js 20 or later",
    "java": "Java 17 or later (Debian: apt-get install default-jre-headless)",
}


def mock(profile: str, fixture: str | Path = "default") -> Server:
    """Return the mock, as its user starts it."""
    command = [str(BIN / "mockserver"), "serve", "--port", "{port}", "--profile", profile, "--fixtures", str(fixture)]
    return Server("the mock", command)


def embedded(profile: str, fixture: str | Path = "default") -> Server:
    """Return the mock as a WSGI application under granian, one worker."""
    return _granian(
        "the mock under granian", "embedded", {"EMBEDDED_PROFILE": profile, "EMBEDDED_FIXTURE": str(fixture)}
    )


def bare(answer: bytes, folder: Path) -> Server:
    """Return a Flask application under granian, one worker, that answers the same bytes to everything."""
    file = folder / "answer"
    file.write_bytes(answer)
    return _granian("bare Flask", "bare", {"BARE_ANSWER": str(file)})


def _granian(name: str, module: str, environment: Mapping[str, str]) -> Server:
    command = [str(BIN / "granian"), "--interface", "wsgi", "--port", "{port}", "--workers", "1"]
    command += ["--blocking-threads", "1", "--no-log", "--working-dir", str(HERE), f"{module}:app"]
    return Server(name, command, environment)


def prism(profile: str, folder: Path) -> Server:
    """Return Prism on the same document, without its ``jsonSchemaDialect``: with it, Prism judges no bodies."""
    document = dict(yamlfile.load(document_path(profile)))
    document.pop("jsonSchemaDialect", None)
    file = folder / "prism.json"
    file.write_text(json.dumps(document))
    program = _installed() / "@stoplight" / "prism-cli" / "dist" / "index.js"
    command = ["node", str(program), "mock", "-v", "silent", "-h", "127.0.0.1", "-p", "{port}", str(file)]
    return Server("Prism", command)


def wiremock(answers: Mapping[tuple[str, str], tuple[int, bytes]], folder: Path) -> Server:
    """Return WireMock with a fixed stub for each method and path below the collection; it judges nothing."""
    stubs = [
        {
            "request": {"method": method, "urlPath": PATH + path},
            "response": {
                "status": status,
                "base64Body": base64.b64encode(body).decode(),
                "headers": {"Content-Type": JSON},
            },
        }
        for (method, path), (status, body) in answers.items()
    ]
    root = folder / "wiremock"
    (root / "mappings").mkdir(parents=True, exist_ok=True)
    (root / "mappings" / "stubs.json").write_text(json.dumps({"mappings": stubs}))
    archive = next((_installed() / "wiremock" / "build").glob("wiremock-standalone-*.jar"))
    command = ["java", "-jar", str(archive), "--port", "{port}", "--bind-address", "127.0.0.1"]
    command += ["--root-dir", str(root), "--no-request-journal", "--disable-banner"]
    return Server("WireMock", command)


def _installed() -> Path:
    """Return the folder of the peers' npm packages, installed as the lock file pins them where they are missing."""
    try:
        return programs(PEERS).parent
    except NoPrograms as error:
        raise CannotMeasure(" ".join(str(error).split())[:300]) from None

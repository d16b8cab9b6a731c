"""What the coverage-guided fuzzer calls (``scripts/fuzz.py``), and the tests with what it found: octets in, no answer.

A target raises for nothing but a defect: what the project raises on purpose is an answer.
"""

import io
import itertools
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mockserver.app import create_mock
from mockserver.contract import yamlfile
from mockserver.contract.derive import derive
from mockserver.contract.loading import load_contract
from mockserver.domain.ai_providers import HOOKS
from mockserver.errors import BadInput
from mockserver.settings import Settings

__all__ = ["FINDS", "TARGETS", "Target"]

ROOT = Path(__file__).parents[2]
FINDS = Path(__file__).with_name("finds")
_LINE_END = re.compile(r"\r\n|\r|\n")
SCHEMAS_FOLLOW = "\x1e"  # between a page of operations and a page of schemas


@dataclass(frozen=True)
class Target:
    """One thing to fuzz: what is called, and the files that the search starts from."""

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]


def load(data: bytes) -> None:
    """The loader: a document is refused with faults that name the file, or gives a contract."""
    path = _folder() / "contract.yaml"
    path.write_bytes(data)
    try:
        contract = load_contract(path, HOOKS)
    except BadInput as error:
        faults = error.faults
    else:
        assert contract.document.operations
        return
    assert faults
    for fault in faults:
        assert fault.file == str(path)
        assert fault.message


def derive_page(data: bytes) -> None:
    """The derivation: a page is refused, or gives a document that is written and read back unchanged."""
    page, _, schemas = data.decode("utf-8", "replace").partition(SCHEMAS_FOLLOW)
    try:
        derivation = derive(page, name="page.md", schemas_text=schemas or None, schemas_name="schemas.md")
    except BadInput:
        return
    lines = {"page.md": len(_LINE_END.split(page)), "schemas.md": len(_LINE_END.split(schemas))}
    for warning in derivation.warnings:
        assert 1 <= warning.line <= lines[warning.file], str(warning)
    text = yamlfile.dump(derivation.document)
    assert yamlfile.parse(text) == derivation.document


class _Requests:
    """The request decoder and the pipeline, by the WSGI front: nothing answers 500 or off its own shape."""

    def __init__(self) -> None:
        self._count = itertools.count()
        self._fronts: list[Any] = []

    def __call__(self, data: bytes) -> None:
        if next(self._count) % 500 == 0:  # what requests have made is not kept for ever
            self._fronts = [create_mock(settings).app.wsgi_app for settings in _settings()]
        which, _, request = data.partition(b"\n")
        front = self._fronts[(which[:1] or b"0")[0] % len(self._fronts)]
        head, _, body = request.partition(b"\n\n")
        first, *lines = head.decode("latin-1").split("\n")
        method, _, target = first.partition(" ")
        path, _, query = target.partition("?")
        environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
        for line in lines:
            name, _, value = line.partition(":")
            key = name.strip().upper().replace("-", "_")
            environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else "HTTP_" + key] = value.strip()
        environ.setdefault("CONTENT_LENGTH", str(len(body)))
        environ["wsgi.input"] = io.BytesIO(body)
        if path.startswith("/__mock__"):
            return
        answered: list[Any] = []
        content = b"".join(front(environ, lambda *given: answered.extend(given)))
        status = int(answered[0][:3])
        assert 200 <= status < 500, (status, content)
        if content:
            json.loads(content)


def _settings() -> Iterator[Settings]:
    yield Settings(profile="documented", deterministic=True)
    yield Settings(profile="deployed", deterministic=True)
    engine = ROOT / "tests" / "engine"
    yield Settings(
        contract=str(engine / "library.yaml"), fixtures=str(engine / "library-state.yaml"), deterministic=True
    )


def _folder() -> Path:
    if not _folders:
        _folders.append(tempfile.TemporaryDirectory(prefix="fuzz"))
    return Path(_folders[0].name)


_folders: list[tempfile.TemporaryDirectory[str]] = []


def _documents() -> Iterator[bytes]:
    for pattern in (
        "openapi/*.yaml",
        "tests/engine/*.yaml",
        "tests/contract/pages/*.yaml",
        "tests/contract/diff_cases/*",
    ):
        for path in sorted(ROOT.glob(pattern)):
            yield path.read_bytes()
    small = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {
            "/a/{b}": {
                "get": {
                    "operationId": "g",
                    "parameters": [
                        {"name": "b", "in": "path", "required": True, "schema": {"type": "integer", "format": "int32"}}
                    ],
                    "responses": {"200": {"$ref": "#/components/responses/R"}, "default": {"description": "d"}},
                }
            },
            "/c": {"x-resource": {"keys": ["id"]}, "post": {"responses": {"201": {"description": "d"}}}},
        },
        "components": {
            "responses": {"R": {"description": "d", "content": {"application/json": {"schema": {"allOf": [True]}}}}}
        },
    }
    yield json.dumps(small).encode()
    yield yamlfile.dump(small).encode()


def _pages() -> Iterator[bytes]:
    for path in sorted((ROOT / "tests" / "contract" / "pages").glob("*.md")):
        schemas = path.with_suffix(".schemas.md")
        yield path.read_bytes() + (SCHEMAS_FOLLOW.encode() + schemas.read_bytes() if schemas.exists() else b"")


def _raw_requests() -> Iterator[bytes]:
    provider = {"type": "openai", "name": "n", "base_url": "https://a.b", "api_keys": ["dummy"], "enabled": True}
    token = "Coder-Session-Token: API_KEY\nContent-Type: application/json\n\n"
    for which in "012":
        cookie = "Cookie: a=b; coder_session_token=x\n\n"
        yield f"{which}\nGET /api/v2/ai/providers?coder_session_token=API_KEY\n{cookie}".encode()
        yield f"{which}\nPOST /api/v2/ai/providers\n{token}{json.dumps(provider)}".encode()
        yield (
            f"{which}\nPATCH /api/v2/ai/providers/openai-main\n{token}".encode()
            + json.dumps(
                {"api_keys": [{"id": None, "api_key": "x"}], "settings": {"_type": "bedrock", "_version": 1}}
            ).encode()
        )
        yield f"{which}\nDELETE /api/v2/ai/providers/497f6eca-6276-4993-bfeb-53cbbbba6f08\n{token}".encode()
        library = (
            "Authorization: Bearer LIBRARY_TOKEN\nX-Library-Token: LIBRARY_TOKEN\nContent-Type: application/json\n\n"
        )
        yield f'{which}\nPOST /v1/shelves/1/books\n{library}{{"title": "t", "isbn": "978-0000000009"}}'.encode()
        yield f"{which}\nGET /v1/shelves?limit=5&offset=1&theme=history\n{library}".encode()
        yield f'{which}\nPATCH /v1/shelves/1\n{library}{{"label": null, "capacity": 1e2}}'.encode()


TARGETS = {
    "loader": Target(load, _documents),
    "derivation": Target(derive_page, _pages),
    "requests": Target(_Requests(), _raw_requests),
}

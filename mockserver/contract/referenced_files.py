"""The references of a document: followed inside it, into files below a folder that is allowed, and nowhere else.

A file that is referred to becomes a part of the document, below ``x-referenced-files``, and the references to it and in
it are rewritten to lead there; where they do not stand for schemas, what they lead to takes their place. So whoever
reads the document afterwards needs no file but the one it has, and judges path items and the like by where they stand.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from mockserver.contract import yamlfile
from mockserver.engine.references import localized
from mockserver.errors import DocumentError, Fault, UsageError

__all__ = ["Sources", "follow_references"]

FILES = "x-referenced-files"

MAX_FAULTS = 50  # of one document that are told at once
MAX_FILES = 1000
MAX_OCTETS = 100 * 1024 * 1024  # of all files that are referred to
MAX_CHAIN = 100  # references that lead from one to the next

_DATA = {"example", "examples", "default", "enum", "const"}  # what these hold is data, not references
_NAMED = {"properties", "patternProperties", "$defs", "schemas"}  # unless the author chose the name

Place = tuple[str | int, ...]


@dataclass(slots=True)
class Sources:
    """The files that a document is made of: its own, and by their name inside it those that it refers to."""

    path: Path
    files: dict[str, Path] = field(default_factory=dict)

    def placed(self, fault: Fault) -> Fault:
        """Return a fault of the document with the file, line and pointer where an author finds it."""
        parts = yamlfile.pointer_parts(fault.pointer)
        path = self.path
        if len(parts) > 1 and parts[0] == FILES and parts[1] in self.files:
            path, parts = self.files[parts[1]], parts[2:]
        line = yamlfile.line_of(yamlfile.read(path, DocumentError), parts)
        return Fault(fault.message, str(path), line, yamlfile.to_pointer(parts) if parts else "", fault.hint)


def follow_references(data: dict[str, Any], path: Path, allowed: Path | None = None) -> Sources:
    """Make the files that a document refers to parts of it, in place, and check every reference.

    ``path`` is the document's file, ``allowed`` the folder whose files may be referred to. Raises
    :class:`DocumentError` for references that leave both, lead nowhere or in circles, and :class:`UsageError` when
    ``allowed`` is no folder.
    """
    sources = Sources(path)
    try:
        faults = _Gathering(data, sources, _folder(allowed)).faults or [
            Fault(message, pointer=yamlfile.to_pointer((*place, "$ref")), hint=hint)
            for place, message, hint in _misleading(localized(data))
        ]
    except DocumentError as error:
        raise DocumentError(fault if fault.file else sources.placed(fault) for fault in error.faults) from None
    if faults:
        raise DocumentError(sources.placed(fault) for fault in faults[:MAX_FAULTS])
    if sources.files:
        _write_out(data)
    return sources


def _folder(allowed: Path | None) -> Path | None:
    if allowed is None:
        return None
    if not allowed.is_dir():
        raise UsageError(f"{str(allowed)!r}, whose files references may name, is no folder; name one")
    return allowed.resolve()


class _Refused(Exception):
    """Raised for a reference that is not followed: what is wrong, and what to do."""


class _Gathering:
    """Takes files into a document, each once, as the references to them are met."""

    def __init__(self, data: dict[str, Any], sources: Sources, root: Path | None) -> None:
        self.sources = sources
        self.faults: list[Fault] = []
        self._data, self._root = data, root
        self._names: dict[Path, str] = {sources.path.resolve(): ""}
        self._octets = 0
        # References by the names that schemas give themselves lead to no file.
        self._outward = {holder["$ref"] for _, holder in _references(localized(data))}
        self._waiting: deque[tuple[Any, Path, str]] = deque([(data, sources.path, "")])
        while self._waiting:
            self._rewrite(*self._waiting.popleft())

    def _rewrite(self, node: Any, file: Path, at: str) -> None:
        for place, holder in list(_references(node)):
            try:
                holder["$ref"] = self._inside(holder["$ref"], file, at)
            except _Refused as refusal:
                message, hint = refusal.args
                here = (*yamlfile.pointer_parts(at), *place, "$ref")
                self.faults.append(Fault(message, pointer=yamlfile.to_pointer(here), hint=hint))

    def _inside(self, reference: str, file: Path, at: str) -> str:
        """Return a reference of a file, itself at ``at`` in the document, as one inside the document."""
        if reference.startswith("#"):
            return f"#{at}{reference[1:]}" if at else reference
        if not at and reference not in self._outward:
            return reference
        try:
            target, fragment = self._target(reference, file)
        except ValueError:  # a URL or path that cannot be taken apart
            raise _Refused(f"the reference {reference!r} is no reference", "Mend its spelling.") from None
        if target not in self._names:
            self._take(target, reference)
        return f"#{self._names[target]}{fragment}"

    def _target(self, reference: str, file: Path) -> tuple[Path, str]:
        """Return the file that a reference names, and the JSON pointer in it."""
        parts = urlsplit(reference)
        if parts.scheme not in {"", "file"} or parts.netloc not in {"", "localhost"}:
            raise _Refused(
                f"the reference {reference!r} leaves the document for the network",
                "Network addresses are never followed: save what it names, and allow its folder with --allow-refs DIR.",
            )
        if self._root is None:
            raise _Refused(
                f"the reference {reference!r} leaves the document",
                "Bundle the document into one file, or allow the folder of that file with --allow-refs DIR.",
            )
        if parts.fragment and not parts.fragment.startswith("/"):
            raise _Refused(f"the reference {reference!r} names no place in its file", "Use a JSON pointer: file#/a/b.")
        name = url2pathname(parts.path) if parts.scheme else unquote(parts.path)
        try:
            target = (file.parent / name).resolve()
        except (OSError, RuntimeError):  # a loop of symbolic links
            target = self._root
        if not target.is_relative_to(self._root):
            raise _Refused(
                f"the reference {reference!r} leads out of the allowed folder {str(self._root)!r}",
                "Move the file below it, or allow a folder that holds both.",
            )
        if not target.is_file():
            raise _Refused(f"the reference {reference!r} names no file", "Add the file, or mend the spelling.")
        return target, parts.fragment

    def _take(self, target: Path, reference: str) -> None:
        self._octets += target.stat().st_size
        if len(self.sources.files) >= MAX_FILES or self._octets > MAX_OCTETS:
            raise _Refused(
                f"the reference {reference!r} is one too many: at most {MAX_FILES} files of "
                f"{MAX_OCTETS // 2**20} MiB together are taken",
                "Bundle the document into one file.",
            )
        assert self._root is not None
        name = target.relative_to(self._root).as_posix()
        at = yamlfile.to_pointer((FILES, name))[1:]
        node = yamlfile.load(target, DocumentError)
        self._names[target] = at
        self.sources.files[name] = target
        self._data.setdefault(FILES, {})[name] = node
        self._waiting.append((node, target, at))


def _references(node: Any) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Yield what holds a reference, each once however many aliases lead to it, with its place, in the file's order."""
    seen: set[int] = set()
    waiting: list[tuple[Any, Place]] = [(node, ())]
    while waiting:
        current, place = waiting.pop()
        if not isinstance(current, dict | list) or id(current) in seen:
            continue
        seen.add(id(current))
        inner: list[tuple[Any, Place]]
        if isinstance(current, dict):
            if isinstance(current.get("$ref"), str):
                yield place, current
            free = bool(place) and place[-1] in _NAMED
            inner = [(value, (*place, key)) for key, value in current.items() if free or key not in _DATA]
        else:
            inner = [(value, (*place, index)) for index, value in enumerate(current)]
        waiting.extend(reversed(inner))


def _misleading(data: Any) -> Iterator[tuple[Place, str, str]]:
    """Yield the place of each reference that leads nowhere or in circles, what is wrong with it, and what to do."""
    good: set[str] = set()
    for place, holder in _references(data):
        chain: dict[str, None] = {}
        reference = holder["$ref"]
        while reference not in good:
            if reference in chain:
                yield place, f"the reference {holder['$ref']!r} leads back to itself", "Break the loop."
                break
            chain[reference] = None
            if len(chain) > MAX_CHAIN:
                message = f"the reference {holder['$ref']!r} leads through more than {MAX_CHAIN} others"
                yield place, message, "Refer to what they lead to."
                break
            try:
                node = _at(data, reference)
            except LookupError:
                yield place, f"the reference {reference!r} leads nowhere", "Define it, or mend its spelling."
                break
            if not (isinstance(node, dict) and isinstance(node.get("$ref"), str)):
                good.update(chain)
                break
            reference = node["$ref"]
        else:
            good.update(chain)


def _write_out(data: dict[str, Any]) -> None:
    """Put what references into files lead to in their place, schemas and what would contain itself excepted."""
    waiting: list[tuple[Any, frozenset[int]]] = [({k: v for k, v in data.items() if k != FILES}, frozenset())]
    done: set[int] = set()
    while waiting:
        node, around = waiting.pop()
        if not isinstance(node, dict | list) or id(node) in done:
            continue
        done.add(id(node))
        for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
            inner = value
            while isinstance(inner, dict) and str(inner.get("$ref", "")).startswith(f"#/{FILES}/"):
                inner = _at(data, inner["$ref"])
            if id(inner) not in around:
                node[key] = inner
            if key not in _DATA and key not in {"schema", "schemas"}:
                waiting.append((node[key], around | {id(node)}))


def _at(data: Any, reference: str) -> Any:
    """Return what a reference inside a document leads to. Raises :class:`LookupError` when there is nothing."""
    node = data
    for part in yamlfile.pointer_parts(unquote(reference)):
        if isinstance(node, dict):
            node = node[part]
        elif isinstance(node, list) and part.isdecimal():
            node = node[int(part)]
        else:
            raise LookupError(reference)
    return node

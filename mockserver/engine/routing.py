"""From a path to its operations: a trie over path segments (OpenAPI 3.1, section 4.8.8.2, path templating)."""

import re
from collections.abc import Iterable

from mockserver.engine.operations import Operation
from mockserver.errors import DocumentError, Fault

__all__ = ["PathEntry", "Router"]

_TEMPLATE = re.compile(r"\{([^{}]+)\}")


class PathEntry:
    """One path of the contract: its operations by method, and the value of ``Allow``."""

    __slots__ = ("allow", "methods", "template")

    def __init__(self, template: str) -> None:
        self.template = template
        self.methods: dict[str, Operation] = {}
        self.allow = ""

    def add(self, operation: Operation) -> None:
        """Serve one more method on this path."""
        self.methods[operation.method] = operation
        self.allow = ", ".join(sorted(self.methods))


class _Node:
    """One position in the trie: literal children first, then whole-segment parameters, then mixed segments."""

    __slots__ = ("entry", "literal", "mixed", "names", "param")

    def __init__(self) -> None:
        self.literal: dict[str, _Node] = {}
        self.param: _Node | None = None
        self.mixed: list[tuple[re.Pattern[str], _Node]] = []
        self.entry: PathEntry | None = None
        self.names: tuple[str, ...] = ()


class Router:
    """Finds the entry of a path; a concrete path wins over a templated one."""

    def __init__(self, operations: Iterable[Operation], *, trailing_slash: bool = False) -> None:
        self._root = _Node()
        self._static: dict[str, PathEntry] = {}
        self._trailing_slash = trailing_slash
        self._last: tuple[str, tuple[PathEntry, dict[str, str]] | None] = ("", None)
        self.entries: list[PathEntry] = []
        for operation in operations:
            self._add(operation)

    def match(self, path: str) -> tuple[PathEntry, dict[str, str]] | None:
        """Return the entry of a decoded path and the values of its path parameters, or ``None``."""
        asked, found = self._last  # the same request may ask twice
        if asked == path and found is not None:
            return found
        found = self._match(path)
        if found is None and self._trailing_slash and path.endswith("/"):
            found = self._match(path[:-1])
        self._last = (path, found)
        return found

    def _match(self, path: str) -> tuple[PathEntry, dict[str, str]] | None:
        entry = self._static.get(path)
        if entry is not None:
            return entry, {}
        values: list[str] = []
        node = self._walk(self._root, path.split("/"), 0, values)
        if node is None or node.entry is None:
            return None
        return node.entry, dict(zip(node.names, values, strict=True))

    def _walk(self, node: _Node, parts: list[str], index: int, values: list[str]) -> _Node | None:
        if index == len(parts):
            return node if node.entry is not None else None
        part = parts[index]
        child = node.literal.get(part)
        if child is not None:
            found = self._walk(child, parts, index + 1, values)
            if found is not None:
                return found
        for pattern, child in node.mixed:
            match = pattern.fullmatch(part)
            if match:
                count = len(values)
                values.extend(match.groups())
                found = self._walk(child, parts, index + 1, values)
                if found is not None:
                    return found
                del values[count:]
        if node.param is not None and part:
            values.append(part)
            found = self._walk(node.param, parts, index + 1, values)
            if found is not None:
                return found
            values.pop()
        return None

    def _add(self, operation: Operation) -> None:
        node = self._root
        names: list[str] = []
        for part in operation.path.split("/"):
            found = _TEMPLATE.findall(part)
            names.extend(found)
            node = self._child(node, part, found)
        if node.entry is None:
            node.entry = PathEntry(operation.path)
            node.names = tuple(names)
            self.entries.append(node.entry)
            if not names:
                self._static[operation.path] = node.entry
        elif node.names != tuple(names) or operation.method in node.entry.methods:
            raise DocumentError(
                Fault(
                    f"the path {operation.path!r} cannot be told from {node.entry.template!r}",
                    pointer=operation.pointer,
                    hint="Give each operation a path of its own.",
                )
            )
        node.entry.add(operation)

    @staticmethod
    def _child(node: _Node, part: str, found: list[str]) -> _Node:
        if not found:
            return node.literal.setdefault(part, _Node())
        if part == "{" + found[0] + "}":
            if node.param is None:
                node.param = _Node()
            return node.param
        text = "".join("([^/]+)" if i % 2 else re.escape(piece) for i, piece in enumerate(_TEMPLATE.split(part)))
        for pattern, child in node.mixed:
            if pattern.pattern == text:
                return child
        child = _Node()
        node.mixed.append((re.compile(text), child))
        return child

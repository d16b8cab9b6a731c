"""Two documents side by side: checked for plain data, references followed, equal parts known as equal."""

import json
import math
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote

from mockserver.contract.yamlfile import pointer_parts, to_pointer
from mockserver.errors import DocumentError, Fault

__all__ = ["Documents", "Node", "Side", "shown"]

MAX_DEPTH = 200  # levels of mappings and sequences: the bound of the YAML reader
MAX_VALUES = 5_000_000  # values of a document after sharing (YAML aliases) is written out
MAX_DIGITS = 4000  # of an integer: Python itself refuses to write longer ones
_LARGEST = 10**MAX_DIGITS
_SHOWN = 60  # characters of a value in a message


class Node(NamedTuple):
    """A value and the JSON pointer that leads to it."""

    value: Any
    pointer: str

    def at(self, *parts: str | int) -> "Node":
        """Return the member at ``parts``, which must exist."""
        value, pointer = self.value, self.pointer
        for part in parts:
            value = value[part]
            pointer += "/" + str(part).replace("~", "~0").replace("/", "~1")
        return Node(value, pointer)


def shown(value: Any) -> str:
    """Return ``value`` as short JSON in backquotes, safe for a terminal: no control characters, no long text."""
    text = json.dumps(value) if not isinstance(value, str) else json.dumps(value)[1:-1].replace('\\"', '"')
    text = text.replace("`", "'").replace("\x7f", "\\u007f")
    if len(text) > _SHOWN:
        text = text[: _SHOWN - 3] + "..."
    return f"`{text}`"


class Side:
    """One of the two documents."""

    def __init__(self, raw: Any, name: str) -> None:
        self.name = name
        self.root = Node(raw, "#")
        _refuse_other_than_json(raw, name)
        self.mapping(self.root)

    def fault(self, node: Node, expected: str, hint: str = "Mend the document.") -> DocumentError:
        """Return the error for a value that is not what was expected."""
        return DocumentError(
            Fault(f"{shown(node.value)} was found, {expected} was expected", self.name, 0, node.pointer, hint)
        )

    def mapping(self, node: Node) -> dict[str, Any]:
        """Return the value of ``node``; raises DocumentError when it is not an object."""
        if not isinstance(node.value, dict):
            raise self.fault(node, "an object")
        return node.value

    def member(self, node: Node, key: str) -> Node:
        """Return the object at ``key`` of ``node``, references followed, or an empty one where it is absent."""
        if key not in self.mapping(node):
            return Node({}, node.pointer)
        return self.follow(node.at(key))

    def members(self, node: Node, key: str) -> Iterator[tuple[str, Node]]:
        """Yield names and objects of the mapping at ``key`` of ``node``, references followed."""
        if key not in self.mapping(node):
            return
        inner = node.at(key)
        for name in self.mapping(inner):
            yield name, self.follow(inner.at(name))

    def items(self, node: Node, key: str) -> list[Node]:
        """Return the entries of the sequence at ``key`` of ``node``; an absent one has none."""
        if key not in self.mapping(node):
            return []
        inner = node.at(key)
        if not isinstance(inner.value, list):
            raise self.fault(inner, "a list")
        return [inner.at(index) for index in range(len(inner.value))]

    def follow(self, node: Node) -> Node:
        """Return the object that a Reference Object leads to; raises DocumentError where it leads nowhere."""
        target = self.target(node)
        while target is not None:
            node = target
            target = self.target(node)
        self.mapping(node)
        return node

    def target(self, node: Node) -> Node | None:
        """Return where the ``$ref`` of ``node`` ends, or None where it has none that is local.

        Chains of pure references are followed to the last; one that leads nowhere, or to itself, raises
        DocumentError.
        """
        if not (isinstance(node.value, dict) and isinstance(node.value.get("$ref"), str)):
            return None
        seen: set[str] = set()
        while set(node.value) == {"$ref"} or not seen:
            reference = node.value["$ref"]
            if not reference.startswith("#"):
                return None
            if reference in seen:
                raise self.fault(node.at("$ref"), "a reference that does not lead back to itself")
            seen.add(reference)
            found = self._find(reference)
            if found is None:
                raise self.fault(node.at("$ref"), "a reference to a part of this document")
            node = found
            if not (isinstance(node.value, dict) and isinstance(node.value.get("$ref"), str)):
                break
        return node

    def _find(self, reference: str) -> Node | None:
        if reference != "#" and not reference.startswith("#/"):
            return None
        node = self.root
        for part in pointer_parts(unquote(reference)):
            value = node.value
            if isinstance(value, dict) and part in value:
                node = node.at(part)
            elif isinstance(value, list) and part.isascii() and part.isdecimal() and int(part) < len(value):
                node = node.at(int(part))
            else:
                return None
        return node


class Documents:
    """The old and the new document, and which of their parts are the same, references included."""

    def __init__(self, old: Any, new: Any, names: tuple[str, str]) -> None:
        self.old = Side(old, names[0])
        self.new = Side(new, names[1])
        # By id; each entry keeps its value alive, so that no other value can get the id.
        self._texts: dict[int, tuple[Any, str]] = {}
        self._references: dict[int, tuple[Any, frozenset[str]]] = {}
        self._unchanged = self._find_unchanged()

    def text(self, value: Any) -> str:
        """Return ``value`` as canonical JSON text; the order of members does not matter."""
        if not isinstance(value, dict | list):
            return json.dumps(value)
        key = id(value)
        if key not in self._texts:
            self._texts[key] = (value, json.dumps(value, sort_keys=True))
        return self._texts[key][1]

    def same(self, old: Node, new: Node) -> bool:
        """Whether two values are equal, and everything that they refer to is too."""
        return self.text(old.value) == self.text(new.value) and self._refs(old.value) <= self._unchanged

    def _refs(self, value: Any) -> frozenset[str]:
        if not isinstance(value, dict | list):
            return frozenset()
        key = id(value)
        if key not in self._references:
            self._references[key] = (value, frozenset(_references(value)))
        return self._references[key][1]

    def _find_unchanged(self) -> frozenset[str]:
        """Return the references that lead to the same content: the greatest set that is closed under itself."""
        inner: dict[str, frozenset[str]] = {}
        for reference in self._refs(self.old.root.value) & self._refs(self.new.root.value):
            old, new = self.old._find(reference), self.new._find(reference)
            if reference == "#" or old is None or new is None:
                continue
            if self.text(old.value) == self.text(new.value):
                inner[reference] = self._refs(old.value)
        users: dict[str, list[str]] = {}
        for reference, uses in inner.items():
            for used in uses:
                users.setdefault(used, []).append(reference)
        unchanged = set(inner)
        doubtful = [used for used in users if used not in unchanged]
        while doubtful:
            for user in users.get(doubtful.pop(), ()):
                if user in unchanged:
                    unchanged.discard(user)
                    doubtful.append(user)
        return frozenset(unchanged)


def _references(value: Any) -> Iterator[str]:
    stack = [value]
    while stack:
        current = stack.pop()
        if isinstance(current, list):
            stack.extend(current)
        elif isinstance(current, dict):
            reference = current.get("$ref")
            if isinstance(reference, str):
                yield reference
            stack.extend(current.values())


def _refuse_other_than_json(raw: Any, name: str) -> None:
    """Raise DocumentError for anything that JSON cannot say, or that is nested without end.

    Each object is looked at once, however often it is shared, so a value that contains itself ends here too.
    """
    known: dict[int, tuple[int, int]] = {}  # by id: height and number of values
    stack: list[tuple[Any, tuple[str | int, ...], bool]] = [(raw, (), False)]
    while stack:
        value, path, done = stack.pop()
        if not isinstance(value, dict | list):
            problem = _problem_of_scalar(value)
            if problem:
                raise DocumentError(Fault(problem, name, 0, to_pointer(path), "Use the JSON data model."))
            continue
        if done:
            known[id(value)] = _measure(value, known)
        height, size = known.get(id(value), (0, 0))
        if len(path) + height > MAX_DEPTH:
            fault = Fault(f"is nested more than {MAX_DEPTH} levels deep", name, 0, to_pointer(path[:20]))
            raise DocumentError(fault)
        if size > MAX_VALUES:
            raise DocumentError(Fault(f"holds more than {MAX_VALUES} values", name, 0, to_pointer(path)))
        if done or height:
            continue
        stack.append((value, path, True))
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(value, dict) and not isinstance(key, str):
                message = f"the member name {key!r} is no text"
                raise DocumentError(Fault(message, name, 0, to_pointer(path), "Put it in quotes."))
            stack.append((child, (*path, key), False))


def _measure(value: Any, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    children = value.values() if isinstance(value, dict) else value
    inner = [known.get(id(child), (0, 1)) for child in children]
    return 1 + max((height for height, _ in inner), default=0), 1 + sum(size for _, size in inner)


def _problem_of_scalar(value: Any) -> str:
    if value is None or isinstance(value, bool | str):
        return ""
    if isinstance(value, int):
        return f"is a number of more than {MAX_DIGITS} digits" if abs(value) >= _LARGEST else ""
    if isinstance(value, float):
        return "" if math.isfinite(value) else f"is {value}, which JSON cannot say"
    return f"is a {type(value).__name__}, which JSON cannot say"

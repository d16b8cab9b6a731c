"""YAML and JSON as configuration: plain data in, plain data out, nothing guessed.

Reading resolves only what JSON knows (null, true, false, numbers, strings): dates stay strings, ``on`` stays
``"on"``, ``010`` and ``12:30`` stay strings, mapping keys are always strings. Duplicate keys are an error, and so
are aliases that would grow the data beyond bounds. Lines are found again only when an error needs one, so that
a good file costs no position table. YAML 1.2, section 10.3 (core schema).
"""

import gc
import math
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import yaml

from mockserver.errors import BadInput, Fault

__all__ = ["dump", "line_of", "lines_of", "load", "parse", "pointer_parts", "to_pointer"]

MAX_OCTETS = 64 * 1024 * 1024  # of a file
MAX_NODES = 5_000_000  # values, after aliases are followed: a bound on memory, far above any real contract
MAX_DEPTH = 200  # levels of mappings and sequences
_UNIVERSAL = re.compile(r"\r\n?")  # line ends, as Python reads text files
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None, "true": True, "false": False}
_TAG = "tag:yaml.org,2002:"
_KINDS: dict[str, type] = {"int": int, "float": float, "bool": bool, "null": type(None)}

_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser where libyaml is there


class _Loader(_BASE):  # type: ignore[misc]  # whichever of the two it is
    """A parser that resolves nothing by itself."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


def load(path: Path, error: type[BadInput] = BadInput) -> Any:
    """Return the data of a YAML or JSON file.

    Raises ``error`` when the file cannot be read or is not one YAML document of the JSON data model.
    """
    return parse(read(path, error), str(path), error)


def read(path: Path, error: type[BadInput] = BadInput) -> str:
    """Return the text of a file; raises ``error`` when it is missing, unreadable, too large or not UTF-8."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_OCTETS + 1)
        if len(data) > MAX_OCTETS:
            limit = f"{MAX_OCTETS // 2**20} MiB"
            raise error(Fault(f"is larger than {limit}", str(path), hint="Split or shorten the file."))
        return _UNIVERSAL.sub("\n", data.decode("utf-8-sig"))
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise error(Fault(f"cannot be read ({reason})", str(path), hint="Name a readable file.")) from None
    except UnicodeDecodeError as problem:
        raise error(
            Fault(f"is not UTF-8 text (byte {problem.start})", str(path), hint="Save the file as UTF-8.")
        ) from None


def parse(text: str, name: str = "", error: type[BadInput] = BadInput) -> Any:
    """Return the data of YAML or JSON text; ``name`` is the file that messages speak of."""
    try:
        with collector_paused():
            loader = _Loader(text)
            try:
                return _Builder(name, error).build(loader.get_event)
            finally:
                loader.dispose()
    except yaml.MarkedYAMLError as problem:
        mark: Any = problem.problem_mark or problem.context_mark
        what = problem.problem or problem.context or "cannot be read"
        raise error(
            Fault(f"is not valid YAML: {what}", name, mark.line + 1 if mark else 0, hint="Mend the line.")
        ) from None
    except (yaml.YAMLError, ValueError) as problem:
        what = " ".join(str(problem).split())
        raise error(Fault(f"is not valid YAML: {what}", name, hint="Mend the file.")) from None


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep Python's collector of cycles away while millions of values are made that form none."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@dataclass(slots=True)
class _Open:
    """A collection that is being filled: what waits around it, and what is known of it so far."""

    value: Any
    key: str | None  # the member that waits for its value
    anchored: "_Anchored | None"
    before: int  # how many values came before it
    deepest: int = 0  # the deepest level inside it


@dataclass(slots=True)
class _Anchored:
    """A value that aliases can stand for; its size is 0 while it is open."""

    value: Any
    mark: Any
    size: int = 0
    height: int = 0  # levels of collections


class _Builder:
    """Builds the data of one document from the parser's events: no tree of nodes, and no recursion to exhaust."""

    def __init__(self, name: str, error: type[BadInput]) -> None:
        self._name, self._error = name, error
        self._root: Any = None
        self._documents = 0
        self._open: list[_Open] = []
        self._anchors: dict[str, _Anchored] = {}
        self._count = 0  # values so far, aliases followed
        self._keys: dict[str, str] = {}  # a member's name is kept once, however many mappings have it

    def build(self, next_event: Callable[[], Any]) -> Any:
        """Return what the events of a stream tell; a stream without a document is ``None``."""
        acts: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._begin,
            yaml.SequenceStartEvent: self._begin,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        while True:
            event = next_event()
            act = acts.get(type(event))
            if act is not None:
                act(event)
            elif type(event) is yaml.StreamEndEvent:
                return self._root

    def _scalar(self, event: Any) -> None:
        within = self._open[-1] if self._open else None
        if within is not None and within.key is None and type(within.value) is dict:
            value = within.key = self._keys.setdefault(event.value, event.value)
            if value in within.value:
                raise _fault(f"the member {value!r} is given twice in one mapping", event)
        else:
            value = _value(event)
            self._put(value, event)
        self._add(1, event)
        if event.anchor:
            self._anchors[event.anchor] = _Anchored(value, event.start_mark, 1)

    def _put(self, value: Any, event: Any) -> None:
        """Put a value where one is waited for."""
        if not self._open:
            self._root = value
            return
        within = self._open[-1]
        if type(within.value) is list:
            within.value.append(value)
        elif within.key is None:
            raise _fault("a mapping key must be plain text", event)
        else:
            within.value[within.key], within.key = value, None

    def _begin(self, event: Any) -> None:
        mapping = type(event) is yaml.MappingStartEvent
        if event.tag not in (None, "!", _TAG + ("map" if mapping else "seq")):
            raise _fault(f"the tag {event.tag!r} does not fit here, or is none of JSON's", event)
        value: Any = {} if mapping else []
        self._put(value, event)
        anchored = None
        if event.anchor:
            anchored = self._anchors[event.anchor] = _Anchored(value, event.start_mark)
        self._open.append(_Open(value, None, anchored, self._count))
        self._deepen(len(self._open), event)
        self._add(1, event)

    def _end(self, event: Any) -> None:
        done = self._open.pop()
        if self._open and self._open[-1].deepest < done.deepest:
            self._open[-1].deepest = done.deepest
        if done.anchored is not None:
            done.anchored.size, done.anchored.height = self._count - done.before, done.deepest - len(self._open)

    def _alias(self, event: Any) -> None:
        """Put the value that an alias stands for; raises where following aliases would not end, or not soon."""
        anchored = self._anchors.get(event.anchor)
        if anchored is None:
            raise _fault(f"found undefined alias {event.anchor!r}", event)
        if not anchored.size:
            raise self._refusal("contains an alias to itself", anchored.mark, "Use $ref for recursion.")
        self._put(anchored.value, event)
        self._deepen(len(self._open) + anchored.height, event)
        self._add(anchored.size, event)

    def _add(self, size: int, event: Any) -> None:
        """Count values; raises beyond the limit."""
        self._count += size
        if self._count > MAX_NODES:
            text, hint = f"has more than {MAX_NODES:,} values", "Shorten it."
            if type(event) is yaml.AliasEvent:
                text, hint = "grows without bound through its aliases", "Write the values out."
            raise self._refusal(text, event.start_mark, hint)

    def _deepen(self, level: int, event: Any) -> None:
        """Note how deep the data gets; raises beyond the limit."""
        if level > MAX_DEPTH:
            raise self._refusal(
                f"is nested more than {MAX_DEPTH} levels deep",
                event.start_mark,
                "Flatten it: a contract or fixture needs a few dozen levels.",
            )
        if self._open and self._open[-1].deepest < level:
            self._open[-1].deepest = level

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise _fault("another document starts here; a file holds one", event)

    def _refusal(self, message: str, mark: Any, hint: str) -> BadInput:
        return self._error(Fault(message, self._name, mark.line + 1 if mark else 0, hint=hint))


def _fault(message: str, event: Any) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, message, event.start_mark)


def _value(event: Any) -> Any:
    """Return the value of a scalar: as its tag says, as it looks where it is plain, else its text."""
    text: str = event.value
    if event.tag is None:
        return _plain(text, event) if event.implicit[0] else text
    kind = event.tag.removeprefix(_TAG)
    if kind in {"!", "str"}:
        return text
    value = _plain(text, event)
    if kind == "float" and type(value) is int:
        return float(value)
    if type(value) is not _KINDS.get(kind):
        raise _fault(f"the tag {event.tag!r} does not fit here, or is none of JSON's", event)
    return value


def _plain(text: str, event: Any) -> Any:
    """Return what unquoted text stands for (YAML 1.2, section 10.2): null, a boolean, a number, or itself."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "-0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise _fault(f"{text} is beyond any double", event)
        return number
    return text


def to_pointer(parts: "list[str | int] | tuple[str | int, ...]") -> str:
    """Return the JSON pointer of ``parts`` as a URI fragment: ``("paths", "/items")`` -> ``#/paths/~1items``."""
    return "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def pointer_parts(pointer: str) -> tuple[str, ...]:
    """Return the parts of a JSON pointer, with or without a leading ``#``: the reverse of :func:`to_pointer`."""
    body = pointer.removeprefix("#")
    if not body:
        return ()
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in body[1:].split("/"))


def line_of(text: str, parts: "list[str | int] | tuple[str | int, ...]") -> int:
    """Return the line (from 1) of the value at ``parts`` in YAML or JSON text, or of its nearest ancestor.

    A value in a block mapping is placed at the line of its key. Returns 0 when the text cannot be read.
    """
    return lines_of(text, [parts])[0]


def lines_of(text: str, places: "Iterable[list[str | int] | tuple[str | int, ...]]") -> list[int]:
    """Return the line of each of several places, as :func:`line_of` does, reading the text once.

    It is read no further than it must be, and nothing of it is kept: a file may have millions of values.
    """
    root = _Place()
    chains = []
    for place in places:
        chain = [root]
        for part in place:
            chain.append(chain[-1].inner.setdefault(str(part), _Place()))
        chains.append(chain)
    try:
        loader = _Loader(text)
        try:
            _find(loader.get_event, root, len({id(place) for chain in chains for place in chain}))
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError):
        pass  # what stands before the fault is found
    return [next((place.line for place in reversed(chain) if place.line), 0) for chain in chains]


@dataclass(slots=True)
class _Place:
    """A place whose line is wanted, and those below it."""

    line: int = 0
    inner: "dict[str, _Place]" = field(default_factory=dict)


@dataclass(slots=True)
class _Level:
    """A collection that is being read: the wanted place that it is, if any, and what comes next in it."""

    place: _Place | None
    mapping: bool
    count: int = 0  # of keys and values so far
    member: _Place | None = None

    def next(self, event: Any) -> _Place | None:
        """Return the wanted place that an event is the key or the value of, if any."""
        self.count += 1
        if self.mapping and self.count % 2 == 0:
            return self.member
        name = getattr(event, "value", None) if self.mapping else str(self.count - 1)
        self.member = self.place.inner.get(name) if self.place is not None and name is not None else None
        if self.member is not None and self.member.line:
            self.member = None  # a key that is given twice: the first is it
        return self.member


def _find(next_event: Callable[[], Any], root: _Place, left: int) -> None:
    """Note the lines of wanted places, until all ``left`` of them are found or the document ends."""
    levels: list[_Level] = []
    while left:
        event = next_event()
        if isinstance(event, yaml.NodeEvent):
            place = levels[-1].next(event) if levels else root
            if place is not None and not place.line:
                start: Any = event.start_mark
                place.line = start.line + 1
                left -= 1
            if isinstance(event, yaml.CollectionStartEvent):
                levels.append(_Level(place, isinstance(event, yaml.MappingStartEvent)))
        elif isinstance(event, yaml.CollectionEndEvent):
            levels.pop()
        elif isinstance(event, yaml.DocumentEndEvent | yaml.StreamEndEvent):
            return


class _Dumper(yaml.SafeDumper):
    """Writes block style, no aliases, multi-line text as literal blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write repeated values out: a contract is read by people."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent sequences under their key."""
        super().increase_indent(flow, False)


def _represent_str(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    if "\n" in value:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|")
    # The dumper quotes what YAML 1.1 would read as something else; this reader takes more for numbers.
    style = "'" if _FLOAT.fullmatch(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _represent_str)


def dump(data: Any) -> str:
    """Return ``data`` as YAML text that :func:`parse` reads back unchanged, members in their given order."""
    text = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return str(text)

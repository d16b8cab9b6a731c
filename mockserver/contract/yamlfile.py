"""YAML and JSON as configuration: plain data in, plain data out, nothing guessed.

Reading resolves only what JSON knows (null, true, false, numbers, strings): dates stay strings, ``on`` stays
``"on"``, ``010`` and ``12:30`` stay strings, mapping keys are always strings. Duplicate keys are an error, and so
are aliases that would grow the data beyond bounds. Lines are found again only when an error needs one, so that
a good file costs no position table. YAML 1.2, section 10.3 (core schema).
"""

import math
import re
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import yaml

from mockserver.errors import BadInput, Fault

__all__ = ["dump", "line_of", "load", "parse", "pointer_parts", "to_pointer"]

MAX_NODES = 20_000_000  # values after aliases are followed: a bound on memory, far above any real contract

MAX_DEPTH = 200  # levels of mappings and sequences
_INDENT = re.compile(r"^[ \-?\t]+", re.MULTILINE)  # what can open block collections on one line

_FLOAT = re.compile(r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$")

_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_BASE):  # type: ignore[misc]  # the C loader where libyaml is there, else the pure one
    """A safe loader of the JSON data model."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return the mapping with string keys; a key given twice is an error."""
        result: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a mapping key must be plain text", key_node.start_mark
                )
            key = key_node.value
            if key in result:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the member {key!r} is given twice in one mapping", key_node.start_mark
                )
            result[key] = self.construct_object(value_node, deep=True)
        return result


def _construct_float(loader: Any, node: yaml.ScalarNode) -> float:
    number = float(node.value)
    if math.isinf(number):
        raise yaml.constructor.ConstructorError(None, None, f"{node.value} is beyond any double", node.start_mark)
    return number


def _construct_int(loader: Any, node: yaml.ScalarNode) -> int:
    return int(node.value)


def _construct_map(loader: _Loader, node: yaml.MappingNode) -> Iterator[dict[Hashable, Any]]:
    data: dict[Hashable, Any] = {}
    yield data
    data.update(loader.construct_mapping(node))


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:null|Null|NULL|~|)$"), ["n", "N", "~", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9][0-9]*)$"), list("-0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    _FLOAT,
    list("-0123456789"),
)
_Loader.add_constructor("tag:yaml.org,2002:map", _construct_map)
_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _construct_float)


def load(path: Path, error: type[BadInput] = BadInput) -> Any:
    """Return the data of a YAML or JSON file.

    Raises ``error`` when the file cannot be read or is not one YAML document of the JSON data model.
    """
    return parse(read(path, error), str(path), error)


def read(path: Path, error: type[BadInput] = BadInput) -> str:
    """Return the text of a file; raises ``error`` when it is missing, unreadable or not UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
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
        _refuse_depth(text, name, error)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _refuse_growth(node, name, error)
            return loader.construct_document(node)
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


def _refuse_depth(text: str, name: str, error: type[BadInput]) -> None:
    """Raise when ``text`` nests deeper than ``MAX_DEPTH``: the C parser recurses, and would end the process.

    Counting brackets and indentation proves most files shallow without parsing them twice.
    """
    brackets = text.count("[") + text.count("{")
    indents = max((len(run) for run in _INDENT.findall(text)), default=0)
    if brackets <= MAX_DEPTH and 2 * indents <= MAX_DEPTH:
        return
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise error(
                    Fault(
                        f"is nested more than {MAX_DEPTH} levels deep",
                        name,
                        (event.start_mark.line if event.start_mark else -1) + 1,
                        hint="Flatten it: a contract or fixture needs a few dozen levels.",
                    )
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _refuse_growth(node: yaml.Node, name: str, error: type[BadInput]) -> None:
    """Raise when following the aliases of ``node`` would give more than ``MAX_NODES`` values, or never end."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()
    stack: list[tuple[yaml.Node, bool]] = [(node, False)]
    while stack:
        current, done = stack.pop()
        key = id(current)
        children = _children(current)
        if done:
            open_nodes.discard(key)
            sizes[key] = 1 + sum(sizes[id(child)] for child in children)
            if sizes[key] > MAX_NODES:
                line = current.start_mark.line + 1
                raise error(Fault("grows without bound through its aliases", name, line, hint="Write the values out."))
        elif key in open_nodes:
            line = current.start_mark.line + 1
            raise error(Fault("contains an alias to itself", name, line, hint="Use $ref for recursion."))
        elif key not in sizes:
            if not children:
                sizes[key] = 1
                continue
            open_nodes.add(key)
            stack.append((current, True))
            stack.extend((child, False) for child in children if id(child) not in sizes)


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [value for _, value in node.value]
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    return []


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
    try:
        node = yaml.compose(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError):
        return 0
    if node is None:
        return 0
    line = int(node.start_mark.line) + 1
    for part in parts:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                return line
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and str(part).isdecimal() and int(part) < len(node.value):
            node = node.value[int(part)]
            line = node.start_mark.line + 1
        else:
            return line
    return line


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

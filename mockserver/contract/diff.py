"""Compares two OpenAPI 3.1 documents: what changed, and what it means for clients and for servers.

The comparison goes from the document to its operations, from there to parameters, bodies and responses
(:mod:`mockserver.contract.diff_messages`), and from there to schemas (:mod:`mockserver.contract.diff_schemas`).
Components that no operation uses are not compared: nobody can notice them.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from mockserver.contract.diff_catalogue import CATALOGUE
from mockserver.contract.diff_collect import Collector, Place, Two
from mockserver.contract.diff_document import Node, Side, shown
from mockserver.contract.diff_messages import compare_bodies, compare_parameters, compare_responses, parameters
from mockserver.contract.diff_model import SEVERITIES, Audience, Change, Severity, worst
from mockserver.contract.diff_notes import changed_members
from mockserver.contract.diff_report import FORMATS, render
from mockserver.contract.diff_security import compare_security

__all__ = ["CATALOGUE", "FORMATS", "SEVERITIES", "Audience", "Change", "Severity", "diff", "render", "worst"]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PARAMETER = re.compile(r"\{([^{}]*)\}")
_WHOLE = Place("", "document")


def diff(
    old: dict[str, Any], new: dict[str, Any], names: tuple[str, str] = ("old document", "new document")
) -> tuple[Change, ...]:
    """Return what changed from ``old`` to ``new``, ordered by path, method, part and place.

    ``names`` are what errors call the documents. Raises DocumentError, with a pointer, for a document that is no
    plain JSON data, or where something that the comparison needs is not what OpenAPI says (a reference that leads
    nowhere, a list instead of an object).
    """
    to = Collector(old, new, names)
    root = Two(to.documents.old.root, to.documents.new.root)
    if to.documents.text(root.old.value) == to.documents.text(root.new.value):
        return ()
    _compare_document(to, root)
    before, after = (dict(_operations(side)) for side in (to.documents.old, to.documents.new))
    for key in _pair_moved(to, before, after):
        _compare_operation(to, *key)
    return to.sorted_changes()


# the document


def _compare_document(to: Collector, root: Two) -> None:
    to.compare_notes(root, _WHOLE, "the document")
    changed = changed_members(root.old.value, root.new.value)
    for name, kind in (("openapi", "openapi-version-changed"), ("jsonSchemaDialect", "dialect-changed")):
        if name in changed:
            was, now = (shown(node.value[name]) if name in node.value else "not set" for node in root)
            to.add(kind, _WHOLE, f"#/{name}", f"`{name}` was {was}, and is {now} now")
    if "info" in changed:
        to.add("documentation-changed", _WHOLE, "#/info", "`info` of the document changed")
    _compare_servers(to, root, _WHOLE)
    hooks = [dict(side.members(node, "webhooks")) for side, node in zip(_sides(to), root, strict=True)]
    _compare_opaque(to, hooks[0], hooks[1], "webhook-changed", _WHOLE, "webhook")


def _compare_servers(to: Collector, two: Two, place: Place) -> None:
    found = [_servers(side, node) for side, node in zip(_sides(to), two, strict=True)]
    old, new = found
    gone, came = old.keys() - new.keys(), new.keys() - old.keys()
    place = place.at("servers")
    at = f"{two.new.pointer}/servers" if "servers" in two.new.value else two.new.pointer
    bases = [{_base(url) for url in servers or {"/": at}} for servers in found]
    if (gone or came) and not bases[0] & bases[1]:
        was, now = (", ".join(map(shown, sorted(base))) for base in bases)
        to.add("base-path-changed", place, at, f"the base path was {was}, and is {now} now")
        return
    for url in sorted(gone):
        to.add("server-removed", place, old[url], f"the server {shown(url)} was declared, and is not now")
    for url in sorted(came):
        to.add("server-added", place, new[url], f"the server {shown(url)} was not declared, and is now")


def _servers(side: Side, owner: Node) -> dict[str, str]:
    """Return the addresses with their pointers; variables hold their defaults."""
    result = {}
    for entry in side.items(owner, "servers"):
        url = side.mapping(entry).get("url")
        if not isinstance(url, str):
            raise side.fault(entry, "a server with `url`")
        for name, variable in side.members(entry, "variables"):
            url = url.replace("{" + name + "}", str(variable.value.get("default", "")))
        result[url.rstrip("/") or "/"] = entry.pointer
    return result


def _base(url: str) -> str:
    try:
        return urlsplit(url).path.rstrip("/")
    except ValueError:
        return url


def _sides(to: Collector) -> tuple[Side, Side]:
    return (to.documents.old, to.documents.new)


def _compare_opaque(
    to: Collector, old: dict[str, Node], new: dict[str, Node], kind: str, place: Place, what: str
) -> None:
    """Report what is compared as a whole: the roles of client and server are reversed there."""
    for name in sorted(old.keys() | new.keys()):
        if name in old and name in new and to.documents.same(old[name], new[name]):
            continue
        state = "changed" if name in old and name in new else "added" if name in new else "removed"
        node = new[name] if name in new else old[name]
        message = f"the {what} {shown(name)} was {state}; what that means is not decided"
        to.add(kind, place.at(f"{what} {shown(name)}"), node.pointer, message)


# operations

_Key = tuple[str, str]  # the path without the names of its parameters, and the method
_Operation = tuple[str, Node, Node]  # the path as it is written, its path item, the operation


def _operations(side: Side) -> Iterator[tuple[_Key, _Operation]]:
    taken: set[str] = set()
    for path, item in side.members(side.root, "paths"):
        if path.startswith("x-"):
            continue
        template = _PARAMETER.sub("{}", path)
        template = path if template in taken else template
        taken.add(template)
        for method in _METHODS:
            if method in item.value:
                operation = item.at(method)
                side.mapping(operation)
                yield (template, method), (path, item, operation)


def _pair_moved(
    to: Collector, before: dict[_Key, _Operation], after: dict[_Key, _Operation]
) -> list[tuple[_Operation, _Operation, str]]:
    """Report operations that came, went or moved; return the pairs to compare, each with the name to report."""
    pairs = [(before[key], after[key], _name(key[1], after[key])) for key in before if key in after]
    gone = {key: before[key] for key in before if key not in after}
    came = {key: after[key] for key in after if key not in before}
    places = {_id(came[key]): key for key in came if _id(came[key])}
    for key in list(gone):
        other = places.pop(_id(gone[key]), None)
        if other is None:
            continue
        old, new = gone.pop(key), came.pop(other)
        name = _name(other[1], new)
        message = f"the operation was {shown(_name(key[1], old))}, and is {shown(name)} now"
        to.add("operation-moved", Place(name, "operation"), new[2].pointer, message)
        pairs.append((old, new, name))
    for key, operation in gone.items():
        place = Place(_name(key[1], operation), "operation")
        was = "deprecated" if operation[2].value.get("deprecated") is True else "there"
        to.add("operation-removed", place, operation[2].pointer, f"the operation was {was}, and no longer exists")
    for key, operation in came.items():
        place = Place(_name(key[1], operation), "operation")
        to.add("operation-added", place, operation[2].pointer, "the operation did not exist, and does now")
    return pairs


def _name(method: str, operation: _Operation) -> str:
    return f"{method.upper()} {operation[0]}"


def _id(operation: _Operation) -> str:
    found = operation[2].value.get("operationId")
    return found if isinstance(found, str) else ""


def _compare_operation(to: Collector, old: _Operation, new: _Operation, name: str) -> None:
    two, items = Two(old[2], new[2]), Two(old[1], new[1])
    place = Place(name, "operation")
    _compare_operation_security(to, place, two)
    renamed = _renamed(old[0], new[0])
    for was, now in renamed.items():
        if was != now:
            message = f"the path parameter was called {shown(was)}, and is called {shown(now)} now"
            to.add("path-parameter-renamed", place.at(f"path parameter {shown(now)}"), new[1].pointer, message)
    if to.documents.same(*two) and to.documents.same(*items) and old[0] == new[0]:
        return
    for both, what in ((items, "the path"), (two, "the operation")):
        to.compare_notes(both, place, what)
        _compare_servers(to, both, place)
    if _id(old) != _id(new):
        was, now = (shown(_id(one)) if _id(one) else "not set" for one in (old, new))
        message = f"`operationId` was {was}, and is {now} now"
        to.add("operation-id-changed", place, new[2].pointer, message)
    compare_parameters(
        to, place, parameters(to.documents.old, *old[1:]), parameters(to.documents.new, *new[1:]), renamed
    )
    compare_bodies(to, place, two)
    compare_responses(to, place, two)
    calls = [dict(side.members(node, "callbacks")) for side, node in zip(_sides(to), two, strict=True)]
    _compare_opaque(to, calls[0], calls[1], "callback-changed", place, "callback")


def _renamed(old: str, new: str) -> dict[str, str]:
    """Return the names of path parameters, old to new, by their position."""
    before, after = _PARAMETER.findall(old), _PARAMETER.findall(new)
    return dict(zip(before, after, strict=True)) if len(before) == len(after) else {}


def _compare_operation_security(to: Collector, place: Place, two: Two) -> None:
    """Compare the requirements that are in force: those of the operation, or else of the document."""
    owners = [node if "security" in node.value else side.root for side, node in zip(_sides(to), two, strict=True)]
    at = f"{owners[1].pointer}/security" if "security" in owners[1].value else two.new.pointer
    compare_security(to, place, Two(*owners), at)

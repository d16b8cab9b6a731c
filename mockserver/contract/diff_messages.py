"""Compares what an operation takes and gives: parameters, request body, responses (OpenAPI 3.1, 4.8.12 to 4.8.20)."""

import json
from collections.abc import Mapping
from typing import Any

from mockserver.contract.diff_collect import Collector, Place, Two
from mockserver.contract.diff_document import Node, Side, shown
from mockserver.contract.diff_findings import Direction, usual
from mockserver.contract.diff_notes import changed_members
from mockserver.contract.diff_views import view

__all__ = ["compare_bodies", "compare_parameters", "compare_responses"]

_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
_IGNORED_HEADERS = ("accept", "content-type", "authorization")  # OpenAPI 3.1, 4.8.12.2
_SCALARS = frozenset({"string", "integer", "number", "boolean", "null"})

_Parameters = dict[tuple[str, str], Node]


# parameters


def compare_parameters(
    to: Collector, place: Place, old: _Parameters, new: _Parameters, renamed: Mapping[str, str]
) -> None:
    """Add what changed about the parameters; ``renamed`` maps old path parameters to new ones."""
    old = {(where, renamed.get(name, name) if where == "path" else name): node for (where, name), node in old.items()}
    gone = {key: node for key, node in old.items() if key not in new}
    came = {key: node for key, node in new.items() if key not in old}
    pairs = [(key, key) for key in old if key in new]
    for kind, key, other in _partners(gone, came):
        before, after = gone.pop(key), came.pop(other)
        pairs.append((key, other))
        called, calls = shown(before.value["name"]), shown(after.value["name"])
        if kind == "parameter-moved":
            message = f"the parameter {called} was in the {key[0]}, and is in the {other[0]} now"
        else:
            message = f"the {key[0]} parameter was called {called}, and is called {calls} now"
        to.add(kind, place.at(_called(other)), after.pointer, message)
    for key, node in gone.items():
        required = _required(node)
        kind = "required-parameter-removed" if required else "parameter-removed"
        message = f"{_called(key)} was {'required' if required else 'optional'}, and no longer exists"
        to.add(kind, place.at(_called(key)), node.pointer, message)
    for key, node in came.items():
        kind = "required-parameter-added" if _required(node) else "optional-parameter-added"
        message = f"{_called(key)} did not exist, and is {'required' if _required(node) else 'optional'} now"
        to.add(kind, place.at(_called(key)), node.pointer, message)
    for before_key, after_key in pairs:
        _compare_parameter(to, place.at(_called(after_key)), Two(old[before_key], new[after_key]), after_key)


def parameters(side: Side, *owners: Node) -> _Parameters:
    """Return the parameters of a path item and its operation by place and name; the later owner wins."""
    result: _Parameters = {}
    for owner in owners:
        for entry in side.items(owner, "parameters"):
            node = side.follow(entry)
            name, where = node.value.get("name"), node.value.get("in")
            if not isinstance(name, str) or not isinstance(where, str):
                if "$ref" in node.value:
                    continue  # in another file: nothing is known about it
                raise side.fault(node, "a parameter with `name` and `in`")
            if where == "header":
                name = name.lower()
            if where != "header" or name not in _IGNORED_HEADERS:
                result[where, name] = node
    return result


def _partners(gone: _Parameters, came: _Parameters) -> list[tuple[str, tuple[str, str], tuple[str, str]]]:
    """Return which removed parameter is which added one: moved when the name stayed, renamed when all else did."""
    result = []
    free = dict(came)
    for key in sorted(gone):
        moved = [other for other in sorted(free) if other[1] == key[1].lower() or other[1] == key[1]]
        if len(moved) == 1:
            result.append(("parameter-moved", key, moved[0]))
            del free[moved[0]]
            continue
        alike = [other for other in sorted(free) if other[0] == key[0] and _alike(gone[key], free[other])]
        rivals = [mine for mine in gone if mine[0] == key[0] and _alike(gone[mine], gone[key])]
        if len(alike) == len(rivals) == 1 and key[0] != "path":
            result.append(("parameter-renamed", key, alike[0]))
            del free[alike[0]]
    return result


def _alike(one: Node, other: Node) -> bool:
    """Whether two parameters say the same, down to a description of their own, under different names."""
    return changed_members(one.value, other.value) in ([], ["name"]) and bool(one.value.get("description"))


def _called(key: tuple[str, str]) -> str:
    return f"{key[0]} parameter {shown(key[1])}"


def _required(node: Node) -> bool:
    return node.value.get("required") is True or node.value.get("in") == "path"


def _compare_parameter(to: Collector, place: Place, two: Two, key: tuple[str, str]) -> None:
    if to.documents.same(*two):
        return
    what = place.where
    to.compare_notes(two, place, what)
    was, now = _required(two.old), _required(two.new)
    if was != now:
        kind = "parameter-became-required" if now else "parameter-became-optional"
        states = ("optional", "required") if now else ("required", "optional")
        to.add(kind, place, two.new.pointer, f"{what} was {states[0]}, and is {states[1]} now")
    styles = [_style(side, node) for side, node in zip((to.documents.old, to.documents.new), two, strict=True)]
    if styles[0] != styles[1] and two.old.value.get("in") == two.new.value.get("in"):
        texts = [", ".join(f"{name} {shown(value)}" for name, value in style.items()) for style in styles]
        message = f"{what} was written with {texts[0]}, and is with {texts[1]} now"
        to.add("parameter-style-changed", place, two.new.pointer, message)
    if ("content" in two.old.value) == ("content" in two.new.value):  # else the style says it
        _compare_contents(to, place, two, "request")


def _style(side: Side, node: Node) -> dict[str, Any]:
    """Return how a parameter is written, defaults filled in; what makes no difference to it is left out."""
    value = node.value
    style = value.get("style", _STYLES.get(str(value.get("in")), "simple"))
    result = {"style": style}
    if "content" in value:
        return {"content": sorted(side.mapping(node.at("content")))}
    types = view(side, [node.at("schema")]).types if "schema" in value else frozenset({"string"})
    if not types <= _SCALARS:
        result["explode"] = value.get("explode", style == "form")
    for flag in ("allowReserved", "allowEmptyValue"):
        if value.get(flag) is True:
            result[flag] = True
    return result


# bodies


def compare_bodies(to: Collector, place: Place, two: Two) -> None:
    """Add what changed between the request bodies of two operations."""
    place = place.at("request body")
    has = ["requestBody" in node.value for node in two]
    if not any(has):
        return
    sides = (to.documents.old, to.documents.new)
    bodies = Two(*(side.member(node, "requestBody") for side, node in zip(sides, two, strict=True)))
    needed = ["required" if body.value.get("required") is True else "optional" for body in bodies]
    if not has[0]:
        message = f"there was no request body, and there is a {needed[1]} one now"
        to.add(f"{needed[1]}-request-body-added", place, bodies.new.pointer, message)
        return
    if not has[1]:
        kind = "required-request-body-removed" if needed[0] == "required" else "request-body-removed"
        message = f"there was a {needed[0]} request body, and there is none now"
        to.add(kind, place, bodies.old.pointer, message)
        return
    if to.documents.same(*bodies):
        return
    to.compare_notes(bodies, place, "the request body")
    if needed[0] != needed[1]:
        message = f"the request body was {needed[0]}, and is {needed[1]} now"
        to.add(f"request-body-became-{needed[1]}", place, bodies.new.pointer, message)
    _compare_contents(to, place, bodies, "request")


def _compare_contents(to: Collector, place: Place, two: Two, direction: Direction) -> None:
    """Compare ``schema`` or ``content`` of parameters, headers and bodies."""
    if any("schema" in node.value for node in two):
        _compare_schema_members(to, place, two, direction)
    old, new = (
        {"".join(name.lower().split()): node for name, node in side.members(node, "content")}
        for side, node in zip((to.documents.old, to.documents.new), two, strict=True)
    )
    if direction == "response" and bool(old) != bool(new):
        kind = "response-body-added" if new else "response-body-removed"
        states = ("no declared body", "one") if new else ("a declared body", "none")
        message = f"the answer had {states[0]}, and has {states[1]} now"
        to.add(kind, place, (two.new if new else two.old).pointer, message)
        return
    for name in sorted(old.keys() | new.keys()):
        inner = place if name == "application/json" else place.at(f"{place.where} ({name})")
        if name not in new:
            message = f"the media type {shown(name)} was declared, and is not now"
            to.add(f"{direction}-media-type-removed", inner, old[name].pointer, message)
        elif name not in old:
            message = f"the media type {shown(name)} was not declared, and is now"
            to.add(f"{direction}-media-type-added", inner, new[name].pointer, message)
        else:
            _compare_media_type(to, inner, Two(old[name], new[name]), direction)


def _compare_media_type(to: Collector, place: Place, two: Two, direction: Direction) -> None:
    if to.documents.same(*two):
        return
    to.compare_notes(two, place, "the media type")
    if "encoding" in changed_members(two.old.value, two.new.value):
        to.add("encoding-changed", place, two.new.pointer, "the encoding of the body was changed")
    _compare_schema_members(to, place, two, direction)


def _compare_schema_members(to: Collector, place: Place, two: Two, direction: Direction) -> None:
    old, new = (node.at("schema") if "schema" in node.value else Node({}, f"{node.pointer}") for node in two)
    to.compare_schemas(direction, place, old, new)


# responses


def compare_responses(to: Collector, place: Place, two: Two) -> None:
    """Add what changed between the responses of two operations; ranges and ``default`` cover what they stand for."""
    old, new = (
        {name.upper() if name != "default" else name: node for name, node in side.members(owner, "responses")
         if not name.startswith("x-")}
        for side, owner in zip((to.documents.old, to.documents.new), two, strict=True)
    )  # fmt: skip
    for status in sorted(old.keys() | new.keys()):
        inner = place.at(f"response {status}")
        if status in old and status in new:
            _compare_response(to, inner, Two(old[status], new[status]))
        elif status in new:
            cover = _cover(status, old)
            message = f"the status {status} was not declared, and is now"
            if cover:
                judged = usual("response-status-added")._replace(
                    clients="harmless", why_clients=f"{cover} announced it"
                )
                to.add("response-status-added", inner, new[status].pointer, message, judged)
                _compare_response(to, inner, Two(old[cover], new[status]))
            else:
                to.add("response-status-added", inner, new[status].pointer, message)
        else:
            cover = _cover(status, new)
            kind = "success-status-removed" if status[:1] == "2" else "error-status-removed"
            message = f"the status {status} was declared, and is not now"
            if cover:
                judged = usual(kind)._replace(servers="harmless", why_servers=f"{cover} still allows it")
                to.add(kind, inner, old[status].pointer, message, judged)
                _compare_response(to, inner, Two(old[status], new[cover]))
            else:
                to.add(kind, inner, old[status].pointer, message)


def _cover(status: str, others: Mapping[str, Node]) -> str:
    """Return the range or ``default`` among ``others`` that stands for ``status`` too, or nothing."""
    candidates = (f"{status[:1]}XX", "default")
    return next((name for name in candidates if name in others and status not in (name, "default")), "")


def _compare_response(to: Collector, place: Place, two: Two) -> None:
    if to.documents.same(*two):
        return
    to.compare_notes(two, place, "the response")
    _compare_contents(to, place, two, "response")
    _compare_headers(to, place, two)
    _compare_links(to, place, two)


def _compare_headers(to: Collector, place: Place, two: Two) -> None:
    old, new = (
        {name.lower(): node for name, node in side.members(owner, "headers") if name.lower() != "content-type"}
        for side, owner in zip((to.documents.old, to.documents.new), two, strict=True)
    )
    for name in sorted(old.keys() | new.keys()):
        inner = place.at(f"{place.where}, header {shown(name)}")
        what = f"the header {shown(name)}"
        if name not in old or name not in new:
            came = name in new
            node = new[name] if came else old[name]
            required = node.value.get("required") is True
            state = "required" if required else "optional"
            kind = f"{state}-header-added" if came else "required-header-removed" if required else "header-removed"
            message = (
                f"{what} did not exist, and is {state} now" if came else f"{what} was {state}, and no longer exists"
            )
            to.add(kind, inner, node.pointer, message)
            continue
        both = Two(old[name], new[name])
        to.compare_notes(both, inner, what)
        was, now = (node.value.get("required") is True for node in both)
        if was != now:
            states = ("optional", "required") if now else ("required", "optional")
            message = f"{what} was {states[0]}, and is {states[1]} now"
            to.add(f"header-became-{states[1]}", inner, both.new.pointer, message)
        if ("content" in both.old.value) == ("content" in both.new.value):
            _compare_contents(to, inner, both, "response")
        else:
            to.add("encoding-changed", inner, both.new.pointer, f"{what} is written otherwise (`content`)")


def _compare_links(to: Collector, place: Place, two: Two) -> None:
    sides = (to.documents.old, to.documents.new)
    old, new = (dict(side.members(owner, "links")) for side, owner in zip(sides, two, strict=True))
    for name in sorted(old.keys() | new.keys()):
        inner = place.at(f"{place.where}, link {shown(name)}")
        if name not in old:
            to.add("link-added", inner, new[name].pointer, f"the link {shown(name)} did not exist, and does now")
        elif name not in new:
            to.add("link-removed", inner, old[name].pointer, f"the link {shown(name)} existed, and does not now")
        else:
            both = Two(old[name], new[name])
            to.compare_notes(both, inner, f"the link {shown(name)}")
            members = ("operationId", "operationRef", "parameters", "requestBody", "server")
            texts = [json.dumps([node.value.get(key) for key in members], sort_keys=True) for node in both]
            if texts[0] != texts[1]:
                to.add("link-changed", inner, new[name].pointer, f"the link {shown(name)} leads elsewhere now")

"""Compares who may call an operation: the alternatives of security requirements (OpenAPI 3.1, 4.8.27 and 4.8.30)."""

import json
from typing import Any

from mockserver.contract.diff_collect import Collector, Place, Two
from mockserver.contract.diff_document import Node, Side, shown

__all__ = ["compare_security"]

_WAYS = ("type", "scheme", "in", "name", "flows", "openIdConnectUrl")

# One alternative: the definitions of its schemes, without their names, each with its scopes.
_Alternative = dict[str, frozenset[str]]


def compare_security(to: Collector, place: Place, two: Two, at: str) -> None:
    """Add what changed about the credentials that an operation demands; ``at`` is where the new ones are."""
    place = place.at("security")
    names: dict[str, str] = {}
    old, new = (_alternatives(side, node, names) for side, node in zip(_sides(to), two, strict=True))
    was, now = (bool(found) and {} not in found for found in (old, new))
    if was != now:
        kind = "security-added" if now else "security-removed"
        words = [_words(found, names) for found in (old, new)]
        to.add(kind, place, at, f"the credentials were {words[0]}, and are {words[1]} now")
        return
    gone = [one for one in old if one not in new]
    came = [one for one in new if one not in old]
    for one in list(gone):
        partner = next((other for other in came if other.keys() == one.keys()), None)
        if partner is not None:
            gone.remove(one)
            came.remove(partner)
            _compare_scopes(to, place, one, partner, names, at)
    for one in list(gone):
        alike = {names[key] for key in one}
        partner = next((other for other in came if {names[key] for key in other} == alike), None)
        if partner is not None:
            gone.remove(one)
            came.remove(partner)
            message = f"the scheme {_word(one, names)} was carried or obtained otherwise than now"
            to.add("security-scheme-changed", place, at, message)
    for one in gone:
        message = f"{_word(one, names)} was accepted, and is not now"
        to.add("security-alternative-removed", place, at, message)
    for one in came:
        message = f"{_word(one, names)} was not accepted, and is now"
        to.add("security-alternative-added", place, at, message)


def _sides(to: Collector) -> tuple[Side, Side]:
    return (to.documents.old, to.documents.new)


def _alternatives(side: Side, owner: Node, names: dict[str, str]) -> list[_Alternative]:
    result: list[_Alternative] = []
    for entry in side.items(owner, "security"):
        alternative: _Alternative = {}
        for name in side.mapping(entry):
            scopes = [scope.value for scope in side.items(entry, name)]
            if not all(isinstance(scope, str) for scope in scopes):
                raise side.fault(entry.at(name), "a list of scopes")
            key = json.dumps(_definition(side, name), sort_keys=True)
            names[key] = name
            alternative[key] = frozenset(scopes)
        result.append(alternative)
    return result


def _definition(side: Side, name: str) -> dict[str, Any]:
    """Return what decides how credentials are carried and obtained; the name itself where nothing defines it."""
    schemes = side.member(side.member(side.root, "components"), "securitySchemes")
    if name not in schemes.value:
        return {"name": name}
    scheme = side.member(schemes, name).value
    result = {key: scheme[key] for key in _WAYS if key in scheme}
    if isinstance(result.get("scheme"), str):
        result["scheme"] = result["scheme"].lower()
    if result.get("in") == "header" and isinstance(result.get("name"), str):
        result["name"] = result["name"].lower()
    flows = result.get("flows")
    if isinstance(flows, dict):
        result["flows"] = {
            name: {key: flow[key] for key in flow if key != "scopes" and not key.startswith("x-")}
            for name, flow in flows.items()
            if isinstance(flow, dict)
        }
    return result


def _compare_scopes(
    to: Collector, place: Place, old: _Alternative, new: _Alternative, names: dict[str, str], at: str
) -> None:
    for key in sorted(old):
        for scope in sorted(new[key] - old[key]):
            message = f"the scope {shown(scope)} of {shown(names[key])} was not needed, and is now"
            to.add("security-scope-added", place, at, message)
        for scope in sorted(old[key] - new[key]):
            message = f"the scope {shown(scope)} of {shown(names[key])} was needed, and is not now"
            to.add("security-scope-removed", place, at, message)


def _word(alternative: _Alternative, names: dict[str, str]) -> str:
    return " with ".join(shown(names[key]) for key in sorted(alternative)) or "no credentials"


def _words(alternatives: list[_Alternative], names: dict[str, str]) -> str:
    return " or ".join(_word(one, names) for one in alternatives) or "none"

"""The OpenAPI Overlay Specification 1.0: one document turned into another by targeted updates and removals.

Targets are JSONPath queries (RFC 9535). Stricter than the specification in one point: an action whose target finds
nothing is an error, since an overlay that silently stops applying is worse than none.
"""

import copy
from collections.abc import Mapping
from typing import Any

from mockserver.errors import Fault, OverlayError

__all__ = ["apply_overlay", "check_overlay"]


def check_overlay(overlay: Any, name: str = "") -> list[Fault]:
    """Return the faults of an overlay document (Overlay Specification 1.0, section 4)."""
    if not isinstance(overlay, Mapping):
        return [Fault("is not an overlay: found no mapping", name, hint="Start it with 'overlay: 1.0.0'.")]
    faults = []
    version = str(overlay.get("overlay", ""))
    if not version.startswith("1."):
        faults.append(
            Fault(
                f"has the overlay version {version!r}",
                name,
                pointer="#/overlay",
                hint="Write 'overlay: 1.0.0'.",
            )
        )
    info = overlay.get("info")
    if not isinstance(info, Mapping) or not all(isinstance(info.get(key), str) for key in ("title", "version")):
        faults.append(Fault("needs a title and a version", name, pointer="#/info", hint="Add both as text."))
    actions = overlay.get("actions")
    if not isinstance(actions, list) or not actions:
        faults.append(Fault("needs at least one action", name, pointer="#/actions", hint="Add a list of actions."))
        return faults
    for index, action in enumerate(actions):
        faults.extend(_check_action(action, f"#/actions/{index}", name))
    return faults


def _check_action(action: Any, pointer: str, name: str) -> list[Fault]:
    import jsonpath_rfc9535

    if not isinstance(action, Mapping) or not isinstance(action.get("target"), str):
        return [Fault("needs a target", name, pointer=pointer, hint="Add a JSONPath such as $.paths['/items'].")]
    unknown = [key for key in action if key not in {"target", "description", "update", "remove"} and key[:2] != "x-"]
    if unknown:
        hint = "Known are target, description, update and remove."
        return [Fault(f"unknown member {unknown[0]!r}", name, pointer=pointer, hint=hint)]
    if ("update" in action) == bool(action.get("remove")):
        return [Fault("needs either an update or 'remove: true'", name, pointer=pointer, hint="Give one of them.")]
    try:
        jsonpath_rfc9535.compile(action["target"])
    except jsonpath_rfc9535.JSONPathError as error:
        text = " ".join(str(error).split())
        return [Fault(f"is no JSONPath: {text}", name, pointer=f"{pointer}/target", hint="See RFC 9535.")]
    return []


def apply_overlay(document: Mapping[str, Any], overlay: Any, name: str = "") -> dict[str, Any]:
    """Return ``document`` with the actions of ``overlay`` applied in order; neither argument is changed.

    Raises :class:`OverlayError` for a malformed overlay, or an action whose target finds nothing.
    """
    import jsonpath_rfc9535

    faults = check_overlay(overlay, name)
    if faults:
        raise OverlayError(faults)
    result = copy.deepcopy(dict(document))
    for index, action in enumerate(overlay["actions"]):
        nodes = jsonpath_rfc9535.find(action["target"], result)
        if not nodes:
            raise OverlayError(
                Fault(
                    f"the target {action['target']!r} finds nothing",
                    name,
                    pointer=f"#/actions/{index}/target",
                    hint="Mend the path, or remove the action.",
                )
            )
        # Last ones first, so that removing an array's entry does not move those that are still to go.
        for location in sorted((node.location for node in nodes), key=_order, reverse=True):
            remove = action.get("remove")
            result = _remove(result, location) if remove else _replace(result, location, action["update"])
    return result


def _order(location: tuple[int | str, ...]) -> list[tuple[int, int, str]]:
    return [(0, part, "") if isinstance(part, int) else (1, 0, part) for part in location]


def _parent(document: Any, location: tuple[int | str, ...]) -> Any:
    for part in location[:-1]:
        document = document[part]
    return document


def _remove(document: Any, location: tuple[int | str, ...]) -> Any:
    if not location:
        return {}
    del _parent(document, location)[location[-1]]
    return document


def _replace(document: Any, location: tuple[int | str, ...], update: Any) -> Any:
    if not location:
        return _merge(document, update)
    parent = _parent(document, location)
    parent[location[-1]] = _merge(parent[location[-1]], update)
    return document


def _merge(target: Any, update: Any) -> Any:
    """Return ``target`` with ``update`` merged in: objects member by member, arrays one after the other."""
    if isinstance(target, dict) and isinstance(update, Mapping):
        for key, value in update.items():
            target[key] = _merge(target[key], value) if key in target else copy.deepcopy(value)
        return target
    if isinstance(target, list):
        return [*target, *copy.deepcopy(update if isinstance(update, list) else [update])]
    return copy.deepcopy(update)

"""Refusing a control request, in the shape of the control API's own document."""

from typing import NoReturn

from mockserver.engine.problems import Problem, Violation

__all__ = ["conflict", "forbidden", "missing", "refused"]


def refused(field: str, detail: str) -> NoReturn:
    """Refuse because of one member (400); ``field`` is its place as people write it."""
    raise Problem("invalid-body", f"{field} {detail}.", "", [Violation((field,), "impossible", detail)])


def missing(what: str, name: str, hint: str) -> NoReturn:
    """Refuse because something of that name is not there (404)."""
    raise Problem("not-found", f"There is no {what} {name!r}.", hint)


def conflict(message: str, hint: str) -> NoReturn:
    """Refuse because of what is there already (409)."""
    raise Problem("conflict", message, hint)


def forbidden(message: str, hint: str) -> NoReturn:
    """Refuse because of who asks (403)."""
    raise Problem("forbidden", message, hint)

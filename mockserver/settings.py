"""Settings: default < configuration file < environment (``MOCKSERVER_*``) < option, in one function."""

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from mockserver.contract import yamlfile
from mockserver.errors import BadInput, UsageError
from mockserver.resources import PROFILES

__all__ = ["Settings", "read_settings"]

PREFIX = "MOCKSERVER_"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a mock is set up.

    ``contract`` overrides ``profile``, and may refer to files below ``allow_refs``; ``max_body`` is in octets,
    ``body_timeout`` in seconds; port 0 is any free one.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    profile: str = "documented"
    contract: str = ""
    allow_refs: str = ""
    fixtures: str = "default"
    seed: int = 0
    deterministic: bool = False
    max_body: int = 1024 * 1024
    body_timeout: int = 30
    validation: str = "compiled"
    log_requests: bool = False
    log_format: str = "text"
    workers: int = 1
    control: bool = True
    control_token: str = ""
    require_session: bool = False
    session_ttl: int = 3600
    max_sessions: int = 10_000
    max_snapshots: int = 100
    journal_entries: int = 10_000
    journal_bytes: int = 4 * 1024 * 1024
    cors: str = ""
    watch: bool = False

    def __post_init__(self) -> None:
        choices = {
            "profile": PROFILES,
            "validation": ("compiled", "openapi-core"),
            "log_format": ("text", "json"),
        }
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise UsageError(f"{name} is {getattr(self, name)!r}, must be one of {', '.join(known)}")
        if not 0 <= self.port <= 65535:
            raise UsageError(f"port is {self.port}, must be from 0 to 65535")
        if self.max_body < 1:
            raise UsageError(f"max_body is {self.max_body}, must be at least 1 octet")
        if self.body_timeout < 1:
            raise UsageError(f"body_timeout is {self.body_timeout}, must be at least 1 second")
        least = {"session_ttl": 0, "max_sessions": 1, "max_snapshots": 0, "journal_entries": 0, "journal_bytes": 1}
        for name, number in least.items():
            if getattr(self, name) < number:
                raise UsageError(f"{name} is {getattr(self, name)}, must be at least {number}")
        if self.control_token and not re.fullmatch(r"[!-~]{8,}", self.control_token):
            raise UsageError("control_token must have at least 8 characters, printable ASCII without spaces")
        for origin in self.origins:
            if origin != "*" and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/\s]+", origin, re.IGNORECASE):
                raise UsageError(f"cors has {origin!r}, must be origins like https://app.example.com, or *")
        if self.workers != 1:
            raise UsageError(
                f"workers is {self.workers}, must be 1: the state is in the memory of one process, and several would "
                "each have a state of their own"
            )

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins that may call the API from a browser, beside those of this machine."""
        return tuple(origin for origin in re.split(r"[\s,]+", self.cors) if origin)


def read_settings(
    options: Mapping[str, Any], environment: Mapping[str, str] | None = None, file: Path | None = None
) -> Settings:
    """Return the settings from all sources. Raises :class:`UsageError` for an unknown name or an unusable value."""
    known = {field.name: field.type for field in fields(Settings)}
    values: dict[str, Any] = {}
    for name, value in _from_file(file).items():
        values[name] = _typed(_known(name, known, f"the file {file}"), value, known)
    for key, text in (os.environ if environment is None else environment).items():
        if key.startswith(PREFIX):
            name = _known(key.removeprefix(PREFIX).lower(), known, f"the environment variable {key}")
            values[name] = _typed(key, text, known, name)
    values.update({name: value for name, value in options.items() if value is not None})
    return Settings(**values)


def _from_file(file: Path | None) -> Mapping[str, Any]:
    if file is None:
        return {}
    try:
        data = yamlfile.load(file) or {}
    except BadInput as error:
        raise UsageError(str(error)) from None
    if not isinstance(data, Mapping):
        raise UsageError(f"{file}: must map settings to values")
    return {str(name).replace("-", "_"): value for name, value in data.items()}


def _known(name: str, known: Mapping[str, Any], source: str) -> str:
    if name not in known:
        close = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
        raise UsageError(f"{source} sets the unknown {name!r}; {hint}")
    return name


def _typed(label: str, value: Any, known: Mapping[str, Any], name: str = "") -> Any:
    """Return a value as the type of its setting; text is read the way people write it."""
    wanted = known[name or label]
    if wanted is bool and isinstance(value, str) and value.lower() in {"1", "true", "yes", "0", "false", "no"}:
        return value.lower() in {"1", "true", "yes"}
    if wanted is int and isinstance(value, str) and re.fullmatch("-?[0-9]{1,18}", value):
        return int(value)
    if isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
        return value
    kind = {"int": "a whole number", "bool": "true or false"}.get(wanted.__name__, "text")
    raise UsageError(f"{label} is {value!r}, must be {kind}")

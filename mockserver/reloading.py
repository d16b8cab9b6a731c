"""Reload contract, overlays and fixtures of a running mock when their files change (`serve --watch`).

What clients changed is kept where it still fits, what does not is told; a mistake leaves the last good version running.
"""

import threading
from collections.abc import Callable
from pathlib import Path

from mockserver.app import Mock, reload_mock
from mockserver.contract.building import build
from mockserver.errors import MockserverError
from mockserver.resources import data_path, document_path, fixture_path

__all__ = ["Reloader"]

EVERY = 0.3  # seconds between two looks at the files
TOLD = 10  # dropped records that are told one by one
Stamp = tuple[int, int] | None


class Reloader:
    """Watches the files that a mock was made from. `tell` is given each sentence for whoever watches."""

    def __init__(self, mock: Mock, tell: Callable[[str], None]) -> None:
        self.mock = mock
        self._tell = tell
        self._sources = [] if mock.settings.contract else _sources()
        contract = Path(mock.settings.contract) if mock.settings.contract else document_path(mock.settings.profile)
        self._files = [contract, fixture_path(mock.settings.fixtures), *self._sources]
        self._seen = self._stamps()

    def watch(self, stop: threading.Event | None = None) -> None:
        """Look at the files again and again, until `stop` is set."""
        stop = stop or threading.Event()
        while not stop.wait(EVERY):
            self.look()

    def look(self) -> bool:
        """Reload if a file changed and rests since the last look; return whether anything was tried."""
        now = self._stamps()
        changed = [path for path in self._files if now[path] != self._seen[path]]
        if not changed or now != self._stamps():
            return False
        self._seen = now
        names = ", ".join(path.name for path in changed)
        try:
            if any(path in self._sources for path in changed):
                self._build()
            self.mock, dropped = reload_mock(self.mock)
        except MockserverError as problem:
            self._tell(f"{names} changed and cannot be used; the last good version goes on:\n{problem}")
            return True
        kept = sum(len(table) for table in self.mock.sessions.default.store.tables.values())
        self._tell(f"{names} changed: reloaded, the default session has {kept} records")
        for text in dropped[:TOLD]:
            self._tell(f"  dropped, since it does not fit any more: {text}")
        if len(dropped) > TOLD:
            self._tell(f"  and {len(dropped) - TOLD} more")
        return True

    def _build(self) -> None:
        """Write the shipped documents anew from their overlays, as `mockserver build` does."""
        for built in list(build(data_path("openapi"), None)):
            if not built.current:
                built.path.write_text(built.text, encoding="utf-8")
                self._tell(f"{built.path.name}: written")
        self._seen = self._stamps()

    def _stamps(self) -> dict[Path, Stamp]:
        return {path: _stamp(path) for path in self._files}


def _sources() -> list[Path]:
    """Return what the shipped documents are built from."""
    folder = data_path("openapi")
    return [folder / "reference.yaml", *sorted((folder / "overlays").glob("*.yaml")), folder / "rules.yaml"]


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size

"""The files that the project ships: documents and fixtures, in a checkout or in an installed package."""

from importlib.resources import files
from pathlib import Path

from mockserver.errors import UsageError

__all__ = ["PROFILES", "control_document_path", "data_path", "document_path", "fixture_path"]

PROFILES = ("documented", "deployed")


def data_path(*parts: str) -> Path:
    """Return the path of a shipped file: inside the installed package, or beside it in a checkout."""
    packaged = Path(str(files("mockserver"))) / "_data"
    root = packaged if packaged.is_dir() else packaged.parent.parent
    return root.joinpath(*parts)


def document_path(profile: str) -> Path:
    """Return the path of a profile's OpenAPI document. Raises :class:`UsageError` for an unknown profile."""
    if profile not in PROFILES:
        raise UsageError(f"unknown profile {profile!r}; the profiles are {' and '.join(PROFILES)}")
    return data_path("openapi", f"{profile}.yaml")


def control_document_path() -> Path:
    """Return the path of the control API's own OpenAPI document."""
    return Path(str(files("mockserver"))) / "control" / "openapi.yaml"


def fixture_path(name: str) -> Path:
    """Return the path of a fixture: a file as named, else a shipped one (``large`` or ``large.yaml``)."""
    path = Path(name)
    if path.exists() or path.suffix not in {"", ".yaml"} or path.name != name:
        return path
    shipped = data_path("fixtures", path.stem + ".yaml")
    return shipped if shipped.exists() else path

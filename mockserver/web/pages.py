"""The mock's own pages below ``/__mock__``: the workbench, and the contract in Swagger UI; files, and nothing else.

The pages hold no data: they fetch it through the control API. Everything that a client sent can come to stand in them,
so their policy lets no script run but their own files, and in the workbench not even these can make markup from text.
Swagger UI (package flask-swagger-ui, of which only the files are used) makes styles while it runs, so its page allows
that and no more.
"""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path, PurePosixPath

import flask

__all__ = ["DOCS", "find_page"]

DOCS = "/__mock__/docs/"
_HOME = "/__mock__/"
_FILES = "/__mock__/workbench/"
_HERE = Path(str(files("mockserver"))) / "web"
_SWAGGER = Path(str(files("flask_swagger_ui"))) / "dist"
_SWAGGER_FILES = frozenset({"swagger-ui-bundle.js", "swagger-ui.css", "favicon-16x16.png", "favicon-32x32.png"})
_MOVED = {"/__mock__": _HOME, "/docs": DOCS, "/docs/": DOCS, "/__mock__/docs": DOCS}

# Said here, since what a system thinks of a file's name cannot be relied on.
_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'{styles}; connect-src 'self'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'{types}"
)
_STRICT = _POLICY.format(styles="", types="; require-trusted-types-for 'script'; trusted-types 'none'")
_SWAGGERS = _POLICY.format(styles=" 'unsafe-inline'", types="")
_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def find_page(path: str, *, control: bool = True) -> flask.Response | None:
    """Return the page or file at a path, or where it is now; ``None`` where there is none.

    Without ``control`` there is no workbench, since there is nothing that it could work with.
    """
    if path in _MOVED:
        moved = flask.redirect(_MOVED[path], 308)
        return flask.make_response(moved)
    found = _file(path) if control or path.startswith(DOCS) else None
    if found is None:
        return None
    response = flask.Response(found.read_bytes(), mimetype=_TYPES[found.suffix], headers=_HEADERS)
    response.headers["Content-Security-Policy"] = _SWAGGERS if path.startswith(DOCS) else _STRICT
    response.add_etag()
    response.make_conditional(flask.request)
    return response


def _file(path: str) -> Path | None:
    """Return the file that stands at a path, if one of those that are served does."""
    if path == _HOME:
        return _HERE / "workbench" / "index.html"
    if path == DOCS:
        return _HERE / "docs" / "index.html"
    folder, _, name = path.rpartition("/")
    if f"{folder}/" == DOCS and name in _SWAGGER_FILES:
        return _SWAGGER / name
    place = {_FILES: "workbench", DOCS: "docs"}.get(f"{folder}/")
    if place is None or PurePosixPath(name).suffix not in _TYPES or name == "index.html":
        return None
    # Looked up among the names that are there, so that no name leads elsewhere.
    return next((one for one in (_HERE / place).iterdir() if one.name == name), None)

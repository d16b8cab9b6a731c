"""The Flask application: the API's paths through the pipeline, and the mock's own pages below ``/__mock__``."""

from typing import TypeAlias

import flask

from mockserver.web.front import read_request, respond
from mockserver.web.pages import find_page
from mockserver.web.serving import Serving

__all__ = ["Application", "make_application"]

Application: TypeAlias = flask.Flask  # so that nobody else needs to import Flask

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]


def make_application(serving: Serving, max_body: int) -> flask.Flask:
    """Return a Flask application that serves one mock: its pages, and, without a front before it, everything else."""
    app = flask.Flask("mockserver", static_folder=None)
    app.url_map.merge_slashes = False

    @app.errorhandler(404)
    def unknown(_: Exception) -> flask.Response:
        response = flask.jsonify(
            {"message": "The mock has no such page.", "detail": "Try /__mock__/ or /__mock__/health."}
        )
        response.status_code = 404
        return response

    def everything(rest: str = "") -> flask.Response:
        environ = flask.request.environ
        request = read_request(environ, max_body)
        answer = serving.answer(request)
        if answer is None:
            page = find_page(request.path, control=serving.has_control) if request.method in {"GET", "HEAD"} else None
            return unknown(LookupError()) if page is None else page
        status, headers, body = respond(request, answer, environ)
        response = flask.Response(body, status)
        response.headers.clear()
        response.headers.extend(headers)
        return response

    for rule in ("/", "/<path:rest>"):
        app.add_url_rule(rule, "everything", everything, methods=_METHODS, provide_automatic_options=False)
    return app

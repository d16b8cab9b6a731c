"""The Flask application: the API's paths through the pipeline, and the mock's own pages below ``/__mock__``."""

from typing import Any, TypeAlias

import flask

from mockserver import __version__
from mockserver.engine.pipeline import Pipeline
from mockserver.web.front import finished, read_request

__all__ = ["Application", "make_application"]

Application: TypeAlias = flask.Flask  # so that nobody else needs to import Flask

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]


def make_application(pipeline: Pipeline, information: dict[str, Any], max_body: int) -> flask.Flask:
    """Return a Flask application that serves one pipeline; ``information`` is what ``/__mock__/health`` tells."""
    app = flask.Flask("mockserver", static_folder=None)
    app.url_map.merge_slashes = False

    @app.get("/__mock__/health")
    def health() -> flask.Response:
        return flask.jsonify({"status": "ok", "version": __version__, **information})

    @app.errorhandler(404)
    def unknown(_: Exception) -> flask.Response:
        response = flask.jsonify({"message": "The mock has no such page.", "detail": "Try /__mock__/health."})
        response.status_code = 404
        return response

    def api(rest: str = "") -> flask.Response:
        request = read_request(flask.request.environ, max_body)
        answer = pipeline.handle(request)
        status, headers, body = finished(request, answer)
        response = flask.Response(body, status)
        response.headers.clear()
        response.headers.extend(headers)
        return response

    for rule in ("/", "/<path:rest>"):
        app.add_url_rule(rule, "api", api, methods=_METHODS, provide_automatic_options=False)
    return app

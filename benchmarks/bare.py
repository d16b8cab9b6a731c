"""The other side of the comparison: a Flask application that answers fixed bytes, with no validation and no state."""

import os
from pathlib import Path

import flask

app = flask.Flask("bare")
ANSWER = Path(os.environ["BARE_ANSWER"]).read_bytes() if "BARE_ANSWER" in os.environ else b"{}"
METHODS = ["GET", "POST", "PATCH"]


@app.route("/api/v2/ai/providers", methods=METHODS)
@app.route("/api/v2/ai/providers/<key>", methods=METHODS)
def answer(key: str = "") -> flask.Response:
    """Answer the bytes, after reading what was sent."""
    flask.request.get_data()
    return flask.Response(ANSWER, content_type="application/json; charset=utf-8")

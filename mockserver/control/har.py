"""A journal as an HTTP archive (HAR 1.2, http://www.softwareishard.com/blog/har-12-spec/), for other tools."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote

from mockserver.engine.plans import parse_cookies
from mockserver.engine.problems import reason_phrase

__all__ = ["archive"]


def archive(entries: Iterable[Mapping[str, Any]], base: str, version: str) -> dict[str, Any]:
    """Return the archive of journal entries as the control API shows them; ``base`` is the server's address."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "mockserver", "version": version},
            "entries": [_entry(entry, base) for entry in entries],
        }
    }


def _entry(entry: Mapping[str, Any], base: str) -> dict[str, Any]:
    url = base + quote(entry["path"], safe="/:@!$&'()*+,;=~-._") + (f"?{entry['query']}" if entry["query"] else "")
    milliseconds = entry["duration_ms"]
    return {
        "startedDateTime": entry["time"],
        "time": milliseconds,
        "request": _request(entry, url),
        "response": _response(entry["response"], entry["status"] or 0),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "comment": f"operation {entry['operation']}, session {entry['session']}",
    }


def _request(entry: Mapping[str, Any], url: str) -> dict[str, Any]:
    message = entry["request"]
    body, headers = message["body"], message["headers"]
    found = {header["name"].lower(): header["value"] for header in headers}
    request: dict[str, Any] = {
        "method": entry["method"],
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [
            {"name": name, "value": value}
            for name, values in parse_cookies(found.get("cookie", "")).items()
            for value in values
        ],
        "headers": headers,
        "queryString": [
            {"name": name, "value": value} for name, value in parse_qsl(entry["query"], keep_blank_values=True)
        ],
        "headersSize": -1,
        "bodySize": body["size"],
    }
    if body["size"]:
        request["postData"] = {"mimeType": found.get("content-type", "application/json"), "text": body["text"]}
    return request


def _response(message: Mapping[str, Any] | None, status: int) -> dict[str, Any]:
    if message is None:  # the connection was closed instead
        message = {"headers": [], "body": {"text": "", "size": 0}}
    headers, body = message["headers"], message["body"]
    found = {header["name"].lower(): header["value"] for header in headers}
    return {
        "status": status,
        "statusText": reason_phrase(status) if status else "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers,
        "content": {"size": body["size"], "mimeType": found.get("content-type", ""), "text": body["text"]},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": body["size"],
    }

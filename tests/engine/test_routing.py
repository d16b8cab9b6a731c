"""A path finds its operations as OpenAPI 3.1, section 4.8.8.2 says: a concrete path wins over a templated one."""

import pytest

from mockserver.engine.operations import Document
from mockserver.engine.routing import Router
from mockserver.errors import DocumentError


def router(*paths, servers=(), **options):
    """Return a router over ``METHOD /path`` texts."""
    table = {}
    for text in paths:
        method, _, path = text.partition(" ")
        table.setdefault(path, {})[method.lower()] = {"responses": {"200": {"description": ""}}}
    raw = {"openapi": "3.1.0", "servers": [{"url": url} for url in servers], "paths": table}
    return Router(Document(raw).operations, **options)


def found(routes, path):
    """Return the template and the parameters that a path leads to."""
    match = routes.match(path)
    return None if match is None else (match[0].template, match[1])


def test_a_concrete_path_wins_over_a_templated_one_whatever_their_order():
    for paths in (["GET /a/{id}", "GET /a/mine"], ["GET /a/mine", "GET /a/{id}"]):
        routes = router(*paths)
        assert found(routes, "/a/mine") == ("/a/mine", {})
        assert found(routes, "/a/yours") == ("/a/{id}", {"id": "yours"})


def test_a_concrete_start_that_leads_nowhere_gives_way_to_the_template():
    routes = router("GET /a/mine/x", "GET /a/{id}/y")
    assert found(routes, "/a/mine/y") == ("/a/{id}/y", {"id": "mine"})
    assert found(routes, "/a/mine/z") is None


def test_the_methods_of_the_concrete_path_alone_count():
    routes = router("GET /a/mine", "DELETE /a/{id}")
    entry, _ = routes.match("/a/mine")
    assert entry.allow == "GET"


def test_allow_lists_the_methods_in_one_order():
    entry, _ = router("POST /a", "GET /a", "DELETE /a").match("/a")
    assert entry.allow == "DELETE, GET, POST"


def test_nested_parameters_are_told_by_their_names():
    routes = router("GET /s/{shelf}/b/{book}")
    assert found(routes, "/s/1/b/2") == ("/s/{shelf}/b/{book}", {"shelf": "1", "book": "2"})


@pytest.mark.parametrize("path", ["", "/", "/a/", "/a//", "//a/1", "/a/1/", "/a/1/2", "/A/1", "/b"])
def test_a_path_that_is_not_there_finds_nothing(path):
    assert found(router("GET /a/{id}"), path) is None


def test_a_trailing_slash_counts_unless_the_contract_says_otherwise():
    assert found(router("GET /a"), "/a/") is None
    lenient = router("GET /a", "GET /a/{id}", trailing_slash=True)
    assert found(lenient, "/a/") == ("/a", {})
    assert found(lenient, "/a/1/") == ("/a/{id}", {"id": "1"})
    assert found(lenient, "/a//") is None


def test_a_parameter_may_hold_any_text_but_a_slash():
    routes = router("GET /a/{id}")
    for value in ("é", "a b", "%", "..", "{id}", "0"):
        assert found(routes, f"/a/{value}") == ("/a/{id}", {"id": value})


def test_a_segment_may_hold_text_and_parameters():
    routes = router("GET /f/{name}.{ext}", "GET /f/{id}")
    assert found(routes, "/f/a.txt") == ("/f/{name}.{ext}", {"name": "a", "ext": "txt"})
    assert found(routes, "/f/plain") == ("/f/{id}", {"id": "plain"})
    assert found(routes, "/f/.txt") == ("/f/{id}", {"id": ".txt"})


def test_the_path_of_the_server_comes_first():
    routes = router("GET /a", servers=["https://host.example/api/v2/"])
    assert found(routes, "/api/v2/a") == ("/api/v2/a", {})
    assert found(routes, "/a") is None


def test_two_templates_that_cannot_be_told_apart_are_refused():
    with pytest.raises(DocumentError, match=r"cannot be told from '/a/\{id\}'"):
        router("GET /a/{id}", "DELETE /a/{name}")

"""The engine serves a contract that it was not made for, from the document alone."""

import json
from pathlib import Path

import pytest
import requests
from openapi_core import Config, OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse

from mockserver.app import create_mock
from mockserver.contract import yamlfile
from mockserver.server import LocalServer
from mockserver.settings import Settings

HERE = Path(__file__).parent
CONTRACT, STATE = HERE / "library.yaml", HERE / "library-state.yaml"
DOCUMENT = yamlfile.load(CONTRACT)
JUDGE = OpenAPI.from_dict(
    DOCUMENT,
    config=Config(
        spec_validator_cls=None,
        extra_media_type_deserializers={
            "application/problem+json": lambda body, **_: json.loads(body),
            "application/merge-patch+json": lambda body, **_: json.loads(body),
        },
    ),
)
SHELF = {"label": "Voyages", "theme": "history"}
BOOK = {"title": "Odyssey", "isbn": "978-1234567890"}


class Library:
    """A client that has openapi-core judge every answer to an operation of the contract."""

    def __init__(self, url):
        self.url = url
        self.session = requests.Session()

    def ask(self, method, path, token="LIBRARY_TOKEN", *, declared=True, headers=None, **options):
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        answer = self.session.request(method, f"{self.url}/v1{path}", headers={**sent, **(headers or {})}, **options)
        if declared:
            JUDGE.validate_response(RequestsOpenAPIRequest(answer.request), RequestsOpenAPIResponse(answer))
        return answer

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def good(self, method, path, **options):
        answer = self.ask(method, path, **options)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def patch(self, path, change):
        return self.ask("PATCH", path, json=change, headers={"Content-Type": "application/merge-patch+json"})


@pytest.fixture
def library():
    mock = create_mock(Settings(contract=str(CONTRACT), fixtures=str(STATE)))
    with LocalServer(app=mock.app) as server:
        client = Library(server.url)
        with client.session:
            yield client


def titles(books):
    return [book["title"] for book in books]


def places(answer):
    assert answer.status_code == 400, answer.text
    return [error["pointer"] for error in answer.json()["errors"]]


def test_the_contract_says_nothing_beyond_openapi():
    assert "x-" not in [part[:2] for part in CONTRACT.read_text(encoding="utf-8").split()]


def test_a_list_in_an_envelope_says_how_many_there_are(library):
    page = library.good("GET", "/shelves")
    assert [shelf["label"] for shelf in page["items"]] == ["Antiquity", "Sonnets", "Atoms"]
    assert page["total"] == 3


def test_what_is_created_can_be_read_and_is_listed_last(library):
    made = library.good("POST", "/shelves", json={**SHELF, "capacity": 3, "notes": {"a": "b"}})
    assert made == {**made, **SHELF, "capacity": 3, "notes": {"a": "b"}}
    assert made["created_at"] == made["updated_at"]
    assert library.good("GET", f"/shelves/{made['id']}") == made
    assert library.good("GET", "/shelves")["items"][-1] == made


def test_made_ids_are_whole_numbers_that_nobody_had(library):
    made = [library.good("POST", "/shelves", json=SHELF)["id"] for _ in range(8)]
    assert len({1, 2, 7, *made}) == 11
    assert library.ask("DELETE", f"/shelves/{made[-1]}").status_code == 204
    assert library.good("POST", "/shelves", json=SHELF)["id"] not in made
    assert library.good("GET", "/shelves/7")["label"] == "Atoms"


def test_members_that_the_server_makes_cannot_be_sent(library):
    made = library.good("POST", "/shelves", json={**SHELF, "id": 1, "created_at": "2000-01-01T00:00:00Z"})
    assert made["id"] != 1
    assert made["created_at"] > "2026"


def test_put_replaces_everything_but_what_the_server_makes(library):
    before = library.good("GET", "/shelves/1")
    after = library.good("PUT", "/shelves/1", json=SHELF)
    assert after.keys() == {"id", "label", "theme", "created_at", "updated_at"}
    assert (after["id"], after["created_at"]) == (1, before["created_at"])
    assert after["updated_at"] > before["updated_at"]
    assert library.good("GET", "/shelves/1") == after


def test_a_merge_patch_changes_what_it_names_and_removes_nulls(library):
    library.patch("/shelves/1", {"notes": {"a": "1", "b": "2"}})
    answer = library.patch("/shelves/1", {"capacity": None, "notes": {"a": None, "c": "3"}})
    shelf = answer.json()
    assert answer.status_code == 200
    assert "capacity" not in shelf
    assert shelf["notes"] == {"b": "2", "c": "3"}
    assert (shelf["label"], shelf["theme"]) == ("Antiquity", "history")
    assert library.good("GET", "/shelves/1") == shelf


def test_a_plain_patch_changes_what_it_names(library):
    book = library.good("PATCH", "/shelves/1/books/2", json={"available": True})
    assert (book["available"], book["title"], book["year"]) == (True, "Histories", 2004)


def test_what_is_deleted_is_gone(library):
    assert library.ask("DELETE", "/shelves/2").content == b""
    for method in ("GET", "DELETE"):
        assert library.ask(method, "/shelves/2").status_code == 404
    assert library.good("GET", "/shelves")["total"] == 2


def test_a_nested_collection_belongs_to_its_parent(library):
    made = library.good("POST", "/shelves/7/books", json={**BOOK, "donor": "anonymous"})
    assert made["shelf_id"] == 7
    assert "donor" not in made
    assert titles(library.good("GET", "/shelves/7/books")) == ["On Nature", "Odyssey"]
    assert titles(library.good("GET", "/shelves/2/books")) == []
    assert library.good("GET", f"/shelves/7/books/{made['id']}") == made
    assert library.get(f"/shelves/1/books/{made['id']}").status_code == 404


def test_entries_of_a_fixture_know_their_parent_too(library):
    assert {book["shelf_id"] for book in library.good("GET", "/shelves/1/books")} == {1}
    assert library.good("PUT", "/shelves/1/books/1", json=BOOK)["shelf_id"] == 1


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/shelves/99", None),
        ("PUT", "/shelves/99", SHELF),
        ("DELETE", "/shelves/99", None),
        ("GET", "/shelves/99/books", None),
        ("POST", "/shelves/99/books", BOOK),
        ("GET", "/shelves/99/books/1", None),
        ("GET", "/shelves/1/books/99", None),
        ("PUT", "/shelves/1/books/99", BOOK),
        ("PATCH", "/shelves/1/books/99", {"title": "x"}),
        ("DELETE", "/shelves/7/books/1", None),
    ],
)
def test_what_is_not_there_or_whose_parent_is_not_is_not_found(library, method, path, body):
    answer = library.ask(method, path, json=body)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["status"] == 404


def test_deleting_a_parent_deletes_what_is_under_it_and_nothing_else(library):
    assert library.ask("DELETE", "/shelves/1").status_code == 204
    assert library.get("/shelves/1/books/1").status_code == 404
    assert titles(library.good("GET", "/shelves/7/books")) == ["On Nature"]


def test_lists_are_filtered_by_what_their_parameters_name(library):
    assert titles(library.good("GET", "/shelves/1/books?available=true")) == ["Annals", "The Persians"]
    assert titles(library.good("GET", "/shelves/1/books?available=false")) == ["Histories"]
    assert titles(library.good("GET", "/shelves/1/books?genre=drama&genre=novel")) == ["The Persians"]
    assert titles(library.good("GET", "/shelves/1/books?year=1998,2004&genre=essay")) == ["Annals", "Histories"]
    assert titles(library.good("GET", "/shelves/7/books?available=true")) == []
    assert library.good("GET", "/shelves?theme=poetry")["total"] == 1


def test_lists_are_paged_and_still_say_how_many_there_are(library):
    page = library.good("GET", "/shelves?limit=1&offset=1")
    assert [shelf["label"] for shelf in page["items"]] == ["Sonnets"]
    assert page["total"] == 3
    assert library.good("GET", "/shelves?offset=50") == {"items": [], "total": 3}


def test_the_default_of_a_parameter_holds_where_it_is_not_sent(library):
    for _ in range(20):
        library.good("POST", "/shelves", json=SHELF)
    page = library.good("GET", "/shelves")
    assert (len(page["items"]), page["total"]) == (20, 23)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/shelves?limit=0", "limit"),
        ("/shelves?limit=51", "limit"),
        ("/shelves?limit=ten", "limit"),
        ("/shelves?limit=1.0", "limit"),
        ("/shelves?limit=", "limit"),
        ("/shelves?limit=1&limit=2", "limit"),
        ("/shelves?offset=-1", "offset"),
        ("/shelves?theme=cookery", "theme"),
        ("/shelves/1/books?available=yes", "available"),
        ("/shelves/1/books?genre=novel&genre=epic", "genre[1]"),
        ("/shelves/1/books?year=1998,soon", "year[1]"),
        ("/shelves/zero", "shelfId"),
        ("/shelves/0", "shelfId"),
        ("/shelves/01", "shelfId"),
        ("/shelves/1/books/x", "bookId"),
    ],
)
def test_a_faulty_parameter_is_named(library, path, name):
    assert places(library.get(path)) == [name]


def test_a_faulty_header_is_named(library):
    assert places(library.get("/shelves/1/books", headers={"Reader-Age": "-1"})) == ["Reader-Age"]
    assert places(library.get("/shelves/1/books", headers={"reader-age": "old"})) == ["Reader-Age"]
    assert library.get("/shelves/1/books", headers={"Reader-Age": "12"}).status_code == 200


def test_all_faults_are_told_together(library):
    assert places(library.get("/shelves?limit=0&offset=-1&theme=x")) == ["limit", "offset", "theme"]
    answer = library.ask("POST", "/shelves/x/books", json={"isbn": 1})
    assert places(answer) == ["shelfId", "isbn", "title"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, ["label", "theme"]),
        ({**SHELF, "label": ""}, ["label"]),
        ({**SHELF, "capacity": 0}, ["capacity"]),
        ({**SHELF, "notes": {"a": 1}}, ["notes.a"]),
        ({**SHELF, "theme": None}, ["theme"]),
    ],
)
def test_a_faulty_body_is_refused_by_member_and_changes_nothing(library, body, named):
    assert sorted(places(library.ask("POST", "/shelves", json=body))) == named
    assert sorted(places(library.ask("PUT", "/shelves/1", json=body))) == named
    assert library.good("GET", "/shelves")["total"] == 3
    assert library.good("GET", "/shelves/1")["label"] == "Antiquity"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"label": "a", "label": "b", "theme": "poetry"}', b"null"])
def test_what_is_no_json_object_is_refused(library, body):
    answer = library.ask("POST", "/shelves", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


def test_a_body_of_another_media_type_is_refused(library):
    for kind in ("text/plain", "application/xml", "application/merge-patch+json"):
        answer = library.ask("POST", "/shelves", data=json.dumps(SHELF), headers={"Content-Type": kind})
        assert answer.status_code == 400
    answer = library.ask("PATCH", "/shelves/1", json={"label": "x"})
    assert answer.status_code == 400


def test_who_has_no_good_token_is_not_let_in(library):
    for token in (None, "WRONG", ""):
        for method, path in (("GET", "/shelves"), ("DELETE", "/shelves/1"), ("POST", "/stocktakings")):
            answer = library.ask(method, path, token=token)
            assert answer.status_code == 401
            assert answer.json()["status"] == 401
    basic = library.get("/shelves", token=None, headers={"Authorization": "Basic LIBRARY_TOKEN"})
    assert basic.status_code == 401
    assert library.good("GET", "/shelves")["total"] == 3


def test_the_scheme_of_the_authorization_header_has_no_case(library):
    assert library.get("/shelves", token=None, headers={"Authorization": "bearer LIBRARY_TOKEN"}).status_code == 200


def test_an_operation_without_security_is_open_to_all(library):
    for token in (None, "WRONG", "LIBRARY_TOKEN"):
        hours = library.good("GET", "/opening-hours", token=token)
        assert hours == {"days": ["Monday", "Friday"], "from": "09:00", "until": "17:30"}


def test_an_operation_of_no_resource_is_answered_by_a_sample_that_fits(library):
    first, second = (library.ask("POST", "/stocktakings") for _ in range(2))
    assert first.status_code == 202
    assert first.json() == second.json()
    assert 1 <= first.json()["position"] <= 9


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/opening-hours", "GET"),
        ("/shelves", "GET, POST"),
        ("/shelves/1", "DELETE, GET, PATCH, PUT"),
        ("/shelves/1/books", "GET, POST"),
        ("/shelves/1/books/1", "DELETE, GET, PATCH, PUT"),
    ],
)
def test_a_method_that_a_path_does_not_take_is_told_those_it_does(library, path, allow):
    answer = library.ask("TRACE", path, declared=False)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allow)
    assert answer.json()["status"] == 405


@pytest.mark.parametrize("path", ["", "/", "/shelf", "/shelves/", "/shelves/1/", "/shelves/1/books/1/pages"])
def test_a_path_that_the_contract_does_not_have_is_not_found(library, path):
    answer = library.get(path, declared=False)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["status"] == 404


def test_every_change_has_a_later_time(library):
    times = [library.patch("/shelves/1", {"label": f"L{number}"}).json()["updated_at"] for number in range(5)]
    assert times == sorted(set(times))


def test_the_mock_answers_the_same_whether_plans_or_openapi_core_judge():
    def run(validation):
        settings = Settings(
            contract=str(CONTRACT), fixtures=str(STATE), validation=validation, deterministic=True, seed=3
        )
        with LocalServer(settings) as server:
            client = Library(server.url)
            with client.session:
                return [
                    (answer.status_code, answer.json() if answer.status_code < 300 and answer.content else None)
                    for answer in (
                        client.get("/shelves?limit=2"),
                        client.get("/shelves?limit=0"),
                        client.get("/shelves/1/books?genre=drama&available=true"),
                        client.ask("POST", "/shelves", json=SHELF),
                        client.ask("POST", "/shelves", json={}),
                        client.ask("POST", "/shelves", data=b"{"),
                        client.patch("/shelves/1", {"capacity": None}),
                        client.get("/shelves/zero"),
                        client.get("/shelves/99"),
                        client.get("/shelves", token=None),
                        client.ask("DELETE", "/shelves/1"),
                    )
                ]

    assert run("compiled") == run("openapi-core")

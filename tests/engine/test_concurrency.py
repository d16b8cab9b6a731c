"""Many clients at once: no change is lost, none is seen half, and an answer off contract changes nothing."""

import http.client
import json
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mockserver.app import create_mock
from mockserver.auth import Directory, Token, User
from mockserver.contract.loading import load_document
from mockserver.engine.contract import Contract
from mockserver.engine.hooks import Hooks, World
from mockserver.engine.messages import Request
from mockserver.engine.pipeline import Pipeline
from mockserver.engine.store import Base, Store
from mockserver.engine.world import SeededIds, SteppingClock
from mockserver.server import LocalServer
from mockserver.settings import Settings

HERE = Path(__file__).parent
WRITERS = 64
PROVIDERS = "/api/v2/ai/providers"
OPENAI_MAIN = f"{PROVIDERS}/497f6eca-6276-4993-bfeb-53cbbbba6f08"


@pytest.fixture(autouse=True)
def eager_switching():
    """Switch threads as often as possible, so that a race has every chance to show."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.fixture(params=["documented", "deployed"])
def providers(request):
    with LocalServer(Settings(profile=request.param)) as server:
        yield server.url


@pytest.fixture
def library():
    settings = Settings(contract=str(HERE / "library.yaml"), fixtures=str(HERE / "library-state.yaml"))
    with LocalServer(settings) as server:
        yield server.url


def ask(url, method, path, body=None, kind="application/json"):
    """Send one request on a connection of its own; return status and data."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        headers = {"Coder-Session-Token": "API_KEY", "Authorization": "Bearer LIBRARY_TOKEN", "Content-Type": kind}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        data = answer.read()
        return answer.status, json.loads(data) if data else None
    finally:
        connection.close()


def together(count, work):
    """Run ``work(number)`` in as many threads, all let go at once; return the results by number."""
    results, errors, start = [None] * count, [], threading.Barrier(count)

    def run(number):
        start.wait()
        try:
            results[number] = work(number)
        except Exception as error:  # noqa: BLE001  # told by the thread that waits
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    return results


def test_64_writers_of_one_record_each_get_a_time_of_their_own_and_the_last_one_stands(providers):
    answers = together(WRITERS, lambda n: ask(providers, "PATCH", OPENAI_MAIN, {"display_name": f"writer {n}"}))
    assert {status for status, _ in answers} == {200}
    assert all(body["display_name"] == f"writer {number}" for number, (_, body) in enumerate(answers))
    times = {body["updated_at"] for _, body in answers}
    assert len(times) == WRITERS
    last = max((body for _, body in answers), key=lambda body: datetime.fromisoformat(body["updated_at"]))
    assert ask(providers, "GET", OPENAI_MAIN) == (200, last)


def test_64_writers_of_one_record_each_add_a_member_and_none_is_lost(library):
    def add(number):
        change = {"notes": {f"n{number}": "here"}}
        return ask(library, "PATCH", "/v1/shelves/1", change, "application/merge-patch+json")

    assert {status for status, _ in together(WRITERS, add)} == {200}
    assert ask(library, "GET", "/v1/shelves/1")[1]["notes"] == {f"n{number}": "here" for number in range(WRITERS)}


def test_64_creators_each_get_a_record_of_their_own(library):
    answers = together(WRITERS, lambda n: ask(library, "POST", "/v1/shelves", {"label": f"L{n}", "theme": "poetry"}))
    assert len({body["id"] for _, body in answers}) == WRITERS
    assert ask(library, "GET", "/v1/shelves?limit=1")[1]["total"] == WRITERS + 3


def test_of_64_creators_of_one_name_exactly_one_succeeds(providers):
    body = {"type": "openai", "name": "contested", "base_url": "https://api.openai.com/v1", "api_keys": ["dummy-key"]}
    statuses = [status for status, _ in together(WRITERS, lambda _: ask(providers, "POST", PROVIDERS, body))]
    assert sorted(statuses) == [201] + [409] * (WRITERS - 1)
    assert [one["name"] for one in ask(providers, "GET", PROVIDERS)[1]].count("contested") == 1


def test_of_64_deleters_of_one_record_exactly_one_succeeds(providers):
    statuses = [status for status, _ in together(WRITERS, lambda _: ask(providers, "DELETE", OPENAI_MAIN))]
    assert sorted(statuses) == [204] + [404] * (WRITERS - 1)


def test_readers_never_see_half_a_change(providers):
    def pair(number):
        return {"display_name": f"{number}", "base_url": f"https://host.example/{number}"}

    assert ask(providers, "PATCH", OPENAI_MAIN, pair(0))[0] == 200
    done = threading.Event()

    def work(number):
        if number == 0:
            try:
                for count in range(1, 120):
                    assert ask(providers, "PATCH", OPENAI_MAIN, pair(count))[0] == 200
            finally:
                done.set()
            return []
        seen = []
        while not done.is_set():
            one = ask(providers, "GET", OPENAI_MAIN)[1]
            listed = next(p for p in ask(providers, "GET", PROVIDERS)[1] if p["id"] == one["id"])
            seen += [one, listed]
        return seen

    seen = [record for records in together(6, work) for record in records]
    assert seen
    assert all(record["base_url"].endswith(f"/{record['display_name']}") for record in seen)


def test_a_parent_that_is_deleted_takes_every_child_with_it_even_those_just_made(library):
    book = {"title": "Late", "isbn": "978-1234567890"}

    def work(number):
        if number == 0:
            return ask(library, "DELETE", "/v1/shelves/1")
        return ask(library, "POST", "/v1/shelves/1/books", book)

    answers = together(32, work)
    assert answers[0][0] == 204
    for status, made in answers[1:]:
        assert status in {201, 404}
        if status == 201:
            assert ask(library, "GET", f"/v1/shelves/1/books/{made['id']}")[0] == 404


# Answers off contract


class BrokenView(Hooks):
    """Shows what the schema does not allow once a shelf's label asks for it."""

    def view(self, data):
        return {**data, "capacity": "many"} if data["label"] == "broken" else data


class BrokenCreate(Hooks):
    """Stores what the schema does not allow."""

    def create(self, data, body, world):
        return {**data, "notes": {"a": 1}}


class Failing(Hooks):
    """Fails outright."""

    def view(self, data):
        raise LookupError("secret-value")


def pipeline(hooks, validation="compiled"):
    """Return a pipeline of the library with a hook on its shelves, nothing stored."""
    contract = Contract(load_document(HERE / "library.yaml"), {"shelves": hooks})
    clock = SteppingClock(datetime(2026, 1, 1, tzinfo=UTC))
    store = Store({name: Base([], lambda record: record.sequence) for name in contract.resources})
    directory = Directory([Token("T", User("u", frozenset()))], clock)
    return Pipeline(contract, store, World(clock, SeededIds(1)), directory, validation=validation)


def send(to, method, path, body=None, kind="application/json"):
    headers = {"authorization": "Bearer T", "content-type": kind}
    answer = to.handle(Request(method, "/v1" + path, "", headers, json.dumps(body).encode() if body else b""))
    return answer.status, json.loads(answer.body) if answer.body else None


@pytest.mark.parametrize("validation", ["compiled", "openapi-core"])
def test_an_answer_off_contract_is_a_500_that_names_operation_pointer_and_keyword(validation):
    served = pipeline(BrokenView, validation)
    status, problem = send(served, "POST", "/shelves", {"label": "broken", "theme": "poetry"})
    assert status == problem["status"] == 500
    for part in ("POST /v1/shelves", "#/capacity", "'type'"):
        assert part in problem["detail"]


@pytest.mark.parametrize(
    ("hooks", "pointer"), [(BrokenView, "#/capacity"), (BrokenCreate, "#/notes/a"), (Failing, "LookupError")]
)
def test_a_create_that_would_answer_off_contract_stores_nothing(hooks, pointer):
    served = pipeline(hooks)
    status, problem = send(served, "POST", "/shelves", {"label": "broken", "theme": "poetry"})
    assert status == 500
    assert pointer in problem["detail"]
    assert send(served, "GET", "/shelves") == (200, {"items": [], "total": 0})


def test_a_change_that_would_answer_off_contract_changes_nothing():
    served = pipeline(BrokenView)
    _, made = send(served, "POST", "/shelves", {"label": "good", "theme": "poetry"})
    path = f"/shelves/{made['id']}"
    patch = "application/merge-patch+json"
    assert send(served, "PATCH", path, {"label": "broken"}, patch)[0] == 500
    assert send(served, "PUT", path, {"label": "broken", "theme": "poetry"})[0] == 500
    assert send(served, "GET", path) == (200, made)


def test_a_failure_tells_its_kind_and_keeps_its_secrets():
    _, problem = send(pipeline(Failing), "POST", "/shelves", {"label": "x", "theme": "poetry"})
    assert "LookupError in POST /v1/shelves" in problem["detail"]
    assert "secret-value" not in json.dumps(problem)


def test_two_mocks_in_one_process_share_nothing():
    first, second = create_mock(), create_mock()
    head = {"coder-session-token": "API_KEY"}
    assert first.pipeline.handle(Request("DELETE", OPENAI_MAIN, headers=head)).status == 204
    assert second.pipeline.handle(Request("GET", OPENAI_MAIN, headers=head)).status == 200

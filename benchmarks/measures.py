"""What is measured, group by group; each function yields the results of the rows that are wanted of it."""

import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import Ask, Side, load, rounds
from benchmarks.peers import bare, embedded, mock, prism, wiremock
from benchmarks.processes import CannotMeasure, Served, Server, ask, memory, served
from benchmarks.results import Result, Row, of_pairs, of_values
from mockserver.domain.ai_providers import generate_providers

__all__ = ["GROUPS", "Bench", "Group", "written_fixture"]

NEW = {
    "type": "openai",
    "base_url": "https://api.openai.com/v1",
    "enabled": True,
    "api_keys": ["dummy-0123456789abcdef"],
}
CHANGE = json.dumps({"display_name": "New", "enabled": False})
GET_ID = Ask(path="/497f6eca-6276-4993-bfeb-53cbbbba6f08")
GET_NAME = Ask(path="/openai-main")
LIST = Ask()
POST = Ask("POST", body=json.dumps({**NEW, "name": "UNIQUE"}))
PATCH = Ask("PATCH", "/openai-main", CHANGE)
FAULTY = Ask(
    "POST",
    body=json.dumps({"type": "openai", "name": "Not A Name", "base_url": "nowhere", "enabled": 1}),
    refused=True,
)
# What leaves the state as it was: whatever is made is deleted half a round of names later.
MIXED = (
    GET_ID,
    GET_NAME,
    LIST,
    PATCH,
    FAULTY,
    Ask("POST", body=json.dumps({**NEW, "name": "SLOT"})),
    Ask("DELETE", "/LATER"),
)
MIXED_REQUESTS = 100_000
OWNER = "users: [{name: owner, roles: [owner], tokens: [API_KEY]}]\n"
SIZES = (25_000, 50_000, 100_000)
LARGE, SMALL = 100_000, 10


@dataclass(frozen=True, slots=True)
class Bench:
    """How to measure: a folder for what it needs, rounds and their length in seconds, the mock's profile."""

    folder: Path
    rounds: int
    seconds: float
    profile: str

    def compare(self, row: Row, one: Side, other: Side, names: tuple[str, str]) -> Result:
        """Return the result of loading two servers in paired rounds."""
        pairs, work = rounds(one, other, self.rounds, self.seconds, self.folder)
        return of_pairs(row, pairs, names, work)


Rows = Mapping[str, Row]


def against_flask(bench: Bench, rows: Rows) -> Iterator[Result]:
    """Measure the mock against a Flask application that returns the same bytes."""
    yield from _against_flask(bench, rows, mock)


def under_granian(bench: Bench, rows: Rows) -> Iterator[Result]:
    """Measure the same with both under granian."""
    yield from _against_flask(bench, rows, embedded)


def _against_flask(bench: Bench, rows: Rows, make: Callable[[str, str | Path], Server]) -> Iterator[Result]:
    hundred = bench.folder / "hundred.yaml"
    hundred.write_text(OWNER + "generate: {providers: {count: 100}}\n")
    cases: dict[str, tuple[Ask, str | Path]] = {
        "get-id": (GET_ID, "default"),
        "get-name": (GET_NAME, "default"),
        "list-8": (LIST, "default"),
        "list-100": (LIST, hundred),
        "post": (POST, "default"),
        "patch": (PATCH, "default"),
    }
    for name, row in rows.items():
        asked, fixture = cases[name.partition("-")[2]]
        with ExitStack() as stack:
            ours = stack.enter_context(served(make(bench.profile, fixture)))
            flask = stack.enter_context(served(bare(_answer(ours, asked)[1], bench.folder)))
            yield bench.compare(row, Side(ours, asked), Side(flask, asked), ("mock", "Flask"))


def rejected(bench: Bench, rows: Rows) -> Iterator[Result]:
    """Measure how fast faults are told, against how fast a good request is answered."""
    for row in rows.values():
        with served(mock(bench.profile)) as one, served(mock(bench.profile)) as other:
            yield bench.compare(row, Side(one, FAULTY), Side(other, POST), ("rejected", "valid"))


def against_prism(bench: Bench, rows: Rows) -> Iterator[Result]:
    """Measure the mock against Prism on the same document, once Prism has been seen to object to a faulty body."""
    with served(mock(bench.profile)) as ours, served(prism(bench.profile, bench.folder)) as theirs:
        status, _ = ask(theirs.port, FAULTY.path, FAULTY.method, FAULTY.body)
        if not 400 <= status < 500:
            raise CannotMeasure(f"Prism judges no bodies: it answers {status} to a faulty one")
        for name, row in rows.items():
            asked = GET_NAME if name == "prism-get" else POST
            yield bench.compare(row, Side(ours, asked), Side(theirs, asked), ("mock", "Prism"))


def against_wiremock(bench: Bench, rows: Rows) -> Iterator[Result]:
    """Measure the mock against WireMock's fixed stubs of the same bytes."""
    with served(mock(bench.profile)) as ours:
        answers = {(asked.method, asked.path): _answer(ours, asked) for asked in (GET_NAME, POST, LIST)}
        with served(wiremock(answers, bench.folder)) as theirs:
            for name, row in rows.items():
                asked = GET_NAME if name == "wiremock-get" else POST
                load(theirs.url, (asked,), 4, bench.folder)  # the Java machine compiles what it runs often
                yield bench.compare(row, Side(ours, asked), Side(theirs, asked), ("mock", "WireMock"))


def start(bench: Bench, rows: Rows) -> Iterator[Result]:
    """Measure how long the mock takes from its start to its first answer, and Prism in turns with it."""
    peer = prism(bench.profile, bench.folder) if "start-prism" in rows else None
    ours, theirs = [], []
    for _ in range(bench.rounds):
        ours.append(_start(mock(bench.profile)))
        if peer is not None:
            theirs.append(_start(peer))
    cpu = f"of which {statistics.median(it.cpu for it in ours):.2f} s CPU"
    if "start-mock" in rows:
        yield of_values(rows["start-mock"], [it.seconds for it in ours], cpu)
    if theirs:
        ratios = [one.seconds / other.seconds for one, other in zip(ours, theirs, strict=True)]
        yield of_values(rows["start-prism"], ratios, f"Prism {statistics.median(it.seconds for it in theirs):.2f} s")


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from a start to the first answer: on the clock, and of processor time."""

    seconds: float
    cpu: float


def _start(server: Server) -> Start:
    with served(server) as it:
        return Start(it.seconds, it.cpu())


def weigh(bench: Bench, rows: Rows) -> Iterator[Result]:
    """Measure what the mock's processes hold, after its start and after many requests that leave the state as it was.

    The figure is the proportional size of all processes together: what they share counts once. The sum of their
    resident sizes, which counts it for each of them, is noted.
    """
    with served(mock(bench.profile)) as it:
        time.sleep(1)
        before = memory(it.process)
        if "memory-start" in rows:
            yield of_values(rows["memory-start"], [before.proportional], str(before))
        if "memory-grown" not in rows:
            return
        count, seconds = 0, max(2, bench.seconds)
        while count < MIXED_REQUESTS:
            count += load(it.url, MIXED, seconds, bench.folder).count
        after = memory(it.process)
        left = len(json.loads(ask(it.port)[1]))
        note = f"{after} after {count:,} requests, {left} providers left"
        yield of_values(rows["memory-grown"], [after.proportional - before.proportional], note)


def scale(bench: Bench, rows: Rows) -> Iterator[Result]:
    """Measure the mock with many providers against the mock with few; each request picks its provider at random."""
    with ExitStack() as stack:
        sides = []
        for count in (LARGE, SMALL):
            it = stack.enter_context(served(mock(bench.profile, generated_fixture(bench.folder, count))))
            listed = json.loads(ask(it.port)[1])
            for member in ("id", "name"):
                (bench.folder / f"{member}-{count}").write_text("\n".join(entry[member] for entry in listed) + "\n")
            sides.append((it, count))
        keyed = {
            "scale-get-id": ("id", Ask(path="/KEY")),
            "scale-get-name": ("name", Ask(path="/KEY")),
            "scale-patch": ("name", Ask("PATCH", "/KEY", CHANGE)),
            "scale-post": ("name", POST),
        }
        for name, row in rows.items():
            member, asked = keyed[name]
            one, other = (Side(it, asked, bench.folder / f"{member}-{count}") for it, count in sides)
            yield bench.compare(row, one, other, (f"{LARGE:,}:", f"{SMALL}:"))


def load_fixtures(bench: Bench, rows: Rows) -> Iterator[Result]:
    """Measure the time from start to first answer with large fixtures, and whether it grows as they do."""
    empty = _start(mock(bench.profile, "empty"))
    for name, make in (("load-generated", generated_fixture), ("load-written", written_fixture)):
        if name not in rows and f"{name}-linear" not in rows:
            continue
        fixtures = {size: make(bench.folder, size) for size in SIZES}
        starts = [
            {size: _start(mock(bench.profile, file)) for size, file in fixtures.items()}
            for _ in range(min(bench.rounds, 3))
        ]
        best = {size: min(it[size].cpu for it in starts) for size in SIZES}
        note = "CPU at best " + ", ".join(f"{size:,}: {best[size]:.1f} s" for size in SIZES)
        if name in rows:
            yield of_values(rows[name], [it[SIZES[-1]].seconds for it in starts], note)
        if f"{name}-linear" in rows:
            # By processor time where it is known: on the clock, whatever else runs makes the line crooked.
            each = [[(_work(it[size]) - _work(empty)) / size for size in (SIZES[-1], SIZES[0])] for it in starts]
            yield of_values(rows[f"{name}-linear"], [large / small for large, small in each], "by CPU time")


def _work(start: Start) -> float:
    return start.cpu or start.seconds


def generated_fixture(folder: Path, count: int) -> Path:
    """Return a file that has providers generated."""
    path = folder / f"generated-{count}.yaml"
    path.write_text(f"{OWNER}generate: {{providers: {{count: {count}}}}}\n")
    return path


def written_fixture(folder: Path, count: int) -> Path:
    """Return a file with the same providers written out one by one, as people write YAML."""
    path = folder / f"written-{count}.yaml"
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{OWNER}providers:\n")
        for entry in generate_providers({"count": count}, 0):
            file.write("".join(_block(entry, "    ")).replace("    ", "  - ", 1))
    return path


def _block(members: Mapping[str, object], indent: str) -> Iterator[str]:
    for name, value in members.items():
        if isinstance(value, dict):
            yield f"{indent}{name}:\n"
            yield from _block(value, f"{indent}  ")
        elif isinstance(value, list):
            yield f"{indent}{name}:{'' if value else ' []'}\n"
            for item in value:
                yield "".join(_block(item, f"{indent}    ")).replace(f"{indent}    ", f"{indent}  - ", 1)
        else:
            yield f"{indent}{name}: {json.dumps(value) if isinstance(value, bool) else value}\n"


def _answer(server: Served, asked: Ask) -> tuple[int, bytes]:
    """Return what the mock answers, for its peers to answer the same."""
    status, body = ask(server.port, asked.path, asked.method, asked.body.replace("UNIQUE", "one"))
    if not 200 <= status < 300:
        raise CannotMeasure(f"the mock answers {status} to {asked.method} {asked.path}")
    return status, body


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that are measured together, and the tools that this needs."""

    measure: Callable[[Bench, Rows], Iterator[Result]]
    needs: tuple[str, ...]


GROUPS: dict[str, Group] = {
    "flask": Group(against_flask, ("wrk",)),
    "granian": Group(under_granian, ("wrk",)),
    "rejected": Group(rejected, ("wrk",)),
    "prism": Group(against_prism, ("wrk", "npm")),
    "wiremock": Group(against_wiremock, ("wrk", "npm", "java")),
    "start": Group(start, ()),
    "memory": Group(weigh, ("wrk",)),
    "scale": Group(scale, ("wrk",)),
    "load": Group(load_fixtures, ()),
}

"""The load: `wrk` on its own core, 16 connections, bounded in time; what it asks is said as a few templates."""

import itertools
import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import CLIENT_CORE, HEADERS, PATH, CannotMeasure, Served, pinned
from benchmarks.results import Pair

__all__ = ["Ask", "Rate", "Side", "load", "parse_report", "rounds", "write_script"]

CONNECTIONS = 16
SLOTS = 64  # how many names of its own a load that creates and deletes goes round


@dataclass(frozen=True, slots=True)
class Ask:
    """One kind of request, below the collection. In its path and body stand: ``UNIQUE`` for a name never used before,
    ``KEY`` for a key picked at random, ``SLOT`` and ``LATER`` for names that are made and, half a round later, deleted.
    """

    method: str = "GET"
    path: str = ""
    body: str = ""
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Rate:
    """What one load got: requests per second, how many in all, and how many of those were no success."""

    per_second: float
    count: int
    refused: int


_SCRIPT = """
local keys, asks, count, seed = {{}}, {{ {asks} }}, 0, {seed}
local path = {keys}
if path then for key in io.lines(path) do keys[#keys + 1] = key end end
{headers}
local function filled(text, round)
  text = string.gsub(text, "UNIQUE", "n" .. seed .. "-" .. count)
  text = string.gsub(text, "SLOT", "slot-" .. round % {slots})
  text = string.gsub(text, "LATER", "slot-" .. (round + {slots} / 2) % {slots})
  if #keys > 0 then text = string.gsub(text, "KEY", keys[math.random(#keys)]) end
  return text
end
local ready = {{}}
function init(arguments)
  math.randomseed(seed)
  for number, ask in ipairs(asks) do
    local text = ask[2] .. ask[3]
    local open = text:find("UNIQUE") or text:find("KEY") or text:find("SLOT") or text:find("LATER")
    if not open then ready[number] = wrk.format(ask[1], ask[2], nil, ask[3]) end
  end
end
function request()
  local number, round = count % #asks + 1, math.floor(count / #asks)
  count = count + 1
  if ready[number] then return ready[number] end
  local ask = asks[number]
  return wrk.format(ask[1], filled(ask[2], round), nil, filled(ask[3], round))
end
"""


def write_script(path: Path, asks: Sequence[Ask], seed: int, keys: Path | None = None) -> None:
    """Write the wrk script that asks in turn; ``seed`` tells its unique names from those of other scripts."""
    listed = ", ".join(
        "{ " + ", ".join(json.dumps(text) for text in (ask.method, PATH + ask.path, ask.body)) + " }" for ask in asks
    )
    headers = "\n".join(f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in HEADERS.items())
    where = json.dumps(str(keys)) if keys else "nil"
    path.write_text(_SCRIPT.format(asks=listed, seed=seed, keys=where, headers=headers, slots=SLOTS))


def parse_report(text: str) -> Rate:
    """Return what wrk reports. Raises :class:`CannotMeasure` when it reports no rate, or broken connections."""
    rate = re.search(r"^Requests/sec:\s+([\d.]+)", text, re.MULTILINE)
    count = re.search(r"^\s*(\d+) requests in", text, re.MULTILINE)
    refused = re.search(r"^\s*Non-2xx or 3xx responses: (\d+)", text, re.MULTILINE)
    errors = re.search(r"^\s*Socket errors: (.+)", text, re.MULTILINE)
    if rate is None or count is None or float(rate[1]) == 0:
        raise CannotMeasure(f"wrk reports no rate: {' '.join(text.split())[:200]!r}")
    if errors is not None:
        raise CannotMeasure(f"wrk reports broken connections ({errors[1]}); is the machine overloaded?")
    return Rate(float(rate[1]), int(count[1]), int(refused[1]) if refused else 0)


_seeds = itertools.count(1)  # each load of a run makes names of its own


def load(url: str, asks: Sequence[Ask], seconds: float, folder: Path, keys: Path | None = None) -> Rate:
    """Ask for some seconds and return what that got.

    Raises :class:`CannotMeasure` when answers are no successes though they should be, or the other way round.
    """
    script = folder / "load.lua"
    write_script(script, asks, next(_seeds), keys)
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "--timeout", "30s", "-s", str(script)]
    done = subprocess.run([*pinned(command, CLIENT_CORE), url], capture_output=True, text=True)
    rate = parse_report(done.stdout + done.stderr)
    kinds = {ask.refused for ask in asks}
    if (kinds == {False} and rate.refused) or (kinds == {True} and rate.refused < rate.count):
        raise CannotMeasure(f"{rate.refused} of {rate.count} answers were no success, for {asks[0]}")
    return rate


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: a server and what it is asked."""

    server: Served
    asked: Ask
    keys: Path | None = None

    def run(self, seconds: float, folder: Path) -> tuple[float, float]:
        """Return the requests per second of one load, and per second of processor time that the server used."""
        before = self.server.cpu()
        rate = load(self.server.url, (self.asked,), seconds, folder, self.keys)
        used = self.server.cpu() - before
        return rate.per_second, rate.count / used if used else 0.0


def rounds(one: Side, other: Side, count: int, seconds: float, folder: Path) -> tuple[list[Pair], list[Pair]]:
    """Return the rates of paired rounds, each side first in turns, and those per second of processor time.

    A round before them, half as long, warms both up.
    """
    pairs: list[Pair] = []
    work: list[Pair] = []
    for side in (one, other):
        side.run(max(1, seconds / 2), folder)
    for number in range(count):
        order = (one, other) if number % 2 == 0 else (other, one)
        runs = {id(side): side.run(seconds, folder) for side in order}
        (first, first_work), (second, second_work) = runs[id(one)], runs[id(other)]
        pairs.append((first, second))
        if first_work and second_work:
            work.append((first_work, second_work))
    return pairs, work

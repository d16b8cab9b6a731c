"""Every fault of the catalogue is real, single, and where it says it is; so are sound variations."""

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.independent.app import create_app
from tests.independent.asking import Reply, Step, ask
from tests.independent.faults import FAULTS, KINDS, Fault
from tests.independent.faults.catalogue import CHECKS, Catalogue, Race
from tests.independent.variations import VARIATIONS

GROUPS: dict[tuple[str, str], list[Fault]] = {}  # by the check that finds them (none does: sound), and profile
for _one in [*FAULTS, *VARIATIONS]:
    for _profile in _one.profiles:
        GROUPS.setdefault((_one.caught_by or "sound", _profile), []).append(_one)
RACES = 8  # tries to have requests meet
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Server:
    """A server whose ids and times are repeatable; its clock moves by a second with each request."""

    def __init__(self, profile: str, *faults: str) -> None:
        self.moment = START
        self.app = create_app(profile, faults, clock=lambda: self.moment, seed=7)

    def ask(self, step: Step) -> Reply:
        self.moment += timedelta(seconds=1)
        return ask(self.app, step)

    def race(self, race: Race) -> Any:
        """Return the statuses of what was asked at the same time, and what the last answer shows."""
        for step in race.before:
            self.ask(step)
        statuses: list[int] = []
        threads = [
            threading.Thread(target=lambda s=step: statuses.append(ask(self.app, s).status)) for step in race.together
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return Counter(statuses), race.shows(self.ask(race.after))


def _race_amiss(fault: Fault, race: Race, profile: str) -> str:
    """Say what is wrong with a race; threads that a busy machine does not run at the same time prove nothing."""
    wrong = ""
    for _ in range(RACES):
        outcome = Server(profile).race(race)
        if outcome != Server(profile).race(race):
            wrong = "the sound server's race has no one outcome"
        elif outcome == Server(profile, fault.id).race(race):
            wrong = "the race has the outcome of the sound server"
        else:
            return ""
    return wrong


def _amiss(fault: Fault, profile: str) -> str:
    """Say what is wrong with the probe of a fault; nothing where it shows it in its last answer, and not before."""
    if isinstance(fault.probe, Race):
        return _race_amiss(fault, fault.probe, profile)
    sound, broken = Server(profile), Server(profile, fault.id)
    seen: list[Reply] = []
    for number, step in enumerate(fault.probe, 1):
        if not isinstance(step, Step):
            step = step(seen)
        one, other = sound.ask(step), broken.ask(step)
        if (one != other) is not (number == len(fault.probe)):
            return f"step {number} of {len(fault.probe)}: {step}\nsound:  {one}\nbroken: {other}"
        seen.append(one)
    return ""


@pytest.mark.parametrize(("check", "profile"), GROUPS, ids=map("-".join, GROUPS))
def test_faults_and_variations_show_in_the_last_answer_of_their_probes_and_not_before(check: str, profile: str) -> None:
    amiss = {fault.id: text for fault in GROUPS[check, profile] if (text := _amiss(fault, profile))}
    assert not amiss, "\n".join(f"{name}: {text}" for name, text in amiss.items())


def test_the_catalogue_is_large_and_of_every_kind() -> None:
    assert len(FAULTS) >= 130
    assert {fault.kind for fault in FAULTS} == set(KINDS)
    for profile in ("documented", "deployed"):
        assert sum(profile in fault.profiles for fault in FAULTS) >= 100


def test_every_check_that_is_named_exists_and_sentences_are_sentences() -> None:
    assert {fault.caught_by for fault in FAULTS} <= CHECKS
    for fault in [*FAULTS, *VARIATIONS]:
        assert fault.id == fault.id.lower().strip("-")
        assert fault.sentence[0].isupper(), fault
        assert fault.sentence.endswith("."), fault


def test_an_unknown_fault_is_refused_with_the_closest() -> None:
    with pytest.raises(LookupError, match="list-is-in-reverse"):
        create_app(faults=["list-in-reverse"])


def test_no_id_is_used_twice() -> None:
    with pytest.raises(ValueError, match="used twice"):
        Catalogue([*FAULTS, next(iter(FAULTS))])


def test_several_faults_go_together() -> None:
    broken = Server("deployed", "create-answers-200", "id-is-a-number")
    reply = broken.ask(Step("POST", "", {"type": "openai", "name": "p", "base_url": "https://e.com"}))
    assert (reply.status, type(reply.json["id"])) == (200, int)

"""Random sequences of operations, run beside a small reference model of the collection."""

import time
import zlib
from collections.abc import Iterator
from itertools import count

from contract_tests.findings import Departure
from contract_tests.model.difference import Difference
from contract_tests.model.machine import play
from contract_tests.model.search import Search, Shape, Shown
from contract_tests.registry import CHECKS, check
from contract_tests.results import Severity
from contract_tests.scene import Scene


@check("model.sequence", "Random sequences of operations are answered as the model says")
def sequences(scene: Scene) -> None:
    """Search for differences, round by round: what one round found, the next ones take as it is."""
    told: dict[str, Difference] = {}
    numbers = count(1).__next__
    nobody = scene.session.ledger.nobody()
    deadline = time.monotonic() + scene.options.amount(30, 150, 900)
    patience = scene.options.amount(1000, 3000, 8000)

    def known(difference: Difference) -> bool:
        families = {family for one in told.values() for family in one.families}
        return not families.isdisjoint(difference.families) or _told_before(scene, difference)

    for number, shape in enumerate(_shapes(scene)):
        for round_ in range(scene.options.amount(3, 6, 10)):
            seed = zlib.crc32(f"{scene.options.seed}:{scene.check.name}:{number}:{round_}".encode())
            search = Search(scene, known, nobody, deadline, numbers)
            play(search, shape, seed)
            if search.shown is None:
                break
            shown = search.shortened(search.shown, patience)
            told[shown.difference.code] = shown.difference
            _tell(scene, shown)
        if time.monotonic() > deadline:
            scene.session.notes.setdefault("the model layer stopped early: the server is slow")
            return


def _shapes(scene: Scene) -> Iterator[Shape]:
    """Yield what to play: many sequences of few providers, then few sequences of more and more."""
    amount = scene.options.amount
    for _ in range(amount(1, 1, 4)):  # Hypothesis remembers all that it has made for a shape
        yield Shape(amount(26, 110, 200), amount(16, 24, 40))
    yield Shape(amount(3, 6, 20), amount(8, 14, 30), 12)
    for crowd in (27, 52, 103) if amount(0, 1, 1) else ():
        yield Shape(amount(0, 3, 12), amount(0, 10, 25), crowd)


def _told_before(scene: Scene, difference: Difference) -> bool:
    """Tell whether an earlier layer has told the cause: by its subject, or by a check of a rule that it breaks."""
    recorder = scene.session.recorder
    subject = next((subject for subject in difference.subjects if recorder.knows(subject)), None)
    if subject is not None:
        return True
    if not difference.rules or not recorder.findings:
        return False
    rules = {item.id: item.rules for item in CHECKS}
    broken = {rule for finding in recorder.findings for rule in rules.get(finding.check, ())}
    return not broken.isdisjoint(difference.rules)


def _tell(scene: Scene, shown: Shown) -> None:
    one = shown.difference
    section = f"openapi/rules.yaml, {', '.join(one.rules)}" if one.rules else scene.contract.section(one.operation)
    scene.session.recorder.add(
        Departure(
            scene.check.id,
            one.code,
            one.title,
            one.expected,
            one.found if shown.again else f"{one.found} (now and then: not when the sequence was repeated)",
            Severity.MAJOR,
            section,
            (one.operation,),
            one.subjects[0] if one.subjects else "",
        ),
        shown.exchanges,
        scene.check.id,
    )

"""Random sequences of operations, run beside a small reference model of the collection."""

import time
import zlib
from collections.abc import Iterator
from itertools import count

from contract_tests.model.machine import play
from contract_tests.model.rounds import Teller
from contract_tests.model.search import Search, Shape
from contract_tests.registry import check
from contract_tests.scene import Scene


@check("model.sequence", "Random sequences of operations are answered as the model says")
def sequences(scene: Scene) -> None:
    """Search for differences, round by round: what one round found, the next ones take as it is."""
    teller = Teller(scene)
    numbers = count(1).__next__
    nobody = scene.session.ledger.nobody()
    deadline = time.monotonic() + scene.options.amount(30, 150, 900)
    patience = scene.options.amount(1000, 3000, 8000)
    for number, shape in enumerate(_shapes(scene)):
        for round_ in range(scene.options.amount(3, 6, 10)):
            seed = zlib.crc32(f"{scene.options.seed}:{scene.check.name}:{number}:{round_}".encode())
            search = Search(scene, teller.known, nobody, deadline, numbers)
            play(search, shape, seed)
            if search.shown is None:
                break
            teller.tell(search.shortened(search.shown, patience))
        if time.monotonic() > deadline:
            scene.session.notes.setdefault("the model layer stopped early: the server is slow")
            return


def _shapes(scene: Scene) -> Iterator[Shape]:
    """Yield what to play: many sequences of few providers, then few sequences of more and more."""
    amount = scene.options.amount
    for _ in range(amount(1, 1, 4)):  # Hypothesis remembers all that it has made for a shape
        yield Shape(amount(14, 110, 200), amount(14, 24, 40))
    yield Shape(amount(2, 6, 20), amount(8, 14, 30), 12)
    for crowd in (27, 52, 103) if amount(0, 1, 1) else ():
        yield Shape(amount(0, 3, 12), amount(0, 10, 25), crowd)

"""Drills: sequences that are written down, run beside the reference model; what is drawn by lot follows them."""

import time
from collections.abc import Callable, Iterator
from itertools import count
from random import Random

from contract_tests.model import drills, orders
from contract_tests.model.drilled import Drilled
from contract_tests.model.rounds import Teller
from contract_tests.model.search import Game, Search, Step
from contract_tests.registry import check
from contract_tests.scene import Scene

Drill = Callable[[Scene, Random], Iterator[list[Step]]]
DRILLS: dict[str, Drill] = {
    "values": drills.values,
    "near values": drills.near,
    "names": drills.names,
    "settings": drills.settings,
    "keys": drills.keys,
    "members": orders.members,
    "refusals": orders.refusals,
    "neighbours": orders.neighbours,
}


@check("model.drill", "Sequences that are written down are answered as the model says", variants=DRILLS)
def drill(scene: Scene) -> None:
    """Play the drills of one kind, each again while it shows something that was not told."""
    teller = Teller(scene)
    numbers = count(1).__next__
    nobody = scene.session.ledger.nobody()
    deadline = time.monotonic() + scene.options.amount(15, 60, 300)
    for steps in DRILLS[scene.check.variant](scene, scene.random):
        for _ in range(scene.options.amount(2, 4, 8)):
            search = Search(scene, teller.known, nobody, deadline, numbers, player=Drilled)
            _play(search, steps)
            if search.shown is None:
                break
            teller.tell(search.shortened(search.shown, scene.options.amount(600, 2000, 6000)))
        if time.monotonic() > deadline:
            scene.session.notes.setdefault("the model layer stopped early: the server is slow")
            return


def _play(search: Search, steps: list[Step]) -> None:
    """Play the steps of a drill, after something plain, so that what came before it has no part in what it shows."""
    Game(search).pause()
    Game(search).play(steps)
    if search.problem is not None:
        raise search.problem

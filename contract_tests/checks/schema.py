"""Schemathesis: every value and violation of the document's schemas, random ones, and sequences along its links."""

from contract_tests.documents import CREATE, DELETE, GET, LIST, UPDATE
from contract_tests.registry import check
from contract_tests.scene import Scene

READING, WRITING = (LIST, GET), (CREATE, UPDATE, DELETE)
SECONDS = (6, 20, 120)  # what a check may take at each effort, so that a slow server does not hold up the run


def _examples(scene: Scene) -> None:
    _phase(scene, "examples")


def _coverage(scene: Scene) -> None:
    _phase(scene, "coverage", scene.options.amount(150, 400, 4000))


def _fuzzing(scene: Scene) -> None:
    bodies = scene.check.variant in {CREATE, UPDATE}
    _phase(scene, "fuzzing", scene.options.amount(*((8, 100, 1500) if bodies else (5, 40, 300))))


TITLES = {
    "examples": "The examples of the document are answered by it",
    "coverage": "Each value and each violation of the document's schemas is answered by it",
    "fuzzing": "Generated requests, valid and invalid, are answered by the document",
}
for _name, _run in {"examples": _examples, "coverage": _coverage, "fuzzing": _fuzzing}.items():
    check(f"schema.{_name}", TITLES[_name], variants=READING, writes=False)(_run)
    check(f"schema.{_name}", TITLES[_name], variants=WRITING)(_run)


@check("schema.stateful", "Sequences along the links of the document are answered by it")
def _stateful(scene: Scene) -> None:
    from contract_tests.schemathesis_bridge import phases
    from contract_tests.schemathesis_bridge.bridge import Bridge

    bridge = Bridge(scene, scene.options.amount(*SECONDS), follow=True)
    phases.stateful(bridge, scene.options.amount(4, 40, 500), scene.options.amount(6, 8, 12))


def _phase(scene: Scene, name: str, *amount: int) -> None:
    """Run a phase for the operation that the check is a variant for."""
    from contract_tests.schemathesis_bridge import phases
    from contract_tests.schemathesis_bridge.bridge import Bridge

    operation = scene.check.variant
    bridge = Bridge(scene, scene.options.amount(*SECONDS))
    try:
        if "{" in scene.contract.operations[operation].path and not scene.options.read_only:
            bridge.steering.prepare()
        getattr(phases, name)(bridge, operation, *amount)
    finally:
        if operation in READING and not scene.options.read_only:
            scene.guardian.after_check()

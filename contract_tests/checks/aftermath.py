"""After everything else: what was there before is as it was, and what the run made is gone."""

from contract_tests.documents import DELETE
from contract_tests.errors import Blocked
from contract_tests.registry import check
from contract_tests.results import Severity
from contract_tests.scene import Scene


@check("aftermath.strangers", "What was there before is as it was", writes=False)
def strangers(scene: Scene) -> None:
    """Compare every provider that was there before with what is there now, byte for byte of its JSON."""
    guardian = scene.guardian
    if not guardian.seen:
        raise Blocked("the list could not be read before the run")
    guardian.stop_at_harm()
    others = guardian.newcomers()
    if others:
        scene.session.notes.setdefault(f"{others} providers appeared during the run that it did not make")


@check("aftermath.cleanup", "What the run made is gone")
def cleanup(scene: Scene) -> None:
    """Remove everything that the run made; what stays although its DELETE was answered is a finding."""
    left = scene.guardian.clean()
    scene.expect(
        not left,
        "left",
        "every provider that the run made can be deleted",
        "; ".join(left),
        [],
        severity=Severity.MAJOR,
        operations=(DELETE,),
    )

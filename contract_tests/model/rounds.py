"""What is told of differences, and what counts as told: one cause once, in whichever layer."""

from contract_tests.findings import Departure
from contract_tests.model.difference import Difference
from contract_tests.model.search import Shown
from contract_tests.registry import CHECKS
from contract_tests.results import Severity
from contract_tests.scene import Scene


class Teller:
    """Tells what the searches of one check show, and knows what was told."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.told: dict[str, Difference] = {}

    def known(self, difference: Difference) -> bool:
        """Tell whether a difference has the cause of one that was told, by this check or in an earlier layer."""
        families = {family for one in self.told.values() for family in one.families}
        return not families.isdisjoint(difference.families) or self._told_before(difference)

    def _told_before(self, difference: Difference) -> bool:
        """Tell whether the cause was told: by its subject, or by a check of a rule that it breaks."""
        recorder = self.scene.session.recorder
        if any(recorder.knows(subject) for subject in difference.subjects):
            return True
        if not difference.rules or not recorder.findings:
            return False
        rules = {item.id: item.rules for item in CHECKS}
        broken = {rule for finding in recorder.findings for rule in rules.get(finding.check, ())}
        return not broken.isdisjoint(difference.rules)

    def tell(self, shown: Shown) -> None:
        """Record a finding."""
        scene, one = self.scene, shown.difference
        self.told[one.code] = one
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

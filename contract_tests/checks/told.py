"""The fields that a refusal names."""

import re

from contract_tests.exchange import Exchange
from contract_tests.findings import accepted
from contract_tests.scene import Scene


def fields(exchange: Exchange) -> list[str]:
    """Return the fields that a refusal names, in order."""
    entries = exchange.document.get("validations")
    listed = entries if isinstance(entries, list) else []
    return [str(entry.get("field")) for entry in listed if isinstance(entry, dict)]


def untold(scene: Scene, exchange: Exchange, wanted: list[str], found: list[str]) -> str:
    """Return the cause of a refusal that names other fields than it should: it shows in many requests."""
    taken = accepted(exchange.operation or "", *(name for name in wanted if name not in found))
    if taken and set(found) < set(wanted) and all(map(scene.session.recorder.knows, taken)):
        return taken[0]  # what is taken alone is not told beside others
    if set(found) < set(wanted):
        return scene.about("validations", "fields:some" if found else "fields:none")
    lacking, beside = (
        ",".join(dict.fromkeys(re.sub(r"\d+", "", name) for name in ours if name not in theirs))
        for ours, theirs in ((wanted, found), (found, wanted))
    )
    return scene.about("validations", f"fields:{lacking}>{beside}")


def names_alone(scene: Scene, exchange: Exchange, code: str, field: str, check: str = "") -> None:
    """Expect a refusal to name one field and no other."""
    found = fields(exchange)
    scene.expect(
        found == [field],
        f"{code}:field",
        f"validations for {field}",
        ", ".join(found) or "nothing",
        [exchange],
        check=check,
        subject=untold(scene, exchange, [field], found),
    )

"""Setting faults, one by one or by presets."""

from collections.abc import Mapping
from typing import Any

from mockserver.control.api.call import Call, Handler, Reply
from mockserver.control.faults import Fault, compile_fault
from mockserver.control.presets import PRESETS, preset
from mockserver.control.sessions import Session
from mockserver.engine.behaviours import Outcome

__all__ = ["HANDLERS"]


def _compiled(call: Call, raw: Mapping[str, Any], at: str = "", named: str | None = None) -> Fault:
    return compile_fault(raw, call.control.contract, call.sessions.users, at, named)


def _listed(session: Session) -> Outcome:
    return Outcome(200, value={"faults": [fault.document() for fault in session.faults.faults]})


def list_faults(call: Call) -> Reply:
    """Answer the faults of a session."""
    return _listed(call.session)


def add_fault(call: Call) -> Reply:
    """Add a fault."""
    session = call.session
    fault = _compiled(call, call.body)
    session.faults.add([fault])
    session.journal.tell()
    place = f"/__mock__/sessions/{session.name}/faults/{fault.id}"
    return Outcome(201, value=fault.document(), headers=[("Location", place)])


def replace_faults(call: Call) -> Reply:
    """Put other faults in the place of all."""
    session = call.session
    faults = [_compiled(call, raw, f"faults[{i}]") for i, raw in enumerate(call.body["faults"])]
    session.faults.add(faults, instead=lambda _: True)
    session.journal.tell()
    return _listed(session)


def clear_faults(call: Call) -> Reply:
    """Remove all faults."""
    session = call.session
    session.faults.clear()
    session.journal.tell()
    return Outcome(204)


def get_fault(call: Call) -> Reply:
    """Answer one fault."""
    return Outcome(200, value=call.session.faults.get(call.params["fault"]).document())


def remove_fault(call: Call) -> Reply:
    """Remove a fault."""
    session = call.session
    fault = session.faults.get(call.params["fault"])
    session.faults.remove(lambda other: other is fault)
    session.journal.tell()
    return Outcome(204)


def list_presets(call: Call) -> Reply:
    """Answer the presets."""
    presets = [{"name": p.name, "description": p.description, "faults": list(p.faults)} for p in PRESETS]
    return Outcome(200, value={"presets": presets})


def list_active_presets(call: Call) -> Reply:
    """Answer which presets are on."""
    return Outcome(200, value={"presets": call.session.faults.presets})


def switch_preset_on(call: Call) -> Reply:
    """Add the faults of a preset."""
    session, wanted = call.session, preset(call.params["preset"])
    faults = [
        _compiled(call, {"id": f"{wanted.name}-{i}", **raw}, named=wanted.name)
        for i, raw in enumerate(wanted.faults, 1)
    ]
    session.faults.add(faults, instead=lambda fault: fault.preset == wanted.name)
    session.journal.tell()
    return _listed(session)


def switch_preset_off(call: Call) -> Reply:
    """Remove the faults of a preset."""
    session, wanted = call.session, preset(call.params["preset"])
    session.faults.remove(lambda fault: fault.preset == wanted.name)
    session.journal.tell()
    return Outcome(204)


HANDLERS: dict[str, Handler] = {
    "listFaults": list_faults,
    "addFault": add_fault,
    "replaceFaults": replace_faults,
    "clearFaults": clear_faults,
    "getFault": get_fault,
    "removeFault": remove_fault,
    "listPresets": list_presets,
    "listActivePresets": list_active_presets,
    "switchPresetOn": switch_preset_on,
    "switchPresetOff": switch_preset_off,
}

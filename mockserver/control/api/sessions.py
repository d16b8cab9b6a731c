"""Sessions and their clocks."""

from datetime import UTC, datetime, timedelta
from typing import Any

from mockserver.control.api.call import Call, Handler, Reply
from mockserver.control.matching import moment
from mockserver.control.refusals import refused
from mockserver.control.service import SESSION_PATH
from mockserver.control.sessions import Session
from mockserver.engine.behaviours import Outcome
from mockserver.engine.world import rfc3339

__all__ = ["HANDLERS", "session_document"]

_ALL = frozenset({"state", "journal", "faults", "clock"})


def clock_document(session: Session) -> dict[str, Any]:
    """Return the clock of a session as the control API shows it."""
    clock = session.clock
    return {"now": rfc3339(clock.now()), "frozen": clock.frozen, "offset_seconds": clock.offset.total_seconds()}


def session_document(call: Call, session: Session) -> dict[str, Any]:
    """Return a session as the control API shows it."""
    sessions = call.sessions
    now, left = datetime.now(UTC), sessions.expiry(session)
    return {
        "name": session.name,
        "created_at": rfc3339(session.created_at),
        "last_used_at": rfc3339(now - timedelta(seconds=max(0.0, sessions.monotonic() - session.used))),
        "expires_at": None if left is None else rfc3339(now + timedelta(seconds=left)),
        "snapshot": session.snapshot,
        "requests": session.requests,
        "records": call.control.states.counts(session.store),
        "journal": {"entries": len(session.journal), "bytes": session.journal.bytes, "last": session.journal.last},
        "faults": sum(not fault.spent for fault in session.faults.faults),
        "presets": session.faults.presets,
        "clock": clock_document(session),
        "base_url": SESSION_PATH + session.name,
    }


def list_sessions(call: Call) -> Reply:
    """Answer all sessions."""
    return Outcome(200, value={"sessions": [session_document(call, session) for session in call.sessions.all()]})


def make_session(call: Call) -> Reply:
    """Make a session."""
    body = call.body
    session = call.sessions.make(body.get("name", ""), body.get("snapshot", ""), body.get("seed"))
    return Outcome(
        201,
        value=session_document(call, session),
        headers=[("Location", f"/__mock__/sessions/{session.name}")],
    )


def get_session(call: Call) -> Reply:
    """Answer one session."""
    return Outcome(200, value=session_document(call, call.session))


def drop_session(call: Call) -> Reply:
    """Drop a session."""
    call.sessions.drop(call.params["session"])
    return Outcome(204)


def reset_session(call: Call) -> Reply:
    """Put a session, or parts of it, back to how it began."""
    session = call.session
    session.reset(frozenset(call.body.get("parts", _ALL)))
    session.journal.tell()
    return Outcome(200, value=session_document(call, session))


def get_clock(call: Call) -> Reply:
    """Answer the time in a session."""
    return _clock(call.session)


def set_clock(call: Call) -> Reply:
    """Set the clock of a session."""
    session, body = call.session, call.body
    try:
        session.clock.set(moment(body["now"], "now"), frozen=body.get("frozen", False))
    except OverflowError:
        refused("now", "is too late: leave at least a year before the end of year 9999")
    return _clock(session)


def advance_clock(call: Call) -> Reply:
    """Move the clock of a session on."""
    session = call.session
    try:
        session.clock.advance(timedelta(seconds=call.body["seconds"]))
    except OverflowError:
        refused("seconds", "leads beyond the end of year 9998")
    return _clock(session)


def freeze_clock(call: Call) -> Reply:
    """Stop the clock of a session."""
    session = call.session
    session.clock.freeze()
    return _clock(session)


def resume_clock(call: Call) -> Reply:
    """Let the clock of a session run on."""
    session = call.session
    session.clock.resume()
    return _clock(session)


def reset_clock(call: Call) -> Reply:
    """Put the clock of a session back."""
    call.session.clock.reset()
    return Outcome(204)


def _clock(session: Session) -> Outcome:
    return Outcome(200, value=clock_document(session))


HANDLERS: dict[str, Handler] = {
    "listSessions": list_sessions,
    "makeSession": make_session,
    "getSession": get_session,
    "dropSession": drop_session,
    "resetSession": reset_session,
    "getClock": get_clock,
    "setClock": set_clock,
    "advanceClock": advance_clock,
    "freezeClock": freeze_clock,
    "resumeClock": resume_clock,
    "resetClock": reset_clock,
}

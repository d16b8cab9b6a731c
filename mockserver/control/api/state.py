"""The state of sessions, and snapshots of it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from mockserver.control.api.call import Call, Handler, Reply, text
from mockserver.control.api.sessions import session_document
from mockserver.control.sessions import DEFAULT
from mockserver.control.snapshots import Snapshot, changed_members, compare
from mockserver.engine.behaviours import Outcome
from mockserver.engine.store import Store
from mockserver.engine.world import rfc3339

__all__ = ["HANDLERS"]


def get_state(call: Call) -> Reply:
    """Answer all records."""
    return Outcome(200, value=call.control.states.whole(call.session.store))


def replace_state(call: Call) -> Reply:
    """Put other records in the place of all."""
    session = call.session
    session.replace_store(call.control.states.replacement(session.store, call.body, session.world))
    return Outcome(200, value=session_document(call, session))


def list_records(call: Call) -> Reply:
    """Answer the records of a collection."""
    name, states, store = call.params["collection"], call.control.states, call.session.store
    with store.lock:
        records = list(states.table(store, name).ordered())
    return Outcome(200, value={"records": [states.document(name, record) for record in records]})


def add_record(call: Call) -> Reply:
    """Add a record."""
    name, states, session = call.params["collection"], call.control.states, call.session
    record = states.add(session.store, name, call.body, session.world)
    session.changed()
    place = f"/__mock__/sessions/{session.name}/state/{quote(name)}/{quote(states.key(record))}"
    return Outcome(201, value=states.document(name, record), headers=[("Location", place)])


def get_record(call: Call) -> Reply:
    """Answer one record."""
    name, states = call.params["collection"], call.control.states
    return Outcome(200, value=states.document(name, states.find(call.session.store, name, call.params["key"])))


def replace_record(call: Call) -> Reply:
    """Put another record in the place of one."""
    return _replaced(call, lambda _: call.body)


def change_record(call: Call) -> Reply:
    """Change some members of a record."""
    return _replaced(call, lambda present: merged(present, call.body))


def _replaced(call: Call, entry: Any) -> Outcome:
    name, states, session = call.params["collection"], call.control.states, call.session
    states.table(session.store, name)
    record = states.replace(session.store, name, call.params["key"], entry, session.world)
    session.changed()
    return Outcome(200, value=states.document(name, record))


def merged(old: Any, patch: Any) -> Any:
    """Return a value with a merge patch applied (RFC 7396)."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(old) if isinstance(old, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def remove_record(call: Call) -> Reply:
    """Remove a record."""
    name, session = call.params["collection"], call.session
    call.control.states.table(session.store, name)
    call.control.states.remove(session.store, name, call.params["key"])
    session.changed()
    return Outcome(204)


def export_fixture(call: Call) -> Reply:
    """Answer the state as a fixture file."""
    session = call.session
    users = [dict(user) for user in call.control.users]
    head = f"# The state of the session {session.name!r}. Give the users tokens before it is served.\n"
    return text(
        "application/yaml", head + call.control.dump({"users": users, **call.control.states.whole(session.store)})
    )


def list_snapshots(call: Call) -> Reply:
    """Answer all snapshots."""
    return Outcome(200, value={"snapshots": [_document(call, snapshot) for snapshot in call.sessions.snapshots]})


def get_snapshot(call: Call) -> Reply:
    """Answer one snapshot."""
    return Outcome(200, value=_document(call, call.sessions.snapshots.get(call.params["snapshot"])))


def take_snapshot(call: Call) -> Reply:
    """Keep the present state of a session under a name."""
    session = call.sessions.get(call.body.get("session", DEFAULT))
    name = call.params["snapshot"]
    snapshot, new = call.sessions.snapshots.take(name, session.name, session.store, datetime.now(UTC))
    return Outcome(201 if new else 200, value=_document(call, snapshot))


def delete_snapshot(call: Call) -> Reply:
    """Forget a snapshot."""
    call.sessions.snapshots.delete(call.params["snapshot"])
    return Outcome(204)


def restore_snapshot(call: Call) -> Reply:
    """Put the state of a session back to a snapshot."""
    session = call.session
    session.replace_store(call.sessions.snapshots.get(call.body["snapshot"]).store.copy())
    return Outcome(200, value=session_document(call, session))


def compare_states(call: Call) -> Reply:
    """Answer what differs between two states."""
    old, new = _store(call, call.query["from"]), _store(call, call.query["to"])
    states = call.control.states
    found: dict[str, list[dict[str, Any]]] = {"added": [], "changed": [], "removed": []}
    with old.lock, new.lock:
        differences = list(compare(old, new))
    for what, name, before, after in differences:
        record = after if after is not None else before
        if record is None:
            continue
        entry: dict[str, Any] = {"collection": name, "key": states.key(record)}
        if before is not None:
            entry["before"] = states.entry(name, before)
        if after is not None:
            entry["after"] = states.entry(name, after)
        if before is not None and after is not None:
            entry["members"] = changed_members(before.data, after.data)
        found[what].append(entry)
    return Outcome(200, value={"equal": not differences, **found})


def _store(call: Call, reference: str) -> Store:
    kind, _, name = reference.partition(":")
    if kind == "snapshot":
        return call.sessions.snapshots.get(name).store
    if kind == "session":
        return call.sessions.get(name).store.copy()
    return call.sessions.fixture()


def _document(call: Call, snapshot: Snapshot) -> dict[str, Any]:
    return {
        "name": snapshot.name,
        "session": snapshot.session,
        "taken_at": rfc3339(snapshot.taken_at),
        "records": call.control.states.counts(snapshot.store),
    }


HANDLERS: dict[str, Handler] = {
    "getState": get_state,
    "replaceState": replace_state,
    "listRecords": list_records,
    "addRecord": add_record,
    "getRecord": get_record,
    "replaceRecord": replace_record,
    "changeRecord": change_record,
    "removeRecord": remove_record,
    "exportFixture": export_fixture,
    "listSnapshots": list_snapshots,
    "getSnapshot": get_snapshot,
    "takeSnapshot": take_snapshot,
    "deleteSnapshot": delete_snapshot,
    "restoreSnapshot": restore_snapshot,
    "compareStates": compare_states,
}

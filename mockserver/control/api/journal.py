"""Reading the journals of sessions: queries, verification, long polls, streams, archives."""

from collections.abc import Mapping
from typing import Any

import orjson

from mockserver.control.api.call import Call, Handler, Reply
from mockserver.control.har import archive
from mockserver.control.journal import Entry, Journal
from mockserver.control.matching import Matcher
from mockserver.control.refusals import missing, refused
from mockserver.control.sessions import Session
from mockserver.control.verifying import verdict
from mockserver.control.waiting import Events, Waiting
from mockserver.engine.behaviours import Outcome
from mockserver.engine.messages import Response

__all__ = ["HANDLERS"]

_FILTERS = ("operation", "method", "path", "status", "since", "until", "text")
_AT_ONCE = 1000  # entries in one event of a stream that has much to catch up with


def _matcher(call: Call, raw: Mapping[str, Any], at: str) -> Matcher:
    return Matcher(raw, call.control.contract, call.sessions.users, at)


def _filtered(call: Call) -> tuple[Session, list[Entry]]:
    """Return the entries that the query asks for, oldest first."""
    session = call.session
    query = call.query
    matcher = _matcher(call, {name: query[name] for name in _FILTERS if name in query}, "query")
    return session, _found(session.journal, matcher, query.get("after", 0), query.get("before"))


def _found(journal: Journal, matcher: Matcher, after: int = 0, before: int | None = None) -> list[Entry]:
    entries = journal.entries(after, before)
    return [entry for entry in entries if matcher.matches(journal.facts(entry))] if len(matcher) else entries


def _page(session: Session, found: list[Entry], options: Mapping[str, Any]) -> Outcome:
    limit = options.get("limit", 100)
    shown = found[-limit:][::-1] if options.get("order") == "newest" else found[:limit]
    journal, view = session.journal, options.get("view", "full")
    documents = [journal.document(entry, view) for entry in shown]
    return Outcome(200, value={"entries": documents, "total": len(found), "last": journal.last})


def list_journal(call: Call) -> Reply:
    """Answer the entries that the query asks for."""
    session, found = _filtered(call)
    return _page(session, found, call.query)


def count_journal(call: Call) -> Reply:
    """Answer how many entries the query asks for."""
    return Outcome(200, value={"count": len(_filtered(call)[1])})


def search_journal(call: Call) -> Reply:
    """Answer the entries that a matcher matches."""
    session, body = call.session, call.body
    matcher = _matcher(call, body["match"], "match")
    return _page(session, _found(session.journal, matcher, body.get("after", 0)), body)


def clear_journal(call: Call) -> Reply:
    """Forget all entries."""
    call.session.journal.clear()
    return Outcome(204)


def get_journal_entry(call: Call) -> Reply:
    """Answer one entry."""
    journal, number = call.session.journal, call.params["entry"]
    entry = journal.get(int(number))
    if entry is None:
        missing("entry", number, f"The journal keeps {len(journal)} entries, the newest is {journal.last}.")
    return Outcome(200, value=journal.document(entry))


def verify_journal(call: Call) -> Reply:
    """Answer whether as many requests came as are expected."""
    session, body = call.session, call.body
    expected = body.get("count", {"at_least": 1})
    if "exactly" in expected and len(expected) > 1:
        refused("count", "takes exactly alone, or at_least and at_most")
    if expected.get("at_least", 0) > expected.get("at_most", float("inf")):
        refused("count.at_least", "is more than at_most: nothing could pass")
    matcher = _matcher(call, body["match"], "match")
    return Outcome(200, value=verdict(session.journal, matcher, expected, body.get("after", 0)))


def wait_for_journal(call: Call) -> Reply:
    """Answer as soon as enough requests match, or when the time is up."""
    session, body = call.session, call.body
    journal, wanted = session.journal, body.get("count", 1)
    matcher = _matcher(call, body["match"], "match")
    seen = body.get("after", journal.last)
    found: list[Entry] = []

    def poll(final: bool) -> Response | None:
        nonlocal seen
        new = journal.entries(seen)
        if new:
            seen = new[-1].id
            found.extend(_matching(journal, matcher, new))
        if len(found) < wanted and not final and not journal.ended:
            return None
        entries = [journal.document(entry) for entry in found[:wanted]]
        return call.finish(Outcome(200, value={"satisfied": len(found) >= wanted, "entries": entries}))

    return Waiting(journal, float(body.get("seconds", 10)), poll)


def _matching(journal: Journal, matcher: Matcher, entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if matcher.matches(journal.facts(entry))]


def stream_journal(call: Call) -> Reply:
    """Answer new entries as server-sent events."""
    session, query = call.session, call.query
    journal, view = session.journal, query.get("view", "full")
    last = call.exchange.request.headers.get("last-event-id")
    seen = int(last) if last is not None and last.isdecimal() else query.get("after", journal.last)
    cleared, faults, changes, ended = journal.cleared, session.faults.version, session.changes, False

    def take() -> bytes:
        nonlocal seen, cleared, faults, changes, ended
        events = []
        if journal.cleared != cleared:
            cleared = journal.cleared
            events.append(b"event: cleared\ndata: {}\n\n")
        for entry in journal.entries(seen)[:_AT_ONCE]:
            seen = entry.id
            events.append(b"id: %d\nevent: entry\ndata: %s\n\n" % (seen, orjson.dumps(journal.document(entry, view))))
        if session.faults.version != faults:
            faults = session.faults.version
            events.append(b"event: faults\ndata: {}\n\n")
        if session.changes != changes:
            changes = session.changes
            events.append(b"event: state\ndata: {}\n\n")
        if journal.ended and not ended:
            ended = True
            events.append(b"event: dropped\ndata: {}\n\n")
        return b"".join(events)

    headers = [("Content-Type", "text/event-stream; charset=utf-8"), ("Cache-Control", "no-store")]
    return Events(journal, headers, take)


def export_har(call: Call) -> Reply:
    """Answer the journal as an HTTP archive."""
    journal = call.session.journal
    host = call.exchange.request.headers.get("host", "localhost")
    documents = (journal.document(entry) for entry in journal.entries())
    return Outcome(200, value=archive(documents, f"http://{host}", str(call.control.information["version"])))


HANDLERS: dict[str, Handler] = {
    "listJournal": list_journal,
    "countJournal": count_journal,
    "searchJournal": search_journal,
    "clearJournal": clear_journal,
    "getJournalEntry": get_journal_entry,
    "verifyJournal": verify_journal,
    "waitForJournal": wait_for_journal,
    "streamJournal": stream_journal,
    "exportHar": export_har,
}

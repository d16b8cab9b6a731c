"""What runs here: health, readiness, build, figures, documents."""

from mockserver.control.api.call import Call, Handler, Reply, text
from mockserver.control.metrics import exposition
from mockserver.engine.behaviours import Outcome
from mockserver.engine.messages import Response

__all__ = ["HANDLERS"]


def get_health(call: Call) -> Reply:
    """Answer that the mock is alive, and what it serves."""
    told = call.control.information
    return Outcome(
        200,
        value={
            "status": "ok",
            "version": told["version"],
            "contract": told["contract"]["name"],
            "fixture": told["fixture"],
            "records": told["records"],
        },
    )


def get_readiness(call: Call) -> Reply:
    """Answer that the mock takes requests: it does as soon as it answers at all."""
    return Outcome(200, value={"status": "ready"})


def get_information(call: Call) -> Reply:
    """Answer build, contract and settings."""
    value = {name: inner for name, inner in call.control.information.items() if name != "records"}
    return Outcome(200, value={**value, "users": list(call.control.users)})


def get_metrics(call: Call) -> Reply:
    """Answer the figures for Prometheus."""
    sessions = call.sessions

    def gauges() -> dict[str, float]:
        found = sessions.all()
        return {
            "sessions": len(found),
            "sessions_made": sessions.made,
            "journal_entries": sum(len(session.journal) for session in found),
            "journal_bytes": sum(session.journal.bytes for session in found),
            "faults": sum(len(session.faults.faults) for session in found),
        }

    body = exposition(call.control.service.figures, gauges)
    return Response(200, [("Content-Type", "text/plain; version=0.0.4; charset=utf-8")], body)


def get_control_document(call: Call) -> Reply:
    """Answer the document of the control API."""
    return text("application/yaml", call.control.document)


def get_contract(call: Call) -> Reply:
    """Answer the contract that is served."""
    return Outcome(200, value=call.control.contract.document.raw)


HANDLERS: dict[str, Handler] = {
    "getHealth": get_health,
    "getReadiness": get_readiness,
    "getInformation": get_information,
    "getMetrics": get_metrics,
    "getControlDocument": get_control_document,
    "getContract": get_contract,
}

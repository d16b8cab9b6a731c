"""Which part of the mock answers a path: the API, the control API, or a page; the same for every server."""

from mockserver.control.api.dispatch import ControlApi
from mockserver.control.service import SESSION_PATH, Answer, PlainService, Service
from mockserver.control.waiting import Events, Waiting
from mockserver.engine.messages import Request

__all__ = ["RESERVED", "Serving"]

RESERVED = "/__mock__"  # what is below is the mock's own, never the API's


class Serving:
    """Answers requests, whatever server they came through."""

    def __init__(
        self, service: Service | PlainService, control: ControlApi, outside: frozenset[str] = frozenset()
    ) -> None:
        """``outside`` are paths of pages that are not below ``/__mock__``: such as the API has no use for."""
        self.service = service
        self.has_control = control.knows(f"{RESERVED}/sessions")
        self._control = control
        self._outside = outside

    def become(self, other: "Serving") -> None:
        """Go on as another does: requests that come from now on are answered by it."""
        self.service, self._control, self._outside = other.service, other._control, other._outside

    def answer(self, request: Request) -> Answer | Waiting | Events | None:
        """Answer a request, or say what is to be waited for; ``None`` leaves it to the pages of the application."""
        path = request.path
        if (not path.startswith(RESERVED) or path.startswith(SESSION_PATH)) and path not in self._outside:
            return self.service.answer(request)
        if self._control.knows(path):
            reply = self._control.answer(request)
            return reply if isinstance(reply, (Waiting, Events)) else Answer(reply)
        refusal = self._control.refusal(request, page=True)
        return None if refusal is None else Answer(refusal)

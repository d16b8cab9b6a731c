"""Faults held out once, that were found by nobody then: overrides, numbers, conditions, and answers that are shared."""

import threading
import time
from datetime import datetime
from email.utils import parsedate_to_datetime

from tests.independent.app import Api
from tests.independent.asking import Step, get, make
from tests.independent.faults.catalogue import DEPLOYED, Race, fault
from tests.independent.values import Answer, Refusal, Request

OVERRIDE = "x-http-method-override"


@fault("rules.nothing-said", Step("POST", "", make().body, headers={OVERRIDE: "GET"}), profiles=DEPLOYED)
class MethodsAreOverridden(Api):
    """A POST is what a header says that it is: a middleware for clients that can send nothing else."""

    def route(self, request: Request) -> str:
        if request.method == "POST":
            request.method = request.headers.get(OVERRIDE, "POST").upper()
        return super().route(request)


@fault("model.drill", make("100"), make("1e2"), profiles=DEPLOYED)
class NamesThatAreOneNumberAreOne(Api):
    """A name is in use where another one is the same number: both are read as numbers before they are compared."""

    def check_unique(self, name: str) -> None:
        super().check_unique(name)
        for other in self.names:
            try:
                same = float(other) == float(name)
            except ValueError:
                continue
            if same:
                raise Refusal(409, f"{name} exists.", [("name", "is in use")])


@fault("rules.nothing-said", make(), Step("GET", "p", headers={"If-Modified-Since": "Tue, 01 Jan 2019 00:00:00 GMT"}),
       profiles=DEPLOYED)  # fmt: skip
class NothingIsModified(Api):
    """Whoever has any copy is told that it is good (304): times are compared the wrong way round."""

    def op_get(self, request: Request) -> Answer:
        answer = super().op_get(request)
        since = request.headers.get("if-modified-since")
        if since is not None and parsedate_to_datetime(since) < datetime.fromisoformat(answer.data["updated_at"]):
            raise Refusal(304, "Not modified.")
        return answer


@fault("rules.concurrency", Race([make()], [get("p"), get("p", token="unknown"), get("p", token=None)], get("p"),
                                 lambda reply: reply.status))  # fmt: skip
class GetsAtOnceShareOneAnswer(Api):
    """GETs of one path at the same time are answered once, for all of them, whoever they are."""

    gate = threading.Lock()

    def respond(self, request: Request) -> Answer:
        if request.method != "GET":
            return super().respond(request)
        with self.gate:
            flights: dict[str, Answer] = self.__dict__.setdefault("flying", {})
            if request.path in flights:
                return flights[request.path]
        answer = super().respond(request)
        with self.gate:
            flights[request.path] = answer
        time.sleep(0.03)
        with self.gate:
            flights.pop(request.path, None)
        return answer

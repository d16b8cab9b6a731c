"""One check of the schema layer: schemathesis set up for the contract, and every case steered, sent and judged."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import schemathesis
from schemathesis.auths import AuthContext
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.transport import Response
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.generation.case import Case
from schemathesis.hooks import HookContext
from schemathesis.openapi.checks import EnsureResourceAvailability, UseAfterFree
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.schemas import OpenApiSchema

from contract_tests.documents import LIST
from contract_tests.errors import Blocked, ContractTestsError
from contract_tests.exchange import Exchange
from contract_tests.scene import Scene
from contract_tests.schemathesis_bridge.book import Book
from contract_tests.schemathesis_bridge.failures import departure
from contract_tests.schemathesis_bridge.oracle import Oracle
from contract_tests.schemathesis_bridge.steering import Steering
from contract_tests.schemathesis_bridge.transport import ORIGIN, NotSent, SessionTransport

IP_LITERAL = re.compile(r"\(\\\[.*\\\]\|([^()]*)\)")  # in a pattern: an address in brackets, or else a host
ALL_METHODS = ("get", "put", "post", "delete", "options", "patch", "trace", "query")


class TimeIsUp(KeyboardInterrupt):
    """The time of a check is over. Like Ctrl-C, it goes through Hypothesis without being taken for a failure."""


class Stopped(KeyboardInterrupt):
    """A case could not be gone on with; the reason is kept by the bridge."""


class OwnerToken:
    """Puts the owner's token into cases, by one carrier: a provider of credentials as schemathesis has them."""

    def __init__(self, token: str, carrier: str, name: str) -> None:
        self._token, self._carrier, self._name = token, carrier, name

    def get(self, case: Case[Any], context: AuthContext) -> str:
        """Return the token."""
        return self._token

    def set(self, case: Case[Any], data: str, context: AuthContext) -> None:
        """Put the token where it belongs."""
        container = {"header": case.headers, "cookie": case.cookies, "query": case.query}[self._carrier]
        container[self._name] = data


class BridgedSchema(OpenApiSchema):
    """A schema of schemathesis whose requests go through a session."""

    session_transport: SessionTransport

    @property
    def transport(self) -> SessionTransport:
        """The transport of every request, those of checks included."""
        return self.session_transport


class Bridge:
    """What one check needs of schemathesis.

    `follow` tells that path values come from links. `seconds` bounds how long the check waits for answers: a slow
    server cannot make it endless, while a busy machine that generates slowly does not change what is sent.
    """

    def __init__(self, scene: Scene, seconds: float, follow: bool = False) -> None:
        self.scene = scene
        self.session = scene.session
        self.book = Book()
        self.steering = Steering(scene, self.book, follow)
        self.oracle = Oracle(scene.contract, self.session.ledger, self.book, self.session.recorder)
        self.transport = SessionTransport(self.session)
        self.schema = self._schema()
        self.cases = 0
        self.left_out = 0  # cases that could not be made harmless, or that HTTP cannot carry
        self._seconds = seconds
        self._waited = 0.0
        self._stopped_by: Exception | None = None
        self._guarded: set[str] = set()  # operations that are known to ask for a token

    def operation(self, name: str) -> APIOperation[Any, Any, Any, Any]:
        """Return an operation as schemathesis knows it. Raises :class:`Blocked` where it does not."""
        described = self.scene.contract.operations[name]
        try:
            found = self.schema[described.path][described.method]
        except (LookupError, schemathesis.errors.InvalidSchema) as problem:
            raise Blocked(f"schemathesis cannot use the operation {name}: {problem}") from problem
        return found

    def run(self, case: Case[Any], recorder: ScenarioRecorder | None = None) -> Response | None:
        """Steer, send and judge one case; None where it was not sent.

        Raises :class:`TimeIsUp` or :class:`Stopped`, which go through Hypothesis; anything else is kept by the bridge.
        """
        if self._waited > self._seconds:
            raise TimeIsUp
        try:
            return self._run(case, recorder)
        except NotSent:
            self.left_out += 1
            return None
        except Exception as problem:
            self._stopped_by = problem
            raise Stopped from problem

    @contextmanager
    def phase(self) -> Iterator[None]:
        """Hold a phase together: raise what stopped it, and say where its time was up."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of libraries about generated data; the server cannot cause one
                yield
        except TimeIsUp:
            name = self.scene.check.name
            self.session.notes.setdefault(
                f"{name} ended after {self.cases} requests: the answers took {self._seconds:g} s"
            )
        except Stopped:
            problem = self._stopped_by
            if isinstance(problem, ContractTestsError | LookupError | TypeError | AttributeError | ValueError):
                raise problem from None  # the runner knows what to make of them
            raise Blocked(f"the check itself failed: {type(problem).__name__}: {problem}") from problem
        except ContractTestsError:
            raise
        except Exception as problem:
            text = str(problem).partition("\n")[0]
            raise Blocked(f"schemathesis failed: {type(problem).__name__}: {text}") from problem
        if self.cases == 0:
            raise Blocked("schemathesis generated no request that could be sent")
        if self.left_out:
            self.session.notes.setdefault(
                f"{self.scene.check.name} left out {self.left_out} generated requests that could not be made harmless"
            )

    def _run(self, case: Case[Any], recorder: ScenarioRecorder | None) -> Response:
        self.steering.steer(case)
        response = case.call()
        self.cases += 1
        exchange = self.transport.sent[case.id]
        self._waited += exchange.reply.seconds
        if exchange.principal == "owner":
            for found in self.oracle.judge(exchange):
                self.session.recorder.add(found, self.session.shortest(exchange), self.scene.check.id)
            self.book.learn(exchange, self.oracle.target(exchange))
        if recorder is not None:
            recorder.record_response(case_id=case.id, response=response)
        self._validate(case, response, recorder)
        self.steering.tidy()
        return response

    def _validate(self, case: Case[Any], response: Response, recorder: ScenarioRecorder | None) -> None:
        label = case.operation.label
        excluded = [schemathesis.checks.ignored_auth] if label in self._guarded else []
        try:
            case.validate_response(response, excluded_checks=excluded, recorder=recorder)
        except FailureGroup as group:  # the hook has looked at each of them, and lets none through
            raise RuntimeError("a failure of schemathesis was not looked at") from group
        if case._has_explicit_auth and 200 <= response.status_code < 300:
            self._guarded.add(label)

    def _look_at(self, context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
        """Record what a failure of schemathesis shows; it is then none of schemathesis' own business any more."""
        exchange = self.transport.sent.get(failure.case_id or case.id)
        if exchange is None or self._is_mistaken(failure, exchange):
            return False
        found = departure(self.scene.contract, failure, case, exchange)
        if found is not None:
            self.session.recorder.add(found, self.session.shortest(exchange), self.scene.check.id)
        return False

    def _is_mistaken(self, failure: Failure, exchange: Exchange) -> bool:
        """Tell whether a failure speaks of a provider that the request, once it was steered, did not name."""
        target = self.oracle.target(exchange)
        if isinstance(failure, EnsureResourceAvailability):
            return self.book.find(target) is None
        return isinstance(failure, UseAfterFree) and target not in self.book.gone

    def _schema(self) -> OpenApiSchema:
        load_all_checks()
        document = lighter(self.scene.contract.document)
        try:
            schema = BridgedSchema(raw_schema=document, config=_config(self.scene).projects.get(document))
            len(schema)
        except Exception as problem:
            raise Blocked(f"schemathesis cannot use the document: {type(problem).__name__}: {problem}") from problem
        schema.session_transport = self.transport
        schema.hooks.register_hook_with_name(self._look_at, "filter_failure")
        carrier = self._carrier()
        token = self.scene.options.token
        if carrier is not None and token is not None:
            schema.auth.providers.append(OwnerToken(token, *carrier))
        return schema

    def _carrier(self) -> tuple[str, str] | None:
        """Return the first carrier by which the server takes the token; whether it takes all is another check's."""
        carriers = self.scene.contract.carriers
        for carrier, name in carriers:
            if self.session.call(LIST, carrier=carrier, judged=False).status not in {401, 403}:
                return carrier, name
        return carriers[0] if carriers else None


def lighter(node: Any) -> Any:
    """Return a copy of a document whose patterns do without IP addresses in brackets, which are slow to generate.

    Whether a value is right is judged by the document itself; the checks of the rules send such addresses.
    """
    if isinstance(node, dict):
        made = {name: lighter(inner) for name, inner in node.items()}
        if isinstance(made.get("pattern"), str):
            made["pattern"] = IP_LITERAL.sub(r"\1", made["pattern"])
        return made
    return [lighter(inner) for inner in node] if isinstance(node, list) else node


def _config(scene: Scene) -> SchemathesisConfig:
    """Return the settings of schemathesis: nothing read from files, nothing that answers of the server could change."""
    options = scene.options
    off = {"extra-data-sources": {"responses": False}}
    strangers = bool(scene.session.ledger.strangers)  # a DELETE of the collection might remove them
    methods = [] if options.read_only else [name for name in ALL_METHODS if name != "delete" or not strangers]
    return SchemathesisConfig.from_dict(
        {
            "seed": options.seed,
            "base-url": ORIGIN,
            "generation": {
                "database": "none",
                "mode": "all",
                "no-shrink": True,
                "with-security-parameters": False,
                "allow-extra-parameters": False,
            },
            "phases": {
                "examples": off,
                "coverage": {**off, "unexpected-methods": methods},
                "fuzzing": {**off, "error-feedback": {"enabled": False}},
            },
        }
    )

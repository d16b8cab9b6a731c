"""Before anything else: the server is there, the tokens work, clocks agree, and its data can be kept safe."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from contract_tests.documents import CREATE, GET, LIST
from contract_tests.errors import Blocked, CannotTest
from contract_tests.exchange import Exchange, NotJson
from contract_tests.ledger import runs_seen
from contract_tests.registry import check
from contract_tests.results import Severity
from contract_tests.scene import Scene

TRIES = 3
NO_ROLE = "the user of the token may not use the API (403); give the token of a user with the owner role"
SKEW = 300.0  # seconds between the clocks that are worth a note


@check("preflight.reachable", "The server answers, and knows the paths of the API", writes=False)
def reachable(scene: Scene) -> None:
    """Send the list request until an answer comes; raises CannotTest where the server cannot be tested at all."""
    url = scene.session.redact(scene.options.base_url)
    exchange = scene.session.call(LIST, judged=False)
    for _ in range(TRIES - 1):
        if exchange.status is not None and exchange.status < 500:
            break
        exchange = scene.session.call(LIST, judged=False)
    if exchange.status is None:
        raise CannotTest(
            f"{url} gives no answer: {exchange.reply.trouble}; start the server, or check the address and --timeout"
        )
    if 300 <= exchange.status < 400:
        goal = exchange.reply.header("location")
        raise CannotTest(f"{url} redirects ({exchange.status}) to {goal!r}; give the address that it redirects to")
    probe = scene.session.call(GET, scene.session.ledger.nobody(), judged=False)
    if exchange.status == 404 and (not isinstance(probe.document.get("message"), str) or _is_nowhere(scene, probe)):
        path = scene.contract.collection
        raise CannotTest(f"{url} has no {path} (404); does the base URL lack a path prefix, or carry one too many?")
    if exchange.status >= 500 and (probe.status is None or probe.status >= 500):
        raise CannotTest(f"{url} fails whatever it is asked ({exchange.outcome}); see the server's own log")
    if _is_html(exchange) and _is_html(probe):
        raise CannotTest(f"{url} answers with HTML pages ({exchange.outcome}); is this the address of the API?")


def _is_nowhere(scene: Scene, *answers: Exchange) -> bool:
    """Tell whether paths of the contract are answered as any path is that the server does not have."""
    collection = scene.contract.collection
    headers, query = scene.session.credentials("owner")
    send = scene.session.exchange
    asked = [f"{collection}{query}", f"{collection}-that-nobody-has{query}"]
    there, nowhere = (send(None, "GET", target, headers, judged=False) for target in asked)
    said = [one.reply.body.decode("utf-8", "replace").replace(_path(one), "") for one in (there, nowhere, *answers)]
    return len({one.status for one in (there, nowhere, *answers)}) == 1 and len(set(said)) == 1


def _path(exchange: Exchange) -> str:
    return exchange.target.partition("?")[0]


@check("preflight.owner", "The token is accepted", writes=False)
def owner(scene: Scene) -> None:
    """Ask with the owner's token by every carrier; raises CannotTest where no operation takes it."""
    session = scene.session
    if scene.options.token is None:
        exchange = session.call(LIST, principal="nobody", judged=False)
        if exchange.status in {401, 403}:
            raise CannotTest("the server asks for a token; give one by --token or in CONTRACT_TESTS_TOKEN")
        return
    answers: list[Exchange] = []
    for carrier, _ in scene.contract.carriers:
        answers.append(session.call(LIST, carrier=carrier, judged=False))
        answers.append(session.call(GET, session.ledger.nobody(), carrier=carrier, judged=False))
        if any(answer.status not in {401, 403} for answer in answers):
            return
    first = answers[0]
    if first.status == 401:
        raise CannotTest("the server does not accept the token (401); check --token or CONTRACT_TESTS_TOKEN")
    raise CannotTest(NO_ROLE)


@check("preflight.clock", "The server's clock agrees with this machine's", writes=False)
def clock(scene: Scene) -> None:
    """Compare the `Date` header of an answer with the clock of this machine; a skew is noted, and is no finding."""
    exchange = scene.session.call(LIST, judged=False)
    value = exchange.reply.header("date")
    if value is None:
        raise Blocked("answers carry no Date header")
    try:
        skew = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        raise Blocked(f"the Date header {value!r} is no date") from None
    if abs(skew) > SKEW:
        scene.session.notes.setdefault(
            f"the server's clock is {skew:+.0f} s off this machine's; times are not compared"
        )


@check("preflight.list", "The list can be read, so that what is there can be kept safe", writes=False)
def list_readable(scene: Scene) -> None:
    """Read the list, and write down what is there before anything is made."""
    scene.guardian.look_around()
    exchange = scene.session.call(LIST)
    if scene.options.read_only and exchange.status in {401, 403} and not scene.guardian.seen:
        raise CannotTest(NO_ROLE)
    if isinstance(exchange.json, NotJson) and exchange.status == 200:
        return  # told by the judge of every answer
    left = runs_seen(exchange.listed())
    for run, count in left.items():
        scene.session.notes.setdefault(
            f"{count} providers of an earlier run are still there; remove them: "
            f"contract-tests clean {scene.session.redact(scene.options.base_url)} --run {run}"
        )


@check("preflight.canary", "Making, changing and removing one provider touches no other")
def canary(scene: Scene) -> None:
    """Make two providers, change one, remove it: the other and all strangers must be as they were, or the run stops."""
    guardian = scene.guardian
    first, second = scene.session.call(CREATE, body=scene.body()), scene.session.call(CREATE, body=scene.body())
    if first.status in {401, 403} and not guardian.seen and scene.session.list_providers() is None:
        raise CannotTest(NO_ROLE)
    one, other = first.provider() or {}, second.provider() or {}
    if not isinstance(one.get("id"), str) or not isinstance(other.get("id"), str):
        guardian.stop_at_harm()
        return
    scene.expect(
        one["id"] != other["id"],
        "same-id",
        "two providers have two ids",
        f"both have the id {one['id']}",
        [first, second],
        severity=Severity.CRITICAL,
        check="rules.id-unique",
    )
    scene.session.call("updateAIProvider", one["id"], body={"display_name": "Canary"})
    guardian.stop_at_harm()
    gone = scene.session.call("deleteAIProvider", one["id"])
    guardian.stop_at_harm()
    if gone.ok and one["id"] != other["id"]:
        after = scene.session.call(GET, other["id"])
        scene.expect(
            after.status != 404,
            "deleted-another",
            "a DELETE removes the provider that it names, and no other",
            f"after the DELETE of {one.get('name')!r}, {other.get('name')!r} is gone too",
            [first, second, gone, after],
            severity=Severity.CRITICAL,
            check="rules.cross-talk",
        )


def _is_html(exchange: Exchange) -> bool:
    return (exchange.reply.header("content-type") or "").lower().startswith("text/html")

"""Requests at the same time: each is answered as if it had come before or after the others."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from contract_tests.documents import CREATE, DELETE, GET, LIST, UPDATE
from contract_tests.exchange import Exchange
from contract_tests.registry import check
from contract_tests.results import Severity
from contract_tests.scene import UNLISTED, Scene, unusable

AT_ONCE = 8


@check("rules.concurrency", "Requests at the same time are as good as one after the other")
def concurrency(scene: Scene) -> None:
    """Create, change, read and delete at once: one provider from several threads, and several, each from its own."""
    for lap in range(scene.options.amount(2, 8, 16)):
        _same_name(scene)
        _many_names(scene)
        _many_members(scene)
        _one_delete(scene)
        _change_and_delete(scene)
        _reads_between_changes(scene)
        if lap % 2 == 0:
            _whoever_asks(scene)
        if lap or scene.options.amount(0, 1, 1):
            _several_deletes(scene)
            _each_its_own(scene)


def _same_name(scene: Scene) -> None:
    bodies = [scene.body(name=None) for _ in range(AT_ONCE)]
    name = scene.session.ledger.name("at-once")
    answers = _at_once([_creating(scene, {**body, "name": name}) for body in bodies])
    won = [one for one in answers if one.status == 201]
    lost = [one for one in answers if one.status not in {201, 409} and (one.status or 0) < 500]
    known = [one.refusal for one in lost if scene.session.recorder.knows(one.refusal)]
    cause = known[0] if known else ""
    came, wanted = _statuses(answers), "one 201 and a 409 for each other"
    scene.expect(len(won) == 1, "one name", wanted, came, _few(won or answers), subject=cause)
    scene.expect(not lost, "one name:others", "409: the name is taken", came, _few(lost), subject=cause)
    listed = scene.listed()
    count = sum(item.get("name") == name for item in listed.listed())
    absent = UNLISTED if won and not count else ""
    scene.expect(
        count == len(won[:1]),
        "one name:listed",
        "the name once",
        f"{count} times",
        [*_few(won), listed],
        subject=absent,
    )
    ids = {one.document.get("id") for one in won}
    scene.expect(len(ids) == len(won), "one name:ids", "an id for each", f"{len(ids)} for {len(won)}", _few(won))


def _many_names(scene: Scene) -> None:
    bodies = [scene.body(display_name=f"At once {index}") for index in range(AT_ONCE)]
    asked = _at_once([*[_creating(scene, body) for body in bodies], *[partial(scene.session.call, LIST)] * 3])
    answers = asked[: len(bodies)]
    for one in asked[len(bodies) :]:
        scene.expect_status(one, (200,), "lists", "a list is always answered")
    listed = scene.listed()
    shown = {item.get("name"): item for item in listed.listed()}
    for body, made in zip(bodies, answers, strict=True):
        if not scene.expect_status(made, (201,), "names", "a new name") or unusable(made.json):
            continue
        scene.same(made, body, why="as it was sent")
        found = shown.get(body["name"])
        scene.same(listed, body, found, "as it was sent")
        again = scene.session.call(GET, made.document.get("id", ""))
        if scene.expect_status(again, (200,), "names:lost by id", "it was created"):
            scene.same(again, body, why="as it was sent")


def _many_members(scene: Scene) -> None:
    made = scene.created(display_name="Before", enabled=False)
    identifier = made.document["id"]
    changes: list[dict[str, Any]] = [
        {"display_name": "After"},
        {"enabled": True},
        {"base_url": "https://after.example.com"},
        {"api_keys": [{"api_key": scene.key()}]},
    ]
    calls = [partial(scene.session.call, UPDATE, identifier, body=body) for body in changes]
    answers = _at_once([*calls, *[partial(scene.session.call, LIST)] * 2])
    if any(one.status != 200 for one in answers):
        for one in answers:
            scene.expect_status(one, (200,), "members", "each PATCH is good")
        return
    again = scene.got(identifier)
    expected = {"display_name": "After", "enabled": True, "base_url": "https://after.example.com"}
    lost = sorted(name for name, value in expected.items() if again.document.get(name) != value)
    lost += ["api_keys"] if not again.document.get("api_keys") else []
    found = f"{', '.join(lost)} lost"
    scene.expect(not lost, "members:lost", "the changes of all PATCHes at once", found, [made, *answers[:4], again])


def _one_delete(scene: Scene) -> None:
    made = scene.created()
    identifier = made.document["id"]
    answers = _at_once([partial(scene.session.call, DELETE, identifier)] * AT_ONCE)
    gone = [one for one in answers if one.status == 204]
    odd = [one for one in answers if one.status not in {204, 404} and (one.status or 0) < 500]
    scene.expect(len(gone) == 1, "delete", "one 204 and a 404 for each other", _statuses(answers), [made, *_few(gone)])
    scene.expect(not odd, "delete:others", "404: it is deleted", _statuses(answers), [made, *_few(odd)])


def _change_and_delete(scene: Scene) -> None:
    made, other = scene.created(), scene.created(display_name="Other")
    identifier, call = made.document["id"], scene.session.call
    changes = [partial(call, UPDATE, identifier, body={"display_name": f"After {index}"}) for index in range(3)]
    reads = [partial(call, GET, target) for target in (identifier, other.document["id"], scene.session.ledger.nobody())]
    answers = _at_once([*changes, partial(call, DELETE, identifier), *reads])
    for one in answers[:3]:
        scene.expect_status(one, (200, 404), "change", "it is changed, or deleted already")
    scene.expect_status(answers[3], (204,), "deleted once", "it is there")
    if scene.expect_status(answers[5], (200,), "another", "another provider was deleted"):
        scene.same(answers[5], other.document, why="it is another provider")
    scene.expect_status(answers[6], (404,), "nobody", "nobody has it")
    again = call(GET, identifier)
    why = "it was deleted, and no PATCH brings it back"
    scene.expect_status(again, (404,), "back", why)


def _reads_between_changes(scene: Scene) -> None:
    """Read a provider, and the list, while it is changed: it is always there, with one of the values that it had."""
    titles = [f"Change {index}" for index in range(3)]
    provider = scene.created(display_name=titles[0], api_keys=[scene.key()]).document
    call, targets = scene.session.call, (provider["id"], provider["name"])
    changes = [partial(call, UPDATE, targets[index % 2], body={"display_name": titles[index]}) for index in range(3)]
    reads = [partial(call, GET, targets[index % 2]) for index in range(6)]
    together = [part for pair in zip(reads[:3], changes, reads[3:], strict=True) for part in pair]
    answers = _at_once([*together, *[partial(call, LIST)] * 2])
    for one in answers[:-2]:
        is_read = one.operation == GET
        why = "it is there, while it is changed too" if is_read else "each PATCH is good"
        if scene.expect_status(one, (200,), "reads" if is_read else "changes", why):
            shown = one.document
            whole = shown.get("display_name") in titles and shown.get("api_keys") == provider["api_keys"]
            expected = "one of the display names that were sent, and the key that is there"
            scene.expect(whole and shown.get("id") == provider["id"], "reads:mixed", expected, shown, [one])
    for one in answers[-2:]:
        if scene.expect_status(one, (200,), "lists", "a list is always answered"):
            there, wanted = scene.find(one, provider["id"]) is not None, "a provider that is changed is listed"
            scene.expect(there, "reads:listed", wanted, "it is not", [one], subject=UNLISTED)


def _whoever_asks(scene: Scene) -> None:
    """Ask as several at once: an owner is served, and nobody else is, whoever asks beside them."""
    if scene.options.token is None:
        return
    provider = scene.created(display_name="Whose").document
    call, target = scene.session.call, provider["id"]
    barred = {"nobody": 401, "unknown": 401} | ({"other": 403} if scene.deployed and scene.options.other_token else {})
    asked: list[tuple[Callable[[], Exchange], int]] = []
    for number, (principal, status) in enumerate([*barred.items()] * 2):
        for ask in (
            partial(call, UPDATE, target, body={"display_name": "Theirs"}, principal=principal)
            if number % 2
            else partial(call, GET, target, principal=principal),
            partial(call, LIST, principal=principal),
        ):
            asked += [(ask, status), (partial(call, *((GET, target), (LIST,))[number % 2]), 200)]
    for (_, status), answer in zip(asked, _at_once([ask for ask, _ in asked]), strict=True):
        why = "the token decides, whoever else asks at the same time"
        severity = Severity.MAJOR if status == 200 else Severity.CRITICAL
        scene.expect_status(answer, (status,), f"{answer.operation}:{answer.principal}", why, severity=severity)
    scene.unchanged(provider, [], "whose")


def _several_deletes(scene: Scene) -> None:
    """Delete several providers at once, beside others that are changed and created: those are gone, these are there."""
    made = [scene.created(display_name=f"Gone {index}").document for index in range(5)]
    other, body, call = scene.created().document, scene.body(), scene.session.call
    deletes = [partial(call, DELETE, one["id" if index % 2 else "name"]) for index, one in enumerate(made)]
    change = partial(call, UPDATE, other["id"], body={"display_name": "Still here"})
    answers = _at_once([*deletes[:3], change, partial(call, CREATE, body=body), *deletes[3:]])
    for one in answers:
        status = {DELETE: 204, UPDATE: 200, CREATE: 201}[str(one.operation)]
        scene.expect_status(one, (status,), f"{one.operation} beside deletes", "a request like any other")
    listed = scene.listed()
    back = [one["name"] for one in made if scene.find(listed, one["id"]) is not None]
    expected, found = "none of those that were deleted", ", ".join(back)
    scene.expect(not back, "deletes:listed", expected, found, [*_few(answers), listed])
    names = {item.get("name") for item in listed.listed()}
    kept = names >= {other["name"], body["name"]}
    wanted, shown = "what was changed and created meanwhile", [*_few(answers), listed]
    scene.expect(kept, "deletes:lost", wanted, "it is gone", shown, subject=UNLISTED)
    scene.same(scene.got(other["id"]), {"display_name": "Still here"}, why="as the PATCH beside deletes left it")
    for gone in made:
        scene.expect_status(call(GET, gone["id"]), (404,), "deletes:back", "it was deleted")


def _each_its_own(scene: Scene) -> None:
    """Change several providers at once, each in its own way, and read them meanwhile: none has what is another's."""
    made = [scene.created(display_name=f"Own {index}", enabled=index % 2 == 0).document for index in range(AT_ONCE)]
    bodies: list[dict[str, Any]] = [
        {"display_name": f"Mine {index}", "base_url": f"https://own-{index}.example.com", "enabled": index % 2 > 0}
        for index in range(AT_ONCE)
    ]
    bodies = [dict(list(body.items())[index % 3 :]) for index, body in enumerate(bodies)]
    call = scene.session.call
    changes = [partial(call, UPDATE, one["id"], body=body) for one, body in zip(made, bodies, strict=True)]
    answers = _at_once(changes)
    reads = _at_once([partial(call, GET, one["name"]) for one in made])
    for before, body, changed, read in zip(made, bodies, answers, reads, strict=True):
        fixed = {name: before.get(name) for name in ("id", "name", "display_name", "base_url", "enabled", "api_keys")}
        for one, why in ((changed, "this PATCH says so"), (read, "its PATCH said so")):
            if scene.expect_status(one, (200,), "own", "the provider is there"):
                scene.same(one, {**fixed, **body}, why=f"{why}, and none of the others at the same time")


def _creating(scene: Scene, body: dict[str, Any]) -> Callable[[], Exchange]:
    return partial(scene.session.call, CREATE, body=body)


def _at_once(calls: Sequence[Callable[[], Exchange]]) -> list[Exchange]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def _statuses(answers: list[Exchange]) -> str:
    return ", ".join(sorted(str(one.reply.status) for one in answers))


def _few(exchanges: list[Exchange]) -> list[Exchange]:
    return sorted(exchanges, key=lambda one: one.number)[:3]

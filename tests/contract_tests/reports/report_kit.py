"""Runs to report on: one that conforms, some with findings, and hostile ones; every field is used."""

import dataclasses

from contract_tests import events
from contract_tests.results import CheckResult, CoverageRow, Finding, RunResult, Severity, Step, Timing, Verdict

OPERATIONS = ("listAIProviders", "createAIProvider", "getAIProvider", "updateAIProvider", "deleteAIProvider")
STATUSES = {
    "listAIProviders": (200, 401, 405, 500),
    "createAIProvider": (201, 400, 401, 409, 413, 500),
    "getAIProvider": (200, 401, 404, 500),
    "updateAIProvider": (200, 400, 401, 404, 409, 413, 500),
    "deleteAIProvider": (204, 401, 404, 500),
}
URL = "http://127.0.0.1:8080"
HEADERS = (("Coder-Session-Token", "$TOKEN"), ("Content-Type", "application/json"))
ANSWER = (("Content-Type", "application/json; charset=utf-8"), ("Content-Length", "312"), ("Server", "example"))
PROVIDER = (
    '{"api_keys":[{"created_at":"2026-11-23T10:00:00.123456Z","id":"497f6eca-6276-4993-bfeb-53cbbbba6f08",'
    '"masked":"dumm...0001"}],"base_url":"https://api.example.com/v1","created_at":"2026-11-23T10:00:00.123456Z",'
    '"display_name":"ct-3f2a-zoë","enabled":false,"id":"0f9a7a5c-8a2e-4a58-8a3a-2f86c0e63d11","name":"ct-3f2a-keys",'
    '"settings":null,"type":"openai","updated_at":"2026-11-23T10:00:00.123456Z"}'
)

# What a server may answer to mislead whoever reads a report.
HOSTILE = {
    "html": "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"></pre></details>",
    "markdown": "| a | b |\n|---|---|\n```\n</details> [x](javascript:alert(1)) ![](http://evil.test/x.png) @all $$x$$",
    "ansi": "\x1b[2J\x1b[31mred\x1b[0m\x1b]0;title\x07\x9b31m\r\x08",
    "xml": "]]><!-- & \x00\x01\x0b\x0c\ufffe\uffff",
    "surrogate": "lone \ud83d and \udc00",
    "bidi": "\u202egnp.exe \u2066isolated\u2069 עברית العربية \u200b\ufeff",
    "wide": "漢字 テスト 👩‍👩‍👧 e\u0301",
    "jinja": "{{ 7 * 7 }}{% raw %}${7*7}",
}
ALL_HOSTILE = " ".join(HOSTILE.values())


def step(method="GET", path="/api/v2/ai/providers", status=200, request_body="", answer_body=PROVIDER, **extra):
    data = f" \\\n  -d '{request_body}'" if request_body else ""
    curl = f"curl -sS -X {method} '{URL}{path}' -H \"Coder-Session-Token: $TOKEN\"{data}"
    values = {
        "method": method,
        "target": path,
        "curl": curl,
        "request_headers": HEADERS,
        "request_body": request_body,
        "status": status,
        "answer_headers": ANSWER if status else (),
        "answer_body": answer_body,
        "milliseconds": 12.4,
    }
    return Step(**{**values, **extra})


CREATE = step(
    "POST",
    status=201,
    request_body='{"type":"openai","name":"ct-3f2a-keys","base_url":"https://api.example.com/v1","api_keys":["dummy-0001"]}',
)
FINDINGS = (
    Finding(
        check="rules.key-id-known",
        code="accepted",
        severity=Severity.MAJOR,
        title="A PATCH may name a key that this provider does not have",
        operations=("updateAIProvider",),
        section="openapi/rules.yaml, key-id-known",
        expected="400, with a validation of field api_keys[0].id",
        found="200",
        steps=(
            CREATE,
            step(
                "PATCH",
                "/api/v2/ai/providers/ct-3f2a-keys",
                200,
                '{"api_keys":[{"id":"11111111-2222-4333-8444-555555555555"}]}',
            ),
        ),
        seen=12,
        also=("model.sequence", "schema.stateful"),
    ),
    Finding(
        check="rules.secrets-are-write-only",
        code="leak",
        severity=Severity.CRITICAL,
        title="An answer shows a key in plain text",
        operations=("createAIProvider", "getAIProvider"),
        section="openapi/rules.yaml, keys-are-masked",
        expected="the mask of the key",
        found="dummy-0001, the key itself, at #/api_keys/0/masked",
        steps=(CREATE,),
    ),
    Finding(
        check="schema.fuzzing",
        code="response_schema_conformance",
        severity=Severity.MAJOR,
        title="The answer is not of the schema that the document declares",
        operations=("listAIProviders",),
        section="Reference page: List AI providers, response 200",
        expected="a string in the format date-time at #/0/created_at",
        found='"yesterday"',
        steps=(step(answer_body=f"[{PROVIDER.replace('2026-11-23T10:00:00.123456Z', 'yesterday', 1)}]"),),
        seen=1204,
    ),
    Finding(
        check="model.sequence",
        code="stale-list",
        severity=Severity.MAJOR,
        title="A deleted provider is still listed",
        operations=("deleteAIProvider", "listAIProviders"),
        section="Reference page: Delete an AI provider",
        expected="a list without ct-3f2a-keys",
        found="a list with it",
        steps=(
            CREATE,
            step("DELETE", "/api/v2/ai/providers/ct-3f2a-keys", 204, answer_body="", answer_headers=()),
            step(status=None, answer_body="", trouble="the connection was closed after 120 of 4,096 octets"),
        ),
        seen=3,
    ),
    Finding(
        check="rules.not-found-shape",
        code="html",
        severity=Severity.MINOR,
        title="An error answer is not JSON",
        operations=(),
        section="openapi/overlays/common.yaml, Error",
        expected="application/json",
        found="text/html",
        steps=(
            step(
                path="/api/v2/ai/nothing",
                status=404,
                answer_headers=(("Content-Type", "text/html"),),
                answer_body="<!doctype html>\r\n<html><body><h1>Not Found</h1></body></html>\r\n",
            ),
        ),
    ),
)


def checks(findings=()):
    """Checks of every layer; those that `findings` name have failed."""
    passed = [
        ("preflight.reachable", "", "The server answers"),
        ("preflight.credentials", "", "The token is let in"),
        ("preflight.clock", "", "The server's clock is right"),
        *(("samples.examples", one, "The page's own example is taken") for one in OPERATIONS),
        *(("rules.authentication", one, "Without a token: 401") for one in OPERATIONS),
        ("rules.name-unique", "", "No two live providers have the same name"),
        ("rules.key-id-known", "", "An entry that names only a key's id must name a key of this provider"),
        ("rules.secrets-are-write-only", "", "No answer carries a secret"),
        ("rules.not-found-shape", "", "An unknown path is answered with the error object"),
        *(("schema.examples", one, "Examples of the document") for one in OPERATIONS),
        ("schema.fuzzing", "", "Generated requests"),
        ("model.sequence", "", "Random sequences agree with the model"),
        ("aftermath.unchanged", "", "What was there before is unchanged"),
        ("aftermath.removed", "", "What was made is gone"),
    ]
    results = []
    for place, (name, variant, title) in enumerate(passed):
        found = tuple(one for one in findings if name in (one.check, *one.also))
        verdict = Verdict.FAILED if found else Verdict.PASSED
        results.append(CheckResult(name, variant, title, verdict, "", 0.05 + place * 0.03, 3 + place * 7, found))
    idle = Verdict.NOT_EXERCISED
    no_other = "no token of a user without the role was given (--other-token)"
    results[12:12] = [
        CheckResult("rules.authorisation", one, "A user without the role: 403", idle, no_other) for one in OPERATIONS
    ]
    results.append(CheckResult("aftermath.clock", "", "Time goes on", idle, "the clock cannot be set"))
    return tuple(results)


def coverage():
    rows = [CoverageRow("operation", one, one, 40 + place * 13) for place, one in enumerate(OPERATIONS)]
    for operation, statuses in STATUSES.items():
        for status in statuses:
            reason = "could not be provoked" if status in (413, 500) else ""
            rows.append(CoverageRow("status", operation, str(status), 0 if reason else 7, reason))
    for operation in OPERATIONS[2:]:
        rows.append(CoverageRow("parameter", operation, "path idOrName", 60))
    for operation in OPERATIONS:
        rows.append(CoverageRow("parameter", operation, "cookie coder_session_token", 2))
    for operation in ("createAIProvider", "updateAIProvider"):
        for name in (
            "type",
            "required",
            "properties/name/pattern",
            "properties/base_url/format",
            "properties/type/enum",
        ):
            missing = operation == "updateAIProvider" and "pattern" in name
            reason = "not in the members that may change" if missing else ""
            rows.append(CoverageRow("request keyword", operation, f"/{name}", 0 if missing else 31, reason))
    for operation in OPERATIONS[:4]:
        for name in ("type", "properties/id/format", "properties/api_keys/items/type", "properties/type/enum"):
            rows.append(CoverageRow("response keyword", operation, f"/{name}", 22))
    for name in ("name-unique", "key-id-known", "list-is-ordered", "keys-are-masked"):
        rows.append(CoverageRow("rule", "", name, 5))
    rows.append(CoverageRow("rule", "", "rate-limited", 0, "the profile leaves it open"))
    return tuple(rows)


def run(findings=(), **extra):
    """A run of the standard effort with these findings."""
    values = {
        "target": URL,
        "profile": "documented",
        "document": "openapi/documented.yaml",
        "seed": 1,
        "effort": "standard",
        "run_id": "ct-3f2a",
        "read_only": False,
        "started": "2026-11-23T10:00:00Z",
        "seconds": 9.84,
        "requests": 1204,
        "exit_code": 1 if findings else 0,
        "checks": checks(findings),
        "findings": tuple(findings),
        "coverage": coverage(),
        "timings": tuple(
            Timing(one, 40 + place * 13, 1.8 + place, 4.2 + place * 3, 20.5 + place * 17)
            for place, one in enumerate(OPERATIONS)
        ),
        "notes": ("The server's clock is 2 s ahead.",),
        "version": "0.1.0",
    }
    return RunResult(**{**values, **extra})


def conforming(**extra):
    return run((), **extra)


def failing(**extra):
    return run(FINDINGS, **extra)


def untestable(**extra):
    trouble = "cannot reach http://127.0.0.1:8080: connection refused. Is the server running there?"
    first = (CheckResult("preflight.reachable", "", "The server answers", Verdict.FAILED, trouble),)
    values = {"exit_code": 3, "checks": first, "coverage": (), "timings": (), "notes": (), "trouble": trouble}
    return run((), **{**values, **extra})


def many(count=60):
    """A run with many findings on few checks."""
    findings = [
        dataclasses.replace(
            FINDINGS[place % 5], code=f"cause-{place}", title=f"{FINDINGS[place % 5].title} ({place})", seen=place + 1
        )
        for place in range(count)
    ]
    return run(findings)


def hostile_finding(text=ALL_HOSTILE, body=None):
    """A finding in which every text that a server can have a say in is `text`."""
    exchange = step(
        path=f"/api/v2/ai/providers/{text}",
        request_body=text,
        answer_body=text if body is None else body,
        answer_headers=(("Content-Type", text), (text, text)),
        trouble=text,
    )
    return Finding(
        "rules.text-is-kept", f"code {text}", Severity.MAJOR, f"Title {text}", ("getAIProvider", text),
        f"section {text}", f"expected {text}", f"found {text}", (exchange,), 2, (f"also.{text}",),
    )  # fmt: skip


def hostile(text=ALL_HOSTILE, body=None):
    finding = hostile_finding(text, body)
    extra = CheckResult("rules.text-is-kept", text, text, Verdict.FAILED, text, 0.2, 4, (finding,))
    idle = CheckResult("rules.idle", text, text, Verdict.NOT_EXERCISED, text)
    return run(
        (finding,),
        target=f"http://user:dummy-password@127.0.0.1:8080/{text}",
        checks=(*checks(), extra, idle),
        coverage=(*coverage(), CoverageRow("rule", text, text, 0, text)),
        timings=(Timing(text, 1, 1.0, 2.0, 3.0),),
        notes=(text,),
        extra={text: text},
    )


def stream(result):
    """The events of a run, in an order in which they come."""
    started = events.RunStarted(
        result.target, result.profile, result.document, result.seed, result.effort, result.run_id, result.read_only,
        len(result.checks),
    )  # fmt: skip
    yield started
    layer, requests, seen = "", 0, set()
    for check in result.checks:
        if check.layer != layer:
            layer = check.layer
            yield events.LayerStarted(layer, sum(one.layer == layer for one in result.checks))
        yield events.CheckStarted(check.id, check.variant, check.title)
        requests += check.requests
        yield events.Progress(requests)
        for finding in check.findings:
            if (finding.check, finding.code) not in seen:
                seen.add((finding.check, finding.code))
                yield events.FindingSeen(finding)
        yield events.CheckFinished(check)
    for note in result.notes:
        yield events.Noted(note)
    yield events.RunFinished(result)

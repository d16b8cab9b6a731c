"""The JSON report: the whole run for programs, in the shape of `report.schema.json` beside this module."""

import dataclasses
import json
import re
from typing import Any

from contract_tests.reports.summary import dimensions, layers, repeat_command, verdict_line
from contract_tests.reports.text import escaped, without_credentials
from contract_tests.results import CheckResult, Finding, RunResult, Verdict

__all__ = ["FORMAT", "FORMAT_VERSION", "render"]

FORMAT = "contract-tests-report"
# Raised when something that a reader may rely on goes or changes its meaning; new members do not raise it.
FORMAT_VERSION = 1
_SURROGATES = re.compile("[\ud800-\udfff]")


def render(result: RunResult) -> str:
    """Return the report as ASCII JSON; values are as the server gave them, but for what is no Unicode text."""
    return json.dumps(_plain(_report(result)), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _report(result: RunResult) -> dict[str, Any]:
    places = {(finding.check, finding.code): place for place, finding in enumerate(result.findings)}
    return {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "verdict": result.verdict,
        "exit_code": result.exit_code,
        "summary": verdict_line(result),
        "trouble": result.trouble,
        "run": _run(result),
        "counts": {
            "checks": _counts(result.checks),
            "layers": [
                {"layer": layer.name, **_counts(layer.checks), "requests": layer.requests, "seconds": layer.seconds}
                for layer in layers(result)
            ],
            "findings": len(result.findings),
            "requests": result.requests,
        },
        "findings": [_finding(finding) for finding in result.findings],
        "checks": [_check(check, places) for check in result.checks],
        "coverage": {
            "summary": [
                {"dimension": one.name, "declared": one.declared, "exercised": one.exercised}
                for one in dimensions(result)
            ],
            "rows": result.coverage,
        },
        "timings": result.timings,
        "notes": result.notes,
        "extra": result.extra,
    }


def _run(result: RunResult) -> dict[str, Any]:
    return {
        "id": result.run_id,
        "target": without_credentials(result.target),
        "profile": result.profile,
        "document": result.document,
        "effort": result.effort,
        "seed": result.seed,
        "read_only": result.read_only,
        "started": result.started,
        "seconds": result.seconds,
        "contract_tests_version": result.version,
        "command": repeat_command(dataclasses.replace(result, target=without_credentials(result.target))),
    }


def _counts(checks: tuple[CheckResult, ...]) -> dict[str, int]:
    counts = {verdict.name.lower(): sum(check.verdict is verdict for check in checks) for verdict in Verdict}
    return {"all": len(checks), **counts}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "code": finding.code,
        "layer": finding.layer,
        "severity": finding.severity,
        "title": finding.title,
        "operations": finding.operations,
        "section": finding.section,
        "expected": finding.expected,
        "found": finding.found,
        "seen": finding.seen,
        "also": finding.also,
        "steps": [
            {
                **{field.name: getattr(step, field.name) for field in dataclasses.fields(step)},
                "request_headers": _headers(step.request_headers),
                "answer_headers": _headers(step.answer_headers),
            }
            for step in finding.steps
        ],
    }


def _headers(headers: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _check(check: CheckResult, places: dict[tuple[str, str], int]) -> dict[str, Any]:
    """One check; its findings are the places, from 0, in the list of all findings."""
    found = [places[key] for one in check.findings if (key := (one.check, one.code)) in places]
    return {
        "id": check.id,
        "variant": check.variant,
        "layer": check.layer,
        "title": check.title,
        "verdict": check.verdict,
        "reason": check.reason,
        "seconds": check.seconds,
        "requests": check.requests,
        "findings": found,
    }


def _plain(value: Any) -> Any:
    """Turn values into what JSON has; a lone surrogate, which readers refuse, is written as its escape."""
    if isinstance(value, str):
        return _SURROGATES.sub(lambda found: escaped(found[0]), value)
    if isinstance(value, dict):
        return {_plain(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value if value is None or isinstance(value, bool | int | float) else _plain(str(value))

"""The JUnit report: each check a test case, each layer a suite, as Jenkins, GitLab and GitHub's viewers read it."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable

from contract_tests.reports.summary import Layer, layers, repeat_command, verdict_line
from contract_tests.reports.text import cleaned, cut, one_line
from contract_tests.reports.words import finding_lines
from contract_tests.results import CheckResult, Finding, RunResult, Verdict

__all__ = ["render"]

FAILURE_CHARACTERS = 20_000


def render(result: RunResult) -> str:
    """Return the report as XML. What was not exercised is skipped, a run that could not test is an error."""
    result = cleaned(result)
    suites = [_suite(layer, result) for layer in layers(result)]
    homeless = _homeless(result)
    if homeless or result.verdict == "could not test":
        suites.append(_run_suite(result, homeless))
    root = ET.Element("testsuites", name="contract tests", time=f"{result.seconds:.3f}")
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, 0)) for suite in suites)))
    root.extend(suites)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _homeless(result: RunResult) -> list[Finding]:
    """Findings that no failed check carries; they must not be lost."""
    carried = {
        (one.check, one.code) for check in result.checks if check.verdict is Verdict.FAILED for one in check.findings
    }
    return [one for one in result.findings if (one.check, one.code) not in carried]


def _suite(layer: Layer, result: RunResult) -> ET.Element:
    return _suite_of(layer.name, map(_case, layer.checks), layer.seconds, result)


def _suite_of(name: str, cases: Iterable[ET.Element], time: float, result: RunResult) -> ET.Element:
    suite = ET.Element("testsuite", name=name)
    # The place of `properties` is the first; the ways to count are those of the xUnit schema of Jenkins.
    properties = ET.SubElement(suite, "properties")
    for key, value in _facts(result).items():
        ET.SubElement(properties, "property", name=key, value=one_line(value))
    suite.extend(cases)
    for count, tag in (("tests", "testcase"), ("failures", "testcase/failure"), ("errors", "testcase/error")):
        suite.set(count, str(len(suite.findall(tag))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    suite.set("time", f"{time:.3f}")
    suite.set("timestamp", result.started[:19])
    return suite


def _facts(result: RunResult) -> dict[str, str]:
    return {
        "target": result.target,
        "profile": result.profile,
        "document": result.document,
        "effort": result.effort,
        "seed": str(result.seed),
        "run": result.run_id,
        "version": result.version,
        "repeat": repeat_command(result),
    }


def _case(check: CheckResult) -> ET.Element:
    case = ET.Element(
        "testcase", classname=f"contract.{check.layer}", name=one_line(check.name, 300), time=f"{check.seconds:.3f}"
    )
    if check.verdict is Verdict.NOT_EXERCISED:
        ET.SubElement(case, "skipped", message=one_line(check.reason or "not exercised"))
    elif check.verdict is Verdict.FAILED:
        case.append(_failure(check.findings, check.reason or check.title))
    return case


def _failure(findings: Iterable[Finding], otherwise: str) -> ET.Element:
    """One failure for all findings of a check: readers of JUnit files show only the first."""
    findings = tuple(findings)
    titles = "; ".join(f"{finding.severity.value}: {finding.title}" for finding in findings)
    severity = findings[0].severity.value if findings else "failed"
    failure = ET.Element("failure", message=one_line(titles or otherwise, 500), type=severity)
    text = "\n\n".join("\n".join(finding_lines(finding)) for finding in findings)
    failure.text = cut(text or otherwise, FAILURE_CHARACTERS)
    return failure


def _run_suite(result: RunResult, homeless: list[Finding]) -> ET.Element:
    """What belongs to the run as a whole: why it could not test, and findings of no check."""
    cases = []
    for finding in homeless:
        case = ET.Element("testcase", classname="contract.run", name=f"{finding.check}: {one_line(finding.code, 100)}")
        case.append(_failure((finding,), finding.title))
        cases.append(case)
    if result.verdict == "could not test":
        case = ET.Element("testcase", classname="contract.run", name="could the server be tested")
        error = ET.SubElement(case, "error", message=one_line(result.trouble or "no reason was given"), type="trouble")
        error.text = verdict_line(result)
        cases.append(case)
    return _suite_of("run", cases, 0.0, result)

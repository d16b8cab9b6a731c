"""Run the checks as items of pytest: `pytest contract_tests --base-url URL`.

Preflight comes before the first item and the aftermath after the last, whatever is selected. Each worker of
pytest-xdist makes a run of its own. Options are also read from the environment (`CONTRACT_TESTS_BASE_URL`, ...); a
name that another plugin has taken is `--ct-NAME` here.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from contract_tests.cli import stopped_by_sigterm
from contract_tests.errors import CannotTest, HarmSeen, UsageError
from contract_tests.options import EFFORTS, Options
from contract_tests.registry import Check, checks_of
from contract_tests.reports.text import cleaned
from contract_tests.reports.words import finding_lines
from contract_tests.results import CheckResult, Finding, Verdict
from contract_tests.runner import Run

MODULE = "contract_tests.test_contract"
UNTESTED = 3
NO_URL = "no server is named; give --base-url URL, or set CONTRACT_TESTS_BASE_URL"

# name, help, further arguments of `addoption`
OPTIONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("base-url", "the server to test; may carry a path prefix", {}),
    ("profile", "what to hold it to: documented (default) or deployed", {}),
    ("contract", "another OpenAPI 3.1 document to judge by", {}),
    ("token", "token of an owner", {}),
    ("other-token", "token of a user without the role", {}),
    ("refused-token", "tokens that no longer count, separated by commas", {}),
    ("seed", "the same seed sends the same requests [1]", {}),
    ("effort", f"how long to look: {', '.join(EFFORTS)} [standard]", {}),
    ("timeout", "seconds for one answer [10]", {}),
    ("max-time", "seconds for the whole run [by effort]", {}),
    ("rate-limit", "send at most so many requests a second", {}),
    ("read-only", "send only GETs", {"action": "store_true", "default": None}),
    ("insecure", "do not verify the certificate of an https server", {"action": "store_true", "default": None}),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; each may be given in the environment as well."""
    group = parser.getgroup("contract-tests", "contract tests of a running server")
    for name, text, more in OPTIONS:
        more = {"dest": _dest(name), "help": f"{text} (or ${_variable(name)})", **more}
        try:
            group.addoption(f"--{name}", **more)
        except ValueError:  # another plugin has an option of that name
            group.addoption(f"--ct-{name}", **more)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse options that make no sense before anything is collected."""
    if _given(config, "base-url"):
        _checked_options(config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make an item of each check of the profile."""
    if "contract_check" in metafunc.fixturenames:
        checks = checks_of(_profile(metafunc.config))
        metafunc.parametrize("contract_check", checks, ids=[item.name for item in checks])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a server there is nothing to test: an error where nothing else was asked for, else skipped."""
    ours = [item for item in items if _is_ours(item)]
    if not ours or _given(config, "base-url") or config.option.collectonly:
        return
    if len(ours) == len(items) and not hasattr(config, "workerinput"):
        raise pytest.UsageError(NO_URL)
    for item in ours:
        item.add_marker(pytest.mark.skip(reason=NO_URL))


class Judge:
    """The run that the items of one session share.

    `trouble` says why the server cannot be tested (any more), `stopped` what harm ended the run, if so.
    """

    def __init__(self, options: Options) -> None:
        self.run = Run(options)
        self.results: dict[str, CheckResult] = {}
        self.trouble = ""
        self.stopped = ""
        self._told: set[tuple[str, str]] = set()

    def begin(self) -> None:
        """Go through preflight."""
        for item in self._always("preflight"):
            self._go(item)

    def judge(self, item: Check) -> CheckResult:
        """Return the result of a check; preflight has been gone through already."""
        if item.name not in self.results or item.layer == "aftermath":
            self._go(item)
        return self.results[item.name]

    def end(self) -> list[str]:
        """Compare and remove once more; return what no item has told, in lines."""
        try:
            for item in self._always("aftermath"):
                self._go(item)
        finally:
            left = self.run.finish()
        return [*self.told(self.run.session.recorder.findings), *left]

    def told(self, findings: Sequence[Finding]) -> list[str]:
        """Return findings as lines to read, each once in a session."""
        fresh = [one for one in findings if (one.check, one.code) not in self._told]
        self._told.update((one.check, one.code) for one in fresh)
        return [line for one in fresh for line in (*finding_lines(cleaned(one)), "")]

    def _go(self, item: Check) -> None:
        redact = self.run.session.redact
        try:
            self.results[item.name] = self.run.run_check(item)
        except CannotTest as problem:
            self.trouble = redact(str(problem))
        except HarmSeen as problem:
            self.stopped = redact(f"the run has stopped: {problem}")
        if self.trouble or self.stopped:
            findings = self.run.session.recorder.findings if self.stopped else ()
            reason = self.stopped or f"could not test: {self.trouble}"
            self.results[item.name] = CheckResult(
                item.id, item.variant, item.title, Verdict.FAILED, reason, findings=findings
            )

    def _always(self, layer: str) -> Iterator[Check]:
        for item in self.run.checks:
            if item.layer == layer and item.unfit(self.run.options) is None and not (self.trouble or self.stopped):
                yield item


@pytest.fixture(scope="session")
def contract_run(request: pytest.FixtureRequest) -> Iterator[Judge]:
    """Give the run; whatever happens, what it made is removed when the session ends."""
    config = request.config
    judge = Judge(_checked_options(config))
    with stopped_by_sigterm():
        try:
            judge.begin()
            if judge.trouble:
                pytest.fail(f"could not test: {judge.trouble}", pytrace=False)
            yield judge
        finally:
            wrong = judge.end()
            config.stash[UNTESTABLE] = bool(judge.trouble)
            config.stash[SUMMARY] = _summary(judge)
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


def report(judge: Judge, item: Check) -> None:
    """Go through one check as pytest wants it told: nothing for a pass, else skipped or failed."""
    if (judge.stopped or judge.trouble) and item.name not in judge.results:
        pytest.skip(judge.stopped or f"could not test: {judge.trouble}")
    result = judge.judge(item)
    if result.verdict is Verdict.FAILED:
        others = [f"{one.check}: {one.title} (told above)" for one in result.findings]
        pytest.fail("\n".join(filter(None, [result.reason, *(judge.told(result.findings) or others)])), pytrace=False)
    if result.verdict is Verdict.NOT_EXERCISED:
        pytest.skip(result.reason)


# Exit code and summary, across workers

UNTESTABLE = pytest.StashKey[bool]()
SUMMARY = pytest.StashKey[str]()
SUMMARIES = pytest.StashKey[list[str]]()


@pytest.hookimpl(trylast=True)  # after the fixtures of an interrupted session
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the caller by the exit code that the server could not be tested."""
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput["contract_tests"] = [config.stash.get(UNTESTABLE, False), config.stash.get(SUMMARY, "")]
    if config.stash.get(UNTESTABLE, False):
        session.exitstatus = UNTESTED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over what a worker has to say."""
    untestable, summary = getattr(node, "workeroutput", {}).get("contract_tests", (False, ""))
    node.config.stash[UNTESTABLE] = node.config.stash.get(UNTESTABLE, False) or untestable
    if summary:
        node.config.stash.setdefault(SUMMARIES, []).append(summary)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was tested."""
    lines = [*config.stash.get(SUMMARIES, []), *filter(None, [config.stash.get(SUMMARY, "")])]
    if lines:
        terminalreporter.section("contract tests")
        for line in lines:
            terminalreporter.line(line)


def _summary(judge: Judge) -> str:
    session = judge.run.session
    options = judge.run.options
    return (
        f"{session.redact(options.base_url)} against {judge.run.contract.name}: effort {options.effort}, "
        f"seed {options.seed}, run {session.ledger.run_id}, {session.requests} requests, "
        f"{len(session.recorder.findings)} findings"
    )


# Options


def _dest(name: str) -> str:
    return f"contract_tests_{name.replace('-', '_')}"


def _variable(name: str) -> str:
    return f"CONTRACT_TESTS_{name.replace('-', '_').upper()}"


def _given(config: pytest.Config, name: str) -> Any:
    """Return an option: as given, as another plugin has it (`--base-url`), else from the environment."""
    value = config.getoption(_dest(name), None)
    if value is None and name == "base-url":
        value = config.getoption("base_url", None)
    return value if value is not None else os.environ.get(_variable(name)) or None


def _profile(config: pytest.Config) -> str:
    return str(_given(config, "profile") or "documented")


def _checked_options(config: pytest.Config) -> Options:
    try:
        options = _options(config)
        Run(options)  # the document, and the address
    except UsageError as problem:
        raise pytest.UsageError(str(problem)) from None
    return options


def _options(config: pytest.Config) -> Options:
    texts: dict[str, Any] = {
        key: _given(config, name)
        for key, name in (("token", "token"), ("other_token", "other-token"), ("effort", "effort"))
    }
    for name, kind in (("seed", int), ("timeout", float), ("max-time", float), ("rate-limit", float)):
        texts[name.replace("-", "_")] = _number(_given(config, name), name, kind)
    contract = _given(config, "contract")
    return Options(
        str(_given(config, "base-url")),
        profile=_profile(config),
        contract=Path(contract) if contract else None,
        refused_tokens=tuple(filter(None, str(_given(config, "refused-token") or "").split(","))),
        read_only=bool(_given(config, "read-only")),
        verify_tls=not _given(config, "insecure"),
        run_id=_run_of_worker(config),
        **{key: value for key, value in texts.items() if value is not None},
    )


def _number(value: Any, name: str, kind: type) -> Any:
    if value is None:
        return None
    with suppress(ValueError):
        return kind(value)
    raise UsageError(f"--{name} {value!r}; expected a number")


def _run_of_worker(config: pytest.Config) -> str:
    """Return the id of this worker's run, by which the workers of one session are told; empty without pytest-xdist."""
    given: dict[str, str] | None = getattr(config, "workerinput", None)
    if given is None:
        return ""
    session = hashlib.sha256(given["testrunuid"].encode()).hexdigest()[:6]
    return f"{session}{int(given['workerid'].strip('gw')):03d}"


def _is_ours(item: pytest.Item) -> bool:
    return getattr(getattr(item, "module", None), "__name__", "") == MODULE

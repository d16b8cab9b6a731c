"""The command `contract-tests`: run, clean, checks."""

import importlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from contract_tests.cleaning import clean as clean_run
from contract_tests.documents import PROFILES
from contract_tests.errors import ContractTestsError, UsageError
from contract_tests.options import EFFORTS, Options
from contract_tests.registry import checks_of
from contract_tests.reports import parse_report_options, write
from contract_tests.reports.terminal import Terminal
from contract_tests.runner import Run, package_version

TOKEN_VARIABLE = "CONTRACT_TESTS_TOKEN"  # noqa: S105 - the name of a variable
OTHER_VARIABLE = "CONTRACT_TESTS_OTHER_TOKEN"
FINDINGS, USAGE, UNTESTED = 1, 2, 3

token_option = click.option("--token", envvar=TOKEN_VARIABLE, help=f"Token of an owner (or ${TOKEN_VARIABLE}).")
timeout_option = click.option("--timeout", default=10.0, show_default=True, help="Seconds for one answer.")
insecure_option = click.option("--insecure", is_flag=True, help="Do not verify the certificate of an https server.")
profile_option = click.option(
    "--profile", default="documented", show_default=True, help=f"What to hold the server to: {', '.join(PROFILES)}."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_version() or "unknown", prog_name="contract-tests")
def main() -> None:
    """Judge a running implementation of the AI Providers API against its contract."""


@main.command()
@click.argument("base_url", required=False)
@profile_option
@click.option("--contract", type=click.Path(path_type=Path), help="Another OpenAPI 3.1 document to judge by.")
@token_option
@click.option("--other-token", envvar=OTHER_VARIABLE, help=f"Token of a user without the role (or ${OTHER_VARIABLE}).")
@click.option("--refused-token", "refused_tokens", multiple=True, help="A token that is expired, revoked or suspended.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same requests.")
@click.option("--effort", default="standard", show_default=True, help=f"How long to look: {', '.join(EFFORTS)}.")
@click.option("--read-only", is_flag=True, help="Send only GETs.")
@click.option("--only", multiple=True, metavar="PATTERN", help="Run only these checks or layers (`rules`, `*mask*`).")
@click.option("--skip", multiple=True, metavar="PATTERN", help="Leave these checks or layers out.")
@click.option("--report", multiple=True, metavar="KIND=FILE", help="Write a report: junit, json, markdown, html.")
@timeout_option
@click.option("--max-time", default=0.0, help="Seconds for the whole run; 0 for what the effort allows.")
@click.option("--rate-limit", default=0.0, help="Send at most so many requests a second.")
@click.option("--app", "application", metavar="MODULE:CALLABLE", help="Test a WSGI application in this process.")
@click.option("--run", "run_id", default="", metavar="ID", help="The id of the run, part of every name that it makes.")
@click.option("--no-color", is_flag=True, help="Plain output, on a terminal too.")
@insecure_option
def run(base_url: str | None, report: tuple[str, ...], application: str | None, no_color: bool, **given: Any) -> None:
    """Test the server at BASE_URL.

    Exit code: 0 it conforms, 1 findings, 2 wrong usage, 3 it could not be tested.
    """
    if no_color:
        os.environ["NO_COLOR"] = "1"
    with usage_errors():
        reports = parse_report_options(report)
        with target(base_url, application) as url, Terminal(sys.stdout) as terminal:
            judge = Run(options_from(url, given), [terminal])
            with stopped_by_sigterm():
                result = judge.run()
            for kind, path in reports:
                write(kind, path, result)
    sys.exit(result.exit_code)


@main.command()
@click.argument("base_url")
@token_option
@click.option("--run", "run_id", default="", metavar="ID", help="The run whose providers are removed.")
@profile_option
@timeout_option
@insecure_option
def clean(base_url: str, run_id: str, **given: Any) -> None:
    """Remove what a run that was killed left behind at BASE_URL."""
    with usage_errors():
        removed, left = clean_run(options_from(base_url, {**given, "run_id": run_id}))
    click.echo(f"removed {removed} providers of the run {run_id}")
    for text in left:
        click.echo(text, err=True)
    sys.exit(FINDINGS if left else 0)


@main.command()
@profile_option
def checks(profile: str) -> None:
    """List the checks of a profile."""
    with usage_errors():
        if profile not in PROFILES:
            raise UsageError(f"unknown profile {profile!r}; expected one of {', '.join(PROFILES)}")
        for item in checks_of(profile):
            effort = "" if item.effort == "quick" else f" ({item.effort})"
            click.echo(f"{item.name:<44} {item.title}{effort}")


def options_from(url: str, given: dict[str, Any]) -> Options:
    """Return the options of a run. Raises :class:`UsageError` for what makes no sense."""
    insecure = given.pop("insecure", False)
    return Options(url, verify_tls=not insecure, **given)


@contextmanager
def target(base_url: str | None, application: str | None) -> Iterator[str]:
    """Give the URL to test: the one that was named, or that of a WSGI application served meanwhile."""
    if (base_url is None) == (application is None):
        raise UsageError("give either BASE_URL or --app MODULE:CALLABLE, and not both")
    if base_url is not None:
        yield base_url
        return
    from contract_tests.inprocess import served

    with served(load_application(application or "")) as url:
        yield url


def load_application(name: str) -> Callable[..., Any]:
    """Import a WSGI application by `module:attribute`. Raises :class:`UsageError`."""
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise UsageError(f"--app {name!r}; expected MODULE:CALLABLE, such as wsgi:app")
    if os.getcwd() not in sys.path:  # noqa: PTH109 - sys.path holds text
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
    try:
        found = importlib.import_module(module_name)
        for part in attribute.removesuffix("()").split("."):
            found = getattr(found, part)
    except Exception as problem:
        raise UsageError(f"--app {name!r} cannot be imported: {type(problem).__name__}: {problem}") from problem
    made: Any = found
    if attribute.endswith("()"):
        made = made()
    if not callable(made):
        raise UsageError(
            f"--app {name!r} is {type(made).__name__}, which cannot be called; expected a WSGI application"
        )
    return made  # type: ignore[no-any-return]


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn what is wrong into one line and the right exit code."""
    try:
        yield
    except UsageError as problem:
        click.echo(f"contract-tests: {problem}", err=True)
        sys.exit(USAGE)
    except ContractTestsError as problem:
        click.echo(f"contract-tests: {problem}", err=True)
        sys.exit(UNTESTED)


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end a run as Ctrl-C does: what the run made is removed first."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

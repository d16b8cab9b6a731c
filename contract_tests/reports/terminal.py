"""What a run says on the terminal, or in a CI log, while it goes on and at its end."""

import os
import time
from collections.abc import Callable
from types import TracebackType
from typing import IO, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from contract_tests import events
from contract_tests.reports.summary import Dimension, Layer, dimensions, repeat_command, verdict_line, worst_first
from contract_tests.reports.text import cleaned, cut, escaped, number, one_line, plural, seconds
from contract_tests.reports.words import answer_line, contrast, facts
from contract_tests.results import CheckResult, Finding, RunResult, Severity, Step, Verdict

__all__ = ["Terminal"]

STYLES = {
    Severity.CRITICAL: "bold white on red",
    Severity.MAJOR: "bold red",
    Severity.MINOR: "yellow",
    Verdict.PASSED: "green",
    Verdict.FAILED: "bold red",
    Verdict.NOT_EXERCISED: "yellow",
}
ENDINGS = {"conforms": "bold green", "findings": "bold red", "could not test": "bold yellow"}
# What our own lines are made of, for terminals that cannot show it.
PLAIN = str.maketrans({"✓": "+", "✗": "x", "–": "-", "→": "->", "…": "...", "─": "-", "│": "|", "·": "-"})
BODY_LINES = 8
BODY_CHARACTERS = 1200
CURL_CHARACTERS = 4000
VALUE_CHARACTERS = 600
CHECKS_SHOWN = 5
GAPS_SHOWN = 5
SLOWEST_SHOWN = 5
BRAILLE, ASCII = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "|/-\\"


class Terminal:
    """A consumer of events that writes to a stream.

    On a terminal there is colour (unless `NO_COLOR` is set) and a line that shows what runs now; anywhere else, and in
    CI, plain lines that stay. Used as a context manager, it leaves the terminal in order whatever happens.
    """

    def __init__(
        self, stream: IO[str], *, width: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Write to `stream`, on a terminal of `width` columns where it cannot be asked; `clock` gives seconds."""
        # The style is all that rich is to see in a text: no markup, emoji names or highlighting of what servers sent.
        self._console = _Console(
            file=stream,
            width=width,
            color_system=None if os.environ.get("NO_COLOR") else "auto",
            markup=False,
            emoji=False,
            highlight=False,
            soft_wrap=True,
        )
        live = self._console.is_terminal and not self._console.is_dumb_terminal and not os.environ.get("CI")
        self._now = _Now(self._console, self._fit, clock) if live else None
        self._layer = ""
        self._done: list[CheckResult] = []
        self._expected = 0
        self._noted: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take the live line away; may be called more than once."""
        if self._now:
            self._now.stop()

    def __call__(self, event: events.Event) -> None:
        """Show one event."""
        event = cleaned(event)
        match event:
            case events.RunStarted():
                self._start(event)
            case events.LayerStarted(layer, checks):
                self._end_layer()
                self._layer, self._expected, self._done = layer, checks, []
                self._show_now()
            case events.CheckStarted(id_, variant):
                self._show_now(f"{id_}[{variant}]" if variant else id_)
            case events.Progress(requests):
                if self._now:
                    self._now.requests = requests
            case events.FindingSeen(finding):
                self._finding_seen(finding)
            case events.CheckFinished(result):
                self._done.append(result)
                self._show_now()
            case events.Noted(text):
                self._noted.add(text)
                self._line("note  " + one_line(text), "dim")
            case events.RunFinished(result):
                self._end_layer()
                self.close()
                self._finish(result)

    # While it runs

    def _start(self, event: events.RunStarted) -> None:
        read_only = ", read-only" if event.read_only else ""
        self._line(f"Testing {one_line(event.target, 300)} against {one_line(event.document, 300)}", "bold")
        self._line(
            f"profile {event.profile}, effort {event.effort}, seed {event.seed}{read_only}, "
            f"{plural(event.checks, 'check')}, run {event.run_id}"
        )
        self._line()
        if self._now:
            self._now.start()

    def _show_now(self, check: str = "") -> None:
        if self._now:
            self._now.layer, self._now.done, self._now.expected = self._layer, len(self._done), self._expected
            self._now.failed = sum(result.verdict is Verdict.FAILED for result in self._done)
            self._now.check = check or self._now.check
            self._now.refresh()

    def _end_layer(self) -> None:
        """Say how the layer that has just ended went, in a line that stays."""
        if self._layer:
            self._layer_line(Layer(self._layer, tuple(self._done)))
        self._layer = ""

    def _layer_line(self, layer: Layer) -> None:
        if layer.count(Verdict.FAILED):
            mark, style = "✗", STYLES[Verdict.FAILED]
        elif layer.count(Verdict.PASSED):
            mark, style = "✓", STYLES[Verdict.PASSED]
        else:
            mark, style = "–", STYLES[Verdict.NOT_EXERCISED]
        facts = f"{plural(layer.requests, 'request')}, {seconds(layer.seconds)}"
        self._parts((f"{mark} {layer.name:<10}", style), (f" {layer.counts}", ""), (f" · {facts}", "dim"))

    def _finding_seen(self, finding: Finding) -> None:
        where = f" ({one_line(', '.join(finding.operations), 100)})" if finding.operations else ""
        self._parts(
            (f"  {finding.severity.value.upper()}", STYLES[finding.severity]),
            (f" {one_line(finding.title, 200)}{where}: {contrast(finding)}", ""),
            (f" · {_name(finding.check)}", "dim"),
        )

    # At the end

    def _finish(self, result: RunResult) -> None:
        self._findings(worst_first(result.findings))
        self._failed_without_finding(result)
        self._not_exercised(result)
        self._coverage(dimensions(result))
        self._slowest(result)
        self._notes(result)
        if result.exit_code:
            self._heading("Again")
            self._line(f"  {cut(repeat_command(result), CURL_CHARACTERS)}")
        self._line()
        self._line(verdict_line(result), ENDINGS[result.verdict])

    def _findings(self, findings: tuple[Finding, ...]) -> None:
        if findings:
            self._heading("Findings")
        for place, finding in enumerate(findings, 1):
            if place > 1:
                self._line()
            self._parts(
                (f"{place}. ", "bold"),
                (finding.severity.value.upper(), STYLES[finding.severity]),
                (f" {one_line(finding.title, 300)}", "bold"),
            )
            for name, value in facts(finding):
                self._fact(name, value)
            for step in finding.steps:
                self._step(step)

    def _step(self, step: Step) -> None:
        """Show one exchange: a command to be copied, and the answer as a comment below it."""
        self._line()
        for line in cut(step.curl, CURL_CHARACTERS).splitlines():
            self._line(f"   {line}", "cyan")
        self._line(f"   # → {answer_line(step)}", "yellow")
        lines = cut(step.answer_body, BODY_CHARACTERS).splitlines()
        for line in lines[:BODY_LINES]:
            self._line(f"   # {line}", "dim")
        if len(lines) > BODY_LINES:
            self._line(f"   # … ({plural(len(lines) - BODY_LINES, 'line')} more)", "dim")

    def _failed_without_finding(self, result: RunResult) -> None:
        """A failed check names its cause below the findings where no finding does."""
        silent = [check for check in result.checks if check.verdict is Verdict.FAILED and not check.findings]
        if silent:
            self._heading("Failed")
        for check in silent:
            self._line(f"  {_name(check.name)}: {one_line(check.reason or check.title, 300)}")

    def _not_exercised(self, result: RunResult) -> None:
        """What no check could try is listed by its reason, and never counted as passed."""
        reasons: dict[str, list[CheckResult]] = {}
        for check in result.checks:
            if check.verdict is Verdict.NOT_EXERCISED:
                reasons.setdefault(one_line(check.reason or "no reason was given", 300), []).append(check)
        if reasons:
            self._heading(f"Not exercised ({plural(result.count(Verdict.NOT_EXERCISED), 'check')})")
        for reason, checks in reasons.items():
            self._line(f"  {reason}", "yellow")
            self._some([_name(check.name) for check in checks], CHECKS_SHOWN)

    def _coverage(self, found: tuple[Dimension, ...]) -> None:
        if not found:
            return
        self._heading("Coverage (exercised of declared)")
        for one in found:
            style = STYLES[Verdict.NOT_EXERCISED if one.missing else Verdict.PASSED]
            count = f"{number(one.exercised)} of {number(one.declared)}"
            self._parts((f"  {one.title:<18}", ""), (f"{count:>16}  {one.percent:>3} %", style))
        if any(one.missing for one in found):
            self._line("  not exercised:")
        for one in found:
            reasons: dict[str, list[str]] = {}
            for row in one.missing:
                place = row.name.removeprefix("#/components/schemas/")
                place = place if row.operation in ("", row.name) else f"{row.operation} {place}"
                reasons.setdefault(row.reason or "no reason was given", []).append(place)
            for reason, places in reasons.items():
                self._parts((f"    {one.title}", ""), (f": {one_line(reason, 200)}", STYLES[Verdict.NOT_EXERCISED]))
                self._some([one_line(place, 160) for place in places], GAPS_SHOWN, "; the other reports list them all")

    def _some(self, names: list[str], limit: int, hint: str = "") -> None:
        """List the first of some names, and say how many more there are."""
        for name in names[:limit]:
            self._line(f"      {name}")
        if len(names) > limit:
            self._line(f"      … and {number(len(names) - limit)} more{hint}")

    def _slowest(self, result: RunResult) -> None:
        timings = sorted(result.timings, key=lambda timing: -timing.p95)[:SLOWEST_SHOWN]
        if not timings:
            return
        self._heading("Slowest operations (milliseconds)")
        wide = max(24, *(len(_name(timing.operation)) for timing in timings))
        self._line(f"  {'':<{wide}} {'median':>8} {'p95':>8} {'slowest':>8}  answers", "dim")
        for timing in timings:
            times = f"{timing.median:>8.1f} {timing.p95:>8.1f} {timing.slowest:>8.1f}"
            self._line(f"  {_name(timing.operation):<{wide}} {times}  {number(timing.count)}")

    def _notes(self, result: RunResult) -> None:
        notes = [note for note in result.notes if note not in self._noted]
        if notes:
            self._heading("Notes")
        for note in notes:
            self._line(f"  {one_line(note)}")

    # Lines

    def _heading(self, text: str) -> None:
        self._line()
        self._line(text, "bold underline" if self._console.color_system else "")

    def _fact(self, name: str, value: str) -> None:
        """Write one named value of a finding; its further lines are set in below the first."""
        first, *others = cut(value, VALUE_CHARACTERS).splitlines()
        self._parts((f"   {name:<11}", "dim"), (first, ""))
        for line in others:
            self._line(f"   {'':<11}{line}")

    def _line(self, text: str = "", style: str = "") -> None:
        self._parts((text, style))

    def _parts(self, *parts: tuple[str, str]) -> None:
        """Write one line, and only one, whatever the parts hold."""
        fitted = [(self._fit(text), style) for text, style in parts]
        if fitted[0][0].lstrip().startswith("::"):
            fitted[0] = (fitted[0][0].replace(":", escaped(":"), 1), fitted[0][1])
        self._console.print(Text.assemble(*fitted))

    def _fit(self, text: str) -> str:
        """Write what the stream's encoding does not have as escapes; our own signs have plain twins.

        `##[` anywhere, and `::` at the start of a line, are commands to the runner of GitHub Actions.
        """
        text = text.replace("\n", " ").expandtabs(4).replace("##[", f"#{escaped('#')}[")
        encoding = self._console.encoding
        try:
            text.encode(encoding)
        except (UnicodeEncodeError, LookupError):
            return "".join(map(self._fit_character, text.translate(PLAIN)))
        return text

    def _fit_character(self, character: str) -> str:
        try:
            character.encode(self._console.encoding)
        except (UnicodeEncodeError, LookupError):
            return escaped(character)
        return character


class _Console(Console):
    """A console that outlives its reader, as in `contract-tests run ... | head`."""

    def on_broken_pipe(self) -> None:
        """Go on in silence: the run has to clean up, to write its reports and to end with the right exit code."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)


def _name(text: str) -> str:
    return one_line(text, 120)


class _Now:
    """The line at the bottom of a terminal that says what is running; it is never longer than the terminal is wide."""

    def __init__(self, console: Console, fit: Callable[[str], str], clock: Callable[[], float]) -> None:
        self.layer = self.check = ""
        self.done = self.expected = self.failed = self.requests = 0
        self._fit, self._clock = fit, clock
        self._frames = BRAILLE if console.encoding.startswith("utf") else ASCII
        self._begun = clock()
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=8, transient=True)

    def start(self) -> None:
        self._begun = self._clock()
        self._live.start()

    def stop(self) -> None:
        self._live.stop()

    def refresh(self) -> None:
        """Show what is new at once; the time goes on by itself."""
        if self._live.is_started:
            self._live.refresh()

    def _render(self) -> Text:
        spent = self._clock() - self._begun
        frame = self._frames[int(spent * 8) % len(self._frames)]
        facts = f"{self.done}/{self.expected}" if self.expected else str(self.done)
        failed = f", {self.failed} failed" if self.failed else ""
        line = f" {self.layer:<10} {facts}{failed} · {plural(self.requests, 'request')}, {int(spent)} s · {self.check}"
        return Text.assemble((frame, "cyan"), self._fit(line), no_wrap=True, overflow="ellipsis")

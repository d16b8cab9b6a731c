"""The command line: ``mockserver serve|derive|build|check|routes|diff``. Exit code 2 for anything unusable."""

import sys
from pathlib import Path
from typing import Any

import click

from mockserver import __version__
from mockserver.errors import BadInput, MockserverError, PageError, UsageError

__all__ = ["main"]

REFERENCE_PAGE = Path("../shared/reference/aiproviders.md")


class _Commands(click.Group):
    """A group that turns every error of the project, and of the command line, into one clear line per fault."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command line, and end the process where click would."""
        parent: Any = super()
        if not extra.pop("standalone_mode", True):
            return parent.main(*args, standalone_mode=False, **extra)
        try:
            result = parent.main(*args, standalone_mode=False, **extra)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(error.exit_code)
        except click.ClickException as error:
            click.echo(f"mockserver: {' '.join(error.format_message().split())}", err=True)
            sys.exit(2)
        except click.Abort:
            sys.exit(130)
        sys.exit(result if isinstance(result, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except BadInput as error:
            for fault in error.faults:
                click.echo(f"mockserver: {fault}", err=True)
        except MockserverError as error:
            click.echo(f"mockserver: {error}", err=True)
        sys.exit(2)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="mockserver")
def main() -> None:
    """A stateful mock of the AI Providers API, driven by its OpenAPI document."""


@main.command()
@click.option("--host", help="Address to listen on [127.0.0.1].")
@click.option("--port", type=int, help="Port to listen on, 0 for any free one [8080].")
@click.option("--profile", help="The shipped contract: documented or deployed [documented].")
@click.option("--contract", help="An OpenAPI 3.1 document to serve instead of a shipped one.")
@click.option("--allow-refs", help="A folder whose files the document may refer to by $ref [none].")
@click.option("--fixtures", help="Initial state: a file, or default, empty or large [default].")
@click.option("--seed", type=int, help="Seed of generated data [0].")
@click.option("--deterministic", is_flag=True, default=None, help="Fix ids and clock too, for whole runs alike.")
@click.option("--max-body", type=int, help="Largest request body, in octets [1048576].")
@click.option("--body-timeout", type=int, help="Seconds in which a request body must be whole [30].")
@click.option("--validation", help="compiled, or openapi-core to have it judge everything, slowly [compiled].")
@click.option("--log-requests", is_flag=True, default=None, help="Write one line per request to standard error.")
@click.option("--log-format", help="text or json [text].")
@click.option("--workers", type=int, help="Number of processes; only 1 is possible while state is in memory.")
@click.option("--control/--no-control", default=None, help="Sessions, journal and faults [on].")
@click.option("--control-token", help="Ask everybody who uses the control API for this token; it may then be remote.")
@click.option("--require-session", is_flag=True, default=None, help="Refuse API requests that name no session.")
@click.option("--session-ttl", type=int, help="Seconds after which an idle session is dropped, 0 for never [3600].")
@click.option("--max-sessions", type=int, help="Most sessions at a time [10000].")
@click.option("--max-snapshots", type=int, help="Most snapshots at a time [100].")
@click.option("--journal-entries", type=int, help="Most journal entries of a session, 0 for no journal [10000].")
@click.option("--journal-bytes", type=int, help="Most octets of a session's journal [4194304].")
@click.option("--cors", multiple=True, help="An origin whose pages may call the API, or *; those of this machine may.")
@click.option("--watch", is_flag=True, default=None, help="Reload contract, overlays and fixtures when they change.")
@click.option("--config", type=click.Path(path_type=Path), help="A YAML file of these settings.")
def serve(config: Path | None, **options: Any) -> None:
    """Serve the mock until Ctrl-C."""
    from mockserver.settings import read_settings

    options["cors"] = ",".join(options["cors"]) or None
    settings = read_settings(options, file=config)
    from mockserver.server import serve as run

    run(settings)


@main.command()
@click.argument("page", type=click.Path(path_type=Path))
@click.argument("schemas", type=click.Path(path_type=Path), required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write; standard output without it.")
def derive(page: Path, schemas: Path | None, output: Path | None) -> None:
    """Derive an OpenAPI document from a reference PAGE, with a page of SCHEMAS beside it if there is one."""
    from mockserver.contract import yamlfile
    from mockserver.contract.derive import derive as derive_page

    derivation = derive_page(
        yamlfile.read(page, PageError),
        name=str(page),
        schemas_text=yamlfile.read(schemas, PageError) if schemas else None,
        schemas_name=str(schemas or ""),
    )
    for warning in derivation.warnings:
        click.echo(f"warning: {warning}", err=True)
    text = yamlfile.dump(derivation.document)
    if output is None:
        click.echo(text, nl=False)
    else:
        _write(output, text)
        click.echo(f"{output}: written", err=True)


@main.command()
@click.option("--check", is_flag=True, help="Change nothing; exit 1 when a document is not what its source gives.")
@click.option("--page", type=click.Path(path_type=Path), help=f"The reference page [{REFERENCE_PAGE}].")
@click.option("--allow-refs", "allowed", type=click.Path(path_type=Path), help="A folder whose files $ref may name.")
def build(check: bool, page: Path | None, allowed: Path | None) -> None:
    """Write openapi/reference.yaml, documented.yaml and deployed.yaml, each from the one before."""
    from mockserver.contract import yamlfile
    from mockserver.contract.building import build as build_documents
    from mockserver.engine.authority import check_document
    from mockserver.resources import data_path

    folder = data_path("openapi")
    if page is None and (folder.parent / REFERENCE_PAGE).exists():
        page = folder.parent / REFERENCE_PAGE
    elif page is None:
        click.echo(f"reference.yaml: not checked against its page: there is no {REFERENCE_PAGE}", err=True)
    stale = False
    for built in build_documents(folder, page, allowed):
        check_document(yamlfile.parse(built.text, built.path.name))
        stale = stale or not built.current
        if built.current:
            click.echo(f"{built.path.name}: up to date")
        elif check:
            click.echo(f"{built.path.name}: is not what its source gives; run 'mockserver build'", err=True)
        else:
            _write(built.path, built.text)
            click.echo(f"{built.path.name}: written")
    if check and stale:
        sys.exit(1)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--profile", help="The contract that a fixture is judged by [documented].")
@click.option("--contract", help="An OpenAPI document that a fixture is judged by instead.")
@click.option("--allow-refs", "allowed", type=click.Path(path_type=Path), help="A folder whose files $ref may name.")
def check(file: Path, profile: str | None, contract: str | None, allowed: Path | None) -> None:
    """Say whether FILE, an OpenAPI document, overlay or fixture, is good."""
    from mockserver.checking import check_file

    click.echo(check_file(file, profile or "documented", contract, allowed))


@main.command()
@click.option("--profile", help="The shipped contract: documented or deployed [documented].")
@click.option("--contract", help="Another OpenAPI document.")
@click.option("--allow-refs", "allowed", type=click.Path(path_type=Path), help="A folder whose files $ref may name.")
def routes(profile: str | None, contract: str | None, allowed: Path | None) -> None:
    """Print the operations of a contract in a table."""
    from mockserver.checking import routes_table

    click.echo(routes_table(profile or "documented", contract, allowed))


@main.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option("--fail-on", type=click.Choice(["breaking", "risky"]), help="Exit 1 on such a change, or a worse one.")
@click.option("--for", "audience", type=click.Choice(["clients", "servers"]), help="Whom --fail-on looks at [both].")
@click.option("--allow-refs", "allowed", type=click.Path(path_type=Path), help="A folder whose files $ref may name.")
def diff(old: Path, new: Path, form: str, fail_on: str | None, audience: Any, allowed: Path | None) -> None:
    """Say what changed from OLD to NEW, two OpenAPI documents or reference pages, and for whom it breaks."""
    from mockserver.contract import diff as comparing
    from mockserver.contract.loading import document_or_page

    documents = []
    for path in (old, new):
        document, warnings = document_or_page(path, allowed)
        documents.append(document)
        for warning in warnings:
            click.echo(f"warning: {warning}", err=True)
    changes = comparing.diff(documents[0], documents[1], (str(old), str(new)))
    click.echo(comparing.render(changes, form), nl=False)
    worst = comparing.worst(changes, audience)
    if fail_on is not None and worst in {"breaking", fail_on}:
        sys.exit(1)


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror or error})") from None

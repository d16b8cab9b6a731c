"""What the tests of the derivation share: small pages built from tables, and lookups in documents."""

from pathlib import Path
from typing import Any

from mockserver.contract import yamlfile
from mockserver.contract.derive import Derivation, derive

HERE = Path(__file__).parent
PAGES = HERE / "pages"
OPERATION_PAGES = sorted(path for path in PAGES.glob("*.md") if not path.name.endswith(".schemas.md"))


def derive_file(path: Path) -> Derivation:
    """Return the derivation of a page fixture, with its page of schemas where it has one."""
    schemas = path.with_suffix(".schemas.md")
    return derive(
        path.read_text(encoding="utf-8"),
        name=path.name,
        schemas_text=schemas.read_text(encoding="utf-8") if schemas.exists() else None,
        schemas_name=schemas.name,
    )


def at(document: Any, pointer: str) -> Any:
    """Return the value at a JSON pointer."""
    for part in yamlfile.pointer_parts(pointer):
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def sample(method: str = "GET", path: str = "/things", *headers: str) -> str:
    """Return a code sample in the generator's words."""
    lines = [f"curl -X {method} http://things.example:8080{path}", *(f"  -H '{header}'" for header in headers)]
    return "```shell\n# Example request using curl\n" + " \\\n".join(lines) + "\n```\n"


def page(*parts: str, method: str = "GET", path: str = "/things", heading: str = "Get things") -> str:
    """Return a page of one operation: its sample, method and path, then ``parts``."""
    head = f"# Things\n\n## {heading}\n\n### Code samples\n\n{sample(method, path)}\n`{method} {path}`\n"
    tail = () if any("| Status |" in part for part in parts) else (responses("| 204 | No Content | No Content | |"),)
    return "\n".join((head, *parts, *tail))


def responses(*rows: str) -> str:
    """Return a table of responses."""
    return (
        "\n".join(("### Responses\n\n| Status | Meaning | Description | Schema |", "|---|---|---|---|", *rows)) + "\n"
    )


def parameters(*rows: str, values: tuple[str, ...] = ()) -> str:
    """Return a table of parameters, with enumerated values where given."""
    table = ("### Parameters\n\n| Name | In | Type | Required | Description |", "|---|---|---|---|---|", *rows)
    more = ("", "#### Enumerated Values", "", "| Parameter | Value(s) |", "|---|---|", *values) if values else ()
    return "\n".join((*table, *more)) + "\n"


def members(*rows: str, values: tuple[str, ...] = (), status: str = "200") -> str:
    """Return the table of a response's members, with enumerated values where given."""
    head = (
        f"Status Code **{status}**\n\n| Name | Type | Required | Restrictions | Description |",
        "|---|---|---|---|---|",
    )
    more = ("", "#### Enumerated Values", "", "| Property | Value(s) |", "|---|---|", *values) if values else ()
    return "\n".join((*head, *rows, *more)) + "\n"


def example(text: str, status: str = "200") -> str:
    """Return the example of a response."""
    return f"### Example responses\n\n> {status} Response\n\n```json\n{text}\n```\n"

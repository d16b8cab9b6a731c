"""The comparison of documents as a whole: order, agreement with real values, hostile input, time, reports, its page."""

import copy
import json
import random
import re
import time
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from mockserver.contract import yamlfile
from mockserver.contract.diff import CATALOGUE, FORMATS, SEVERITIES, Change, diff, render, worst
from mockserver.contract.diff_samples import samples
from mockserver.errors import DocumentError, UsageError

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BASE: dict[str, Any] = yamlfile.load(HERE / "diff_cases" / "base.yaml")
GOLDEN = HERE / "diff_golden"


def with_schemas(schemas: dict[str, Any], root: str = "A0") -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{root}"}}}}
    operation = {"requestBody": content, "responses": {"200": {"description": "ok"} | content}}
    return {"openapi": "3.1.0", "paths": {"/x": {"post": operation}}, "components": {"schemas": schemas}}


def reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def shuffled(value: Any, source: random.Random) -> Any:
    if isinstance(value, dict):
        names = list(value)
        source.shuffle(names)
        return {name: shuffled(value[name], source) for name in names}
    return [shuffled(inner, source) for inner in value] if isinstance(value, list) else value


def changed_base() -> dict[str, Any]:
    """Return the base document with a change of each severity."""
    new = copy.deepcopy(BASE)
    new["paths"]["/things"]["get"]["parameters"][0]["schema"]["maximum"] = 50
    new["paths"]["/things"]["get"]["summary"] = "All | of *them* <b>"
    new["paths"]["/things"]["get"]["responses"]["409"] = {"description": "Conflict"}
    del new["components"]["schemas"]["Thing"]["properties"]["size"]
    new["paths"]["/things/{id}"]["put"] = {"responses": {"204": {"description": "Done"}}}
    new["paths"]["/things"]["post"]["requestBody"]["content"]["application/json"]["schema"] = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string", "pattern": "^(a|b)+$"}, "size": {"type": "integer"}},
    }
    return new


# order


def test_the_order_does_not_depend_on_the_order_of_members() -> None:
    expected = diff(BASE, changed_base())
    for seed in range(20):
        source = random.Random(seed)
        assert diff(shuffled(BASE, source), shuffled(changed_base(), source)) == expected


def test_the_inputs_are_left_as_they_are() -> None:
    old, new = copy.deepcopy(BASE), changed_base()
    diff(old, new)
    assert (old, new) == (BASE, changed_base())


def test_every_pointer_leads_into_one_of_the_documents() -> None:
    new = changed_base()
    for change in diff(BASE, new):
        assert leads_somewhere(new, change.pointer) or leads_somewhere(BASE, change.pointer), change


def leads_somewhere(document: Any, pointer: str) -> bool:
    for part in yamlfile.pointer_parts(pointer):
        try:
            document = document[int(part)] if isinstance(document, list) else document[part]
        except (KeyError, IndexError):
            return False
    return True


def test_a_shared_component_is_reported_once_for_each_operation() -> None:
    new = copy.deepcopy(BASE)
    del new["components"]["schemas"]["Thing"]["properties"]["size"]
    removed = [change for change in diff(BASE, new) if change.kind == "response-property-removed"]
    assert [change.operation for change in removed] == ["GET /things", "POST /things", "GET /things/{id}"]
    assert {change.pointer for change in removed} == {"#/components/schemas/Thing/properties/size"}


def test_an_undecided_change_says_so() -> None:
    old, new = ({"type": "string", "pattern": pattern} for pattern in ("^[0-9]{2}$", "^[0-9][0-9]$"))
    (change, _) = diff(with_schemas({"A0": old}), with_schemas({"A0": new}))
    assert (change.for_clients, change.for_servers) == ("risky", "risky")
    assert "not decided" in change.message
    assert "not decided" in change.why


def test_the_worst_severity_is_that_of_one_audience_or_of_both() -> None:
    changes = [change for change in diff(BASE, changed_base()) if change.kind == "operation-added"]
    assert worst(changes) == "breaking"
    assert worst(changes, "clients") == "harmless"
    assert worst(changes, "servers") == "breaking"
    assert worst([]) is None


def test_the_catalogue_speaks_in_sentences() -> None:
    assert all(re.fullmatch(r"[A-Z].*\.|(null|multipleOf) .*\.", sentence) for sentence in CATALOGUE.values())
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", kind) for kind in CATALOGUE)


# what is said agrees with what the schemas do to real values

LEAVES: list[Any] = [
    {"type": "string"},
    {"type": "integer"},
    {"type": "number", "minimum": 1},
    {"type": ["string", "null"]},
    {"enum": ["a", "b"]},
    {"const": "a"},
    {"type": "integer", "minimum": 0, "maximum": 2},
    {"type": "string", "minLength": 1},
    {"type": "string", "pattern": "^a"},
    {"type": "integer", "multipleOf": 2},
    {"type": "string", "format": "date"},
    {"type": "null"},
    {},
]
EDITS: list[Any] = [
    {"minLength": 2},
    {"maximum": 1},
    {"required": ["a"]},
    {"additionalProperties": False},
    {"enum": ["a", 1]},
    {"type": "string"},
    {"anyOf": [{"type": "string"}, {"type": "integer"}]},
    {"not": {"const": "a"}},
]


def random_schema(source: random.Random, depth: int = 0) -> dict[str, Any]:
    chance = source.random()
    if depth > 2 or chance < 0.35:
        return copy.deepcopy(source.choice(LEAVES))
    if chance < 0.6:
        names = source.sample("abc", source.randint(1, 3))
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {name: random_schema(source, depth + 1) for name in names},
        }
        if source.random() < 0.5:
            schema["required"] = names[:1]
        if source.random() < 0.3:
            schema["additionalProperties"] = source.choice([False, {"type": "string"}])
        return schema
    if chance < 0.7:
        return {"type": "array", "items": random_schema(source, depth + 1)}
    if chance < 0.8:
        return {"allOf": [random_schema(source, depth + 1) for _ in range(2)]}
    if chance < 0.95:
        branches = [random_schema(source, depth + 1) for _ in range(source.randint(1, 3))]
        return {source.choice(["oneOf", "anyOf"]): branches}
    return {"not": random_schema(source, depth + 1)}


def mappings(value: Any) -> list[dict[str, Any]]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return ([value] if isinstance(value, dict) else []) + [found for part in inner for found in mappings(part)]


def random_edit(source: random.Random, schema: dict[str, Any]) -> dict[str, Any]:
    result = copy.deepcopy(schema)
    target = source.choice(mappings(result))
    chance = source.random()
    if chance < 0.4:
        target.clear()
        target.update(random_schema(source, 1))
    elif chance < 0.6 and target:
        del target[source.choice(list(target))]
    else:
        target.update(copy.deepcopy(source.choice(EDITS)))
    return result


def validator(schema: Any) -> Any:
    try:
        return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    except jsonschema_rs.ValidationError:
        return None


@pytest.mark.parametrize("block", range(10))
def test_no_severity_is_contradicted_by_a_value(block: int) -> None:
    """Where a value tells two schemas apart, the comparison may call it risky, but never harmless or nothing."""
    for seed in range(block * 100, block * 100 + 100):
        source = random.Random(seed)
        old = random_schema(source)
        new = random_edit(source, old)
        before, after = validator(old), validator(new)
        if before is None or after is None:
            continue
        values = samples(old, new)
        lost = [value for value in values if before.is_valid(value) and not after.is_valid(value)]
        gained = [value for value in values if after.is_valid(value) and not before.is_valid(value)]
        documents = [with_schemas({"A0": schema}) for schema in (old, new)]
        changes = [change for change in diff(*documents) if change.where == "request body"]
        case = (seed, old, new, changes)
        assert changes or not (lost or gained), case
        if not any("-property-" in change.kind for change in changes):
            assert not lost or worst(changes, "clients") != "harmless", (case, lost[0])
            assert not gained or worst(changes, "servers") != "harmless", (case, gained[0])


# hostile input


def broken(pointer: str, value: Any) -> dict[str, Any]:
    result: Any = copy.deepcopy(BASE)
    *parents, last = yamlfile.pointer_parts(pointer)
    target = result
    for part in parents:
        target = target[int(part)] if isinstance(target, list) else target[part]
    target[int(last) if isinstance(target, list) else last] = value
    return result  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("pointer", "value", "fault"),
    [
        ("#/paths", [], "#/paths"),
        ("#/paths/~1things", 5, "#/paths/~1things"),
        ("#/paths/~1things/get", "x", "#/paths/~1things/get"),
        ("#/paths/~1things/get/parameters", {}, "#/paths/~1things/get/parameters"),
        ("#/paths/~1things/get/parameters/0", {"name": 5, "in": []}, "#/paths/~1things/get/parameters/0"),
        ("#/paths/~1things/get/responses", None, "#/paths/~1things/get/responses"),
        ("#/paths/~1things/get/responses/200/content", [1], "#/paths/~1things/get/responses/200/content"),
        ("#/components/schemas/Thing", "x", "#/components/schemas/Thing"),
        ("#/components/schemas/Thing/type", "strng", "#/components/schemas/Thing/type"),
        ("#/components/schemas/Thing/type", [["string"]], "#/components/schemas/Thing/type"),
        ("#/components/schemas/Thing/properties", 5, "#/components/schemas/Thing/properties"),
        ("#/components/schemas/Thing/required", "id", "#/components/schemas/Thing/required"),
        ("#/components/schemas/Thing/required", [{}], "#/components/schemas/Thing/required/0"),
        ("#/components/schemas/Thing/allOf", {}, "#/components/schemas/Thing/allOf"),
        ("#/components/schemas/Thing/minLength", "3", "#/components/schemas/Thing/minLength"),
        ("#/components/schemas/Thing/$ref", 5, "#/components/schemas/Thing/$ref"),
        ("#/components/schemas/Thing/$ref", "#/nowhere", "#/components/schemas/Thing/$ref"),
        ("#/components/schemas/Thing", {"$ref": "#/components/schemas/Thing"}, "#/components/schemas/Thing/$ref"),
        ("#/components/securitySchemes", "x", "#/components/securitySchemes"),
        ("#/security", "x", "#/security"),
        ("#/servers", {"url": "x"}, "#/servers"),
        ("#/info", {1: "x"}, "#/info"),
        ("#/info", {"x": {1, 2}}, "#/info/x"),
        ("#/info", {"x": float("nan")}, "#/info/x"),
        ("#/info", {"x": 10**5000}, "#/info/x"),
    ],
)
def test_what_is_no_openapi_is_an_error_that_names_the_place(pointer: str, value: Any, fault: str) -> None:
    for documents in ((BASE, broken(pointer, value)), (broken(pointer, value), BASE)):
        with pytest.raises(DocumentError) as caught:
            diff(*documents)
        assert caught.value.faults[0].pointer == fault


@pytest.mark.parametrize("root", [None, 5, [], "x"])
def test_what_is_no_document_is_an_error(root: Any) -> None:
    with pytest.raises(DocumentError, match="an object was expected"):
        diff(root, BASE)
    with pytest.raises(DocumentError, match="an object was expected"):
        diff(BASE, root)


def test_values_that_contain_themselves_or_grow_without_bound_are_errors() -> None:
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    with pytest.raises(DocumentError, match="nested more than"):
        diff(BASE, BASE | {"x-loop": loop})
    bomb: list[Any] = []
    for _ in range(60):
        bomb = [bomb, bomb]
    with pytest.raises(DocumentError, match="holds more than"):
        diff(BASE, BASE | {"x-bomb": bomb})


JUNK: list[Any] = [
    None, True, 0, -1, 1.5, "", "x", "\ud800", "\x1b[31m", [], {}, [1], {"a": 1}, 10**40, {"$ref": 5},
    {"$ref": "#/components/schemas/Thing"}, {"$ref": "#/nowhere"}, {"$ref": "other.yaml"}, {"$ref": "#"},
    {"type": ["string", 5]}, {"oneOf": []}, {"oneOf": [{}]}, {"enum": []}, {"required": "a"}, {"name": [], "in": {}},
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] + [found for key, part in inner for found in places(part, (*path, key))]


def mangled(source: random.Random) -> Any:
    result: Any = copy.deepcopy(BASE)
    for _ in range(source.choice([1, 1, 2])):
        *parents, last = source.choice([path for path in places(result) if path])
        target = result
        for part in parents:
            target = target[part]
        if source.random() < 0.2:
            del target[last]
        else:
            target[last] = copy.deepcopy(source.choice(JUNK))
    return result


@pytest.mark.parametrize("block", range(10))
def test_mangled_documents_are_compared_or_refused_and_never_more(block: int) -> None:
    for seed in range(block * 60, block * 60 + 60):
        source = random.Random(seed)
        old, new = mangled(source), mangled(source)
        for documents in ((old, new), (BASE, new), (new, BASE)):
            try:
                changes = diff(*documents)
            except DocumentError:
                continue
            for format_name in FORMATS:
                render(changes, format_name).encode()


def test_a_report_cannot_steer_a_terminal_or_write_markup() -> None:
    new = copy.deepcopy(BASE)
    new["paths"]["/a\x1b[31m\n<script>|`"] = {"get": {"responses": {}}}
    text, markdown = (render(diff(BASE, new), name) for name in ("text", "markdown"))
    assert "\x1b" not in text + markdown
    assert len(text.splitlines()) == 9
    assert "`GET /a\\u001b[31m\\u000a<script>\\|'`" in markdown


# time


def chain(length: int, link: Any, last: Any) -> dict[str, Any]:
    schemas = {f"A{index}": link(reference(f"A{index + 1}")) for index in range(length)}
    return with_schemas(schemas | {f"A{length}": last})


def web(last: Any) -> dict[str, Any]:
    """Return alternatives of alternatives, which a validator would follow in 2 to the power of 40 ways."""
    schemas = {f"A{index}": {"oneOf": [reference(f"A{index + 1}"), reference(f"B{index + 1}")]} for index in range(40)}
    schemas |= {f"B{index}": {"anyOf": [reference(f"A{index + 1}"), reference(f"B{index + 1}")]} for index in range(40)}
    return with_schemas(schemas | {"A40": last, "B40": {"type": "null"}})


def automaton(last: Any) -> dict[str, Any]:
    """Return schemas whose pairs, taken together for one value, are as many as the subsets of sixteen."""
    both = [{"properties": {"a": reference("A0"), "b": reference("A0")}}, {"properties": {"a": reference("B1")}}]
    schemas: dict[str, Any] = {"A0": {"allOf": both}, "B16": {"properties": {"z": last}}}
    for index in range(1, 16):
        schemas[f"B{index}"] = {"properties": {name: reference(f"B{index + 1}") for name in "ab"}}
    return with_schemas(schemas)


def constants(size: int, most: int) -> dict[str, Any]:
    """Return many alternatives of many constants, which take the containment library long."""
    properties = {f"p{index}": {"const": index} for index in range(size)}
    branches = [{"type": "object", "properties": properties, "required": [name]} for name in properties]
    members = {f"m{index}": {"oneOf": branches, "maxProperties": most + index} for index in range(20)}
    return with_schemas({"A0": {"type": "object", "properties": members}})


STRING, INTEGER = {"type": "string"}, {"type": "integer"}
SLOW = {
    "references to references": lambda last: chain(3000, lambda inner: inner, last),
    "members of members": lambda last: chain(3000, lambda inner: {"properties": {"a": inner}}, last),
    "parts of parts": lambda last: chain(3000, lambda inner: {"allOf": [inner]}, last),
    "alternatives in alternatives": lambda last: chain(3000, lambda inner: {"oneOf": [inner, {"const": 1}]}, last),
    "null beside null": lambda last: chain(3000, lambda inner: {"oneOf": [inner, {"type": "null"}]}, last),
    "members that share members": lambda last: chain(40, lambda inner: {"properties": {"a": inner, "b": inner}}, last),
    "alternatives that share alternatives": web,
    "an automaton": automaton,
    "alternatives of constants": lambda last: constants(25, 3 if last == STRING else 4),
    "5000 members": lambda last: with_schemas({"A0": {"properties": {f"p{index}": last for index in range(5000)}}}),
}


@pytest.mark.parametrize("name", SLOW)
def test_time_is_bounded(name: str) -> None:
    start = time.monotonic()
    assert diff(SLOW[name](STRING), SLOW[name](INTEGER))
    assert time.monotonic() - start < 60  # measured: at most 7 s


def large(operations: int, code: list[str]) -> dict[str, Any]:
    """Return a document whose schemas all refer to each other and to one that holds an enumeration."""
    document: dict[str, Any] = {"openapi": "3.1.0", "paths": {}, "components": {"schemas": {}}}
    document["components"]["schemas"]["Code"] = {"type": "object", "properties": {"code": {"enum": code}}}
    half = operations // 2
    for index in range(half):
        document["components"]["schemas"][f"A{index}"] = {
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": STRING,
                "code": reference("Code"),
                "next": reference(f"A{(index + 1) % half}"),
                "other": reference(f"A{index * 7 % half}"),
            }
            | {f"p{number}": {"type": "string", "maxLength": number + 1} for number in range(10)},
        }
        content = {"content": {"application/json": {"schema": reference(f"A{index}")}}}
        parameters = [{"name": "id", "in": "path", "required": True, "schema": STRING}]
        document["paths"][f"/r{index}/{{id}}"] = {
            "parameters": parameters,
            "get": {"responses": {"200": {"description": "ok"} | content}},
            "post": {"requestBody": content, "responses": {"204": {"description": "ok"}}},
        }
    return document


def test_500_operations_are_compared_in_a_few_seconds() -> None:
    start = time.monotonic()
    changes = diff(large(500, ["a", "b"]), large(500, ["a", "b", "c"]))
    assert len(changes) == 500
    assert time.monotonic() - start < 60  # measured: 1.5 s


# reports


@pytest.mark.parametrize(
    ("format_name", "file"), [("text", "text.txt"), ("json", "changes.json"), ("markdown", "markdown.md")]
)
def test_a_report_is_written_as_before(format_name: str, file: str) -> None:
    assert render(diff(BASE, changed_base()), format_name) == (GOLDEN / file).read_text(encoding="utf-8")


def test_the_most_severe_come_first() -> None:
    text = render(diff(BASE, changed_base()), "text")
    found = [text.index(f"\n{severity.upper()} (") for severity in SEVERITIES]
    assert found == sorted(found)


def test_no_changes_are_one_clear_line() -> None:
    assert render((), "text") == "No changes.\n"
    assert render((), "markdown") == "## Contract changes\n\nNo changes.\n"
    assert json.loads(render((), "json"))["changes"] == []


def test_json_holds_every_member_of_a_change() -> None:
    changes = diff(BASE, changed_base())
    report = json.loads(render(changes, "json"))
    assert report["worst"] == worst(changes)
    assert tuple(Change(**change) for change in report["changes"]) == changes


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(UsageError, match="one of text, json, markdown"):
        render((), "html")


# the page for users


def blocks(language: str) -> list[str]:
    page = (ROOT / "docs" / "diff.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def test_the_example_of_the_page_is_what_comes_out() -> None:
    old, new = map(yamlfile.parse, blocks("yaml")[:2])
    assert render(diff(old, new), "text") == blocks("text")[0]


def test_the_page_names_only_kinds_that_exist_and_stays_short() -> None:
    page = (ROOT / "docs" / "diff.md").read_text(encoding="utf-8")
    kinds = re.findall(r"`((?:request|response|operation|security)-[a-z-]+)`", page)
    assert kinds
    assert set(kinds) <= set(CATALOGUE)
    assert len(page.splitlines()) < 80

"""Operations: names, tags, servers, security, media types, bodies and responses."""

from typing import Any

import pytest
from derive_kit import at, example, page, parameters, responses, sample

from mockserver.contract.derive import derive
from mockserver.contract.derive_names import operation_id
from mockserver.errors import PageError

IDS = {
    "List AI providers": "listAIProviders",
    "Create an AI provider": "createAIProvider",
    "Get user by name": "getUserByName",
    "Get the API key by ID": "getAPIKeyByID",
    "Get user's profile": "getUsersProfile",
    "Get user’s profile": "getUsersProfile",
    "Regenerate user SSH key": "regenerateUserSSHKey",
    "OAuth2 authorization request": "oAuth2AuthorizationRequest",
    "SCIM 2.0: Get users": "SCIM20GetUsers",
    "Get insights about user-activity": "getInsightsAboutUserActivity",
    "Ask for a pilot (deprecated)": "askForPilot",
    "listTrees": "listTrees",
    "The": "the",
    "上船": "getApiV2BoatsBoat",
    "!?": "getApiV2BoatsBoat",
}


@pytest.mark.parametrize("heading", IDS)
def test_the_heading_gives_the_operation_id(heading: str) -> None:
    assert operation_id(heading, "GET", "/api/v2/boats/{boat}") == IDS[heading]


def section(heading: str, method: str, path: str, *parts: str, headers: tuple[str, ...] = ()) -> str:
    table = () if any("Status" in part for part in parts) else (responses("| 204 | No Content | No Content | |"),)
    return "\n".join(
        (f"## {heading}\n\n### Code samples\n\n{sample(method, path, *headers)}\n`{method} {path}`\n", *parts, *table)
    )


AUTHENTICATED = "To perform this operation, you must be authenticated. [Learn more](authentication.md).\n"
TOKEN = "Coast-Session-Token: API_KEY"


def test_a_heading_used_twice_gets_a_suffix_from_the_path() -> None:
    text = "# A\n\n" + section("Get boat", "GET", "/boats/{boat}") + section("Get boat", "GET", "/my/boat")
    found = derive(text.replace("`GET /boats/{boat}`", "`GET /boats`").replace("/boats/{boat}", "/boats"))
    ids = [item["get"]["operationId"] for item in found.document["paths"].values()]
    assert ids == ["getBoat", "getBoatMyBoat"]
    assert "operationId" in found.warnings[0].message


def test_a_method_and_path_given_twice_keeps_the_first() -> None:
    found = derive("# A\n\n" + section("One", "GET", "/a") + section("Two", "GET", "/a"))
    assert at(found.document, "/paths/~1a/get/summary") == "One"
    assert "given before (line 3)" in found.warnings[0].message


def test_paths_and_methods_keep_the_order_of_the_page() -> None:
    order = [("PUT", "/b"), ("GET", "/a"), ("GET", "/b"), ("DELETE", "/a")]
    text = "# A\n\n" + "".join(section(f"{method} {path}", method, path) for method, path in order)
    paths = derive(text).document["paths"]
    assert [(path, list(item)) for path, item in paths.items()] == [("/b", ["put", "get"]), ("/a", ["get", "delete"])]


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"])
def test_every_method_of_openapi_is_read(method: str) -> None:
    assert list(at(derive(page(method=method)).document, "/paths/~1things")) == [method.lower()]


@pytest.mark.parametrize("path", ["things", "/a b", "/a?b=c", "/a/{b", "/a/b}", "/{}", "/{a{b}}", "/{a:.*}"])
def test_a_path_that_openapi_does_not_know_leaves_its_operation_out(path: str) -> None:
    found = derive("# A\n\n" + section("One", "GET", "/a") + f"## Two\n\n`GET {path}`\n")
    assert list(found.document["paths"]) == ["/a"]
    assert any("expected a path" in fault.message for fault in found.warnings)


def test_a_method_that_openapi_does_not_know_is_a_warning() -> None:
    found = derive("# A\n\n" + section("One", "GET", "/a") + "## Two\n\n`QUERY /a`\n")
    assert any("no such method" in fault.message for fault in found.warnings)


TITLES: dict[str, tuple[str, str, list[str], int]] = {
    "a first heading": ("# Boats\n\n", "Boats", ["Boats"], 0),
    "front matter": ("---\ntitle: Boats\n---\n\n", "Boats", ["Boats"], 0),
    "front matter and a heading": ("---\ntitle: Sea\n---\n\n# Boats\n\n", "Sea", ["Boats"], 0),
    "quoted front matter": ('---\ntitle: "Boats: all"\n---\n', "Boats: all", ["Boats: all"], 0),
    "an html heading": ('<h1 id="boats">Boats</h1>\n\n', "Boats", ["Boats"], 0),
    "neither": ("", "page", [], 1),
    "front matter without a title": ("---\nsidebar_position: 1\n---\n", "page", [], 1),
    "front matter with an unknown key": ("---\ntitle: Boats\nmood: blue\n---\n", "Boats", ["Boats"], 1),
    "front matter that is no mapping": ("---\n- a\n---\n", "page", [], 2),
    "front matter that is no yaml": ("---\na: [\n---\n", "page", [], 2),
    "front matter without an end": ("---\ntitle: Boats\n\n", "page", [], 2),
}


@pytest.mark.parametrize("name", TITLES)
def test_the_title_is_where_the_page_has_one(name: str) -> None:
    head, title, tags, warnings = TITLES[name]
    found = derive(head + section("One", "GET", "/a"))
    assert found.document["info"]["title"] == title
    assert [tag["name"] for tag in found.document.get("tags", [])] == tags
    assert at(found.document, "/paths/~1a/get").get("tags", []) == tags
    assert len(found.warnings) == warnings, found.warnings


def test_each_first_level_heading_is_a_tag() -> None:
    text = "# Boats\n\nThey float.\n\n" + section("One", "GET", "/a") + "# Ports\n\n" + section("Two", "GET", "/b")
    document = derive(text).document
    assert document["info"]["title"] == "Boats"
    assert document["tags"] == [{"name": "Boats", "description": "They float."}, {"name": "Ports"}]
    assert at(document, "/paths/~1b/get/tags") == ["Ports"]


def test_prose_below_a_title_that_is_no_tag_describes_the_api() -> None:
    document = derive("# Sea\n\nWide.\n\n# Boats\n\n" + section("One", "GET", "/a")).document
    assert document["info"] == {"title": "Sea", "version": "0", "description": "Wide."}
    assert document["tags"] == [{"name": "Boats"}]


def test_a_heading_that_no_operation_follows_is_a_warning() -> None:
    found = derive("# Boats\n\n" + section("One", "GET", "/a") + "# Ports\n\nMany.\n")
    assert [fault.message for fault in found.warnings] == ["no operation follows the heading 'Ports': it was left out"]


SERVERS: dict[str, tuple[str, str, list[dict[str, str]] | None, int]] = {
    "a host": ("http://a.example:8080/boats", "/boats", [{"url": "http://a.example:8080"}], 0),
    "a base path": ("http://a.example/api/v2/boats", "/boats", [{"url": "http://a.example/api/v2"}], 0),
    "https": ("https://a.example/boats", "/boats", [{"url": "https://a.example"}], 0),
    "a query": ("http://a.example/boats?a=1", "/boats", [{"url": "http://a.example"}], 1),
    "the root": ("http://a.example/", "/", [{"url": "http://a.example"}], 0),
    "another path": ("http://a.example/ports", "/boats", None, 1),
    "no host": ("/boats", "/boats", None, 1),
    "no scheme": ("a.example/boats", "/boats", None, 1),
}


@pytest.mark.parametrize("name", SERVERS)
def test_the_server_is_the_url_of_the_sample_without_the_path(name: str) -> None:
    url, path, servers, warnings = SERVERS[name]
    text = f"# A\n\n## One\n\n```sh\ncurl -X GET '{url}'\n```\n\n`GET {path}`\n\n{responses('| 204 | a | b | |')}"
    found = derive(text)
    assert found.document.get("servers") == servers
    assert len(found.warnings) == warnings


def test_an_operation_on_another_server_says_so() -> None:
    text = "# A\n\n" + section("One", "GET", "/a") + section("Two", "GET", "/b").replace("things.example", "b.example")
    document = derive(text).document
    assert document["servers"] == [{"url": "http://things.example:8080"}]
    assert "servers" not in at(document, "/paths/~1a/get")
    assert at(document, "/paths/~1b/get/servers") == [{"url": "http://b.example:8080"}]


def test_without_a_sample_there_is_no_server() -> None:
    found = derive("# A\n\n## One\n\n`GET /a`\n\n" + responses("| 204 | a | b | |"))
    assert "servers" not in found.document
    assert "no curl sample" in found.warnings[0].message


CREDENTIALS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "a token header": (
        (TOKEN,),
        {"CoastSessionToken": {"type": "apiKey", "in": "header", "name": "Coast-Session-Token"}},
    ),
    "a bearer token": (("Authorization: Bearer API_KEY",), {"BearerAuth": {"type": "http", "scheme": "bearer"}}),
    "a password": (("Authorization: Basic abc",), {"BasicAuth": {"type": "http", "scheme": "basic"}}),
    "a bare authorization": (
        ("Authorization: API_KEY",),
        {"Authorization": {"type": "apiKey", "in": "header", "name": "Authorization"}},
    ),
    "a cookie": (("Cookie: session=API_KEY",), {"Session": {"type": "apiKey", "in": "cookie", "name": "session"}}),
    "any header with the placeholder": (
        ("X-Who: API_KEY",),
        {"XWho": {"type": "apiKey", "in": "header", "name": "X-Who"}},
    ),
    "two headers": (
        (TOKEN, "X-Api-Key: abc"),
        {
            "CoastSessionToken": {"type": "apiKey", "in": "header", "name": "Coast-Session-Token"},
            "XApiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
        },
    ),
}


@pytest.mark.parametrize("name", CREDENTIALS)
def test_a_credential_of_the_sample_is_a_security_scheme(name: str) -> None:
    headers, schemes = CREDENTIALS[name]
    found = derive("# A\n\n" + section("One", "GET", "/a", AUTHENTICATED, headers=("Accept: */*", *headers)))
    assert found.document["components"] == {"securitySchemes": schemes}
    assert at(found.document, "/paths/~1a/get/security") == [{name: [] for name in schemes}]
    assert not found.warnings


def test_a_credential_in_the_query_is_a_security_scheme() -> None:
    text = "# A\n\n" + section("One", "GET", "/a", AUTHENTICATED)
    found = derive(text.replace("8080/a\n", "8080/a?key=API_KEY\n"))
    assert found.document["components"] == {
        "securitySchemes": {"Key": {"type": "apiKey", "in": "query", "name": "key"}}
    }
    assert not found.warnings


SENTENCES = {
    AUTHENTICATED: True,
    "To perform this operation, you must be authenticated.\n": True,
    "To perform this operation, you must be authenticated. [Learn more](https://a.example/b.md).\n": True,
    "<aside>\nTo perform this operation, you must be authenticated by means of one of: key\n</aside>\n": True,
    '<aside class="success">\nThis operation does not require authentication\n</aside>\n': False,
    "This operation does not require authentication.\n": False,
    "": False,
}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_the_sentence_on_authentication_decides(sentence: str) -> None:
    headers = (TOKEN,) if SENTENCES[sentence] else ()
    found = derive("# A\n\n" + section("One", "GET", "/a", responses("| 204 | a | b | |"), sentence, headers=headers))
    expected = [{"CoastSessionToken": []}] if SENTENCES[sentence] else []
    assert at(found.document, "/paths/~1a/get/security") == expected
    assert not found.warnings


def test_a_credential_without_the_sentence_is_a_warning() -> None:
    found = derive("# A\n\n" + section("One", "GET", "/a", headers=(TOKEN,)))
    assert at(found.document, "/paths/~1a/get/security") == []
    assert "does not ask" in found.warnings[0].message


def test_the_sentence_without_a_credential_takes_the_scheme_of_the_page() -> None:
    text = section("One", "GET", "/a", AUTHENTICATED, headers=(TOKEN,)) + section("Two", "GET", "/b", AUTHENTICATED)
    found = derive("# A\n\n" + text)
    assert at(found.document, "/paths/~1b/get/security") == [{"CoastSessionToken": []}]
    assert "sends no credential" in found.warnings[0].message


def test_the_sentence_alone_leaves_security_open() -> None:
    found = derive("# A\n\n" + section("One", "GET", "/a", AUTHENTICATED))
    assert "security" not in at(found.document, "/paths/~1a/get")
    assert "security was left open" in found.warnings[0].message


def test_a_header_of_the_sample_that_no_table_has_is_a_parameter_and_a_warning() -> None:
    found = derive("# A\n\n" + section("One", "GET", "/a", headers=("X-Colour: red",)))
    assert at(found.document, "/paths/~1a/get/parameters") == [
        {"name": "X-Colour", "in": "header", "schema": {}, "example": "red"}
    ]
    assert "X-Colour" in found.warnings[0].message


def test_prose_below_the_path_is_the_description() -> None:
    document = derive(page("First line,\nsecond line.\n\nAnother paragraph.\n")).document
    assert at(document, "/paths/~1things/get/description") == "First line,\nsecond line.\n\nAnother paragraph."


DEPRECATED = ["~~Get things~~", "Get things (deprecated)", "Get things [deprecated]", "Deprecated: get things"]


@pytest.mark.parametrize("heading", DEPRECATED)
def test_a_heading_marks_an_operation_as_deprecated(heading: str) -> None:
    operation = at(derive(page(heading=heading)).document, "/paths/~1things/get")
    assert operation["deprecated"] is True
    assert operation["summary"] == heading.replace("~~", "")


@pytest.mark.parametrize(
    "text",
    ["Deprecated: use b.", "This endpoint is deprecated.", "> **Deprecated**", "Old. This route is now deprecated."],
)
def test_a_sentence_marks_an_operation_as_deprecated(text: str) -> None:
    assert at(derive(page(text + "\n")).document, "/paths/~1things/get/deprecated") is True


@pytest.mark.parametrize("text", ["Only non-deprecated things.", "Use `deprecated:true` to see deprecated ones."])
def test_a_sentence_about_deprecated_things_marks_nothing(text: str) -> None:
    assert "deprecated" not in at(derive(page(text + "\n")).document, "/paths/~1things/get")


def test_every_place_of_a_parameter() -> None:
    table = parameters(
        "| `a` | path | string | true | A |",
        "| `b` | query | string | true | |",
        "| `C` | header | string | false | |",
        "| `d` | cookie | string | | |",
    )
    document = derive(page(table, path="/things/{a}")).document
    assert at(document, "/paths/~1things~1{a}/get/parameters") == [
        {"name": "a", "in": "path", "description": "A", "required": True, "schema": {"type": "string"}},
        {"name": "b", "in": "query", "required": True, "schema": {"type": "string"}},
        {"name": "C", "in": "header", "schema": {"type": "string"}},
        {"name": "d", "in": "cookie", "schema": {"type": "string"}},
    ]


PARAMETER_WARNINGS = {
    "| `a` | path | string | true | |": "has no place",
    "| `a` | matrix | string | true | |": "'matrix'",
    "| `a` | | string | true | |": "''",
    "| `Authorization` | header | string | true | |": "does not take the header",
    "| `» a` | query | string | true | |": "",
    "| `q` | query | integer | true | |": "given twice",
}


@pytest.mark.parametrize("row", PARAMETER_WARNINGS)
def test_a_parameter_that_cannot_be_is_a_warning(row: str) -> None:
    found = derive(page(parameters("| `q` | query | string | false | |", row)))
    assert at(found.document, "/paths/~1things/get/parameters") == [
        {"name": "q", "in": "query", "schema": {"type": "string"}}
    ]
    assert PARAMETER_WARNINGS[row] in found.warnings[0].message


def test_a_path_parameter_that_the_table_lacks_is_added_with_a_warning() -> None:
    found = derive(page(path="/things/{a}"))
    assert at(found.document, "/paths/~1things~1{a}/get/parameters") == [
        {"name": "a", "in": "path", "required": True, "schema": {}}
    ]
    assert "lacks 'a'" in found.warnings[0].message


def test_a_path_parameter_is_always_required() -> None:
    found = derive(page(parameters("| `a` | path | string | false | |"), path="/things/{a}"))
    assert at(found.document, "/paths/~1things~1{a}/get/parameters/0/required") is True
    assert "optional" in found.warnings[0].message


def test_the_query_of_the_sample_gives_examples() -> None:
    table = parameters("| `a` | query | integer | true | |", "| `b` | query | string | true | |")
    text = page(table).replace("8080/things", "8080/things?a=0&b=x%20y")
    found = derive(text)
    assert [item["example"] for item in at(found.document, "/paths/~1things/get/parameters")] == [0, "x y"]
    assert not found.warnings


def body(text: str, language: str = "json") -> str:
    return f"> Body parameter\n\n```{language}\n{text}\n```\n"


def post(*parts: str, headers: tuple[str, ...] = ("Content-Type: application/json",)) -> str:
    return "# A\n\n" + section("Make", "POST", "/a", *parts, headers=headers)


def test_a_body_of_a_named_schema_is_described_by_its_example() -> None:
    table = parameters("| `body` | body | [x.New](#xnew) | true | New thing |")
    found = derive(post(body('{"a": "string", "b": [0], "c": {}, "d": null, "e": 0.5, "f": true, "g": []}'), table))
    assert at(found.document, "/paths/~1a/post/requestBody") == {
        "description": "New thing",
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/x.New"},
                "example": {"a": "string", "b": [0], "c": {}, "d": None, "e": 0.5, "f": True, "g": []},
            }
        },
        "required": True,
    }
    assert at(found.document, "/components/schemas/x.New/properties") == {
        "a": {"type": "string"},
        "b": {"type": "array", "items": {"type": "integer"}},
        "c": {"type": "object"},
        "d": {},
        "e": {"type": "number"},
        "f": {"type": "boolean"},
        "g": {"type": "array"},
    }
    assert not found.warnings


FORMATS = {
    "497f6eca-6276-4993-bfeb-53cbbbba6f08": "uuid",
    "3FA85F64-5717-4562-B3FC-2C963F66AFA6": "uuid",
    "2019-08-24T14:15:22Z": "date-time",
    "2024-02-28T23:59:59.123+02:00": "date-time",
    "2019-08-24": "date",
    "user@example.com": "email",
    "http://example.com": "uri",
    "string": None,
    "2024-01-01": None,
    "2019-13-24T14:15:22Z": None,
    "497f6eca": None,
    "https://elsewhere.example": None,
}


@pytest.mark.parametrize("text", FORMATS)
def test_an_example_shows_a_format_only_by_strong_evidence(text: str) -> None:
    table = parameters("| `body` | body | [x.New](#xnew) | false | |")
    schema = at(derive(post(body(f'{{"a": "{text}"}}'), table)).document, "/components/schemas/x.New/properties/a")
    assert schema == {"type": "string"} | ({"format": FORMATS[text]} if FORMATS[text] else {})


def test_a_body_that_is_an_array() -> None:
    table = parameters("| `body` | body | array of [x.New](#xnew) | true | |")
    found = derive(post(body('[{"a": "string"}]'), table))
    content = at(found.document, "/paths/~1a/post/requestBody/content/application~1json")
    assert content["schema"] == {"type": "array", "items": {"$ref": "#/components/schemas/x.New"}}
    assert at(found.document, "/components/schemas/x.New/properties") == {"a": {"type": "string"}}


def test_a_body_without_a_row_is_described_by_its_example() -> None:
    found = derive(post(body('{"a": "string"}')))
    assert at(found.document, "/paths/~1a/post/requestBody") == {
        "content": {
            "application/json": {
                "schema": {"type": "object", "properties": {"a": {"type": "string"}}},
                "example": {"a": "string"},
            }
        }
    }


def test_a_form_lists_its_members() -> None:
    table = parameters("| `file` | formData | file | true | The file |", "| `note` | formData | string | false | |")
    found = derive(post(table, headers=("Content-Type: multipart/form-data",)))
    assert at(found.document, "/paths/~1a/post/requestBody/content") == {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {
                    "file": {"type": "string", "format": "binary", "description": "The file"},
                    "note": {"type": "string"},
                },
                "required": ["file"],
            }
        }
    }


def test_a_form_shown_as_yaml() -> None:
    table = parameters("| `body` | body | object | true | |", "| `» a` | body | string | false | |")
    found = derive(post(body("a: string\n", "yaml"), table, headers=("Content-Type: multipart/form-data",)))
    content = at(found.document, "/paths/~1a/post/requestBody/content/multipart~1form-data")
    assert content["example"] == {"a": "string"}
    assert not found.warnings


def test_the_data_of_the_sample_is_the_example_where_no_other_is() -> None:
    table = parameters("| `body` | body | [x.New](#xnew) | true | |")
    text = post(table).replace("  -H 'Content-Type", "  -d '{\"a\": 1}' \\\n  -H 'Content-Type")
    found = derive(text)
    assert at(found.document, "/paths/~1a/post/requestBody/content/application~1json/example") == {"a": 1}


MEDIA: dict[str, tuple[tuple[str, ...], str, list[str]]] = {
    "the fence": ((), "json", ["application/json"]),
    "the sample": (("Accept: application/json",), "json", ["application/json"]),
    "another json": (("Accept: application/scim+json",), "json", ["application/scim+json"]),
    "several": (
        ("Accept: application/json, application/problem+json",),
        "json",
        ["application/json", "application/problem+json"],
    ),
    "the fence against the sample": (("Accept: text/plain",), "json", ["application/json"]),
    "xml": (("Accept: application/xml",), "xml", ["application/xml"]),
    "a bare fence": (("Accept: text/plain",), "", ["text/plain"]),
}


@pytest.mark.parametrize("name", MEDIA)
def test_the_media_type_of_a_response(name: str) -> None:
    headers, fence, media = MEDIA[name]
    shown = f'> 200 Response\n\n```{fence}\n"string"\n```\n'
    text = "# A\n\n" + section("One", "GET", "/a", shown, responses("| 200 | OK | OK | string |"), headers=headers)
    found = derive(text)
    assert list(at(found.document, "/paths/~1a/get/responses/200/content")) == media
    assert not found.warnings


def test_a_download_has_its_media_type_and_a_response_without_schema_has_no_content() -> None:
    text = section("One", "GET", "/a", responses("| 200 | OK | OK | file |"), headers=("Accept: image/png",))
    text += section("Two", "GET", "/b", responses("| 200 | OK | OK | |"), headers=("Accept: image/png",))
    document = derive("# A\n\n" + text).document
    assert at(document, "/paths/~1a/get/responses/200/content") == {
        "image/png": {"schema": {"type": "string", "format": "binary"}}
    }
    assert at(document, "/paths/~1b/get/responses") == {"200": {"description": "OK"}}


def test_a_response_whose_media_type_nothing_says_is_open() -> None:
    document = derive(page(responses("| 200 | OK | OK | string |"))).document
    assert at(document, "/paths/~1things/get/responses/200/content") == {"*/*": {"schema": {"type": "string"}}}


def test_statuses_in_every_form() -> None:
    rows = [f"| {status} | Meaning | Words | |" for status in ("200", "201", "4XX", "`500`", "default")]
    found = derive(page(responses(*rows)))
    assert list(at(found.document, "/paths/~1things/get/responses")) == ["200", "201", "4XX", "500", "default"]
    assert not found.warnings


@pytest.mark.parametrize("status", ["", "OK", "600", "20", "2000", "2xx"])
def test_a_status_that_is_none_is_a_warning(status: str) -> None:
    found = derive(page(responses("| 200 | OK | OK | |", f"| {status} | a | b | |")))
    assert list(at(found.document, "/paths/~1things/get/responses")) == ["200"]
    assert "is not a status" in found.warnings[0].message


def test_the_description_falls_back_to_the_meaning() -> None:
    document = derive(page(responses("| 200 | [OK](https://a.example) | | |", "| 201 | Made | none | |"))).document
    found = at(document, "/paths/~1things/get/responses")
    assert [item["description"] for item in found.values()] == ["OK", "Made"]


def test_several_examples_of_a_status_are_named() -> None:
    shown = '### Example responses\n\n> 200 Response\n\n```json\n"a"\n```\n\n> A second one\n\n```json\n"b"\n```\n'
    document = derive(page(shown, responses("| 200 | OK | OK | string |"))).document
    assert at(document, "/paths/~1things/get/responses/200/content/application~1json/examples") == {
        "example-1": {"value": "a"},
        "A-second-one": {"summary": "A second one", "value": "b"},
    }


def test_examples_of_several_statuses() -> None:
    table = responses("| 200 | OK | OK | [x.T](#xt) |", "| 404 | Not Found | Not Found | [x.Error](#xerror) |")
    found = derive(page(example('{"a": 0}'), example('{"message": "string"}', "404"), table))
    assert at(found.document, "/components/schemas") == {
        "x.T": {"type": "object", "properties": {"a": {"type": "integer"}}},
        "x.Error": {"type": "object", "properties": {"message": {"type": "string"}}},
    }
    assert not found.warnings


def test_an_example_of_a_status_that_no_table_has_is_added_with_a_warning() -> None:
    found = derive(page(example('{"a": 0}', "418"), responses("| 200 | OK | OK | |")))
    assert list(at(found.document, "/paths/~1things/get/responses")) == ["200", "418"]
    assert "418" in found.warnings[0].message


def test_a_204_with_content_is_a_warning() -> None:
    found = derive(page(example("{}", "204"), responses("| 204 | No Content | No Content | object |")))
    assert at(found.document, "/paths/~1things/get/responses") == {"204": {"description": "No Content"}}
    assert "204" in found.warnings[0].message


BAD_EXAMPLES = {
    '{"a": }': "is not JSON",
    "{": "is not JSON",
    "": "without content",
    '{"a": NaN}': "not finite",
    '{"a": 1e999}': "not finite",
    '{"a": 99999999999999999999}': "64 bits",
    '{"a": "\\ud800"}': "surrogate",
    '{"$ref": "string"}': "$ref",
    "[" * 30 + "]" * 30: "deep",
    "[" * 5000: "",
    '{"a": 1, "a": 2}': "twice",
}


@pytest.mark.parametrize("text", BAD_EXAMPLES, ids=lambda text: text[:20])
def test_an_example_that_cannot_be_used_is_a_warning(text: str) -> None:
    found = derive(page(example(text), responses("| 200 | OK | OK | [x.T](#xt) |")))
    assert BAD_EXAMPLES[text] in found.warnings[0].message
    assert found.warnings[0].line


def test_an_example_that_contradicts_its_table_is_left_out_with_a_warning() -> None:
    table = "Status Code **200**\n\n| Name | Type |\n|--|--|\n| `» a` | integer |\n"
    found = derive(page(example('{"a": "string"}'), responses("| 200 | OK | OK | [x.T](#xt) |"), table))
    assert "example" not in at(found.document, "/paths/~1things/get/responses/200/content/application~1json")
    assert "does not fit" in found.warnings[0].message


NOT_OPERATIONS = [
    "",
    "\n\n",
    "# Title\n",
    "words\n",
    "# T\n\n## A\n\nprose\n",
    "```sh\ncurl\n",
    "---\ntitle: x\n---\n",
    "\ufeff",
]


@pytest.mark.parametrize("text", NOT_OPERATIONS)
def test_a_page_without_operations_is_an_error_that_says_what_to_do(text: str) -> None:
    with pytest.raises(PageError) as caught:
        derive(text, name="words.md")
    (fault,) = caught.value.faults
    assert fault.file == "words.md"
    assert "no operation" in fault.message
    assert "expected" in fault.message
    assert fault.hint


def test_a_page_of_schemas_alone_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(PageError, match="1 schemas and no operation"):
        derive("# Schemas\n\n## x.T\n\n### Properties\n\n| Name | Type |\n|--|--|\n| `a` | string |\n")

"""Samples fit their schemas, follow the contract's own examples, and are the same for the same seed."""

import random

import jsonschema_rs
import pytest

from mockserver.engine.operations import Document
from mockserver.engine.samples import Sampler

SCHEMAS = {
    "Name": {"type": "string", "minLength": 3, "maxLength": 9},
    "Long": {"type": "string", "minLength": 40},
    "Pattern": {"type": "string", "pattern": "^[a-z]{2}-[0-9]{3}$"},
    "Uuid": {"type": "string", "format": "uuid"},
    "Moment": {"type": "string", "format": "date-time"},
    "Day": {"type": "string", "format": "date"},
    "Clock": {"type": "string", "format": "time"},
    "Mail": {"type": "string", "format": "email"},
    "Link": {"type": "string", "format": "uri"},
    "Host": {"type": "string", "format": "hostname"},
    "V4": {"type": "string", "format": "ipv4"},
    "V6": {"type": "string", "format": "ipv6"},
    "Span": {"type": "string", "format": "duration"},
    "Whole": {"type": "integer", "minimum": 5, "maximum": 7},
    "Open": {"type": "integer", "exclusiveMinimum": 5, "exclusiveMaximum": 7},
    "Below": {"type": "integer", "maximum": -5},
    "Step": {"type": "integer", "minimum": 1, "multipleOf": 7},
    "Part": {"type": "number", "minimum": 0, "maximum": 1},
    "Yes": {"type": "boolean"},
    "Nothing": {"type": "null"},
    "Maybe": {"type": ["string", "null"]},
    "Choice": {"enum": ["a", "b"]},
    "Fixed": {"const": 3},
    "List": {"type": "array", "items": {"$ref": "#/components/schemas/Uuid"}, "minItems": 2, "maxItems": 3},
    "None": {"type": "array", "maxItems": 0},
    "Either": {"oneOf": [{"$ref": "#/components/schemas/Whole"}, {"type": "string"}]},
    "Any": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
    "Both": {
        "allOf": [
            {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}},
            {"required": ["b"], "properties": {"b": {"$ref": "#/components/schemas/Moment"}}},
        ]
    },
    "Closed": {"type": "object", "additionalProperties": False, "properties": {"a": {"type": "string"}}},
    "Extra": {"type": "object", "required": ["x"], "additionalProperties": {"type": "integer"}},
    "Tree": {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
        },
    },
}
DOCUMENT = Document({"openapi": "3.1.0", "paths": {}, "components": {"schemas": SCHEMAS}})


def sample(schema, seed=0):
    return Sampler(DOCUMENT.resolve).sample(schema, random.Random(seed))


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_sample_fits_its_schema(name):
    judge = jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}, validate_formats=True
    )
    for seed in range(20):
        judge.validate(sample({"$ref": f"#/components/schemas/{name}"}, seed))


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_same_seed_gives_the_same_sample(name):
    assert sample(SCHEMAS[name], 5) == sample(SCHEMAS[name], 5)


def test_another_seed_gives_another_sample():
    assert len({sample(SCHEMAS["Uuid"], seed) for seed in range(10)}) == 10


def test_the_examples_of_the_contract_come_first():
    assert sample({"type": "integer", "examples": [7, 8]}) == 7
    assert sample({"type": "integer", "example": 9}) == 9
    assert sample({"type": "string", "default": "d"}) == "d"
    assert sample({"type": "object", "properties": {"a": {"examples": ["x"]}}}) == {"a": "x"}


def test_a_pattern_that_cannot_be_generated_still_gives_text():
    assert isinstance(sample({"type": "string", "pattern": "^(?=a)(?!b)\\p{L}+$"}), str)


def test_a_list_without_end_is_made_in_bounded_time():
    found = Sampler(lambda schema: schema).sample({"type": "array", "minItems": 10**12, "items": {}}, random.Random(1))
    assert len(found) < 10**5

"""The named schemas of the document: what is known of each is gathered, then written as JSON Schema."""

from collections.abc import Iterable, Iterator
from typing import Any

from mockserver.contract.derive_examples import Fitness, read_example
from mockserver.contract.derive_names import component_key
from mockserver.contract.derive_restrictions import literal
from mockserver.contract.derive_rows import MISSING, RowReader
from mockserver.contract.derive_shapes import EXAMPLE, PROPERTIES, Notes, Place, Shape, adopt, from_example, merge
from mockserver.contract.page import PageSchema, TypeCell
from mockserver.contract.page_combinations import ANONYMOUS

__all__ = ["Components"]

_PREFIX = "#/components/schemas/"


class Components:
    """The named schemas, by the page's names, in the order in which the page first names them."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.seen: dict[str, Place] = {}  # named on the operations page
        self._mentioned: dict[str, Place] = {}  # named on the page of schemas only
        self._shapes: dict[str, Shape] = {}
        self._keys: dict[str, str] = {}
        self._examples: dict[str, tuple[Any, Place]] = {}

    # gathering

    def see(self, name: str, place: Place) -> None:
        """Note that the page names a schema."""
        if name not in self.seen:
            self.seen[name] = place

    def _mention(self, name: str, place: Place) -> None:
        """Note that the page of schemas names a schema."""
        self._mentioned.setdefault(name, place)

    def define(self, name: str, shape: Shape) -> None:
        """Add what a table says of a named schema."""
        name = self._target(name)
        known = self._shapes.get(name)
        if known is None:
            self._shapes[name] = shape
        elif not known.ref:
            merge(known, shape, name, self.notes, self.define)

    def _target(self, name: str) -> str:
        """Return the schema that a name stands for in the end: some are only another name for one."""
        passed: set[str] = set()
        while name not in passed and name in self._shapes and self._shapes[name].ref:
            passed.add(name)
            name = self._shapes[name].ref
        return name

    def is_object(self, name: str) -> bool:
        """Return whether a table says that a named schema is an object."""
        known = self._shapes.get(self._target(name))
        return known is not None and known.origin > EXAMPLE and known.types == ("object",)

    def learn(self, name: str, value: Any, place: Place) -> None:
        """Fill what is open in a named schema from an example."""
        name = self._target(name)
        known = self._shapes.get(name)
        if known is None:
            self._shapes[name] = from_example(value, place)
        elif not known.ref:
            adopt(known, value, place, self.notes, self.learn, name)

    def adopt(self, shape: Shape, value: Any, place: Place) -> None:
        """Fill what is open in any shape from an example."""
        adopt(shape, value, place, self.notes, self.learn)

    def reader(self, file: str) -> RowReader:
        """Return a reader of a table of members that tells these components what it finds."""
        return RowReader(file, self.notes, self.see, self.define)

    def load(self, schemas: Iterable[PageSchema], file: str) -> None:
        """Add the schemas of a page of schemas: their tables stand above all that operations show."""
        shown = [(schema, self._load(schema, file)) for schema in schemas]
        for schema, value in shown:
            if value is not MISSING and schema.example:
                place = Place(file, schema.example.line)
                self.learn(schema.name, value, place)
                self._examples[schema.name] = (value, place)

    def _load(self, schema: PageSchema, file: str) -> Any:
        """Add the tables of a schema; return the data of its example."""
        place = Place(file, schema.line)
        if schema.name in self._shapes:
            first = self._shapes[schema.name].place
            self.notes.warn(place, f"the schema {schema.name!r} was given before (line {first.line}): both were joined")
        reader = RowReader(file, self.notes, self._mention, self.define, PROPERTIES)
        value = MISSING
        if schema.example:
            value = read_example(schema.example, "application/json", file, self.notes)
        shape = Shape(place, PROPERTIES)
        part = reader.response(schema.rows, TypeCell(), value, place)
        reader.enumerate(values for values in schema.enumerations if values.name not in ("", ANONYMOUS))
        merge(shape, part, schema.name, self.notes, self.define)
        for values in schema.enumerations:
            if values.name in ("", ANONYMOUS):
                reader.give(shape, values)
        reader.finish(())
        if schema.description:
            shape.keywords["description"] = schema.description
        self.define(schema.name, shape)
        return value

    def share_names(self, roots: Iterable[Shape]) -> None:
        """Give members known only from an example the named schema that a sibling resource's table gives them.

        The same member name, one named schema for it in all tables of the page, and a value that fits: a value
        of its enumeration, or an object with exactly its members (an empty one only where no table types a
        member of that name otherwise). So ``type`` of a create body is the ``type`` of the response.
        """
        every = list(self._walk([*roots, *self._shapes.values()]))
        known: dict[str, set[str]] = {}
        for shape in every:
            for name, member in shape.members.items():
                if member.origin != EXAMPLE:
                    known.setdefault(name, set()).add(member.ref)
        for shape in every:
            for name, member in shape.members.items():
                refs = known.get(name, set()) - {""}
                if member.origin == EXAMPLE and not member.ref and len(refs) == 1:
                    (ref,) = refs
                    if self._fits(member, ref, alone=len(known[name]) == 1):
                        shape.members[name] = Shape(member.place, EXAMPLE, ref=ref, nullable=member.nullable)

    def _fits(self, member: Shape, ref: str, alone: bool) -> bool:
        target = self._shapes.get(ref)
        if target is None or member is target:
            return False
        if target.values:
            texts = [str(value) for value in member.seen if not isinstance(value, bool)]
            return bool(texts) and set(texts) <= set(target.values)
        if member.types != ("object",) or target.types != ("object",) or member.rest or target.rest:
            return False
        return set(member.members) == set(target.members) and (alone or bool(member.members))

    def _walk(self, roots: Iterable[Shape]) -> Iterator[Shape]:
        stack = list(roots)
        while stack:
            shape = stack.pop()
            yield shape
            stack.extend(shape.children())

    # writing

    def render(self, shape: Shape) -> dict[str, Any]:
        """Return a shape as a JSON Schema object; only what is known is in it."""
        schema: dict[str, Any] = {}
        types, values = self._settled(shape)
        if shape.ref:
            schema["$ref"] = _PREFIX + self.key(shape.ref)
            if shape.nullable:
                schema = {"anyOf": [schema, {"type": "null"}]}
        else:
            written = [*types, "null"] if shape.nullable and types else list(types)
            if written:
                schema["type"] = written[0] if len(written) == 1 else written
            if shape.format and types:
                schema["format"] = shape.format
        schema |= {name: value for name, value in shape.keywords.items() if name == "description"}
        if values and not shape.ref:
            schema["enum"] = [*values, None] if shape.nullable else values
        schema |= {name: value for name, value in shape.keywords.items() if name != "description"}
        self._render_children(shape, types, schema)
        self._render_default(shape, schema)
        return schema

    def _render_children(self, shape: Shape, types: tuple[str, ...], schema: dict[str, Any]) -> None:
        for combiner, parts in shape.combined:
            schema[combiner] = [self.render(part) for part in parts]
        if shape.members and (not types or "object" in types):
            schema["properties"] = {name: self.render(member) for name, member in shape.members.items()}
            required = [name for name in shape.members if shape.required.get(name)]
            if required:
                schema["required"] = required
        if shape.rest:
            schema["additionalProperties"] = self.render(shape.rest)
        if shape.items and (not types or "array" in types):
            schema["items"] = self.render(shape.items)

    def _settled(self, shape: Shape) -> tuple[tuple[str, ...], list[Any]]:
        """Return the JSON types of a shape and its enumerated values in these types."""
        types = () if "any" in shape.types else shape.types
        values = shape.values
        if not values:
            return types, []
        if not types:
            types = ("string",)
            if all(isinstance(literal(value, ("integer",)), int) for value in values):
                types = ("integer",)
        typed = [literal(value, types) for value in values]
        wrong = [value for value, data in zip(values, typed, strict=True) if data is None and value != "null"]
        if wrong:
            place = shape.values_place or shape.place
            self.notes.warn(place, f"the enumerated value {wrong[0]!r} is no {' or '.join(types)}: it was left out")
        return types, list({repr(data): data for data in typed if data is not None}.values())

    def _render_default(self, shape: Shape, schema: dict[str, Any]) -> None:
        if shape.default is None:
            return
        target = self._shapes.get(shape.ref, shape) if shape.ref else shape
        types, values = self._settled(target)
        data = literal(shape.default, types or ("string",))
        fits = data is not None and (not values or data in values)
        if fits and not shape.ref:
            fits = not Fitness({}).misfit(data, {key: schema[key] for key in schema if key != "items"})
        if fits and (shape.format or target.format) not in ("byte", "binary", "int32", "int64"):
            schema["default"] = data
        elif not fits and "array" not in types:
            self.notes.warn(shape.place, f"the default {shape.default!r} does not fit its type: it was left out")
        elif fits:
            schema["default"] = data

    def key(self, name: str) -> str:
        """Return the key of a named schema in the document: the page's name where OpenAPI allows it."""
        if name not in self._keys:
            self._keys[name] = key = component_key(name, set(self._keys.values()))
            if key != name:
                self.notes.warn(
                    self._place(name), f"the schema name {name!r} is not one that OpenAPI allows: it became {key!r}"
                )
        return self._keys[name]

    def rendered(self) -> dict[str, Any]:
        """Return the schemas that have been referred to, and those that they refer to, ready for the document."""
        done: dict[str, dict[str, Any]] = {}
        while True:
            waiting = [name for name in self._keys if name not in done]
            if not waiting:
                break
            for name in waiting:
                shape = self._shapes.get(name)
                if shape is None:
                    self.notes.warn(
                        self._place(name),
                        f"the schema {name!r} is named and nowhere described: any value fits",
                        "Give the page of schemas as well.",
                    )
                done[name] = self.render(shape) if shape else {}
        order = {name: number for number, name in enumerate(dict.fromkeys([*self.seen, *self._shapes]))}
        names = sorted(done, key=lambda name: order.get(name, len(order)))
        result = {self._keys[name]: done[name] for name in names}
        _cut_loops(result, self.notes, {self._keys[name]: self._place(name) for name in names})
        self._add_examples(result)
        return result

    def _place(self, name: str) -> Place:
        """Return where the operations page first names a schema, else where it is described."""
        return self.seen.get(name) or self._mentioned.get(name) or self._shapes[name].place

    def _add_examples(self, schemas: dict[str, Any]) -> None:
        """Add the example of a page of schemas to its schema, where it fits."""
        fitness = Fitness(schemas)
        for name, (value, place) in self._examples.items():
            key = self._keys.get(name)
            if key is None:
                continue
            if why := fitness.misfit(value, {"$ref": _PREFIX + key}):
                self.notes.warn(place, f"the example of {name!r} does not fit its schema ({why}): it was left out")
            else:
                schemas[key]["examples"] = [value]


def _cut_loops(schemas: dict[str, Any], notes: Notes, places: dict[str, Place]) -> None:
    """Open a schema that consists of itself (directly, in a combination or as its own items): tools never end."""
    state: dict[str, int] = {}
    for start in schemas:
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            name, done = stack.pop()
            if done:
                state[name] = 2
                continue
            if state.get(name):
                continue
            state[name] = 1
            stack.append((name, True))
            for target in _parts(schemas[name]):
                if state.get(target) == 1:
                    notes.warn(places[name], f"the schema {name!r} consists of itself: it was left open")
                    schemas[name] = {}
                    break
                if target in schemas and not state.get(target):
                    stack.append((target, False))


def _parts(schema: dict[str, Any]) -> list[str]:
    """Return the names of the components that a schema is made of: not those of its members."""
    found: list[str] = []
    stack: list[Any] = [schema]
    while stack:
        current = stack.pop()
        if not isinstance(current, dict):
            continue
        if "$ref" in current:
            found.append(str(current["$ref"]).rpartition("/")[2])
        for combiner in ("allOf", "anyOf", "oneOf"):
            stack.extend(current.get(combiner, []))
        stack.append(current.get("items"))
    return found

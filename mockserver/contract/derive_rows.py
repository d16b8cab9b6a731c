"""Rows of a table of members, with their nesting marks, to shapes; enumerated values to the rows they are for.

How the generator writes nesting:

* a row is a member of the nearest row above it with one mark less;
* ``[array item]`` is what an array holds; as the first row of a response it stands for the array that the
  response is, and the rows below it are the members of its items;
* ``[any property]`` is the value of arbitrary keys;
* a row with the name of a schema and rows below it says what that schema holds.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from mockserver.contract.derive_restrictions import restrictions
from mockserver.contract.derive_shapes import TABLE, Notes, Place, Shape
from mockserver.contract.page import Enumeration, SchemaRow, TypeCell

__all__ = ["ANONYMOUS", "ANY_PROPERTY", "ARRAY_ITEM", "MISSING", "Node", "RowReader", "shape_of_cell", "tree"]

ARRAY_ITEM, ANY_PROPERTY, ANONYMOUS = "[array item]", "[any property]", "*anonymous*"
MAX_DEPTH = 20  # marks before a name: deeper rows are left out, with a warning
MISSING: Any = object()  # no example at this place


@dataclass(slots=True)
class Node:
    """A row with the rows nested in it."""

    row: SchemaRow
    children: "list[Node]" = field(default_factory=list)

    def child(self, name: str) -> "Node | None":
        """Return the first child of that name."""
        return next((child for child in self.children if child.row.name == name), None)

    def members(self) -> "list[Node]":
        """Return the children that are properties."""
        special = (ARRAY_ITEM, ANY_PROPERTY, ANONYMOUS)
        return [child for child in self.children if child.row.name not in special]


def tree(rows: Iterable[SchemaRow], file: str, notes: Notes) -> list[Node]:
    """Return the rows as trees by their depth; a mark too many hangs a row below the nearest one above.

    The members of an object that is the whole response start with one mark: the least depth is that of the roots.
    """
    rows = list(rows)
    base = min((row.depth for row in rows), default=0)
    roots: list[Node] = []
    path: list[Node] = []
    for row in rows:
        depth = row.depth - base
        if depth > MAX_DEPTH:
            notes.warn(Place(file, row.line), f"{row.name!r} is nested more than {MAX_DEPTH} deep: it was left out")
            continue
        if depth > len(path):
            expected = f"expected at most {len(path) + base}"
            notes.warn(Place(file, row.line), f"{row.name!r} has {row.depth} nesting marks, {expected}")
        del path[depth:]
        node = Node(row)
        (path[-1].children if path else roots).append(node)
        path.append(node)
    return roots


def shape_of_cell(cell: TypeCell, place: Place, origin: int, see: Callable[[str, Place], None]) -> Shape:
    """Return the shape that a type cell alone says; ``see`` is told the schemas it names."""
    if cell.schema:
        see(cell.schema, place)
        return Shape(place, origin, ref=cell.schema, nullable=cell.nullable)
    shape = Shape(place, origin, cell.types, cell.nullable, cell.format)
    if cell.items and not cell.items.says_nothing():
        shape.items = shape_of_cell(cell.items, place, origin, see)
    return shape


@dataclass(slots=True)
class RowReader:
    """Turns the rows of one table into shapes and remembers where each name occurred.

    ``see(name, place)`` is told every schema that is named, ``define(name, shape)`` what a named schema holds.
    """

    file: str
    notes: Notes
    see: Callable[[str, Place], None]
    define: Callable[[str, Shape], None]
    origin: int = TABLE
    occurrences: list[tuple[str, Shape, Any]] = field(default_factory=list)

    def response(self, rows: Sequence[SchemaRow], cell: TypeCell, value: Any, named: Place) -> Shape:
        """Return the shape of a response's table, whose own type is ``cell``, found at ``named``."""
        roots = tree(rows, self.file, self.notes)
        if not roots:
            return shape_of_cell(cell, named, self.origin, self.see)
        place = Place(self.file, roots[0].row.line)
        if len(roots) == 1 and roots[0].row.name == ARRAY_ITEM:
            item = roots[0]
            is_array = item.row.type.types == ("array",)
            row = item.row if is_array else _as_array(item.row)
            top = Node(row, item.children if is_array else [Node(item.row, item.children)])
            return self._content(top, cell if not cell.says_nothing() else row.type, place, value)
        if len(roots) == 1 and roots[0].row.name == ANONYMOUS:
            return self._content(roots[0], roots[0].row.type if cell.says_nothing() else cell, place, value)
        blank = SchemaRow(roots[0].row.line, "", 0, cell)
        return self._content(Node(blank, roots), cell, place, value)

    def member(self, node: Node, value: Any) -> Shape:
        """Return the shape of one row with the rows nested in it."""
        row = node.row
        place = Place(self.file, row.line)
        shape = self._content(node, row.type, place, value)
        keywords, default = restrictions(row, self.file, self.notes)
        if keywords.pop("nullable", False):
            shape.nullable = True
        shape.keywords |= keywords
        shape.default = default
        self.occurrences.append((row.name, shape, value))
        return shape

    def _content(self, node: Node, cell: TypeCell, place: Place, value: Any) -> Shape:
        """Return the shape of a type cell and the rows nested below it."""
        shape = shape_of_cell(cell, place, self.origin, self.see)
        if not node.children:
            return shape
        if shape.ref:
            self.define(shape.ref, self._nested(node, Shape(place, self.origin), value))
            return shape
        return self._nested(node, shape, value)

    def _nested(self, node: Node, shape: Shape, value: Any) -> Shape:
        """Add the rows nested below a row to its shape."""
        item = node.child(ARRAY_ITEM)
        if item is not None or "array" in shape.types:
            self._array(node, item, shape, value)
            return shape
        scalars = [name for name in shape.types if name not in ("object", "any")]
        if scalars:
            self.notes.warn(
                shape.place,
                f"{node.row.name!r} has the type {' or '.join(scalars)} and yet rows below it: they were left out",
            )
            return shape
        self._object(node, shape, value)
        return shape

    def _array(self, node: Node, item: Node | None, shape: Shape, value: Any) -> None:
        shape.types = ("array",)
        first = value[0] if isinstance(value, list) and value else MISSING
        others = [child for child in node.children if child is not item]
        if item is None:
            inner = shape.items or Shape(shape.place, self.origin)
            if inner.ref:
                self.define(inner.ref, self._nested(_only(node, others), Shape(shape.place, self.origin), first))
            else:
                self._nested(_only(node, others), inner, first)
            shape.items = inner
            return
        row = item.row
        quirk = row.type.types == ("array",) and item.members() and isinstance(first, dict)
        if quirk:  # the row of an item shows the type of the array that holds it
            item = Node(SchemaRow(row.line, row.name, row.depth, TypeCell(("object",))), item.children)
        shape.items = self.member(item, first)
        if others:
            self.notes.warn(
                Place(self.file, others[0].row.line),
                f"{others[0].row.name!r} stands beside {ARRAY_ITEM!r} of one array: it was left out",
            )

    def _object(self, node: Node, shape: Shape, value: Any) -> None:
        """Add members, arbitrary keys and parts to an object's shape; what has nothing but parts need not be one."""
        only_parts = all(child.row.name == ANONYMOUS for child in node.children)
        if shape.types != ("object",):
            shape.types = () if only_parts else ("object",)
        known = value if isinstance(value, dict) else {}
        for child in node.children:
            row = child.row
            if row.name == ANY_PROPERTY:
                inner = next((item for key, item in known.items() if key not in shape.members), MISSING)
                shape.rest = self.member(child, inner)
            elif row.name == ANONYMOUS:
                self._part(child, shape)
            elif row.name == "$ref":
                self.notes.warn(Place(self.file, row.line), "a property named '$ref' was left out: tools misread it")
            elif row.name in shape.members:
                self.notes.warn(Place(self.file, row.line), f"{row.name!r} is given twice: the first was kept")
            else:
                shape.members[row.name] = self.member(child, known.get(row.name, MISSING))
                if row.required is not None:
                    shape.required[row.name] = row.required

    def _part(self, node: Node, shape: Shape) -> None:
        """Add an ``*anonymous*`` row: a part of a combination that the table does not name.

        All of allOf, anyOf and oneOf imply anyOf: the weakest claim is the one that is made.
        """
        part = self.member(node, MISSING)
        self.notes.warn(
            Place(self.file, node.row.line),
            f"{ANONYMOUS!r} is a part of a combination that the page does not name: it was read as anyOf",
        )
        if shape.combined:
            shape.combined[0][1].append(part)
        else:
            shape.combined.append(("anyOf", [part]))

    def enumerate(self, enumerations: Iterable[Enumeration]) -> None:
        """Give enumerated values to the rows that they are for.

        A name that occurs once takes its values. A name that occurs several times with as many enumerations takes
        them in the order of the rows; values that ran together, one row each, are split where the examples say.
        Otherwise the example decides: the generator shows a value of the enumeration there. What is still open
        goes to every row that can take it, with a warning.
        """
        groups: dict[str, list[Enumeration]] = {}
        for values in enumerations:
            groups.setdefault(values.name, []).append(values)
        for name, group in groups.items():
            places = [(shape, value) for known, shape, value in self.occurrences if known == name and _can_list(shape)]
            if not places:
                self.notes.warn(
                    Place(self.file, group[0].line), f"enumerated values for {name!r}, which no row can take"
                )
            elif len(places) == len(group):
                for (shape, _), values in zip(places, group, strict=True):
                    self.give(shape, values)
            elif len(group) == 1 and (parts := _split_run(group[0], [value for _, value in places])):
                for (shape, _), values in zip(places, parts, strict=True):
                    self.give(shape, values)
            else:
                self._by_example(name, places, group)

    def _by_example(self, name: str, places: list[tuple[Shape, Any]], group: list[Enumeration]) -> None:
        for values in group:
            fitting = [shape for shape, value in places if _shows(value, values)]
            named = [shape for shape, value in places if shape.ref and value is MISSING]
            chosen = fitting or named or [shape for shape, value in places if value is MISSING]
            if not chosen:
                chosen = [shape for shape, _ in places]
            targets = {shape.ref or str(id(shape)) for shape in chosen}
            if len(targets) > 1 or (not fitting and len(places) > 1):
                self.notes.warn(
                    Place(self.file, values.line),
                    f"{name!r} occurs {len(places)} times in the table: the enumerated values were given to "
                    f"{len(chosen)} of them",
                )
            for shape in chosen:
                self.give(shape, values)

    def give(self, shape: Shape, values: Enumeration) -> None:
        """Give enumerated values to a shape: to its component, to the items of an array, or to itself."""
        place = Place(self.file, values.line)
        if shape.ref:
            known = Shape(place, self.origin, values=values.values, values_place=place)
            self.define(shape.ref, known)
        elif shape.types == ("array",):
            shape.items = shape.items or Shape(shape.place, self.origin)
            self.give(shape.items, values)
        else:
            shape.values, shape.values_place = values.values, place


def _split_run(values: Enumeration, shown: list[Any]) -> list[Enumeration]:
    """Split values that ran together into one enumeration per row, or return nothing where that is not sure.

    The generator lists the values row by row of the table and shows the first of each in the example: the examples
    must be values of the run, the first of them its start, each later one further down.
    """
    texts = [value if isinstance(value, str) else "" for value in shown]
    if not values.run or any(text not in values.values for text in texts):
        return []
    starts = [values.values.index(text) for text in texts]
    if starts[0] != 0 or any(first >= second for first, second in pairwise(starts)):
        return []
    ends = [*starts[1:], len(values.values)]
    return [
        Enumeration(values.line + start, values.name, values.values[start:end])
        for start, end in zip(starts, ends, strict=True)
    ]


def _only(node: Node, children: list[Node]) -> Node:
    return Node(node.row, children)


def _as_array(row: SchemaRow) -> SchemaRow:
    return SchemaRow(row.line, row.name, row.depth, TypeCell(("array",)))


def _can_list(shape: Shape) -> bool:
    """Return whether enumerated values can be meant for a shape."""
    if shape.ref:
        return True
    if shape.types == ("array",):
        return shape.items is None or _can_list(shape.items)
    return "object" not in shape.types and not shape.members and not shape.format.startswith(("date", "uuid"))


def _shows(value: Any, values: Enumeration) -> bool:
    """Return whether the example at a row shows one of the values."""
    if isinstance(value, list):
        return bool(value) and _shows(value[0], values)
    if isinstance(value, bool):
        return str(value).lower() in values.values
    return isinstance(value, str | int | float) and re.sub(r"\.0$", "", str(value)) in values.values

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
from dataclasses import dataclass, field, replace
from typing import Any

from mockserver.contract.derive_restrictions import restrictions
from mockserver.contract.derive_shapes import TABLE, Notes, Place, Shape
from mockserver.contract.page import Enumeration, SchemaRow, TypeCell
from mockserver.contract.page_combinations import ANONYMOUS, ARRAY_ITEM

__all__ = ["ANY_PROPERTY", "MISSING", "Node", "RowReader", "shape_of_cell", "tree"]

ANY_PROPERTY = "[any property]"
MAX_DEPTH = 20  # marks before a name: deeper rows are left out, with a warning
_MAX_SPLIT, _MAX_WAYS = 100_000, 50  # bounds of the search for the rows that values belong to
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


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A row that enumerated values may be for: its name and marks, its shape, and the example's value there."""

    name: str
    depth: int
    shape: Shape
    value: Any


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
    occurrences: list[Occurrence] = field(default_factory=list)
    _defined: list[tuple[str, Shape]] = field(default_factory=list)  # told when the values below the table are known

    def response(self, rows: Sequence[SchemaRow], cell: TypeCell, value: Any, named: Place) -> Shape:
        """Return the shape of a response's table, whose own type is ``cell``, found at ``named``.

        Where nothing says what the rows are the members of, the example does: an object, or a list of such.
        """
        roots = tree(rows, self.file, self.notes)
        if not roots:
            return shape_of_cell(cell, named, self.origin, self.see)
        place = Place(self.file, roots[0].row.line)
        first = roots[0].row
        if len(roots) > 1 or first.combiner or first.name not in (ARRAY_ITEM, ANONYMOUS):
            cell = _listed(value) if cell.says_nothing() else cell
            return self._content(Node(SchemaRow(first.line, "", 0, cell), roots), cell, place, value)
        is_array = first.type.types == ("array",)
        alone = value is not MISSING and not isinstance(value, list) and "array" not in cell.types
        if first.name == ARRAY_ITEM and alone and not is_array:
            self.notes.warn(place, f"{ARRAY_ITEM!r} of a value whose example is no list: it was read as the value")
        elif first.name == ARRAY_ITEM and not is_array:
            top = Node(_as_array(first), [roots[0]])
            return self._content(top, top.row.type if cell.says_nothing() else cell, place, value)
        shape = self._content(roots[0], first.type if cell.says_nothing() else cell, place, value)
        return shape if shape.ref else self._described(shape, first, value)

    def member(self, node: Node, value: Any) -> Shape:
        """Return the shape of one row with the rows nested in it."""
        row = node.row
        place = Place(self.file, row.line)
        return self._described(self._content(node, row.type, place, value), row, value)

    def _described(self, shape: Shape, row: SchemaRow, value: Any) -> Shape:
        """Add what the other cells of a row say; remember the row for the enumerated values."""
        keywords, default = restrictions(row, self.file, self.notes)
        if keywords.pop("nullable", False):
            shape.nullable = True
        shape.keywords |= keywords
        shape.default = default
        self.occurrences.append(Occurrence(row.name, row.depth, shape, value))
        return shape

    def _content(self, node: Node, cell: TypeCell, place: Place, value: Any) -> Shape:
        """Return the shape of a type cell and the rows nested below it."""
        return self._filled(node, shape_of_cell(cell, place, self.origin, self.see), value)

    def _filled(self, node: Node, shape: Shape, value: Any) -> Shape:
        """Add the rows nested below a row to the shape of its type cell, or to the schema that the cell names."""
        place = Place(self.file, node.row.line)
        if not node.children:
            return shape
        if shape.ref:
            self._defined.append((shape.ref, self._nested(node, Shape(place, self.origin), value)))
            return shape
        return self._nested(node, shape, value)

    def _nested(self, node: Node, shape: Shape, value: Any) -> Shape:
        """Add the rows nested below a row to its shape."""
        item = node.child(ARRAY_ITEM)
        if item is not None or "array" in shape.types:
            self._array(node, item, shape, value)
            return shape
        scalars = [name for name in shape.types if name not in ("object", "any")]
        if scalars and not all(child.row.combiner for child in node.children):
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
                named = self._nested(_only(node, others), Shape(shape.place, self.origin), first)
                self._defined.append((inner.ref, named))
            else:
                self._nested(_only(node, others), inner, first)
            shape.items = inner
            return
        row = item.row
        known = shape.items
        if known and not known.is_open() and not row.type.schema and row.type.types in ((), ("array",), ("object",)):
            shape.items = self._described(self._filled(item, known, first), row, first)
            return
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
        """Add an ``*anonymous*`` row: a part of a combination.

        One that the page does not name is anyOf: allOf and oneOf imply it, the weakest claim is the one that is made.
        """
        part = self.member(node, MISSING)
        if not node.row.combiner:
            self.notes.warn(
                Place(self.file, node.row.line),
                f"{ANONYMOUS!r} is a part of a combination that the page does not name: it was read as anyOf",
            )
        combiner = node.row.combiner or (shape.combined[0][0] if shape.combined else "anyOf")
        parts = next((parts for known, parts in shape.combined if known == combiner), None)
        if parts is None:
            shape.combined.append((combiner, [part]))
        else:
            parts.append(part)

    def finish(self, enumerations: Iterable[Enumeration]) -> None:
        """Give the enumerated values to their rows, then tell what the table says of named schemas."""
        self.enumerate(enumerations)
        for name, shape in self._defined:
            self.define(name, shape)
        self._defined.clear()

    def enumerate(self, enumerations: Iterable[Enumeration]) -> None:
        """Give enumerated values to the rows that they are for.

        A name that occurs once takes its values. A name that occurs several times with as many enumerations takes
        them in the order of the rows; values that ran together, one row each, are split where the examples say.
        Otherwise the example decides: the generator shows a value of the enumeration there. What is still open
        goes to every row that can take it, with a warning. Nesting marks before the name tell rows apart.
        """
        groups: dict[tuple[str, int], list[Enumeration]] = {}
        for values in enumerations:
            groups.setdefault((values.name, values.depth), []).append(values)
        for (name, depth), group in groups.items():
            rows = [row for row in self.occurrences if row.name == name and _can_list(row.shape)]
            marked = [row for row in rows if row.depth == depth] if depth else []
            places = [(row.shape, row.value) for row in marked or rows]
            if not places:
                self.notes.warn(
                    Place(self.file, group[0].line), f"enumerated values for {name!r}, which no row can take"
                )
            elif len(places) == len(group):
                for (shape, _), values in zip(places, group, strict=True):
                    self.give(shape, values)
            elif parts := _split_runs(group, [value for _, value in places]):
                for (shape, _), values in zip(places, parts, strict=True):
                    self.give(shape, values)
            else:
                self._by_example(name, places, group)

    def _by_example(self, name: str, places: list[tuple[Shape, Any]], group: list[Enumeration]) -> None:
        given: dict[int, tuple[Shape, Enumeration]] = {}
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
            if len(chosen) * len(values.values) > _MAX_SPLIT:
                self.notes.warn(
                    Place(self.file, values.line),
                    f"{name!r} has {len(values.values)} enumerated values for {len(chosen)} rows: they were left out",
                )
                continue
            for shape in chosen:
                if id(shape) in given:
                    known = given[id(shape)][1]
                    both = tuple(dict.fromkeys((*known.values, *values.values)))
                    given[id(shape)] = shape, replace(known, values=both)
                else:
                    given[id(shape)] = shape, values
        for shape, values in given.values():
            self.give(shape, values)

    def give(self, shape: Shape, values: Enumeration) -> None:
        """Give enumerated values to a shape: to its component, to the items of an array, or to itself."""
        place = Place(self.file, values.line)
        if shape.ref:
            known = Shape(place, self.origin, values=values.values, values_place=place)
            self._defined.append((shape.ref, known))
        elif shape.types == ("array",):
            shape.items = shape.items or Shape(shape.place, self.origin)
            self.give(shape.items, values)
        else:
            shape.values, shape.values_place = values.values, place


def _split_runs(group: list[Enumeration], shown: list[Any]) -> list[Enumeration]:
    """Split values that ran together into one enumeration per row, or return nothing where that is not sure.

    The generator lists the values row by row of the table and shows the first of each in the example: the examples
    must be values of the runs, each further down than the one before, and each run must begin with one of them.
    """
    texts = [_text(value) for value in shown]
    flat = [(values, at) for values in group for at in range(len(values.values))]
    begins = [number for number, (_, at) in enumerate(flat) if at == 0]
    if not all(values.run or len(values.values) == 1 for values in group) or len(texts) * len(flat) > _MAX_SPLIT:
        return []
    ways: list[tuple[int, ...]] = [()]  # the starts of the rows so far: more than one way is not sure
    for text in texts:
        further: list[tuple[int, ...]] = []
        for starts in ways:
            least = starts[-1] + 1 if starts else 0
            most = next((begin for begin in begins if begin >= least), len(flat) - 1)
            further += [(*starts, at) for at in range(least, most + 1) if flat[at][0].values[flat[at][1]] == text]
        ways = further
        if len(ways) > _MAX_WAYS:
            return []
    ways = [starts for starts in ways if starts[0] == 0 and set(begins) <= set(starts)]
    if len(ways) != 1:
        return []
    ends = [*ways[0][1:], len(flat)]
    parts = []
    for start, end in zip(ways[0], ends, strict=True):
        values, at = flat[start]
        parts.append(replace(values, line=values.line + at, values=values.values[at : at + end - start]))
    return parts


def _listed(value: Any) -> TypeCell:
    """Return the type of an example's lists in lists, and nothing of what they hold in the end."""
    return TypeCell(("array",), items=_listed(value[0])) if isinstance(value, list) and value else TypeCell()


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
    return value is not MISSING and _text(value) in values.values


def _text(value: Any) -> str | None:
    """Return a scalar of an example as a table of values writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return re.sub(r"\.0$", "", str(value)) if isinstance(value, str | int | float) else None

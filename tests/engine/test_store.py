"""State is a shared base and the changes made since; it changes all at once or not at all."""

import pytest

from mockserver.engine.store import Base, Changes, Record, Store, Table


def record(id_, sequence, parents=(), **data):
    return Record(id_, {"id": id_, **data}, parents, sequence)


def by_sequence(one):
    return one.sequence


def table(*records, order=by_sequence):
    return Table(Base(["name"], order, records))


def ids(of):
    return [one.id for one in of.ordered()]


def test_a_table_shows_its_base_then_what_was_put():
    rows = table(record("a", 1), record("b", 2))
    rows.put(record("c", 3))
    assert ids(rows) == ["a", "b", "c"]
    assert len(rows) == 3


def test_changes_leave_the_base_as_it_was_for_other_tables():
    base = Base(["name"], by_sequence, [record("a", 1, name="one"), record("b", 2, name="two")])
    first, second = Table(base), Table(base)
    first.put(record("a", 1, name="other"))
    first.remove(("b",))
    assert ids(first) == ["a"]
    assert ids(second) == ["a", "b"]
    assert second.find("name", (), "one").id == "a"
    assert second.find("name", (), "two").id == "b"


def test_a_replaced_record_keeps_its_place_in_the_order():
    rows = table(record("a", 1), record("b", 2), record("c", 3))
    rows.put(record("b", 2, name="new"))
    assert ids(rows) == ["a", "b", "c"]
    assert rows.get(("b",)).data["name"] == "new"


def test_the_order_is_that_of_the_collection_across_base_and_changes():
    rows = table(record("x", 1, name="b"), record("y", 2, name="d"), order=lambda one: one.data["name"])
    rows.put(record("z", 3, name="c"))
    assert ids(rows) == ["x", "z", "y"]
    rows.put(record("x", 1, name="e"))
    assert ids(rows) == ["z", "y", "x"]


def test_a_renamed_record_is_found_by_its_new_name_only():
    rows = table(record("a", 1, name="old"))
    rows.put(record("a", 1, name="new"))
    assert rows.find("name", (), "old") is None
    assert rows.find("name", (), "new").id == "a"
    rows.put(record("a", 1, name="old"))
    assert rows.find("name", (), "old").id == "a"
    assert rows.find("name", (), "new") is None


def test_a_removed_name_is_free_for_another_record():
    for rows in (table(record("a", 1, name="taken")), table()):
        rows.put(record("a", 1, name="taken"))
        rows.remove(("a",))
        assert rows.get(("a",)) is None
        assert rows.find("name", (), "taken") is None
        rows.put(record("b", 2, name="taken"))
        assert rows.find("name", (), "taken").id == "b"
        rows.remove(("b",))
        rows.put(record("a", 3, name="taken"))
        assert rows.find("name", (), "taken").id == "a"
        assert ids(rows) == ["a"]


def test_two_records_can_swap_names_one_after_the_other():
    rows = table(record("a", 1, name="x"), record("b", 2, name="y"))
    rows.put(record("a", 1, name="t"))
    rows.put(record("b", 2, name="x"))
    rows.put(record("a", 1, name="y"))
    assert rows.find("name", (), "x").id == "b"
    assert rows.find("name", (), "y").id == "a"
    assert rows.find("name", (), "t") is None


def test_removing_what_is_not_there_changes_nothing():
    rows = table(record("a", 1))
    rows.remove(("b",))
    rows.remove(("b",))
    assert ids(rows) == ["a"]


def test_a_record_without_the_unique_member_is_not_indexed():
    rows = table(record("a", 1))
    assert rows.find("name", (), None) is None
    rows.remove(("a",))
    assert ids(rows) == []


def test_the_same_id_and_name_may_live_under_two_parents():
    rows = table(record("1", 1, ("x",), name="n"), record("1", 2, ("y",), name="n"))
    rows.remove(("x", "1"))
    assert rows.find("name", ("x",), "n") is None
    assert rows.find("name", ("y",), "n").parents == ("y",)


def test_a_sequence_never_gives_a_number_twice():
    rows = table(record("a", 5), record("b", 3))
    first = rows.next_sequence()
    rows.put(record("c", first))
    rows.remove(("c",))
    assert first == 6
    assert rows.next_sequence() == 7


def test_a_number_that_is_an_id_already_is_not_given_out():
    rows = table(record("2", 1))
    assert rows.next_sequence() == 3
    rows.put(record("40", 3))
    rows.remove(("40",))
    assert rows.next_sequence() == 41


def test_nothing_happens_before_changes_are_committed():
    store = Store({"rows": Base(["name"], by_sequence, [record("a", 1, name="x")])})
    rows = store.tables["rows"]
    changes = Changes()
    changes.remove(rows, rows.get(("a",)))
    changes.put(rows, record("b", 2, name="x"))
    assert ids(rows) == ["a"]
    assert rows.find("name", (), "x").id == "a"
    changes.commit()
    assert ids(rows) == ["b"]
    assert rows.find("name", (), "x").id == "b"


def test_the_children_of_a_record_are_those_under_its_keys():
    nested = [record("1", 1, ("x", "p")), record("2", 2, ("x", "q")), record("3", 3, ("y", "p"))]
    store = Store({"rows": Base([], by_sequence, nested)})
    assert [one.id for one in store.children("rows", ("x",))] == ["1", "2"]
    assert [one.id for one in store.children("rows", ("x", "p"))] == ["1"]


@pytest.mark.parametrize("seed", range(5))
def test_any_run_of_changes_gives_what_a_plain_dictionary_gives(seed):
    import random

    rng = random.Random(seed)
    start = {f"r{i}": f"n{i}" for i in range(10)}
    rows = table(*(record(id_, int(id_[1:]), name=name) for id_, name in start.items()))
    plain = dict(start)
    for _ in range(500):
        id_, name = f"r{rng.randrange(15)}", f"n{rng.randrange(20)}"
        if rng.random() < 0.3:
            rows.remove((id_,))
            plain.pop(id_, None)
        elif name not in plain.values() or plain.get(id_) == name:
            rows.put(record(id_, int(id_[1:]), name=name))
            plain[id_] = name
        assert {one.id: one.data["name"] for one in rows.ordered()} == plain
        assert ids(rows) == sorted(plain, key=lambda one: int(one[1:]))
        for number in range(20):
            owner = next((key for key, value in plain.items() if value == f"n{number}"), None)
            hit = rows.find("name", (), f"n{number}")
            assert (hit.id if hit else None) == owner


@pytest.mark.parametrize("seed", range(3))
def test_few_changes_among_many_records_leave_the_list_in_order(seed):
    import random

    rng = random.Random(seed)
    rows = table(
        *(record(f"r{i}", i, name=f"n{i}", rank=i % 7) for i in range(400)), order=lambda one: one.data["rank"]
    )
    before, seen = rows.ordered(), [one.id for one in rows.ordered()]
    for step in range(60):
        for _ in range(rng.randrange(1, 6)):
            id_ = f"r{rng.randrange(420)}"
            if rng.random() < 0.4:
                rows.remove((id_,))
            else:
                rows.put(record(id_, 1000 + step, name=f"m{id_}", rank=rng.randrange(7)))
        listed = rows.ordered()
        assert [one.data["rank"] for one in listed] == sorted(one.data["rank"] for one in listed)
        assert len({one.id for one in listed}) == len(listed) == len(rows)
        assert all(rows.get((one.id,)) is one for one in listed)
    assert [one.id for one in before] == seen


def test_a_table_counts_its_records_without_listing_them():
    rows = table(record("a", 1), record("b", 2))
    rows.put(record("c", 3))
    rows.put(record("c", 3))
    rows.remove(("a",))
    rows.remove(("a",))
    assert len(rows) == len(rows.ordered()) == 2


def test_a_copy_has_the_same_records_in_order_and_goes_its_own_way():
    rows = table(*(record(f"r{i}", i) for i in range(0, 200, 2)))
    rows.ordered()
    rows.put(record("r1", 1))
    copied = rows.copy()
    rows.remove(("r1",))
    copied.put(record("r3", 3))
    assert ids(rows) == [f"r{i}" for i in range(0, 200, 2)]
    assert ids(copied)[:5] == ["r0", "r1", "r2", "r3", "r4"]
    assert (len(rows), len(copied)) == (100, 102)

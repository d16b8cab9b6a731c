"""Time and identifiers come from outside, never stand still, and can be fixed."""

import itertools
import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from mockserver.engine.world import RandomIds, SeededIds, SteppingClock, SystemClock, parse_rfc3339, rfc3339


def test_the_system_clock_gives_every_change_a_later_time():
    clock = SystemClock()
    times = [clock.tick() for _ in range(5000)]
    assert all(earlier < later for earlier, later in itertools.pairwise(times))
    assert all(time.tzinfo is UTC for time in times)


def test_the_system_clock_stays_with_the_time():
    before = datetime.now(UTC)
    assert before <= SystemClock().tick() <= datetime.now(UTC) + timedelta(seconds=1)


def test_reading_the_stepping_clock_does_not_move_it():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    clock = SteppingClock(start)
    assert clock.now() == clock.now() == start
    assert clock.tick() == start + timedelta(seconds=1)
    assert clock.now() == start + timedelta(seconds=1)


def test_two_clocks_share_nothing():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    one, other = SteppingClock(start), SteppingClock(start)
    one.tick()
    assert other.now() == start


def test_seeded_ids_are_the_same_for_a_seed_and_others_for_another():
    first = [SeededIds(1).uuid() for _ in range(1)] + [SeededIds(2).uuid()]
    ids = SeededIds(1)
    run = [ids.uuid() for _ in range(100)]
    again = SeededIds(1)
    assert run == [again.uuid() for _ in range(100)]
    assert len(set(run)) == 100
    assert first[0] == run[0] != first[1]


@pytest.mark.parametrize("source", [RandomIds(), SeededIds(7)])
def test_ids_are_version_4_uuids_in_canonical_form(source):
    for _ in range(50):
        text = source.uuid()
        parsed = uuid.UUID(text)
        assert (str(parsed), parsed.version, parsed.variant) == (text, 4, uuid.RFC_4122)


def test_random_ids_differ_between_threads():
    found, source = [], RandomIds()
    threads = [threading.Thread(target=lambda: found.extend(source.uuid() for _ in range(200))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1600


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.5+02:00", datetime(2026, 1, 2, 1, 4, 5, 500000, tzinfo=UTC)),
        ("2026-01-02T03:04:05.000006Z", datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_utc(text, moment):
    assert parse_rfc3339(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-13-02T03:04:05Z",
        "2026-01-02T25:04:05Z",
        "20260102T030405Z",
    ],
)
def test_what_is_no_rfc_3339_time_with_a_zone_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_rfc3339(text)


def test_times_are_written_with_a_z_and_read_back():
    for moment in (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)):
        assert rfc3339(moment).endswith("Z")
        assert parse_rfc3339(rfc3339(moment)) == moment

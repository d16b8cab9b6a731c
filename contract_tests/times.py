"""Times as the API writes them: RFC 3339 texts."""

import re
import time
from datetime import datetime
from typing import Any

RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def moment(value: Any) -> datetime | None:
    """Return the time that an RFC 3339 text names; None for anything else."""
    match = RFC3339.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    fraction = (match[2] or ".0")[:7]
    try:
        return datetime.fromisoformat(f"{match[1].upper()}{fraction:0<7}{match[3].upper().replace('Z', '+00:00')}")
    except ValueError:
        return None


def wait_for_tick(value: Any) -> None:
    """Wait until a clock that counts as finely as this text does has moved on; a last zero may have been left out."""
    match = RFC3339.fullmatch(value) if isinstance(value, str) else None
    digits = len((match[2] or ".").rstrip("0")) - 1 if match else 6
    time.sleep((1.05, 0.11, 0.012, 0.002)[max(digits, 0)] if digits <= 3 else 0.001)

"""Showing that a key is there without giving it away."""

__all__ = ["mask"]

_SHOWN = ((20, 4), (10, 2), (5, 1))  # (characters at least, characters shown at each end)
_DOTS = "..."


def mask(key: str) -> str:
    """Return a key as answers show it; lengths count code points. Deployed behaviour, section "Masking".

    >>> mask("thisisquitelong")
    'th...ng'
    """
    if not key:
        return ""
    for least, shown in _SHOWN:
        if len(key) >= least:
            return key[:shown] + _DOTS + key[-shown:]
    return _DOTS

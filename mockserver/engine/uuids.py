"""Which texts are UUIDs: the forms that common parsers take (RFC 9562, section 4; braced and bare, too)."""

import re

__all__ = ["canonical"]

_HEX = "[0-9a-fA-F]"
_DASHED = f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
_FORMS = re.compile(rf"(?:urn:uuid:)?({_DASHED})|\{{({_DASHED})\}}|({_HEX}{{32}})", re.IGNORECASE)


def canonical(text: str) -> str | None:
    """Return the canonical form of a UUID (lower case, with dashes), or ``None`` for any other text."""
    match = _FORMS.fullmatch(text)
    if match is None:
        return None
    plain = next(group for group in match.groups() if group).replace("-", "").lower()
    return f"{plain[:8]}-{plain[8:12]}-{plain[12:16]}-{plain[16:20]}-{plain[20:]}"

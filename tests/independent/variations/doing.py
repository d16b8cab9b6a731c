"""Sound variations of what is done."""

from dataclasses import replace
from datetime import datetime

from tests.independent.app import Api
from tests.independent.asking import Reply, Step, get, make, patch
from tests.independent.faults.catalogue import variation
from tests.independent.judging import (
    UUID,
    Faults,
    Members,
    parse_uuid,
)
from tests.independent.values import Key, Provider, Request
from tests.independent.variations.common import PAGE

# --- what is done ---------------------------------------------------------------------------------------------------


def _rotate(seen: list[Reply]) -> Step:
    return patch(api_keys=[{"id": seen[0].json["api_keys"][0]["id"], "api_key": "other-key-0002"}])


# open: the page's example has entries with both id and api_key, and does not say what becomes of the key's time
@variation(make(api_keys=["dummy-key-0001"]), _rotate, profiles=PAGE)
class RotatedKeysKeepTheirTime(Api):
    """A key that gets a new text by its id keeps its created_at."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        times = {key.id: key.created_at for key in provider.keys}
        keys = super().merge_keys(provider, entries, moment)
        return tuple(replace(key, created_at=times.get(key.id, key.created_at)) for key in keys)


# open: the page shows the header in its samples, and does not say that a token is looked for nowhere else
@variation(get(token=None, headers={"Authorization": "Bearer API_KEY"}), profiles=PAGE)
class TokensMayComeOtherwise(Api):
    """A token may come in the usual header for that, too, in a cookie, and in the query."""

    def carriers(self) -> tuple[str, ...]:
        return ("header", "bearer", "cookie", "query")

    def carried(self, request: Request, carrier: str) -> str | None:
        if carrier == "bearer":
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            return token.strip() or None if scheme.lower() == "bearer" else None
        return super().carried(request, carrier)


def _capitals(seen: list[Reply]) -> Step:
    return get(seen[0].json["id"].upper())


# open: other spellings of ids are a fact of deployed servers
@variation(make(), _capitals, profiles=PAGE)
class IdsHaveOneSpelling(Api):
    """An id is found by its one spelling alone."""

    def parse_id(self, key: str) -> str | None:
        return key if UUID.fullmatch(key) and key == key.lower() else None


def _bare(seen: list[Reply]) -> Step:
    return patch(api_keys=[{"id": seen[0].json["api_keys"][0]["id"].replace("-", "")}])


# open: the page's type of an entry's id is string(uuid), and facts give other spellings to paths alone
@variation(make(api_keys=["dummy-key"]), _bare)
class IdsOfKeysHaveDashes(Api):
    """The id of a key in a body must have its dashes, and nothing around."""

    def judge_entry_id(self, place: str, key_id: str, seen: set[str]) -> Faults:
        if parse_uuid(key_id) and not UUID.fullmatch(key_id):
            return [(f"{place}.id", "must be a plain UUID")]
        return super().judge_entry_id(place, key_id, seen)

"""A provider's key set. A stored key is ``{id, masked, created_at}``: its plaintext is not kept at all."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mockserver.domain.ai_providers.masking import mask
from mockserver.engine.hooks import World
from mockserver.engine.uuids import canonical
from mockserver.engine.world import rfc3339

__all__ = ["new_keys", "reconcile", "unknown_ids"]

StoredKey = dict[str, Any]


def new_keys(plain: Iterable[str], world: World, created_at: str) -> list[StoredKey]:
    """Return stored keys for plaintext ones, in their order."""
    return [{"id": world.ids.uuid(), "masked": mask(key), "created_at": created_at} for key in plain]


def entry_id(entry: Any) -> str | None:
    """Return the canonical id of a PATCH entry, or ``None`` where it names none."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("id"), str):
        return None
    return canonical(entry["id"]) or entry["id"]


def unknown_ids(stored: Sequence[StoredKey], entries: Sequence[Any]) -> list[int]:
    """Return the indices of entries that keep a key which is not there; with a new key beside the id, they add one."""
    known = {key["id"] for key in stored}
    return [
        index
        for index, entry in enumerate(entries)
        if (id_ := entry_id(entry)) is not None and id_ not in known and entry.get("api_key") is None
    ]


def reconcile(stored: Sequence[StoredKey], entries: Sequence[Mapping[str, Any]], world: World) -> list[StoredKey]:
    """Return the key set that a PATCH describes: kept, replaced and new keys in its order; the rest is removed.

    ``{id}`` keeps that key as it is, ``{api_key}`` adds a new one, both together replace the key of that id, or add a
    new one where there is none of that id.
    """
    known = {key["id"]: key for key in stored}
    now = ""
    result: list[StoredKey] = []
    for entry in entries:
        id_, plain = entry_id(entry), entry.get("api_key")
        old = known.get(id_) if id_ is not None else None
        if plain is None and old is not None:
            result.append(old)
        elif plain is not None:
            now = now or rfc3339(world.clock.tick())
            result.append({"id": old["id"] if old else world.ids.uuid(), "masked": mask(plain), "created_at": now})
    return result

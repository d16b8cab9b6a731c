"""The five operations on the collection that is kept, and how a provider is shown."""

import json
import random
import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.independent.judging import NAME, SETTINGS_SECRETS, SETTINGS_TEXTS, Judging, parse_uuid
from tests.independent.terms import Terms
from tests.independent.transport import Transport
from tests.independent.values import Answer, Key, Provider, Refusal, Request

Clock = Callable[[], datetime]


class Operations(Judging, Transport):
    """The collection. Seams for faults: ``find``, ``listed``, ``make``, ``merge_...``, ``save``, ``view...``."""

    terms: Terms

    def __init__(self, providers: Iterable[Provider], clock: Clock, rng: random.Random) -> None:
        super().__init__()
        self.lock = threading.RLock()
        self.clock = clock
        self.rng = rng
        self.providers: dict[str, Provider] = {}
        self.names: dict[str, str] = {}
        for provider in providers:
            self.save(provider)

    # --- state

    def save(self, provider: Provider) -> None:
        """Keep a provider in place of what was known by its id."""
        self.providers[provider.id] = provider
        self.names[provider.name] = provider.id

    def remove(self, provider: Provider) -> None:
        """Forget a provider and its keys."""
        del self.providers[provider.id]
        del self.names[provider.name]

    def state(self) -> bytes:
        """Return all that is kept, plain texts too; equal bytes are equal states."""
        with self.lock:
            rows = [self._row(provider) for _, provider in sorted(self.providers.items())]
        return json.dumps(rows, indent=1, sort_keys=True).encode("ascii")

    @staticmethod
    def _row(provider: Provider) -> dict[str, Any]:
        row = {name: getattr(provider, name) for name in Provider.__slots__}
        keys = [{"id": key.id, "plain": key.plain, "created_at": str(key.created_at)} for key in provider.keys]
        return {**row, "keys": keys, "created_at": str(provider.created_at), "updated_at": str(provider.updated_at)}

    def new_id(self) -> str:
        """Return a UUID of version 4."""
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def now(self) -> datetime:
        """Return the present in whole milliseconds."""
        present = self.clock()
        return present.replace(microsecond=present.microsecond // 1000 * 1000)

    def after(self, before: datetime) -> datetime:
        """Return the present, or the next millisecond after a time where the clock has not got there yet."""
        present = self.now()
        return present if present > before else before + timedelta(milliseconds=1)

    # --- finding

    def find(self, key: str) -> Provider:
        """Return the provider of an id or a name, or refuse with 404; what parses as a UUID is an id."""
        canonical = self.parse_id(key)
        if canonical is None and self.terms.strict_values and not NAME.fullmatch(key):
            raise Refusal(self.terms.malformed_key, "That is no id and no name.")
        provider = self.find_by_id(canonical) if canonical else self.find_by_name(key)
        if provider is None:
            raise Refusal(404, "There is no such provider.")
        return provider

    def parse_id(self, key: str) -> str | None:
        """Return the canonical id that a path parameter spells."""
        return parse_uuid(key)

    def find_by_id(self, key: str) -> Provider | None:
        """Return the provider of an id."""
        return self.providers.get(key)

    def find_by_name(self, name: str) -> Provider | None:
        """Return the provider of a name."""
        return self.providers.get(self.names.get(name, ""))

    def listed(self) -> list[Provider]:
        """Return the providers of a list, in order."""
        return sorted(self.providers.values(), key=lambda provider: provider.name)

    # --- operations

    def perform(self, request: Request) -> Answer:
        """Perform the operation of a request, alone."""
        with self.lock:
            return getattr(self, f"op_{request.operation}")(request)  # type: ignore[no-any-return]

    def op_list(self, request: Request) -> Answer:
        """Answer all providers."""
        self.authorise(request)
        return Answer(200, [self.view(provider) for provider in self.listed()])

    def op_get(self, request: Request) -> Answer:
        """Answer one provider."""
        provider = self.find(request.key)
        self.authorise(request)
        return Answer(200, self.view(provider))

    def op_create(self, request: Request) -> Answer:
        """Create a provider."""
        self.authorise(request)
        self.check_unique(request.data["name"])
        provider = self.make(request.data)
        self.save(provider)
        return Answer(201, self.view(provider), {"Location": self.location(provider.id)})

    def op_delete(self, request: Request) -> Answer:
        """Delete a provider."""
        provider = self.find(request.key)
        self.authorise(request)
        self.remove(provider)
        return Answer(204)

    def op_patch(self, request: Request) -> Answer:
        """Change a provider."""
        provider = self.find(request.key)
        self.authorise(request)
        self.judge_fit(provider, request.data)
        provider = self.changed(provider, request.data)
        self.save(provider)
        return Answer(200, self.view(provider))

    def check_unique(self, name: str) -> None:
        """Refuse with 409 the name of a live provider."""
        if self.find_by_name(name) is not None:
            raise Refusal(409, f"{name} exists.", [("name", "is in use")])

    def make(self, members: dict[str, Any]) -> Provider:
        """Return a new provider."""
        moment = self.now()
        return Provider(
            id=self.new_id(),
            type=members["type"],
            name=members["name"],
            display_name=members.get("display_name", ""),
            enabled=members.get("enabled", False),
            base_url=members["base_url"],
            keys=tuple(Key(self.new_id(), plain, moment) for plain in members.get("api_keys", ())),
            settings=self.merge_settings(None, members["settings"]) if "settings" in members else None,
            created_at=moment,
            updated_at=moment,
        )

    def changed(self, provider: Provider, change: dict[str, Any]) -> Provider:
        """Return a provider with what a PATCH says."""
        moment = self.after(provider.updated_at)
        new = {name: change[name] for name in ("display_name", "enabled", "base_url") if name in change}
        if "api_keys" in change:
            new["keys"] = self.merge_keys(provider, change["api_keys"], moment)
        if "settings" in change:
            new["settings"] = self.merge_settings(provider.settings, change["settings"])
        return replace(provider, updated_at=moment, **new)

    def merge_keys(self, provider: Provider, entries: list[dict[str, Any]], moment: datetime) -> tuple[Key, ...]:
        """Return the key set that the entries of a PATCH describe."""
        stored = {key.id: key for key in provider.keys}
        keys, faults = [], []
        for index, entry in enumerate(entries):
            kept = stored.get(parse_uuid(entry.get("id") or "") or "")
            plain = entry.get("api_key")
            if plain is not None:
                keys.append(Key(kept.id if kept else self.new_id(), plain, moment))
            elif kept is not None:
                keys.append(kept)
            else:
                faults.append((f"api_keys[{index}].id", "is no key of this provider"))
        if faults:
            self.refuse(faults)
        return tuple(keys)

    def merge_settings(self, stored: dict[str, Any] | None, new: dict[str, Any]) -> dict[str, Any]:
        """Return the settings that are kept: the new ones, and the secrets that these do not mention."""
        if not self.terms.strict_values:
            return new
        merged = {name: (stored or {})[name] for name in SETTINGS_SECRETS if name in (stored or {})}
        known = {name: new[name] for name in SETTINGS_TEXTS if new.get(name) is not None}
        return {"_type": "bedrock", "_version": 1, **merged, **known}

    # --- views

    def view(self, provider: Provider) -> dict[str, Any]:
        """Return a provider as answers show it."""
        return {
            "name": provider.name,
            "id": provider.id,
            "type": provider.type,
            "display_name": self.view_display_name(provider),
            "base_url": provider.base_url,
            "settings": self.view_settings(provider),
            "enabled": provider.enabled,
            "updated_at": self.stamp(provider.updated_at),
            "created_at": self.stamp(provider.created_at),
            "api_keys": [self.view_key(key) for key in provider.keys],
        }

    def view_display_name(self, provider: Provider) -> str:
        """Return the display name, or the name where there is none."""
        return provider.display_name or provider.name

    def view_key(self, key: Key) -> dict[str, Any]:
        """Return a key as answers show it."""
        return {"masked": self.mask(key.plain), "created_at": self.stamp(key.created_at), "id": key.id}

    def view_settings(self, provider: Provider) -> Any:
        """Return settings as answers show them: without secrets, and without texts that are empty."""
        if provider.settings is None:
            return None if self.terms.no_settings == "null" else {}
        if not self.terms.strict_values:
            return provider.settings
        hidden = {name for name, value in provider.settings.items() if name in SETTINGS_SECRETS or value == ""}
        return {name: value for name, value in provider.settings.items() if name not in hidden}

    def mask(self, plain: str) -> str:
        """Return a key's mask, counted in code points."""
        shown = next((shown for least, shown in ((20, 4), (10, 2), (5, 1)) if len(plain) >= least), 0)
        if not plain:
            return ""
        return f"{plain[:shown]}...{plain[len(plain) - shown :]}"

    def stamp(self, moment: datetime) -> str:
        """Return a time in RFC 3339, UTC, in milliseconds."""
        text = moment.astimezone(UTC).isoformat(timespec="milliseconds" if moment.microsecond % 1000 == 0 else "auto")
        return text.removesuffix("+00:00") + self.terms.zone

    def authorise(self, request: Request) -> None:
        raise NotImplementedError

"""How a provider is made, changed and shown. Deployed behaviour, sections "Fields", "Settings" and "Operations"."""

from collections.abc import Iterable, Mapping
from typing import Any

from mockserver.domain.ai_providers.generation import check_options, generate_providers
from mockserver.domain.ai_providers.keys import new_keys, reconcile
from mockserver.domain.ai_providers.rules import RULES
from mockserver.engine.hooks import Data, Hooks, Rule, World

__all__ = ["HOOKS", "ProviderHooks"]


class ProviderHooks(Hooks):
    """What the collection ``providers`` does beyond its declaration."""

    rules: Mapping[str, Rule] = RULES

    def create(self, data: Data, body: Data, world: World) -> Data:
        """Store keys by their masks; a member sent as null counts as absent."""
        kept = {name: value for name, value in data.items() if value is not None}
        for name, value in self.defaults.items():
            kept.setdefault(name, value)
        kept["api_keys"] = new_keys(body.get("api_keys") or (), world, data["created_at"])
        if kept["settings"]:
            kept["settings"] = self._settings(None, kept["settings"])
        return kept

    def update(self, old: Mapping[str, Any], body: Data, world: World) -> Data:
        """Return the changed members: a null is no change, keys are reconciled, omitted secrets stay."""
        changed = {name: value for name, value in body.items() if value is not None}
        if "api_keys" in changed:
            changed["api_keys"] = reconcile(old["api_keys"], changed["api_keys"], world)
        if "settings" in changed:
            changed["settings"] = self._settings(old.get("settings"), changed["settings"])
        return changed

    def read_entry(self, entry: Data) -> tuple[Data, Any]:
        """Take keys as plain text, or as mappings that also tell their id, time of creation, or only their mask."""
        keys = entry.get("api_keys")
        if not isinstance(keys, list):
            return entry, []
        plain = [_plain(key) if isinstance(key, Mapping) else key for key in keys]
        return {**entry, "api_keys": plain}, [key if isinstance(key, Mapping) else {} for key in keys]

    def finish_entry(self, data: Mapping[str, Any], told: Any) -> None:
        """Give the stored keys the ids, times and masks that the fixture told."""
        for key, given in zip(data["api_keys"], told, strict=False):
            key.update({name: given[name] for name in ("id", "masked", "created_at") if name in given})

    def check_options(self, options: Any) -> Iterable[tuple[tuple[str, ...], str]]:
        """Judge the options of generated providers."""
        return check_options(options)

    def generate(self, options: Mapping[str, Any], seed: int) -> Iterable[Data]:
        """Generate providers."""
        return generate_providers(options, seed)

    def _settings(self, old: Any, new: Mapping[str, Any]) -> Data:
        """Return new settings; a secret that they omit keeps its stored value, one that is empty is cleared.

        What is a secret, the contract says: where it marks none, settings are kept as they are sent.
        """
        secrets = self.write_only.get("settings", ())
        stored = old if isinstance(old, Mapping) else {}
        kept = {name: stored[name] for name in secrets if name in stored and name not in new}
        return {name: value for name, value in {**new, **kept}.items() if value or name not in secrets}

    def view(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Show the name where there is no display name."""
        if data.get("display_name"):
            return data
        return {**data, "display_name": data["name"]}


def _plain(key: Mapping[str, Any]) -> Any:
    """Return the text of a key; one of which only the mask is known has none, and another stands for it."""
    return "known-by-its-mask" if "masked" in key and "api_key" not in key else key.get("api_key")


HOOKS = {"providers": ProviderHooks}

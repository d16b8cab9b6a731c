"""How a provider is made, changed and shown. Deployed behaviour, sections "Fields", "Settings" and "Operations"."""

from collections.abc import Mapping
from typing import Any

from mockserver.domain.ai_providers.keys import new_keys, reconcile
from mockserver.domain.ai_providers.rules import RULES
from mockserver.engine.hooks import Data, Hooks, Rule, World

__all__ = ["HOOKS", "ProviderHooks"]

_SECRETS = ("access_key", "access_key_secret")


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
            kept["settings"] = _without_empty_secrets(kept["settings"])
        return kept

    def update(self, old: Mapping[str, Any], body: Data, world: World) -> Data:
        """Return the changed members: a null is no change, keys are reconciled, omitted secrets stay."""
        changed = {name: value for name, value in body.items() if value is not None}
        if "api_keys" in changed:
            changed["api_keys"] = reconcile(old["api_keys"], changed["api_keys"], world)
        if "settings" in changed:
            changed["settings"] = _with_kept_secrets(old.get("settings"), changed["settings"])
        return changed

    def view(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Show the name where there is no display name."""
        if data.get("display_name"):
            return data
        return {**data, "display_name": data["name"]}


def _with_kept_secrets(old: Any, new: Mapping[str, Any]) -> dict[str, Any]:
    """Return new settings; a secret that they omit keeps its stored value, one that is empty is cleared."""
    kept = old if isinstance(old, Mapping) and old.get("_type") == new.get("_type") is not None else {}
    secrets = {name: kept[name] for name in _SECRETS if name in kept and new.get(name) is None}
    return _without_empty_secrets({**new, **secrets})


def _without_empty_secrets(settings: Mapping[str, Any]) -> dict[str, Any]:
    if settings.get("_type") != "bedrock":
        return dict(settings)
    return {name: value for name, value in settings.items() if value is not None and (value or name not in _SECRETS)}


HOOKS = {"providers": ProviderHooks}

"""The rules that JSON Schema cannot say; their ids, statuses and sentences are in ``openapi/rules.yaml``."""

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.domain.ai_providers.keys import entry_id, unknown_ids
from mockserver.engine.hooks import Rule, RuleContext, unique_rule
from mockserver.engine.problems import Violation

__all__ = ["RULES"]

_BEDROCK_TYPES = ("anthropic", "bedrock")


def _member(body: Any, name: str) -> Any:
    return body.get(name) if isinstance(body, Mapping) else None


def _is_bedrock(settings: Any) -> bool:
    return isinstance(settings, Mapping) and settings.get("_type") == "bedrock"


def key_id_once(context: RuleContext) -> Iterator[Violation]:
    """A PATCH names each key once at most; the second entry is at fault."""
    entries = _member(context.body, "api_keys")
    seen: set[str] = set()
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        id_ = entry_id(entry)
        if id_ is None:
            continue
        if id_ in seen:
            yield Violation(("api_keys", index, "id"), "key-id-once", "names a key that an earlier entry names")
        seen.add(id_)


def key_id_known(context: RuleContext) -> Iterator[Violation]:
    """A PATCH keeps only keys that this provider has."""
    entries = _member(context.body, "api_keys")
    if context.current is None or not isinstance(entries, list):
        return
    for index in unknown_ids(context.current.data["api_keys"], entries):
        yield Violation(("api_keys", index, "id"), "key-id-known", "is not the id of a key of this provider")


def settings_fit_type(context: RuleContext) -> Iterator[Violation]:
    """A PATCH gives bedrock settings only to providers whose type can use them; no member is named."""
    if context.current is None or not _is_bedrock(_member(context.body, "settings")):
        return
    if context.current.data["type"] not in _BEDROCK_TYPES:
        yield Violation((), "settings-fit-type", "holds bedrock settings for a provider of another type")


def no_keys_beside_bedrock(context: RuleContext) -> Iterator[Violation]:
    """A provider that has bedrock settings gets no keys: those carry the credentials; no member is named."""
    entries = _member(context.body, "api_keys")
    if context.current is None or not isinstance(entries, list) or not entries:
        return
    if _is_bedrock(context.current.data.get("settings")):
        yield Violation((), "no-keys-beside-bedrock", "holds keys for a provider that has bedrock settings")


RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        unique_rule("name"),
        Rule("key-id-once", key_id_once, needs_state=False),
        Rule("key-id-known", key_id_known),
        Rule("settings-fit-type", settings_fit_type),
        Rule("no-keys-beside-bedrock", no_keys_beside_bedrock),
    )
}

"""What is on the server before any test comes: providers of other people, which nobody may touch."""

from tests.independent.terms import Terms
from tests.independent.values import Key, Provider, moment

_EARLY = moment("2024-02-29T23:59:59Z")
_LATE = moment("2025-07-01T08:00:00.250Z")


def _key(number: int, plain: str) -> Key:
    return Key(f"5afe0000-0000-4000-9000-{number:012d}", plain, _EARLY)


def strangers(terms: Terms) -> list[Provider]:
    """Return six providers: off and on, with many keys and none, with settings, with text of other scripts."""
    secrets = {"access_key": "AKIASTRANGERDUMMY", "access_key_secret": "stranger-dummy-secret"}
    settings = {"_type": "bedrock", "_version": 1, "region": "eu-north-1", "model": "claude"}
    if terms.profile == "deployed":
        settings |= secrets

    def provider(
        number: int, kind: str, name: str, *, on: bool, title: str = "", keys: tuple[Key, ...] = ()
    ) -> Provider:
        return Provider(
            id=f"57a41e70-0000-4000-8000-{number:012d}",
            type=kind,
            name=name,
            base_url=f"https://{name}.example.org/v1",
            created_at=_EARLY,
            updated_at=_LATE,
            display_name=title,
            enabled=on,
            keys=keys,
            settings=settings if kind == "bedrock" else None,
        )

    several = tuple(_key(number, f"sk-stranger-dummy-{number:04d}") for number in range(1, 4))
    return [
        provider(1, "openai", "zz-stranger", on=True, title="Z", keys=several),
        provider(2, "anthropic", "a-stranger", on=True, title="Чужой провайдер", keys=(_key(4, "sk-stranger-4"),)),
        provider(3, "bedrock", "bedrock-of-strangers", on=True),
        provider(4, "google", "stranger-off", on=False, title="مزود غريب"),
        provider(5, "azure", "stranger-untitled", on=False, keys=(_key(5, "abcd"),)),
        provider(6, "openai-compat", "m-stranger", on=True, title="x" * 300),
    ]

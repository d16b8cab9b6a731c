"""Names in the document that the page does not write: operation ids, keys of components."""

import re

__all__ = ["camel", "component_key", "operation_id", "path_words"]

_ARTICLES = {"a", "an", "the"}


def operation_id(heading: str, method: str, path: str) -> str:
    """Return the id of an operation from its heading: ``Get an AI provider`` -> ``getAIProvider``.

    Articles and marks such as ``(deprecated)`` go, words in capitals (AI, API, ID) stand as they are. A heading
    without a letter that can stand in a name gives way to the method and path.
    """
    bare = re.sub(r"[(\[]deprecated[)\]]", " ", heading, flags=re.IGNORECASE)
    words = re.findall(r"[A-Za-z0-9]+", re.sub(r"(?<=\w)['’](?=\w)", "", bare))
    if words and words[0] == method:  # a heading that is the method and path
        words[0] = method.lower()
    kept = [word for word in words if word.lower() not in _ARTICLES] or words
    return camel(kept) if kept else camel([method.lower()]) + path_words(path)


def camel(words: list[str]) -> str:
    """Return words in camel case; capitals inside a word stay."""
    first, *rest = words
    head = first if first.isupper() and len(first) > 1 else first[0].lower() + first[1:]
    return head + "".join(word[0].upper() + word[1:] for word in rest)


def path_words(path: str) -> str:
    """Return the words of a path in camel case, the first one capital: ``/api/v2/items/{id}`` -> ``ApiV2ItemsId``."""
    return "".join(word[0].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", path))


def component_key(name: str, taken: set[str]) -> str:
    """Return ``name`` as a key that OpenAPI allows for a component, not one of ``taken``."""
    base = re.sub(r"[^a-zA-Z0-9._-]+", "_", name).strip("_") or "schema"
    key, number = base, 2
    while key in taken:
        key, number = f"{base}_{number}", number + 1
    return key

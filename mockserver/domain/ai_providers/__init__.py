"""The AI Providers API: the only place that knows what a provider is.

``masking`` shows a key without giving it away, ``keys`` reconciles a provider's key set, ``rules`` holds what JSON
Schema cannot say, ``behaviour`` ties them to the engine, ``generation`` makes data that looks like the real thing.
"""

from mockserver.domain.ai_providers.behaviour import HOOKS, ProviderHooks
from mockserver.domain.ai_providers.generation import generate_providers
from mockserver.domain.ai_providers.masking import mask

__all__ = ["HOOKS", "ProviderHooks", "generate_providers", "mask"]

"""Exchanges to judge, count and show without a server."""

import json
from functools import cache

from contract_tests.documents import load_contract
from contract_tests.exchange import Exchange
from contract_tests.wire import Reply

TYPED = (("content-type", "application/json; charset=utf-8"),)
COLLECTION = "/api/v2/ai/providers"
ID = "0f9a7a5c-8a2e-4a58-8a3a-2f86c0e63d11"
TIME = "2026-11-23T10:00:00Z"
PROVIDER = {
    "id": ID,
    "type": "openai",
    "name": "ct-run1-a-1",
    "display_name": "A",
    "enabled": True,
    "base_url": "https://e.com",
    "api_keys": [{"id": "497f6eca-6276-4993-bfeb-53cbbbba6f08", "masked": "du...01", "created_at": TIME}],
    "settings": None,
    "created_at": TIME,
    "updated_at": TIME,
}
contract = cache(load_contract)


def provider(**members):
    return {**PROVIDER, **members}


def exchange(
    operation="getAIProvider", status=200, answer=PROVIDER, *, target=None, sent=None, headers=TYPED, number=1, **more
):
    """Return an exchange; bytes are an answer's or a request's body as it stands."""
    described = contract("deployed").operations[operation]
    path = target or (COLLECTION if "{" not in described.path else f"{COLLECTION}/{ID}")
    body = answer if isinstance(answer, bytes) else b"" if answer is ... else json.dumps(answer).encode()
    data = sent if isinstance(sent, bytes) else b"" if sent is None else json.dumps(sent, ensure_ascii=False).encode()
    request = more.pop("request_headers", (("Coder-Session-Token", "API_KEY"),))
    reply = Reply(status, "", headers, body, **more)
    return Exchange(number, operation, described.method, path, request, data, "owner", reply)

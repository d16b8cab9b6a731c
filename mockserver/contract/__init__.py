"""The contract: from a reference page to an OpenAPI document, overlays, loading, checking."""

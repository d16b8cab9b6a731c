"""A stateful mock of an HTTP API, driven by its OpenAPI document.

Public names: :func:`mockserver.app.create_app` for embedding, :mod:`mockserver.server` for serving,
:mod:`mockserver.errors` for everything that is raised on purpose.
"""

__version__ = "0.1.0"

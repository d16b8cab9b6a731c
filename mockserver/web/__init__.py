"""The border to HTTP servers: a thin WSGI front for the API's paths, and the only importer of Flask."""

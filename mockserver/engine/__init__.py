"""The generic engine: what a contract says, done. It imports no framework and knows no domain.

``operations`` reads the document, ``plans`` compiles it, ``authority`` asks openapi-core, ``pipeline`` is the
order of steps that every request goes through.
"""

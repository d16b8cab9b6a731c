"""Schemathesis as a generator of requests and a set of checks; all its traffic goes through the session of the run.

Importing this package imports schemathesis, which takes a while: only the checks of the layer `schema` do so.
"""

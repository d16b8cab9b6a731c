"""A second, independent server of the AI Providers API, sound or broken on purpose: what judges are judged by.

It is written against the reference page and the table of deployed behaviour alone, shares no code with the mock and
reads no OpenAPI document, so that whatever the two agree on is the contract and not a habit of one of them. Where the
contract leaves something open it answers otherwise than the mock does: wording, order of members, spacing, escapes,
``detail``, spelling of times, empty 405, message-only 400 for what cannot be decoded, HEAD, further headers. A judge
that complains about any of that raises a false alarm.

Three readings of the contract are served: ``deployed``; ``documented`` read leniently (the page's own examples are
taken as they stand); ``documented`` read strictly (what a deployed server refuses is refused, as far as the page
leaves it open). ``faults`` is a catalogue of single departures; each is a class that overrides one seam of
:class:`tests.independent.app.Api`::

    python -m tests.independent --port 0 --profile deployed --fault list-drops-disabled

``/_state``, outside the API, answers the whole state byte for byte; so does the file of ``--state-file`` on SIGUSR1.
Tokens: ``API_KEY`` (an owner), ``MEMBER_KEY`` (no owner), ``EXPIRED_KEY``, ``SUSPENDED_KEY``.
"""

"""Requests answered in the thread that granian calls with them, as long as nothing has to be waited for.

granian hands each request to the event loop's thread, which costs more than half of what answering takes. Here the
first steps of a request run at once, where granian would only have scheduled them; a request that has to wait asks
for the event loop by awaiting :func:`on_loop`, and goes on there as an ordinary task. Should a later granian schedule
its requests in another way, nothing is recognised, everything is scheduled, and only the time is lost.
"""

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any

__all__ = ["install", "on_loop"]

_ASK_FOR_LOOP = object()


@types.coroutine
def on_loop() -> Generator[Any, Any, None]:
    """Go on in the event loop's thread: to be awaited before anything of asyncio is used."""
    if asyncio._get_running_loop() is None:
        yield _ASK_FOR_LOOP


def install(loop: asyncio.AbstractEventLoop) -> None:
    """Have a loop run what granian schedules on it at once, as far as it can be."""
    usual: Callable[..., Any] = loop.call_soon_threadsafe

    def call_soon_threadsafe(callback: Callable[..., Any], *args: Any, context: Any = None) -> Any:
        if type(callback) is _Started:
            callback.step()
            return None
        if len(args) == 2 and type(args[0]) is types.CoroutineType:
            _Started(args[0], lambda rest: usual(callback, rest, args[1], context=context)).step()
            return None
        return usual(callback, *args, context=context)

    loop.call_soon_threadsafe = call_soon_threadsafe  # type: ignore[method-assign,assignment]


class _Started:
    """A coroutine that runs outside of any task, until it asks for the loop.

    What granian gives to await has the interface of futures, and calls back through the loop's
    ``call_soon_threadsafe``.
    """

    __slots__ = ("_coroutine", "_schedule")

    def __init__(self, coroutine: Coroutine[Any, Any, Any], schedule: Callable[[Any], Any]) -> None:
        self._coroutine = coroutine
        self._schedule = schedule

    def step(self, resume: Callable[[Any], Any] | None = None, value: Any = None) -> None:
        """Run to the end, or to the next thing that must be waited for."""
        try:
            awaited = (resume or self._coroutine.send)(value)
        except StopIteration:
            return
        if awaited is _ASK_FOR_LOOP:
            self._schedule(_rest(self._coroutine))
            return
        awaited._asyncio_future_blocking = False
        awaited.add_done_callback(self)

    def __call__(self, awaited: Any = None) -> None:
        if awaited is not None and awaited.cancelled():
            self.step(self._coroutine.throw, asyncio.CancelledError())
        else:
            self.step()


async def _rest(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run what is left of a coroutine as (a part of) a task."""
    await _delegate(coroutine)


@types.coroutine
def _delegate(coroutine: Coroutine[Any, Any, Any]) -> Generator[Any, Any, None]:
    send: Callable[[Any], Any] = coroutine.send
    value: Any = None
    while True:
        try:
            awaited = send(value)
        except StopIteration:
            return
        try:
            value = yield awaited
        except BaseException as error:  # noqa: BLE001  # a cancellation too belongs to the coroutine
            send, value = coroutine.throw, error
        else:
            send = coroutine.send

"""What the listener does now and then goes on, whatever becomes of a client meanwhile."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

from mockserver.app import create_mock
from mockserver.settings import Settings


def test_a_client_that_leaves_at_its_deadline_does_not_end_the_deadlines_of_others() -> None:
    failures: list[dict[str, object]] = []

    async def run() -> bytes:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: failures.append(context))
        listener = create_mock(Settings(profile="deployed")).listener
        port = await listener.listen("127.0.0.1", 0)
        leaving, staying = (socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(2))
        for client in (leaving, staying):
            client.sendall(b"GET / HTTP/1.1\r\nHost: a")
        await asyncio.sleep(0.2)
        for connection in listener._open:
            connection.deadline = 0.0
        leaving.close()  # the loop has not heard of it when the deadline has passed
        listener._look()
        received = await loop.run_in_executor(None, staying.recv, 65536)
        staying.close()
        await listener.end()
        return received

    with ThreadPoolExecutor(1) as thread:  # the main one may have a loop already, a browser's
        assert thread.submit(asyncio.run, run()).result().startswith(b"HTTP/1.1 408 ")
    assert failures == []

"""HTTP/1.1 as the mock speaks it (RFC 9112), on asyncio: heads, chunks, connections, and the listener of them all."""

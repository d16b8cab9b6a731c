"""``python -m tests.independent``: the independent server as a process of its own."""

import argparse
import contextlib
import json
import signal
from pathlib import Path

from tests.independent.app import create_app
from tests.independent.faults import FAULTS
from tests.independent.serving import Server
from tests.independent.variations import VARIATIONS


def _known(name: str) -> str:
    """Return the id of a fault or a variation; of one that nobody made, name the closest."""
    if name not in VARIATIONS.by_id:
        try:
            FAULTS.named(name)
        except LookupError as problem:
            raise argparse.ArgumentTypeError(str(problem)) from problem
    return name


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.independent", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8081, help="0 takes a free one")
    parser.add_argument("--profile", choices=["documented", "deployed"], default="deployed")
    parser.add_argument("--reading", choices=["lenient", "strict"], default="lenient", help="of the documented profile")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="ID",
        type=_known,
        help="a fault, or a sound variation; may be repeated",
    )
    parser.add_argument("--list", action="store_true", help="print the catalogue of faults, and end")
    parser.add_argument("--list-json", action="store_true", help="print it as JSON, and end")
    parser.add_argument("--list-variations", action="store_true", help="print the sound variations as JSON, and end")
    parser.add_argument("--state-file", type=Path, help="write the whole state there on SIGUSR1")
    return parser.parse_args()


def main() -> None:
    """Serve until interrupted; the first line printed is the address, once connections are accepted."""
    chosen = _arguments()
    if chosen.list:
        for fault in FAULTS:
            print(f"{fault.id:44} {fault.kind:12} {'+'.join(fault.profiles):20} {fault.caught_by:26} {fault.sentence}")
        return
    if chosen.list_json:
        core = {fault.id for fault in FAULTS.core()}
        print(json.dumps([{**fault.facts(), "core": fault.id in core} for fault in FAULTS]))
        return
    if chosen.list_variations:
        print(json.dumps([variation.facts() for variation in VARIATIONS]))
        return
    app = create_app(chosen.profile, chosen.fault, reading=chosen.reading)
    if chosen.state_file and hasattr(signal, "SIGUSR1"):
        signal.signal(signal.SIGUSR1, lambda *_: chosen.state_file.write_bytes(app.state()))
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Server(app, chosen.host, chosen.port) as server, contextlib.suppress(KeyboardInterrupt):
        print(server.url, flush=True)
        server.serve_forever(0.1)


if __name__ == "__main__":
    main()

"""Look for defects with octets that coverage guides (`make fuzz`): loader, derivation, request decoder and pipeline.

Needs atheris (`pip install -e '.[fuzz]'`), which has wheels for Linux and a few Pythons only. Each target runs for a
bounded time in a process of its own; its corpus grows in `.fuzz/`, seeded from the project's own files. What makes a
target raise is written to `tests/fuzz/finds/TARGET/`, where the test suite runs it for ever after.
"""

import argparse
import hashlib
import importlib
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
WORK = ROOT / ".fuzz"
DICTIONARY = """
$ref allOf anyOf oneOf properties items required enum default pattern format parameters requestBody responses content
schema components securitySchemes security x-resource x-rules application/json application/merge-patch+json minimum
additionalProperties maximum readOnly writeOnly nullable null true false 1e400 -0 openapi 3.1.0 info paths operationId
| --- ``` ```json ```shell ```sh ## #### » »» -d -H curl [ ] { } " ' & * ! ? - : > string integer array(string) object
any in: path query header body boolean Content-Length Transfer-Encoding Cookie coder_session_token %2F %00 \\ud800
"""


def fuzz(name: str, seconds: int) -> int:
    """Run one target under the fuzzer for a while; return its exit code."""
    folder = WORK / name
    corpus, finds = folder / "corpus", ROOT / "tests" / "fuzz" / "finds" / name
    for path in (corpus, finds):
        path.mkdir(parents=True, exist_ok=True)
    dictionary = folder / "dictionary"
    words = ("".join(f"\\x{octet:02x}" for octet in word.encode()) for word in DICTIONARY.split())
    dictionary.write_text("".join(f'"{word}"\n' for word in words))
    command = [sys.executable, __file__, "--target", name, f"-dict={dictionary}", f"-artifact_prefix={finds}/"]
    bounds = [
        f"-max_total_time={seconds}",
        "-timeout=20",
        "-rss_limit_mb=3000",
        "-max_len=20000",
        "-print_final_stats=1",
    ]
    process = subprocess.run([*command, *bounds, str(corpus)], stderr=subprocess.PIPE, text=True, check=False)
    (folder / "log").write_text(process.stderr)
    covered = [int(found) for found in re.findall(r" cov: (\d+) ", process.stderr)]
    done = re.search(r"stat::number_of_executed_units: (\d+)", process.stderr)
    growth = f"coverage {covered[0]} -> {covered[-1]}" if covered else "no coverage"
    found = [path.name for path in sorted(finds.iterdir()) if path.name.startswith(("crash-", "timeout-", "oom-"))]
    print(f"{name}: {done[1] if done else '?'} runs, {growth}, {len(found)} finds kept", flush=True)
    if process.returncode:
        print(process.stderr[-3000:], file=sys.stderr)
    return process.returncode


def run_target(name: str, options: list[str]) -> None:
    """Run a target in this process until the fuzzer ends it."""
    import atheris

    with atheris.instrument_imports(include=["mockserver"]):
        target = importlib.import_module("fuzz.targets").TARGETS[name]
    corpus = Path(options[-1])
    for seed in target.seeds():
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    atheris.Setup([sys.argv[0], *options], target.run)
    atheris.Fuzz()


def main() -> int:
    """Run the targets one after the other; 1 when one found something."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=int, default=300, help="for each target [300]")
    parser.add_argument("--only", choices=["loader", "derivation", "requests"], help="one target instead of all")
    parser.add_argument("--target", help=argparse.SUPPRESS)
    options, rest = parser.parse_known_args()
    if options.target:
        run_target(options.target, rest)
        return 0
    if rest:
        parser.error(f"unknown: {' '.join(rest)}")
    try:
        import atheris  # noqa: F401
    except ImportError:
        print("fuzz: no atheris found; pip install -e '.[fuzz]' (Linux, Python 3.11 to 3.13)", file=sys.stderr)
        return 2
    names = [options.only] if options.only else ["loader", "derivation", "requests"]
    return max([fuzz(name, options.seconds) and 1 for name in names])


if __name__ == "__main__":
    sys.exit(main())

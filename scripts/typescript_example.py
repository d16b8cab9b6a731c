"""Run the TypeScript example against a mock of its own: install, generate types, check them, test; exit 1 on a failure.

Then a test that fails is put beside the others for a moment: it must print the journal of its session.

Needs Node.js with npm; versions are pinned in `examples/typescript/package-lock.json`. Exit 2 without Node.js.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from npm_programs import NoPrograms, programs

from mockserver.server import LocalServer
from mockserver.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "typescript"
STEPS = ("types", "check", "test")  # scripts of its package.json
SECONDS = 300
FAILING = """import { expect } from "vitest";
import { test } from "./mock";

test("fails on purpose", async ({ mock }) => {
  await mock.providers().create({ type: "openai", name: "Not Good", base_url: "nowhere" }).catch(() => undefined);
  expect(1).toBe(2);
});
"""
PRINTED = ("fails on purpose", "POST /api/v2/ai/providers -> 400", "! name: ")


def npm_run(script: str, environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    """Run a script of the example's package.json; return its exit code and what it printed."""
    command = [shutil.which("npm") or "npm", "run", "--silent", script, *(["--", *arguments] if arguments else [])]
    done = subprocess.run(command, cwd=EXAMPLE, env=environment, capture_output=True, text=True, timeout=SECONDS)
    return done.returncode, done.stdout + done.stderr


def main() -> int:
    """Carry out the steps, and return the exit code."""
    try:
        programs(EXAMPLE)
    except NoPrograms as error:
        print(f"example: {error}", file=sys.stderr)
        return 2
    with LocalServer(Settings(profile="deployed")) as server:
        environment = {**os.environ, "MOCK_URL": server.url, "NO_COLOR": "1"}
        for step in STEPS:
            code, output = npm_run(step, environment)
            if code:
                print(f"example: npm run {step} failed:\n{output}", file=sys.stderr)
                return 1
        print(output.strip())
        failing = EXAMPLE / "test" / "failing.test.ts"
        try:
            failing.write_text(FAILING)
            code, output = npm_run("test", environment, "failing")
        finally:
            failing.unlink()
        if not code or not all(part in output for part in PRINTED):
            print(f"example: a test that fails does not print its journal:\n{output}", file=sys.stderr)
            return 1
    print(f"example: {', '.join(STEPS)}: all good")
    return 0


if __name__ == "__main__":
    sys.exit(main())

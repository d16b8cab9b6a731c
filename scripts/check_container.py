"""Do in a plain directory what the Dockerfile does, and start what comes of it as the image would; exit 1 if it fails.

This stands in for an engine where there is none. `/` is a new folder; the stages follow each other in it, and only what
the last stage copies is left for it. The mock is started by ENTRYPOINT and CMD with the environment of `compose.yaml`,
as the user of the image (if this is run by root), without HOME, in a tree that it cannot write to; HEALTHCHECK is asked
before, while and after. Unlike in the image the mock listens on loopback and on a free port.
"""

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import yaml
from dockerfile import Stage, exec_form, read_stages

ROOT = Path(__file__).resolve().parent.parent
CONTROL_TOKEN = "dummy-control-token"  # noqa: S105 - of a mock that lives for seconds
SECONDS = 60
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc")  # as .dockerignore says
AT_START = {"USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}  # say how the image is started, and build nothing
# The interpreter may be in a folder of root's that the user of the image could not read.
READ_ALL = "-all,+dac_read_search"


class Failed(Exception):
    """Raised when a step fails; the message says which and how."""


def main() -> int:
    """Build, start and ask; return the exit code."""
    stages = read_stages(ROOT / "Dockerfile")
    with tempfile.TemporaryDirectory(prefix="container-") as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        try:
            environment = build(stages, folder / "root")
            run(stages[-1], folder, environment)
        except Failed as error:
            print(f"container: {error}", file=sys.stderr)
            return 1
    return 0


def build(stages: list[Stage], root: Path) -> dict[str, str]:
    """Carry out the stages with `root` for `/`, and return the environment of the last."""
    before: dict[str, Path] = {}
    environment: dict[str, str] = {}
    for number, stage in enumerate(stages):
        root.mkdir()
        environment = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
        work = root
        for step in stage.instructions:
            if step.name == "WORKDIR":
                work = inside(root, step.argument)
                work.mkdir(parents=True, exist_ok=True)
            elif step.name == "ENV":
                environment.update(variables(step.argument, environment, root))
            elif step.name == "COPY":
                copy(step.argument, root, work, before)
            elif step.name == "RUN":
                started = time.monotonic()
                command = re.sub(r"(?<![^\s=])/(?=\w)", f"{root}/", step.argument)
                done = subprocess.run(
                    ["sh", "-c", command], cwd=work, env={**registry(), **environment}, capture_output=True, text=True
                )
                if done.returncode:
                    raise Failed(f"RUN {step.argument}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
                print(f"container: {time.monotonic() - started:.0f} s: RUN {step.argument[:90]}...")
            elif step.name not in AT_START:
                raise Failed(
                    f"{step.name} {step.argument}: this script cannot do that; teach it, or write it otherwise"
                )
        if number < len(stages) - 1:
            before[stage.name] = root.rename(root.with_name(f"stage-{stage.name}"))
    size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    print(f"container: {size / 1024 / 1024:.0f} MiB above the base image {stages[-1].base}")
    return environment


def inside(root: Path, path: str, work: Path | None = None) -> Path:
    """Return where a path of the image is in the plain directory."""
    return root / path.lstrip("/") if path.startswith("/") else (work or root) / path


def variables(argument: str, environment: Mapping[str, str], root: Path) -> dict[str, str]:
    """Return what an ENV sets, paths and other variables put in."""
    found = {}
    for word in argument.split():
        name, value = word.split("=", 1)
        value = re.sub(r"(?:^|(?<=:))/(?=\w)", f"{root}/", value)
        found[name] = re.sub(r"\$(\w+)", lambda match: environment[match[1]], value)
    return found


def registry() -> dict[str, str]:
    """Return the variables that lead to the package registry, which the machine that builds has set or not."""
    wanted = re.compile(r"PIP_(?!DISABLE|NO_CACHE)\w+|HOME|(?:https?|no)_proxy|SSL_CERT_FILE|REQUESTS_CA_BUNDLE", re.I)
    return {name: value for name, value in os.environ.items() if wanted.fullmatch(name)}


def copy(argument: str, root: Path, work: Path, before: Mapping[str, Path]) -> None:
    """Carry out a COPY, from the checkout or from an earlier stage."""
    *sources, target = argument.split()
    origin = ROOT
    if sources[0].startswith("--from="):
        origin = before[sources.pop(0).partition("=")[2]]
    into = inside(root, target, work)
    for source in sources:
        found = inside(origin, source)
        if found.is_dir():
            shutil.copytree(found, into, symlinks=True, ignore=IGNORED if origin == ROOT else None)
        else:
            place = into / found.name if target.endswith("/") else into
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(found, place)


def run(stage: Stage, folder: Path, environment: dict[str, str]) -> None:
    """Start the image's command and see that it answers, is healthy, writes nowhere, and ends when it is told to."""
    root = folder / "root"
    fixtures = root / "fixtures"
    shutil.copytree(ROOT / "fixtures", fixtures)
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o555 | 0o044 | (0o111 if path.is_dir() else 0))
    before = listing(folder)
    port = free_port()
    environment |= service_environment(fixtures) | {"MOCKSERVER_PORT": str(port)}
    command = [*exec_form(stage.last("ENTRYPOINT")), *exec_form(stage.last("CMD"))]
    command = ["127.0.0.1" if word == "0.0.0.0" else word for word in command]  # noqa: S104 - that it is not bound
    health = exec_form(stage.last("HEALTHCHECK"))
    prefix = as_user(stage.last("USER"))

    def healthy() -> bool:
        return subprocess.run([*prefix, *health], cwd=root, env=environment, capture_output=True).returncode == 0

    if healthy():
        raise Failed("HEALTHCHECK says healthy before anything was started")
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen([*prefix, *command], cwd=root, env=environment, stdout=log, stderr=log)
        try:
            started = time.monotonic()
            while not healthy():
                if process.poll() is not None or time.monotonic() - started > SECONDS:
                    log.seek(0)
                    raise Failed(f"{' '.join(command)} did not become healthy:\n{log.read()}")
                time.sleep(0.2)
            who = f"user {stage.last('USER')}" if prefix else "the user who runs this"
            print(f"container: healthy after {time.monotonic() - started:.1f} s, as {who}")
            answers(port)
        finally:
            process.terminate()
            try:
                code = process.wait(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
    if code != 0:
        raise Failed(f"SIGTERM ended the mock with {code}, wanted 0")
    if healthy():
        raise Failed("HEALTHCHECK says healthy after the mock ended")
    if changed := sorted(listing(folder) ^ before):
        raise Failed(f"the mock wrote where it should not: {changed[:10]}")
    print("container: answers, keeps the control API to its token, writes nothing, ends on SIGTERM")


def service_environment(fixtures: Path) -> dict[str, str]:
    """Return the environment that `compose.yaml` gives to the mock."""
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["mock"]
    found = {}
    for name, value in service["environment"].items():
        value = re.sub(r"\$\{MOCKSERVER_CONTROL_TOKEN:\?[^}]*\}", CONTROL_TOKEN, str(value))
        found[name] = value.replace("/fixtures", str(fixtures))
    return found


def as_user(user: str) -> list[str]:
    """Return what to put before a command to run it as the user of the image: nothing where this is not root."""
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("setpriv") is None:
        return []
    uid, _, gid = user.partition(":")
    command = ["setpriv", f"--reuid={uid}", f"--regid={gid or uid}", "--clear-groups", "--no-new-privs"]
    return [*command, *(f"--{kind}={READ_ALL}" for kind in ("inh-caps", "ambient-caps", "bounding-set"))]


def answers(port: int) -> None:
    """Ask the API and the control API as callers would."""
    token = {"Coder-Session-Token": "API_KEY"}
    bearer = {"Authorization": f"Bearer {CONTROL_TOKEN}"}
    for path, headers, wanted in (
        ("/api/v2/ai/providers", token, 200),
        ("/api/v2/ai/providers", {}, 401),
        ("/__mock__/sessions", {}, 401),
        ("/__mock__/sessions", bearer, 200),
    ):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", path, headers=headers)
        status = connection.getresponse().status
        connection.close()
        if status != wanted:
            raise Failed(f"GET {path} with {', '.join(headers) or 'no header'} was answered {status}, wanted {wanted}")


def listing(folder: Path) -> set[tuple[str, int, int]]:
    """Return every file below a folder, with its size and time of change."""
    stats = [(path, path.lstat()) for path in folder.rglob("*")]
    return {(str(path), stat.st_size, stat.st_mtime_ns) for path, stat in stats}


def free_port() -> int:
    """Return a port of loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())

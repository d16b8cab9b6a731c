# Two commands on a fresh machine: `make serve` and `make test`. Both set up .venv first, once.
PYTHON ?= python3
BIN := .venv/bin
SERVE ?=
BENCH ?=
FUZZ ?=
TEETH ?=
JUDGE ?=
PYTEST ?= -n auto

.PHONY: screenshots check-container example-typescript bench-sessions help serve test setup lint types unit documents lint-documents second-judge bench fuzz teeth alarms format

help:
	@echo "make serve      set up, then start the mock on 127.0.0.1:8080 (options: SERVE='--profile deployed')"
	@echo "make test       set up, then run every test, the linter and the type checker"
	@echo "make documents  write openapi/*.yaml anew from the reference page and the overlays"
	@echo "make lint-documents  judge openapi/*.yaml with Redocly and Spectral (needs Node.js)"
	@echo "make second-judge    have Prism judge the mock's answers, in both profiles (needs Node.js)"
	@echo "make check-container  do the steps of the Dockerfile in a plain directory, and start what comes of it"
	@echo "make example-typescript  run the TypeScript example against a mock (needs Node.js)"
	@echo "make screenshots  make the pictures of the docs anew (needs Chromium)"
	@echo "make bench-sessions  measure what sessions, journal and faults cost (needs wrk)"
	@echo "make bench      measure the mock beside Flask, Prism and WireMock (needs wrk, Node.js, Java)"
	@echo "make fuzz       fuzz loader, derivation and requests for a while (needs the extra 'fuzz'; FUZZ='--seconds 300')"
	@echo "make alarms     run the contract tests against sound servers with ten seeds (ALARMS='--effort quick')"
	@echo "make teeth      run the contract tests against servers broken on purpose (TEETH='--profile documented --effort standard')"

setup:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "setup: no '$(PYTHON)' found; install Python 3.11 or later, or name one: make PYTHON=python3.12 ..." >&2; exit 2; }
	@$(PYTHON) scripts/setup.py

serve: setup
	@$(BIN)/mockserver serve --host 127.0.0.1 --port 8080 $(SERVE)

test: lint types unit

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup
	@$(BIN)/mypy

# Compiled once for all workers and for the many programs that tests start, whatever the environment says.
unit: setup
	@unset PYTHONDONTWRITEBYTECODE; $(BIN)/pytest $(PYTEST)

documents: setup
	@$(BIN)/mockserver build

lint-documents: setup
	@$(BIN)/python scripts/lint_documents.py

check-container: setup
	@$(BIN)/python scripts/check_container.py

example-typescript: setup
	@$(BIN)/python scripts/typescript_example.py

screenshots: setup
	@$(BIN)/python scripts/screenshots.py

bench-sessions: setup
	@$(BIN)/python benchmarks/sessions.py $(BENCH)

second-judge: setup
	@$(BIN)/python scripts/second_judge.py $(JUDGE)

bench: setup
	@$(BIN)/python -m benchmarks $(BENCH)

teeth: setup
	@$(BIN)/python scripts/teeth.py $(TEETH)

alarms: setup
	@$(BIN)/python scripts/false_alarms.py $(ALARMS)

fuzz: setup
	@$(BIN)/python scripts/fuzz.py $(FUZZ)

format: setup
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# Each target sets up what it needs; a fresh machine needs Python 3.11+, git and make.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: setup run test torture check bench screenshots sbom frontend clean lock

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Casetable needs Python 3.11 or newer; set PYTHON=...") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing Python packages..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@command -v npm >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-node.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

frontend: $(STAMP)
	@$(BIN)/python -m webui.frontend_build

setup: $(STAMP) frontend

run: setup
	@exec $(BIN)/casetable up

test: setup check
	@$(BIN)/python -m pytest -n auto
	@$(BIN)/casetable check
	@$(BIN)/casetable verify
	@$(BIN)/casetable scenario run

# The same promises at their full size: thousands of attacks, kills, models and planted mistakes. Hours.
# Every profile plays the stories that it inherits, too, and its own ones without what they show.
# One goal alone: make torture ONLY=S6. The figures stand under the run.
torture: setup
	@CASETABLE_TORTURE=yes CASETABLE_ONLY=$(ONLY) CASETABLE_FUZZ=1000000 CASETABLE_MUTANTS=4000 \
	  CASETABLE_KILLS=1000 CASETABLE_TAMPERINGS=10000 CASETABLE_REQUESTS=200000 \
	  CASETABLE_READS=10000 CASETABLE_CANARIES=10000 CASETABLE_GUESSES=2000 \
	  CASETABLE_CUTS=25 CASETABLE_JUMPS=500 CASETABLE_MAILS=400 CASETABLE_MODELS=5000 CASETABLE_RESTORED=200 \
	  $(BIN)/python -m pytest -n auto -o timeout=14400 --durations=25 tests/torture tests/authz \
	  tests/canary tests/engine tests/expression tests/review tests/foreign tests/bpmn tests/proof tests/webui tests/backup tests/deploy \
	  tests/browser/test_editor.py
	@for profile in $$($(BIN)/casetable profile list --codes); do \
	  $(BIN)/casetable scenario run --profile $$profile || exit 1; \
	  $(BIN)/casetable profile peculiarities $$profile || exit 1; done

check: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/bandit --quiet --recursive --configfile pyproject.toml engine tasks webui
	@$(BIN)/djlint --quiet --lint --profile=jinja webui/templates

bench: setup
	@$(BIN)/python -m benchmarks

screenshots: setup
	@$(BIN)/python -m docs.screenshots

# Every library with version, hashes and licence, by the lock files (CycloneDX).
sbom: setup
	@$(BIN)/python -m docs.materials var/casetable.cdx.json

lock:
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group dev pyproject.toml -o requirements.lock
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group pyproject.toml:node -o requirements-node.lock
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -c requirements.lock pyproject.toml -o requirements-production.lock

clean:
	@rm -rf .venv var webui/static/build webui/frontend/node_modules

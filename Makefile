# Each target sets up what it needs in .venv; with nothing changed that takes no time.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALL := $(PIP) install --require-hashes --no-deps --requirement

.DEFAULT_GOAL := help
.PHONY: axe browser checkov terraform help setup demo up down test check faults bench lock clean

help:  ## Show the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; make PYTHON=python3.12 …") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(BIN)/python
	$(INSTALL) requirements/run.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	$(INSTALL) requirements/dev.txt
	@touch $@

setup: $(VENV)/.dev  ## Make .venv with everything in it

demo: $(VENV)/.run  ## All samples through a fresh local cloud, and a table of what became of them
	@$(BIN)/statewright demo

up: $(VENV)/.run  ## Start the local cloud
	@$(BIN)/statewright up

down: $(VENV)/.run  ## Stop the local cloud; its state stays
	@$(BIN)/statewright down

browser:
	@command -v chromium >/dev/null || { apt-get --quiet --quiet update && apt-get --quiet --quiet install --yes chromium; } >/dev/null 2>&1 \
		|| echo "Chromium is not here and could not be installed: the graph view's tests in a browser are skipped"

AXE := $(VENV)/axe
axe:
	@{ cmp --silent tests/view/axe/package-lock.json $(AXE)/package-lock.json && test -f $(AXE)/node_modules/axe-core/axe.min.js; } \
		|| { mkdir -p $(AXE) && cp tests/view/axe/*.json $(AXE) && npm ci --prefix $(AXE) --ignore-scripts --no-audit --no-fund; } >/dev/null 2>&1 \
		|| echo "axe-core could not be installed with npm: whether the graph view is accessible is not tested"

# In an environment of its own: it pins what others need newer.
$(VENV)/.checkov: requirements/checkov.txt | $(BIN)/python
	$(BIN)/python -m venv --clear $(VENV)/checkov
	$(VENV)/checkov/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps --requirement requirements/checkov.txt
	@touch $@

checkov:
	@$(MAKE) --no-print-directory $(VENV)/.checkov >/dev/null 2>&1 \
		|| echo "checkov could not be installed: what it finds in terraform/ is not tested"

terraform:
	@command -v terraform >/dev/null || echo "Terraform is not here: what terraform/ makes is not tested"

# The tests of what coverage is measured of; it takes others twice as long.
MEASURED := tests/functions tests/pipeline
CORES := $(shell $(PYTHON) -c "import os; print(os.cpu_count())")
# Others wait for processes, clocks and browsers as well, the last ones most of their time. Their order is that
# of tests/conftest.py.
BY_FILE := --dist loadfile --no-loadscope-reorder
test: check browser axe checkov terraform  ## Everything that CI runs: checks, unit tests with coverage, end-to-end tests
	$(BIN)/python -m pytest -n auto --cov --cov-report=term $(MEASURED)
	$(BIN)/python -m pytest -m "not e2e" $(BY_FILE) -n $$(($(CORES) + 1)) $(MEASURED:%=--ignore=%)
	$(BIN)/python -m pytest -m e2e $(BY_FILE) -n $$(($(CORES) * 2))

check: $(VENV)/.dev  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

faults: $(VENV)/.dev  ## Fail every AWS call of a run in every way; nothing may be lost, doubled or different
	@$(BIN)/python -m tests.faults

bench: $(VENV)/.dev  ## Benchmarks, as ratios measured in one run; all of them take an hour
	$(BIN)/python -m bench

lock:  ## Write the lock files anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --all-extras $(LOCK) --output-file requirements/dev.txt
	uv pip compile pyproject.toml --extra build $(LOCK) --constraint requirements/dev.txt --output-file requirements/run.txt
	uv pip compile requirements/functions.in $(LOCK) --constraint requirements/dev.txt --output-file requirements/functions.txt
	uv pip compile requirements/checkov.in $(LOCK) --output-file requirements/checkov.txt
LOCK := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet

clean: ## Remove what was built, the local cloud's state included
	@if [ -x $(BIN)/statewright ]; then $(BIN)/statewright down --wipe; fi
	rm -rf $(VENV) build .statewright .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache

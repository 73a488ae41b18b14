# Two commands on a fresh machine with Python 3.11+, make and a C library:
#   make demo   installs the small runtime (no torch) and finds smoke in the bundled sample
#   make test   installs the rest and runs every check

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# A file's tests stay together: they share what is dear to make. A process takes up to 3 GB.
IN_PARALLEL := --numprocesses auto --maxprocesses 4 --dist loadfile

.PHONY: demo test check format clean

demo: $(VENV)/.runtime
	$(BIN)/stcnet demo --out stcnet-demo

test: $(VENV)/.dev check
	$(BIN)/python -m pytest $(IN_PARALLEL) --cov --cov-report=term:skip-covered --durations=10

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) stcnet-demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "stcnet needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(VENV)/bin/python pyproject.toml
	$(PIP) install --editable .
	touch $@

# torch is asked for first and by itself, at the version that is pinned, so that no other package's
# requirement pulls another build in its place.
$(VENV)/.dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) install --constraint constraints.txt torch
	$(PIP) install --constraint constraints.txt --editable '.[train,dev]'
	touch $@ $(VENV)/.runtime

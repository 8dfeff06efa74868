# `make demo` and `make test` need nothing but a Debian or Ubuntu machine: they do the set-up on their first call.
# Variables: PYTHON (which Python makes the environment), VENV (where it goes), PIP_ARGS (more options for pip).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
PIP_ARGS ?=
# Two workers: the suite's memory and the simulators' own threads want room on a small machine.
WORKERS ?= 2
COVERAGE ?= 90

export PYTHON
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
KERNELS := CMakeLists.txt $(wildcard hwdesign/kernels/src/*)

DEMO_CONFIG ?= sims/aig_demo.yaml
DEMO_RUN ?= runs/aig_demo
# In no split of the demo's configuration.
DEMO_CIRCUIT ?= netlists/rtl/fir.v
# More options of `hwdesign train aig`, as --set trainer.max_epochs=1.
DEMO_ARGS ?=

BENCHMARKS ?= $(filter-out benchmarks/gen_%,$(wildcard benchmarks/*.py))

.PHONY: help setup demo test test-slow bench lint format docs notebooks constraints clean distclean

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.setup-kernels ## Make the environment, build the kernels, install the optional engines

$(VENV)/.setup-system: scripts/system_packages.sh
	@scripts/system_packages.sh
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: $(PYTHON) is missing or older than 3.11; name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@test ! -e "$(VENV)" -o -e "$(VENV)/pyvenv.cfg" || \
	  { echo "error: $(VENV) exists and is no virtual environment; name another folder: make VENV=..." >&2; exit 1; }
	@test -x "$(BIN)/python" || "$(PYTHON)" -m venv "$(VENV)" || \
	  { rm -rf "$(VENV)"; echo "error: $(PYTHON) cannot make an environment; run: sudo apt-get install -y python3-venv" >&2; exit 1; }
	@touch $@

# Build tools first, then no build isolation: one build folder, which later builds reuse.
$(VENV)/.setup-packages: $(VENV)/.setup-system pyproject.toml constraints.txt
	@scripts/torch_index.sh "$(BIN)/python" $(PIP_ARGS)
	$(PIP) install -q $(PIP_ARGS) -c constraints.txt scikit-build-core nanobind cmake ninja
	$(PIP) install -q $(PIP_ARGS) -c constraints.txt --no-build-isolation -e ".[dev,docs,notebooks]"
	@touch $@ $(VENV)/.setup-fresh

# Python files are used where they lie; only changed kernels need a build.
$(VENV)/.setup-kernels: $(VENV)/.setup-packages $(KERNELS)
	@test -e $(VENV)/.setup-fresh || $(PIP) install -q --no-build-isolation --no-deps -e .
	@rm -f $(VENV)/.setup-fresh
	@touch $@

demo: setup ## Train a predictor on real circuits and predict on a circuit that it has not seen (5 minutes)
	@test ! -e $(DEMO_RUN)/summary.json || rm -rf $(DEMO_RUN)
	$(BIN)/hwdesign train aig --config $(DEMO_CONFIG) --run $(DEMO_RUN) $(DEMO_ARGS) $$(test -e $(DEMO_RUN)/checkpoints/last.safetensors && echo --resume)
	$(BIN)/hwdesign predict aig $(DEMO_RUN) $(DEMO_CIRCUIT) -o $(DEMO_RUN)/prediction.csv
	$(BIN)/hwdesign report $(DEMO_RUN) -o $(DEMO_RUN)/report.html

test: setup ## Run the tests, with coverage
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m "not slow" --cov --cov-report=term:skip-covered --cov-report=xml --cov-fail-under=$(COVERAGE)

test-slow: setup ## Run the slow tests too
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

lint: setup ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## Mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## Print the benchmarks, with the peers beside us
	@for script in $(BENCHMARKS); do echo "== $$script"; $(BIN)/python "$$script"; done

docs: setup ## Build the documentation into docs/_build/html
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html
	@echo "documentation: docs/_build/html/index.html"

notebooks: setup ## Execute the tutorials
	$(BIN)/python -m pytest -q tests/notebooks

constraints: setup ## Write constraints.txt from what is installed
	{ grep '^#' constraints.txt; $(PIP) freeze --exclude-editable | sed 's/+cpu$$//'; } > constraints.tmp
	mv constraints.tmp constraints.txt

clean: ## Remove what was built and run, but not the environment
	rm -rf build dist docs/_build docs/reference/generated .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage* coverage.xml
	find hwdesign tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -f $(VENV)/.setup-kernels

distclean: clean ## Remove the environment too
	test ! -e "$(VENV)/pyvenv.cfg" || rm -rf "$(VENV)"

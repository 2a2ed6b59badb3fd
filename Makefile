# Everything installs itself: .venv with uv if it is there and works, else with venv and pip.

PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell uv --version >/dev/null 2>&1 && command -v uv)
PYTEST_ARGS ?= -n auto
DRAWING := chromium chromium-driver graphviz
BENCH_ARGS ?= --readme
SOAK_TESTS := tests/durability tests/execution/test_lease_machine.py

.DEFAULT_GOAL := help
.PHONY: help demo test soak bench lint servers browser clean

help: ## Show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.package ## Run the weather pipeline three times: fresh, all skipped, with some steps forced
	$(BIN)/python examples/weather_demo.py

test: lint servers browser ## Lint, then run every test beside real servers (PYTEST_ARGS are pytest's)
	$(BIN)/python -m tests.servers -- $(BIN)/python -m pytest $(PYTEST_ARGS)

soak: export SFS_SOAK_ROUNDS ?= 500
soak: export SFS_PROXY_SEEDS ?= 300
soak: export SFS_LEASE_HISTORIES ?= 20000
soak: export SFS_RUNNER_HISTORIES ?= 3000
soak: $(VENV)/.dev ## Look for what is lost for long: kills, races and faults by the thousand (SFS_SOAK_ROUNDS, ...)
	$(BIN)/python -m tests.servers seaweedfs -- $(BIN)/python -m pytest $(PYTEST_ARGS) $(SOAK_TESTS)

bench: $(VENV)/.dev ## Measure against bare clients and against other tools, and write the tables (BENCH_ARGS say what)
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

lint: $(VENV)/.dev ## Check style, format and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy tests/servers tests/conftest.py

servers: ## Install LocalStack for the tests, if there is a Python 3.13 to run it
	@localstack/start --install || echo "The tests that need LocalStack will not run." >&2

browser: ## Install Chromium and Graphviz for the tests, if this is Debian and you are root
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null && command -v dot >/dev/null || \
	{ [ "$$(id -u)" = 0 ] && export DEBIAN_FRONTEND=noninteractive && apt-get update -qq && \
	  apt-get install -y -qq --no-install-recommends $(DRAWING); } >/dev/null || \
	echo "The tests that need a browser will not run: install $(DRAWING)." >&2

clean: ## Remove what make has made
	rm -rf $(VENV) .localstack-venv benchmarks/.venvs .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(if $(UV),$(UV) venv --quiet --allow-existing $(PYTHON:%=--python %) $(VENV) ||) $(or $(PYTHON),python3) -m venv $(VENV)

$(VENV)/.package: pyproject.toml | $(BIN)/python
	$(call install,--editable .)
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(call install,--editable . --group dev)
	@touch $@ $(VENV)/.package

# uv does not read pip's configuration; where only pip knows the way to the packages, pip it is.
define install
@echo "Installing $(1) in $(VENV)"
@$(UV:%=% pip install --quiet --python $(BIN)/python $(1) ||) { \
  $(BIN)/python -m ensurepip >/dev/null && $(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1' && \
  $(BIN)/python -m pip install --quiet $(1); }
endef

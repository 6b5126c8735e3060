# `make` alone lists the targets. ARGS is handed on: make run ARGS="--once", make test ARGS="-k frames".
SHELL := /bin/bash
# Hub and satellites start a hundred times in the tests: they are compiled once, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.PHONY: help setup run test test-assistant test-duplex test-engine test-netns lint check bench bench-rooms evals soak lock clean
ARGS ?=
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
# Three at a time; what runs in real time comes first, one by one, and the others give way to it (tests/schedule.py).
EVERYDAY := $(PYTEST) --numprocesses 3 --dist loadscope --no-loadscope-reorder
ENGINE := .venvs/engine

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## The demo: a hub, a house and three rooms on this machine (ARGS="--once" ends after the first story)
	@requirements/install.sh run
	@$(BIN)/roomtone demo $(ARGS)

test: .dev ## The everyday tests
	@$(EVERYDAY) $(ARGS)

setup: .dev ## Everything for development, in .venv

check: lint ## What must hold before a change is shared: lint, types, layers, and the everyday tests
	@$(EVERYDAY) $(ARGS)

lint: .dev ## ruff, mypy and import-linter alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports

test-assistant: .dev ## Tests against a real Home Assistant (needs Python 3.13; its environment is made on first use)
	@$(PYTEST) -m assistant --timeout 600 $(ARGS)

test-engine: .engine ## Tests with the full-duplex model, tiny and on the CPU (1.3 GB; its environment is made on first use)
	@PYTHONPATH=. $(ENGINE)/bin/python -m pytest -m engine tests/hub/engine/personaplex/model tests/hub/engine/personaplex/serving/test_engine_process.py $(ARGS)

test-duplex: .engine ## The whole product with that model: hub, satellites, engine process
	@$(PYTEST) -m duplex $(ARGS)

test-netns: .dev ## Tests across network namespaces (needs root and iproute2)
	@$(PYTEST) -m netns $(ARGS)

bench: .engine ## Measurements; docs/benchmarks.md tells how to read them
	@$(PYTEST) -m bench --timeout 1800 -s $(ARGS)

bench-rooms: .dev ## Which room answers, in simulated homes (ARGS="--scenes 4 --families tv,barge"; pictures in out/bench-rooms)
	@requirements/install.sh bench
	@$(BIN)/python tests/bench/rooms/run.py --pictures out/bench-rooms $(ARGS)

evals: .dev ## How well sentences are understood: tables of every written home, held against the bars
	@$(BIN)/python tests/evals/report.py $(ARGS)

soak: .dev ## Long runs
	@$(PYTEST) -m soak --timeout 0 -s $(ARGS)

lock: .dev ## Renew the hash-locked lists after a change of pyproject.toml
	@requirements/lock.sh

clean: ## Remove the environments and everything made by tools; state outside this folder stays
	rm -rf .venv .venvs out dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: .dev .engine
.dev:
	@requirements/install.sh dev

# Made by the very command that users have, and the test tools put in.
.engine: .dev
	@$(BIN)/roomtone engine install --cpu --venv $(ENGINE) > /dev/null
	@$(ENGINE)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		--only-binary=:all: -r requirements/engine-dev.lock

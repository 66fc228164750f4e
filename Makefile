# Every target does its own set-up: on a machine with Python 3.11+, git and make, `make run` is the first command.
# PORT (8000), MKTDASH_HOME (var) and PYTHON (a Python of your choice) may be given: `make run PORT=9000`.
SHELL := /bin/sh
START := ./ops/setup/start
BIN := .venv/bin
PYTHON_FILES := backend tests ops

.DEFAULT_GOAL := help
.PHONY: help run setup test watch check bench load format hooks lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: ## set everything up and start it; prints `ready: URL`
	@exec $(START) run

setup: ## set up what `make run` needs, and start nothing
	@exec $(START) setup

test: ## set up and run every test: backend, browser, frontend; T=PATH runs the backend's tests there alone
ifdef T
	@$(START) pytest $(T)
else
	@$(START) test
endif

watch: ## run the tests of T=PATH (tests/unit without one) again whenever a file of backend/ or tests/ changes
	@exec $(START) watch $(or $(T),tests/unit)

check: ## set up and run every check: ruff, mypy, import-linter, schema, biome, tsc, size
	@$(START) tools
	$(BIN)/ruff check $(PYTHON_FILES)
	$(BIN)/ruff format --check $(PYTHON_FILES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/mktdash schema check
	@$(START) npm run check
	@$(START) npm run size

bench: ## measure what the README promises, as ratios in one run
	@$(START) tools
	$(BIN)/python -m ops.bench

load: ## hold the key reads to their budget (ops/load/budget.toml) while data is written
	@$(START) tools
	$(BIN)/python -m ops.load

format: ## rewrite the source files the way `make check` wants them
	@$(START) tools
	$(BIN)/ruff check --fix $(PYTHON_FILES)
	$(BIN)/ruff format $(PYTHON_FILES)
	@$(START) npm run fix

hooks: ## run what `make check` runs before each commit, on what changed
	@$(START) tools
	$(BIN)/pre-commit install

lock: ## rewrite uv.lock after a change of dependencies in pyproject.toml
	@$(START) setup
	$(BIN)/uv lock

clean: ## remove everything that can be made again; the data in var/ stays
	rm -rf .venv .cache frontend/node_modules frontend/dist tests/contract/node/node_modules .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

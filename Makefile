# One command for each check. `make` alone lists them. `.ci/run` runs the same on a clean copy.
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= auto

.PHONY: help setup test lint format types imports coverage interop bench snapshots catalogues console

help: ## list what can be made
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: $(BIN)/ruff ## a virtual environment with everything the checks need

$(BIN)/ruff: pyproject.toml .ci/constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -c .ci/constraints.txt -e '.[test,lint]'
	@touch $@

test: setup ## the suite, on all cores
	$(BIN)/python -m pytest -q -n $(WORKERS)

lint: setup ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: setup ## mypy --strict
	$(BIN)/mypy --strict

imports: setup ## who may import whom
	$(BIN)/lint-imports

interop: setup ## calls with strangers: see tests/interop
	$(BIN)/python -m pytest -q -n 3 --dist loadfile tests/interop

bench: setup ## the benches, a short run
	bash tests/bench/run-all --smoke

catalogues: setup ## compile the sentences after a change of a .po
	$(BIN)/python -m tui.console.catalogue

console: setup ## the console, on the sandbox
	$(BIN)/yimi --sandbox

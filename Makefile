# Every command of the project; `make` alone lists them. Only Python 3.11+, its venv module and make are needed.

PYTHON ?= python3
JOBS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); [ $$n -le 4 ] && echo $$n || echo 4)
WORKERS = -n $(JOBS) --dist loadfile --no-loadscope-reorder  # a file at a time, in the order of tests/conftest.py
# A browser's journey mostly waits, so that each processor serves two of them.
BROWSERS = -n $(shell expr 2 \* $(JOBS)) --maxschedchunk 1
VENV := .venv
BIN := $(VENV)/bin
WHOLE := paritrana.core paritrana.files paritrana.audit paritrana.web.access  # every line of these is run by tests
# What the tests measured, for the table of promises.
export FIGURES := .build/figures.jsonl
LOCKS := requirements/build.txt requirements/runtime.txt
CATALOGUES := $(wildcard paritrana/translations/*/LC_MESSAGES/*.po)
COMPILED := $(CATALOGUES:.po=.mo)

# uv reads the same lock files and is several times faster; it must be told to compile, pip does so by itself.
UV := $(shell command -v uv 2>/dev/null)
ifneq ($(UV),)
INSTALL := $(UV) pip install --quiet --python $(BIN)/python --compile-bytecode --no-build-isolation
else
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation
endif

# Tests are compiled once for all runs that follow.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help setup setup-dev system-packages demo demo-reset test test-slow test-fast coverage lint bench pictures lock translations wheel sbom test-release

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.runtime $(VENV)/.project $(COMPILED) ## Make the environment .venv with everything that runs the application
	@$(BIN)/python -m compileall -q paritrana

setup-dev: setup $(VENV)/.development ## The same, with the tools for tests, lint and locks

demo: setup ## Fill a demonstration in instance/ and serve it; prints the address and the accounts when ready
	@$(BIN)/paritrana demo

demo-reset: setup ## Throw the demonstration's data away and nothing else; refuses when the data are not a demonstration
	@$(BIN)/paritrana demo --reset

test: system-packages setup-dev lint ## Lint, types, import rules, all tests on SQLite and PostgreSQL, the browser journeys
	@rm -f .coverage .coverage.* $(FIGURES)
	$(BIN)/python -m pytest tests --ignore=tests/journeys $(WORKERS) --part measured --cov-report= \
		$(addprefix --cov=,$(WHOLE))
	$(BIN)/python -m coverage report --fail-under=100
	$(BIN)/python -m pytest tests --ignore=tests/journeys $(WORKERS) --part rest
	$(BIN)/python -m pytest tests/journeys $(BROWSERS) --part rest
	@$(BIN)/python -m tools.promises fast $(FIGURES)

test-slow: system-packages setup-dev ## What takes longer: every state of the matrix, every guard, many kills
	@rm -f $(FIGURES)
	$(BIN)/python -m pytest tests/faults/test_rush.py --part slow  # measures how long people wait: with nothing beside it
	$(BIN)/python -m pytest tests --ignore=tests/journeys --ignore=tests/faults/test_rush.py $(WORKERS) --part slow
	$(BIN)/python -m pytest tests/journeys $(BROWSERS) --part slow
	@$(BIN)/python -m tools.promises slow $(FIGURES)

test-release: system-packages setup-dev ## What is measured once per release: times that tell nothing, restores
	@rm -f $(FIGURES)
	$(BIN)/python -m pytest tests --ignore=tests/journeys --part release
	@$(BIN)/python -m tools.promises release $(FIGURES)

coverage: setup-dev ## Which lines no test on SQLite runs, over the whole application
	@rm -f .coverage .coverage.*
	$(BIN)/python -m pytest tests $(addprefix --ignore=tests/,benchmarks faults hostile journeys packaging) $(WORKERS) \
		--engines sqlite -m "not slow and not release" --cov --cov-report=
	$(BIN)/python -m pytest tests/seeding/test_simulated.py --engines sqlite --cov --cov-append --cov-report=
	$(BIN)/python -m coverage report --fail-under=95
	@$(BIN)/python -m tools.branches 95

test-fast: setup-dev ## The tests without browser and PostgreSQL, with fewer examples
	$(BIN)/python -m pytest tests --ignore=tests/journeys -n $(JOBS) --engines sqlite --hypothesis-profile=fast -m "not slow"

lint: setup-dev ## Format, lint, types and import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	sh -n tools/system-packages && bash -n .ci/run

bench: setup-dev ## Measure the heavy pages beside their floors, and write the figures into docs/benchmarks.md; ONLY=day: one of them
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY)) --table docs/benchmarks.md

wheel: setup ## Build dist/paritrana-….whl, whole and the same byte by byte from the same files
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --no-index --wheel-dir dist .

sbom: setup-dev ## Write dist/sbom.cdx.json: every release we use with its hashes; refuse pins that are bad or too old
	@$(BIN)/python -m tools.supply sbom dist/sbom.cdx.json
	@$(BIN)/python -m tools.supply check

pictures: system-packages setup-dev ## Take the pictures of the guides anew, from the browser journeys, into docs/pictures
	@rm -rf .build/pictures
	PICTURES=.build/pictures $(BIN)/python -m pytest tests/journeys
	$(BIN)/python tools/pictures.py .build/pictures/guide docs/pictures
	$(BIN)/python -m tools.certificate_pictures docs/pictures

# Locks hold versions and hashes only: no address, so that they serve behind any mirror. UPGRADE=1 takes newer releases.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --no-header $(if $(UPGRADE),--upgrade)

lock: setup-dev ## Resolve requirements/*.in anew into the locks with hashes
	$(LOCK) requirements/runtime.in -o requirements/runtime.txt
	$(LOCK) requirements/build.in -o requirements/build.txt
	$(LOCK) requirements/dev.in -o requirements/dev.txt
	@date -u +%F > requirements/locked_on

translations: setup-dev ## Collect the messages of code and pages, merge them into the catalogues, compile those
	@mkdir -p .build
	$(BIN)/pybabel -q extract -F babel.cfg -k N_ -k _l -k lazy_gettext -k lazy_ngettext:1,2 \
		--add-location=file --sort-by-file --width=120 --omit-header -o .build/messages.pot .
	@set -e; for catalogue in $(CATALOGUES); do \
		language=$$(basename $$(dirname $$(dirname $$catalogue))); \
		$(BIN)/pybabel -q update -l $$language -i .build/messages.pot -o $$catalogue \
			--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width=120; \
		$(BIN)/pybabel -q compile -l $$language -i $$catalogue -o $${catalogue%.po}.mo; \
	done

# Programs that only the tests need: installed where this account may, named in one sentence where it may not.
system-packages:
	@PYTHON='$(PYTHON)' tools/system-packages python postgresql chromium redis qpdf pdfsig zbar softhsm openssl strace

$(BIN)/python:
	@PYTHON='$(PYTHON)' tools/system-packages --check python
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(LOCKS) | $(BIN)/python
	$(INSTALL) --require-hashes -r requirements/build.txt
	$(INSTALL) --require-hashes -r requirements/runtime.txt
	@touch $@

$(VENV)/.project: pyproject.toml hatch_build.py $(VENV)/.runtime
	$(INSTALL) --no-deps --editable .
	@touch $@

$(VENV)/.development: requirements/dev.txt $(VENV)/.runtime
	$(INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

%.mo: %.po $(VENV)/.runtime
	@$(BIN)/pybabel -q compile -l $(notdir $(patsubst %/LC_MESSAGES/,%,$(dir $<))) -i $< -o $@

# Everything here works from a fresh clone with only git, make and Python 3.11 (with venv).
# `make` alone prints the list. Every program runs from .venv, never from the machine.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:

PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
# hls.js for the browser tests, where there is npm.
PLAYER := tests/e2e/browser/node_modules/.installed
PAGE := web/dist/index.html
PAGE_SOURCES := $(shell find web/src web/public -type f 2>/dev/null) web/index.html web/openapi.json \
	web/tsconfig.json web/vite.config.ts
# LocalStack 4.12 breaks with some libraries that are newer than this day.
LOCALSTACK_AS_OF := 2025-12-20
# Releases of the last weeks are not on every copy of the registry yet, and not yet tried by others.
AS_OF := $(shell date -u -d '21 days ago' +%F)

# An installation must not fetch another interpreter than the one that made the environment.
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# ---------------------------------------------------------------------------------------- for people

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  \033[1m%-8s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: setup system ## send a sample, or VIDEO=path, through the whole system; the result goes to OUT=dir
	$(BIN)/carrete demo $(if $(VIDEO),--video "$(VIDEO)") $(if $(OUT),--out "$(OUT)")

.PHONY: up
up: setup system ## run the whole system on http://localhost:8080 until Ctrl-C
	$(BIN)/carrete up

.PHONY: test
test: lint setup system ## set up everything, then lint, types, import rules and every test
	@cd web && ../scripts/npm test --silent
	$(BIN)/pytest -n 2 --dist loadgroup $(PYTEST_ARGS)

.PHONY: web
web: $(PAGE) ## build the page into web/dist, where the API finds it

.PHONY: unit
unit: setup ## only the tests that need no service (seconds)
	$(BIN)/pytest tests/unit $(PYTEST_ARGS)

.PHONY: chaos
chaos: setup system ## let everything go wrong, and audit: SEED=n repeats a run, CHAOS_SECONDS=s is its length
	$(BIN)/python -m chaos $(if $(SEED),--seed $(SEED)) --seconds $(or $(CHAOS_SECONDS),60) $(CHAOS_ARGS)

.PHONY: bench
bench: setup system ## measure, side by side, and print tables
	$(BIN)/python -m bench $(BENCH_ARGS)

# ------------------------------------------------------------------------------------------ on AWS

RELEASE := build/carrete-release.tar.gz

.PHONY: release
release: setup web ## put what a machine runs into build/carrete-release.tar.gz (docs/deploy.md)
	@infra/bin/build-release $(RELEASE)

.PHONY: deploy
deploy: release ## send this checkout to the machines that Terraform made, without a pause
	@infra/bin/deploy $(RELEASE)

# ------------------------------------------------------------------------------------------- checks

.PHONY: lint
lint: setup system ## ruff, import rules, mypy, the page's checks, dependency audit, shellcheck
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy
	@cd web && ../scripts/npm run --silent check
	@$(BIN)/python scripts/audit
	@if command -v shellcheck >/dev/null; then \
	  grep -lE '^#!.*sh$$' scripts/* .ci/* infra/bin/* infra/instance/activate infra/instance/bin/* | xargs shellcheck && echo "shellcheck passed"; \
	else \
	  echo "shellcheck: not on this machine, skipped"; \
	fi

.PHONY: fmt
fmt: setup ## format, and apply the fixes that ruff knows
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	@cd web && ../scripts/npm run --silent format

# ------------------------------------------------------------------------------------------- set-up

.PHONY: setup
setup: .venv/.installed .venv-localstack/.installed .venv-infra/.installed $(PLAYER) $(PAGE) ## make the environments, the test player and the page from the lock files

.venv/.uv: requirements/uv.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/uv.txt
	@touch $@

.venv/.installed: .venv/.uv requirements/dev.txt requirements/sample.txt pyproject.toml
	$(UV) pip sync --quiet --require-hashes --python $(BIN)/python requirements/dev.txt
	$(UV) pip install --quiet --require-hashes --no-deps --python $(BIN)/python \
	  --requirement requirements/sample.txt
	$(UV) pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@touch $@

.venv-localstack/.installed: .venv/.uv requirements/localstack.txt
	$(PYTHON) -m venv --without-pip .venv-localstack
	$(UV) pip sync --quiet --require-hashes --python .venv-localstack/bin/python requirements/localstack.txt
	@touch $@

.venv-infra/.installed: .venv/.uv requirements/infra.txt
	$(PYTHON) -m venv --without-pip .venv-infra
	$(UV) pip sync --quiet --require-hashes --python .venv-infra/bin/python requirements/infra.txt
	@touch $@

# Only where the machine has no Node that is new enough: scripts/npm asks for it.
.venv-node/.installed: .venv/.uv requirements/node.txt
	$(PYTHON) -m venv --without-pip .venv-node
	$(UV) pip sync --quiet --require-hashes --python .venv-node/bin/python requirements/node.txt
	@touch $@

NPM_CI := ci --ignore-scripts --no-audit --no-fund --loglevel=error

$(PLAYER): tests/e2e/browser/package.json tests/e2e/browser/package-lock.json | .venv/.uv
	@cd $(<D) && ../../../scripts/npm $(NPM_CI)
	@touch $@

web/node_modules/.installed: web/package.json web/package-lock.json | .venv/.uv
	@cd web && ../scripts/npm $(NPM_CI)
	@touch $@

$(PAGE): web/node_modules/.installed $(PAGE_SOURCES)
	@cd web && ../scripts/npm run --silent build
	@touch $@

.PHONY: system
system: ## install the Debian packages that the tests and the sandbox use, or name them
	@scripts/system-packages

LOCK := pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate

.PHONY: lock
lock: .venv/.uv ## resolve again, as of three weeks ago, and write requirements/*.txt
	$(UV) $(LOCK) requirements/uv.in --exclude-newer $(AS_OF) --output-file requirements/uv.txt
	$(UV) $(LOCK) pyproject.toml --extra dev --exclude-newer $(AS_OF) \
	  --output-file requirements/dev.txt
	$(UV) $(LOCK) pyproject.toml --exclude-newer $(AS_OF) --constraints requirements/dev.txt \
	  --output-file requirements/app.txt
	$(UV) $(LOCK) requirements/localstack.in --exclude-newer $(LOCALSTACK_AS_OF) \
	  --output-file requirements/localstack.txt
	$(UV) $(LOCK) requirements/infra.in --exclude-newer $(AS_OF) --output-file requirements/infra.txt
	$(UV) $(LOCK) requirements/node.in --exclude-newer $(AS_OF) --output-file requirements/node.txt

.PHONY: migration
migration: setup ## write a migration from what changed in tables.py: NAME="what changes"
	$(BIN)/python -m carrete.local.migration "$(NAME)"

.PHONY: docs
docs: setup ## write the pages that are made from the code
	$(BIN)/python scripts/write-configuration
	$(BIN)/python scripts/write-openapi

.PHONY: clean
clean: ## remove the environments, the built page and every cache
	rm -rf .venv .venv-localstack .venv-infra .venv-node $(dir $(PLAYER)) web/node_modules web/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# `make help` lists the commands.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Otherwise, every process that a test starts would compile all code again.
unexport PYTHONDONTWRITEBYTECODE

PACKAGES := server schema runner models headway tests
PAGE := server/static/index.html
PAGE_SOURCES := $(shell find frontend/src frontend/public -type f 2>/dev/null) \
	$(wildcard frontend/*.html frontend/*.json frontend/*.ts)

.PHONY: help install serve test check pytest e2e fix contract frontend migration lock wheel bench soak clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: .venv/.installed $(PAGE) ## create .venv with the headway command, and build the page

serve: install ## serve on http://127.0.0.1:8321 with the example flows
	headway serve --examples

test: check pytest e2e ## everything but the soak: what CI runs

check: install ## formats, lints, types, import rules; the checks and tests of the page
	ruff format --check .
	ruff check .
	mypy
	lint-imports --no-cache
	python scripts/plain_words.py
	npm --prefix frontend run check
	npm --prefix frontend test

pytest: install tests/strangers/node_modules/.package-lock.json
	python -m pytest -m "not soak" -n 3 --dist loadfile

e2e: install ## the page in a real browser against a real server
	browser="$$(scripts/browser.sh)"; cd frontend && CHROME_PATH="$$browser" npm run e2e

fix: install ## format, and fix what the linters can
	ruff check --fix .
	ruff format .
	npm --prefix frontend run fix

frontend: frontend/node_modules/.package-lock.json ## build the page, with the types of its queries
	npm --prefix frontend run generate
	npm --prefix frontend run build

contract: install frontend/node_modules/.package-lock.json ## write schema/schema.graphql and the types of the page's queries
	headway schema > .contract && mv .contract schema/schema.graphql
	npm --prefix frontend run generate

migration: install ## write the migration for changes in models/tables.py: NAME=add_something
	tortoise makemigrations $(if $(NAME),--name $(NAME))
	ruff check --fix models/migrations && ruff format models/migrations

lock: install ## lock the dependencies of pyproject.toml; ARGUMENTS=--upgrade for newer ones
	scripts/lock.sh $(ARGUMENTS)

wheel: install ## build the wheel, with the page in it
	uv build --wheel --no-build-isolation

bench: install ## run every measurement of bench/
	python bench/report.py

soak: install ## tests that run for minutes: kills, restarts, load; HEADWAY_SOAK=seconds for the state machine
	python -m pytest -m soak --timeout=0

clean: ## remove everything that was built or installed
	rm -rf .venv dist build server/static frontend/node_modules frontend/dist \
		.mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find $(PACKAGES) -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.installed: requirements-dev.lock pyproject.toml hatch_build.py
	python="$$(scripts/python.sh)"; [ -x .venv/bin/python ] || "$$python" -m venv .venv
	scripts/packages.sh
	touch $@

frontend/node_modules/.package-lock.json: frontend/package-lock.json .venv/.installed
	scripts/node.sh
	npm --prefix frontend ci --no-audit --no-fund
	touch $@

tests/strangers/node_modules/.package-lock.json: tests/strangers/package-lock.json .venv/.installed
	scripts/node.sh
	npm --prefix tests/strangers ci --no-audit --no-fund
	touch $@

$(PAGE): frontend/node_modules/.package-lock.json $(PAGE_SOURCES)
	npm --prefix frontend run build
	touch $@

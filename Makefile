SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo test soak check bench run browser

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
SANDBOX_PORT ?= 8900
BIN := .venv/bin
# Named after what is installed, so that a changed pin installs again and an unchanged one costs nothing.
STAMP := .venv/.installed-$(shell cat requirements.txt requirements-dev.txt | cksum | cut -d' ' -f1)

# Enough of a production environment for its checks; nothing connects to it.
PRODUCTION := DEBUG=off PUBLIC_URL=https://lockstep.example.com \
	SECRET_KEY=for-make-check-alone-0123456789-abcdefghijklmnopqrstuvwxyz \
	TOKEN_KEYS=Zm9yLW1ha2UtY2hlY2stYWxvbmUtMDEyMzQ1Njc4OTA= \
	DATABASE_URL=postgresql://lockstep@db.example.com/lockstep REDIS_URL=redis://redis.example.com

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

setup: $(STAMP) ## Make .venv with all that is pinned (quick when nothing changed)

$(STAMP):
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or later is needed. Install it, or: make $(MAKECMDGOALS) PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than Python 3.11. Name another: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	@[ -x $(BIN)/pip ] || $(PYTHON) -m venv .venv || \
		{ rm -rf .venv; echo "$(PYTHON) can't make virtual environments. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@rm -f .venv/.installed-* && touch $@

demo: setup ## Run everything, with a stand-in Salesforce: PORT and SANDBOX_PORT choose other ports
	@PORT=$(PORT) SANDBOX_PORT=$(SANDBOX_PORT) $(BIN)/python -m config.demo

run: setup ## Run the production processes on one machine (environment: see README.md)
	@PATH="$(CURDIR)/$(BIN):$$PATH" PORT=$(PORT) $(BIN)/honcho start

browser: setup
	@$(BIN)/python -m config.chromium

test: browser ## Run every test, those in a real browser included
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

soak: setup ## Random steps on both sides until SECONDS=600 are over; a failing script is printed
	SOAK_SECONDS=$(or $(SECONDS),600) $(BIN)/pytest -q -s integrations/tests/two_sided -k as_long_as_told

check: setup ## Lint, types, layers, migrations, production settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	DEBUG=on LOCKSTEP_SERVERS=test $(BIN)/python manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

bench: setup ## Measure pull and push beside the machine's own speed, and the pages (docs/benchmarks.md)
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.steady
	$(BIN)/python -m benchmarks.edits
	$(BIN)/python -m benchmarks.pushing
	$(BIN)/python -m benchmarks.claims
	$(BIN)/python -m benchmarks.pages

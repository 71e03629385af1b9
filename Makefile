SHELL := bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MEMBERS := $(wildcard libs/*) $(wildcard services/*)
PORT ?= $(or $(MILLRACE_PORT),8000)
SECONDS ?= 30
KILLS ?= 10
SEED ?= 1
BUS ?= postgres
CASES ?=
ROUNDS ?= 3
MINUTES ?= 2
export PYTHONDONTWRITEBYTECODE = 1

.PHONY: help install up demo test test-real check lock docs docs-check bench digest isolate screenshot crash clean
.DEFAULT_GOAL := help

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# install(LOCK): a virtual environment with the locked packages and the members, editable; again only when something changed.
# One without pip, as Debian leaves behind when python3-venv is missing, is made anew. uv installs in a fifth of pip's time,
# so pip fetches it first where there is none; where it cannot serve (no build for this machine, an index that only pip is
# configured for), pip does it all.
define install
	@if command -v uv >/dev/null 2>&1; then UV=uv; elif $(BIN)/python -m uv --version >/dev/null 2>&1; then UV="$(BIN)/python -m uv"; fi; \
	if ! $(BIN)/python -c "" 2>/dev/null || { [ -z "$$UV" ] && ! $(BIN)/python -m pip --version >/dev/null 2>&1; }; then \
	  $(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Millrace needs Python 3.11 or newer; this is %s: make $(MAKECMDGOALS) PYTHON=python3.11" % sys.version.split()[0])' && \
	  { $(PYTHON) -m venv --clear $${UV:+--without-pip} $(VENV) || \
	    { echo "Millrace could not make $(VENV); on Debian and Ubuntu: apt-get install python3-venv, then make $(MAKECMDGOALS) again" >&2; exit 1; }; } || exit 1; \
	fi; \
	PIP="$(BIN)/python -m pip install -q --disable-pip-version-check"; \
	if [ -z "$$UV" ] && $$PIP --require-hashes -r requirements/uv.txt 2>/dev/null; then UV="$(BIN)/python -m uv"; fi; \
	if [ -n "$$UV" ] && \
	  $$UV pip install -q --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/$(1).txt && \
	  $$UV pip install -q --python $(BIN)/python --no-deps $(addprefix -e ./,$(MEMBERS)); then exit 0; fi; \
	[ -z "$$UV" ] || echo "uv could not install; pip tries" >&2; \
	{ $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; } && \
	$$PIP --require-hashes -r requirements/$(1).txt && \
	$$PIP --no-deps $(addprefix -e ./,$(MEMBERS))
endef

$(VENV)/.runtime: requirements/all.txt $(addsuffix /pyproject.toml,$(MEMBERS))
	$(call install,all)
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(addsuffix /pyproject.toml,$(MEMBERS))
	$(call install,dev)
	@touch $@ $(VENV)/.runtime

install: $(VENV)/.dev ## make .venv with everything for development

up: $(VENV)/.runtime ## start the platform on http://localhost:8000 (PORT=) and keep it running
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/millrace up --port $(PORT)

demo: $(VENV)/.runtime ## trade on a fresh platform for a while (SECONDS=) and report
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/millrace demo --seconds $(SECONDS)

test: $(VENV)/.dev ## the fast tier: needs no server
	@$(BIN)/pytest -q -n 2 --dist loadfile -m "not real"

test-real: $(VENV)/.dev ## the truth tier: real Kafka, PostgreSQL, Redis, Chromium
	@tools/real $(BIN)/pytest -q -m real

check: $(VENV)/.dev ## lint, format, types, layers, generated documents
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy libs services tools/docs
	@MYPYPATH=bench:tools $(BIN)/mypy bench tools/*.py
	@$(BIN)/lint-imports
	@$(BIN)/python -m tools.docs --check

docs: $(VENV)/.dev ## write what is generated from the code: topics, AsyncAPI, metrics, settings, commands, schemas
	@$(BIN)/python -m tools.docs

docs-check: $(VENV)/.dev ## say which generated document is stale
	@$(BIN)/python -m tools.docs --check

lock: $(VENV)/.dev ## resolve requirements/*.txt anew
	@$(BIN)/python tools/lock.py $(ARGS)

digest: $(VENV)/.dev ## the same bars on every bus: three digests side by side
	@tools/real $(BIN)/python tools/digest.py $(ARGS)

isolate: $(VENV)/.dev ## build what each image holds (SERVICES=) and load the service with nothing else
	@$(BIN)/python tools/isolate.py $(SERVICES)

screenshot: $(VENV)/.dev ## look at the console in Chromium and keep docs/dashboard.png
	@MILLRACE_TEST_SCREENSHOT=docs/dashboard.png tools/real $(BIN)/pytest -q tests/real/test_console.py

crash: $(VENV)/.dev ## kill the platform while it trades (KILLS= SEED= BUS=) and check the books
	@$(if $(filter kafka,$(BUS)),tools/real) $(BIN)/python tools/crash.py --kills $(KILLS) --seed $(SEED) --bus $(BUS)

bench: $(VENV)/.dev ## measure, each figure beside its floor (CASES= ROUNDS= MINUTES= ARGS="--json FILE")
	@$(BIN)/python bench/run.py $(CASES) --rounds $(ROUNDS) --minutes $(MINUTES) $(ARGS)

clean: ## forget the environment and caches
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

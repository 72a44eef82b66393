# The main targets are `book` and `test`.
PYTHON ?= python3
BIN := .venv/bin
NAME ?= chinchilla
PARAMS ?=
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help book test test-all chapter plan serve record bench-peers clean lock browser

help:
	@echo "make book                     execute what is out of date and build the book"
	@echo "make test                     run the tests (builds what they need); ARGS=\"-k lag\" chooses"
	@echo "make test-all                 the same with long simulations and every chapter run again"
	@echo "make chapter NAME=chinchilla  run one chapter; PARAMS=\"draws=500 seed=3\" sets parameters"
	@echo "make plan                     say which chapters can be computed here, and which are recorded"
	@echo "make serve                    show the built book on a local address"
	@echo "make record                   accept the computed findings, figures and tables into data/"
	@echo "make bench-peers              race the fit engine against packages of others"
	@echo "make clean                    remove everything that can be made again"
	@echo "make lock                     pin requirements.txt anew from pyproject.toml"

book: .venv/installed
	@$(BIN)/moat book

test: .venv/installed browser
	@$(BIN)/python -m tests $(ARGS)

test-all: .venv/installed browser
	@$(BIN)/python -m tests --slow $(ARGS)

chapter: .venv/installed
	@$(BIN)/moat chapter $(NAME) $(PARAMS)

plan: .venv/installed
	@$(BIN)/moat plan

serve: .venv/installed
	@$(BIN)/moat serve

record: .venv/installed
	@$(BIN)/moat record

bench-peers: _build/peers/installed
	@_build/peers/bin/python benchmarks/peers.py

clean:
	rm -rf _build .snakemake

# The environment: the pinned closure, then this package, editable.
.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; say which with: make PYTHON=python3.12 book"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the pinned environment (a few minutes the first time)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --requirement requirements.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --editable .
	@touch $@

# The same environment with the packages that the fit engine is raced against.
_build/peers/installed: benchmarks/requirements-peers.txt requirements.txt pyproject.toml
	@$(PYTHON) -m venv _build/peers
	@_build/peers/bin/python -m pip install -qq --disable-pip-version-check --requirement $<
	@_build/peers/bin/python -m pip install -qq --disable-pip-version-check --no-deps --editable .
	@touch $@

# A Chromium for the browser tests, where one can be had.
browser:
	@command -v chromium chromium-browser google-chrome >/dev/null 2>&1 || \
	  { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	    { apt-get install -y -qq chromium || { apt-get update -qq && apt-get install -y -qq chromium; }; } >/dev/null 2>&1; } || true

lock:
	@$(BIN)/python -m pip install --quiet uv==0.13.9
	@$(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --all-extras \
	  --no-emit-index-url --custom-compile-command "make lock" pyproject.toml --output-file requirements.txt

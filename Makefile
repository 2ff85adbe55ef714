# The commands of a checkout. They need Python with its headers, a C compiler and make; the rest goes
# into a private environment, $(VENV).
PYTHON = python3
VENV = .venv
CC = cc
ARGS =
GROUPS = test

BIN = $(VENV)/bin
BUILT = $(VENV)/.built
SOURCES = pyproject.toml setup.py $(wildcard csrc/src/*.[ch] src/threadmill/*.py[xd] src/threadmill/*.h)
C_FILES = csrc/src/*.[ch] csrc/tests/*.[ch] src/threadmill/*.h benchmarks/*.c

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile

demo: $(BUILT) ## compare the pools on I/O-heavy jobs: make demo ARGS="--quick --workers 8"
	$(BIN)/python -m threadmill demo $(ARGS)

test: $(VENV)/.test ## the tests of the package: make test ARGS="-k imap"
	$(BIN)/python -m pytest $(ARGS)

stress: $(VENV)/.test ## random operations on pools while all goes wrong: make stress ARGS="--seconds 120 --seed 1"
	$(BIN)/python tests/stress $(ARGS)

check: ## the tests of the C core: see csrc/Makefile
	$(MAKE) -C csrc check

bench: $(VENV)/.bench ## all figures, in about 10 minutes; in one: make bench QUICK=1; some: ARGS="--cases burst,map"
	CC="$(CC)" $(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(ARGS)

compare: $(BUILT) ## the bare cost of a task, against the standard library's pools, in a few minutes
	$(BIN)/python benchmarks/compare.py $(ARGS)

instructions: $(BUILT) ## count the hot paths' instructions and compare; make instructions UPDATE=1 writes them
	$(BIN)/python -m benchmarks.instructions $(if $(UPDATE),--update)

lint: $(VENV)/.lint ## format, style and types of all files
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/clang-format --dry-run --Werror $(C_FILES)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/cython-lint src
	$(BIN)/codespell
	$(BIN)/mypy src/threadmill benchmarks tests/typing
	$(BIN)/zizmor --offline --quiet .github

format: $(VENV)/.lint ## rewrite all files in the project's style
	$(BIN)/ruff format
	$(BIN)/ruff check --fix
	$(BIN)/clang-format -i $(C_FILES)

clean: ## remove what was built
	rm -rf $(VENV) build dist src/*.egg-info src/threadmill/*.so csrc/build

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "threadmill needs Python 3.11 or newer: there is no $(PYTHON)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "threadmill needs Python 3.11 or newer: name one with make PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "threadmill needs Python's venv module: install it (Debian: python3-venv)"; exit 1; }
	@$(PYTHON) -c 'import os, sys, sysconfig; \
	  sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' || \
	  { echo "threadmill needs Python's headers: install them (Debian: python3-dev)"; exit 1; }
	@command -v $(CC) >/dev/null || { echo "threadmill needs a C compiler: install gcc or clang"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(BUILT): $(BIN)/python $(SOURCES)
	CC="$(CC)" $(BIN)/python -m pip install --quiet --editable ".[demo]"
	@touch $@

$(VENV)/.test: $(BUILT)
	$(BIN)/python -m pip install --quiet $(addprefix --group ,$(GROUPS))
	@touch $@

$(VENV)/.bench: $(BUILT)
	$(BIN)/python -m pip install --quiet --group bench
	@touch $@

$(VENV)/.lint: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --group lint
	@touch $@

.PHONY: help demo test stress check bench compare instructions lint format clean

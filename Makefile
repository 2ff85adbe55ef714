# The commands of a checkout. They need Python with its headers, a C compiler and make; the rest goes
# into a private environment, $(VENV).
PYTHON = python3
VENV = .venv
CC = cc
ARGS =
GROUPS = test

BIN = $(VENV)/bin
BUILT = $(VENV)/.built
SOURCES = pyproject.toml setup.py $(wildcard csrc/src/*.[ch] src/threadmill/*.p[yx][xdi] src/threadmill/*.h)
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

# The sanitizers look at the whole package, each built in an environment of its own for $(PYTHON). A process that
# finds something writes it to a file, also one that a test has started. (A thread leak is one that has ended when the
# interpreter exits, and that nobody has joined: a daemon.)
TSAN = build/tsan
ASAN = build/asan

tsan: $(TSAN)/.built ## the tests with ThreadSanitizer, on a free-threaded PYTHON=... built with it
	@rm -rf $(TSAN)/found && mkdir $(TSAN)/found
	@TSAN_OPTIONS="suppressions=$(CURDIR)/tests/tsan.supp log_path=$(CURDIR)/$(TSAN)/found/by exitcode=66 die_after_fork=0 \
	  report_thread_leaks=0" \
	  $(TSAN)/bin/python -m pytest -o faulthandler_timeout=900 $(ARGS); result=$$?; \
	if cat $(TSAN)/found/* 2>/dev/null; then exit 1; else exit $$result; fi

asan: $(ASAN)/.built ## the tests with AddressSanitizer and LeakSanitizer
	@rm -rf $(ASAN)/found && mkdir $(ASAN)/found
	@ASAN_OPTIONS="log_path=$(CURDIR)/$(ASAN)/found/by allocator_may_return_null=1 leak_check_at_exit=0" \
	  LSAN_OPTIONS="suppressions=$(CURDIR)/tests/lsan.supp print_suppressions=0" \
	  LD_PRELOAD="$$(gcc -print-file-name=libasan.so)" PYTHONMALLOC=malloc \
	  $(ASAN)/bin/python -m pytest -o faulthandler_timeout=900 $(ARGS); result=$$?; \
	if cat $(ASAN)/found/* 2>/dev/null; then exit 1; else exit $$result; fi

bench: $(VENV)/.bench ## all figures, in about 10 minutes; in one: make bench QUICK=1; some: ARGS="--cases burst,map"
	CC="$(CC)" $(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(ARGS)

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

# Not editable: what a sanitizer needs is in nobody else's way. report_bugs: pip is not what is tested.
$(TSAN)/.built: $(SOURCES)
	@$(PYTHON) -c 'import sysconfig; exit("--with-thread-sanitizer" not in sysconfig.get_config_var("CONFIG_ARGS"))' || \
	  { echo "$(PYTHON) is not built with ThreadSanitizer: name one that is with make tsan PYTHON=..."; exit 1; }
	TSAN_OPTIONS=report_bugs=0 $(PYTHON) -m venv $(TSAN)
	TSAN_OPTIONS=report_bugs=0 $(TSAN)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	TSAN_OPTIONS=report_bugs=0 THREADMILL_SANITIZE=thread $(TSAN)/bin/python -m pip install --quiet . --group run-tests
	@touch $@

$(ASAN)/.built: $(SOURCES)
	$(PYTHON) -m venv $(ASAN)
	$(ASAN)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	CC=gcc THREADMILL_SANITIZE=address $(ASAN)/bin/python -m pip install --quiet . --group run-tests
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

.PHONY: help demo test stress check tsan asan bench instructions lint format clean

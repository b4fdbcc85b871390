# `make` alone says what there is.

PYTHON ?= python3
# How the tests run. Real partners need the machine for themselves for moments: never more workers than cores.
PYTEST_ARGS ?= -n 2 --dist loadfile --no-loadscope-reorder

BIN := .venv/bin
DEMO := .venv/.stamp-demo
TEST := .venv/.stamp-test
DOCS := .venv/.stamp-docs
COMPILED := .venv/.stamp-compiled
# Where the compiled core is tried there are no sources.
ON_COMPILED := cd .venv/compiled && PYTHONPATH=$(CURDIR)/.venv/compiled/lib ../bin/python

.DEFAULT_GOAL := help
.PHONY: help demo test check bench fix fuzz fuzz-long world chaos soak compiled test-compiled bench-compiled docs clean partners

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(DEMO) ## four core networks on loopback, every procedure in turn, a ladder as it happens
	$(BIN)/opentcf demo $(ARGS)

test: $(TEST) partners ## the tests; installs the real test partners where it may
	$(BIN)/python -m pytest $(PYTEST_ARGS) $(ARGS)

check: $(TEST) partners ## format, lint, types, import contracts, tests with coverage: what CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest $(PYTEST_ARGS) --cov --cov-report=term $(ARGS)

fix: $(TEST) ## format the code and repair what the linter can repair
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

world: $(TEST) ## the property tests over whole networks at full length
	WORLD=full $(BIN)/python -m pytest --timeout 7200 tests/property $(ARGS)

chaos: $(TEST) partners ## a quarter of an hour of random operations and faults over real nodes, the history checked
	$(BIN)/opentcf chaos --seconds 300 $(ARGS)
	$(BIN)/opentcf chaos --seconds 240 --kills 200 --faults 0 --drills 0 $(ARGS)
	$(BIN)/opentcf chaos --namespaces --runs 20 --seconds 15 --kills 1 --faults 5 --drills 1 $(ARGS)

fuzz: $(TEST) ## the fuzz tests at full length
	FUZZ=full $(BIN)/python -m pytest --timeout 7200 tests/fuzz $(ARGS)

fuzz-long: $(TEST) ## an hour of fuzzing by coverage; SECONDS=600 is shorter, ARGS=node one target
	$(BIN)/python -m pip install --quiet -e '.[fuzz]'
	$(BIN)/python -m fuzz --seconds $(or $(SECONDS),3600) $(ARGS)

bench: $(TEST) partners ## measure; ARGS=--quick takes three minutes instead of fifteen
	-$(BIN)/python -m pip install --quiet -r bench/requirements.txt
	$(BIN)/python -m bench $(ARGS)

soak: $(TEST) partners ## half an hour of everything over four nodes; ARGS="--seconds 600" is shorter
	$(BIN)/python -m bench soak $(ARGS)

compiled: $(COMPILED) ## a wheel for this machine in dist/ whose core is compiled by mypyc: two to five minutes

test-compiled: $(COMPILED) ## the tests that need no partners, on the compiled core
	$(ON_COMPILED) -m opentcf.cli --version
	$(ON_COMPILED) -m pytest $(PYTEST_ARGS) -m "not interop" tests/*/ $(ARGS)

bench-compiled: $(COMPILED) partners ## measure the compiled core; ARGS as for bench
	$(ON_COMPILED) -m bench $(ARGS)

docs: $(DOCS) ## the documentation as a web site, in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

clean: ## remove everything that make and the tools made
	rm -rf .venv build dist site htmlcov .coverage .coverage.* .hypothesis
	rm -rf .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

partners:
	@scripts/install-partners

.venv/.stamp-venv: scripts/make-venv
	scripts/make-venv $(PYTHON)
	@touch $@

$(DEMO): .venv/.stamp-venv pyproject.toml
	$(BIN)/python -m pip install --quiet -e .
	@touch $@

$(TEST): .venv/.stamp-venv pyproject.toml
	$(BIN)/python -m pip install --quiet -e '.[test,speed]'
	@touch $@ $(DEMO)

$(COMPILED): $(TEST) $(shell find src tests bench -name '*.py')
	rm -rf .venv/sdist .venv/compiled
	$(BIN)/python -m hatchling build -t sdist -d .venv/sdist  # so that no compiled file is left beside the sources
	HATCH_BUILD_HOOK_ENABLE_MYPYC=true $(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .venv/sdist/*.tar.gz
	$(BIN)/python -m pip install --quiet --no-deps --no-index --find-links dist --target .venv/compiled/lib opentcf
	tar -xzf .venv/sdist/*.tar.gz -C .venv/compiled --strip-components 1 --exclude '*/src'
	@touch $@

$(DOCS): .venv/.stamp-venv pyproject.toml
	$(BIN)/python -m pip install --quiet -e '.[docs]'
	@touch $@

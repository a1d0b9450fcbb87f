# Everything runs in a virtual environment of its own, made at first use.
PYTHON ?= python3
VENV ?= .venv
# What pip may take: the newest versions that are tested, or the oldest with
#     make test CONSTRAINTS=constraints-oldest.txt VENV=.venv-oldest
CONSTRAINTS ?= constraints.txt
PIP = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS)
# A file's tests share what they fit. The longest files are not the last ones.
DIST = --dist loadfile --no-loadscope-reorder
# Processes of tests start faster where modules, and tests with their rewritten
# assertions, need not be compiled anew.
unexport PYTHONDONTWRITEBYTECODE
SOURCES = setup.cfg pyproject.toml $(CONSTRAINTS)

.PHONY: demo test test-fast test-benchmarks test-oldest coverage lint docs clean

demo: $(VENV)/.demo
	$(VENV)/bin/python -m sklearn_m3l

# Slow tests start processes, in which no coverage is measured.
test: $(VENV)/.test
	$(VENV)/bin/python -m pytest -n 2 $(DIST) -m "not slow" --cov --cov-report=
	$(VENV)/bin/python -m pytest -n 2 $(DIST) -m slow

# All but the slow tests, on all cores.
test-fast: $(VENV)/.test
	$(VENV)/bin/python -m pytest -q -n auto $(DIST) -m "not slow"

# Those of the programs in benchmarks/, which take minutes.
test-benchmarks: $(VENV)/.test
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -q -n 2 $(DIST) benchmarks/tests

test-oldest:
	$(MAKE) test CONSTRAINTS=constraints-oldest.txt VENV=.venv-oldest

# No coverage is measured in compiled code, which therefore runs once more without its
# compiler.
COMPILED = tests/gibbs tests/network/test_kernels.py tests/network/test_ops.py
coverage: test
	NUMBA_DISABLE_JIT=1 $(VENV)/bin/python -m pytest -q -n 2 $(DIST) -m "not slow" $(COMPILED) \
	    --cov --cov-append --cov-report=term --cov-fail-under=95

lint: $(VENV)/.test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/codespell
	$(VENV)/bin/python .ci/prose.py

docs: $(VENV)/.docs
	$(VENV)/bin/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "Open docs/_build/html/index.html in a browser."

clean:
	rm -rf $(VENV) .venv-oldest build dist *.egg-info docs/_build docs/auto_examples docs/generated

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/bin/python $(SOURCES)
	$(PIP) -e .
	touch $@

$(VENV)/.test: $(VENV)/bin/python $(SOURCES)
	$(PIP) -e ".[test,lint,benchmarks]"
	touch $@ $(VENV)/.demo

$(VENV)/.docs: $(VENV)/bin/python $(SOURCES)
	$(PIP) -e ".[docs]"
	touch $@ $(VENV)/.demo

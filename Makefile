# Everything runs in a virtual environment of its own, made at first use.
PYTHON ?= python3
VENV ?= .venv
PIP = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
SOURCES = setup.cfg pyproject.toml constraints.txt

.PHONY: demo test lint docs clean

demo: $(VENV)/.demo
	$(VENV)/bin/python -m sklearn_m3l

test: $(VENV)/.test
	$(VENV)/bin/python -m pytest --cov --cov-report=term

lint: $(VENV)/.test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

docs: $(VENV)/.docs
	$(VENV)/bin/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "Open docs/_build/html/index.html in a browser."

clean:
	rm -rf $(VENV) build dist *.egg-info docs/_build docs/auto_examples docs/generated

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

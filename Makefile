# `make demo` and `make test` each work first, from a fresh clone, with Python, pip and make.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test check format clean

demo: $(VENV)/installed
	$(BIN)/python demo.py

test: $(VENV)/installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest

check: $(VENV)/installed
	$(BIN)/black --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) test

format: $(VENV)/installed
	$(BIN)/black .
	$(BIN)/ruff check --fix .

# The modern stack is for Python 3.11 and newer: AllenNLP is installed beside its requirements, since its own pins
# exclude every torch that exists there. The classic stack takes AllenNLP as released.
$(VENV)/installed: setup.py $(wildcard constraints/*.txt)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 8) and "Python 3.8 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip wheel "setuptools<81"
	if $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	    $(BIN)/pip install --quiet -c constraints/modern.txt -e ".[demo,dev]" && \
	    $(BIN)/pip install --quiet --no-deps --no-build-isolation fairscale==0.4.6 && \
	    $(BIN)/pip install --quiet --no-deps allennlp==2.10.1 allennlp-models==2.10.1; \
	else \
	    $(BIN)/pip install --quiet -c constraints/classic.txt -e ".[demo,dev]"; \
	fi
	touch $@

clean:
	rm -rf demo-output

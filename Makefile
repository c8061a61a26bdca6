# `make demo` and `make test` each work first, from a fresh clone, with Python, pip and make.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
STACK := $(shell $(PYTHON) -c 'import sys; print("modern" if sys.version_info >= (3, 11) else "classic")')
INSTALLED = $(VENV)/installed-$(VERSION)
# Processes that run tests.
WORKERS ?= 2

.PHONY: install demo test check format brute-force kills bench clean

install: $(INSTALLED)

demo: $(INSTALLED)
	$(BIN)/python -m skd_plugin distill training_configs/experiments/demo.jsonnet -s demo-output

test: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

check: $(INSTALLED)
	$(BIN)/black --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) test

format: $(INSTALLED)
	$(BIN)/black .
	$(BIN)/ruff check --fix .

# At least 10,000 random chains (and segmentations) a test, against the enumeration of all paths; about ten minutes.
brute-force: $(INSTALLED)
	SKD_RANDOM_CHAINS=10000 OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/structures

# Processes that ask teachers and fill a store, and whole experiments, killed fifty times at random moments; some minutes.
kills: $(INSTALLED)
	SKD_KILLS=50 OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/knowledge/kills_test.py tests/teachers/asking_kills_test.py tests/commands/distill_test.py -k kill

# Beside other libraries, which the extra `bench` adds, and of knowledge in a store; about an hour.
bench: $(INSTALLED)
	$(BIN)/pip install --quiet -c constraints/$(STACK).txt -e ".[bench]"
	$(BIN)/pip install --quiet -c constraints/$(STACK).txt supar || echo "supar does not install here: left out"
	$(BIN)/python benchmarks/structures.py
	$(BIN)/python benchmarks/knowledge.py
	$(BIN)/python benchmarks/training_steps.py
	$(BIN)/python benchmarks/phases.py
	$(BIN)/python benchmarks/alignment.py
	$(BIN)/python benchmarks/compression.py

# The modern stack is for Python 3.11 and newer: AllenNLP is installed beside its requirements, since its own pins
# exclude every torch that exists there. The classic stack takes AllenNLP as released.
$(INSTALLED): setup.py $(wildcard constraints/*.txt)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 8) and "Python 3.8 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --upgrade pip wheel "setuptools<81"
	if $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	    $(BIN)/pip install --quiet -c constraints/modern.txt -e ".[dev,ray]" && \
	    $(BIN)/pip install --quiet --no-deps --no-build-isolation fairscale==0.4.6 && \
	    $(BIN)/pip install --quiet --no-deps allennlp==2.10.1 allennlp-models==2.10.1; \
	else \
	    $(BIN)/pip install --quiet -c constraints/classic.txt -e ".[dev,ray]"; \
	fi
	touch $@

clean:
	rm -rf demo-output

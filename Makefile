# The two commands of the README, and those that they use. They need only Python 3.11 or newer and
# make, and install everything into .venv.
PYTHON ?= python3
BACKENDS ?= numpy torch keras jax autograd

BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
INSTALL := $(PIP) install --constraint constraints.txt
FRAMEWORKS := $(filter torch keras jax autograd,$(BACKENDS))

.PHONY: demo test coverage crash fuzz lockstep mutants lint docs bench release-check audit setup clean

# One thread: two wait for each other, for minutes if other programs use the processors.
demo: .venv/core ## Train the reference backend for about a minute, and show where the pictures are.
	@rm -rf runs/demo
	GANKIT_THREADS=1 $(BIN)/gankit train --backend numpy --epochs 10 --out runs/demo
	@GANKIT_THREADS=1 $(BIN)/gankit sample runs/demo --out runs/demo/samples.png
	@echo
	@echo "Trained the recipe simple for ten epochs on the numpy backend; the run is in runs/demo."
	@echo "Grids of epochs 1 and 10: runs/demo/samples; 25 new images: runs/demo/samples.png."
	@echo "An HTML page about the run: $(BIN)/gankit report runs/demo; more commands: README.md."

test: setup ## Run every test; BACKENDS=numpy needs no framework.
	$(BIN)/python tests/run.py $(BACKENDS)

coverage: .venv/core .venv/test ## Measure which lines and branches the quick tests run on the reference.
	GANKIT_TEST_BACKENDS=numpy $(BIN)/python -m pytest -q -n 2 -m "not slow" \
	  --cov --cov-report=term:skip-covered

crash: setup ## Run the crash battery with its long figures, and write them into docs/reliability.md.
	$(BIN)/python -m tests.crash.table $(filter-out jax autograd,$(BACKENDS))

fuzz: setup .venv/with-torch ## Compare the reference and torch with the oracle on 300 random problems.
	$(BIN)/python -m tests.oracle.fuzz 300 --backends numpy,torch

lockstep: setup ## Run the contract of torch and of keras in 3 processes that train together.
	$(BIN)/python -m tests.lockstep 3 $(filter torch keras,$(BACKENDS))

lint: setup .venv/lint ## Check style and types.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

docs: .venv/docs ## Build the documentation into docs/_build.
	$(BIN)/sphinx-build -W -q -b html docs docs/_build

mutants: setup .venv/with-autograd ## Change gankit.functional in one place at a time; each change must fail a clause.
	$(BIN)/python -m tests.mutants

bench: setup ## Time gankit against hand-written loops.
	$(BIN)/python tests/benchmarks/steps.py

release-check: .venv/release ## Build dist/, try the wheel in a new environment, and list what the owner must fill in.
	$(BIN)/python -m tests.release.check

audit: .venv/audit ## Look up known vulnerabilities of the versions in constraints.txt.
	$(BIN)/pip-audit --strict --requirement constraints.txt --no-deps --disable-pip

setup: .venv/core .venv/test .venv/trackers .venv/docs $(addprefix .venv/with-,$(FRAMEWORKS)) ## Install what the tests need.

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "gankit needs Python 3.11 or newer; say make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

# torch comes before anything that would pull another build of it.
.venv/with-torch: .venv/python constraints.txt
	@$(INSTALL) 'torch==2.13.0+cpu' 2>/dev/null || { \
	  echo "no CPU build of torch is to be had here: installing torch 2.13.0, several gigabytes"; \
	  $(INSTALL) torch==2.13.0; }
	$(INSTALL) onnx onnxscript onnxruntime
	$(INSTALL) --no-deps torchmetrics lightning-utilities
	@touch $@

.venv/with-keras: .venv/python constraints.txt
	$(INSTALL) tensorflow-cpu keras tf2onnx onnxruntime
	@touch $@

# Not gankit's own, but examples of plugins: they are installed as anybody would.
.venv/with-jax: .venv/core docs/examples/gankit-jax/pyproject.toml
	$(INSTALL) jax
	$(INSTALL) --no-deps --editable docs/examples/gankit-jax
	@touch $@

.venv/with-autograd: .venv/core docs/examples/gankit-autograd/pyproject.toml
	$(INSTALL) autograd
	$(INSTALL) --no-deps --editable docs/examples/gankit-autograd
	@touch $@

.venv/core: .venv/python pyproject.toml constraints.txt
	$(INSTALL) --editable .
	@touch $@

.venv/test: .venv/core
	$(INSTALL) mypy types-tqdm pytest pytest-cov pytest-timeout pytest-xdist hypothesis scipy scikit-learn scikit-image selenium tensorboardX imageio imageio-ffmpeg nbclient nbformat ipykernel pyyaml
	$(INSTALL) --no-deps axe-playwright-python # For the script of axe-core in it, without Playwright.
	@touch $@

# What the example callbacks log to, without a server or an account.
.venv/trackers: .venv/core
	$(INSTALL) wandb mlflow-skinny sqlalchemy alembic
	@touch $@

.venv/lint: .venv/python constraints.txt
	$(INSTALL) ruff mypy types-tqdm
	@touch $@

.venv/release: .venv/python constraints.txt
	$(INSTALL) build twine check-wheel-contents
	@touch $@

.venv/audit: .venv/python constraints.txt
	$(INSTALL) pip-audit
	@touch $@

.venv/docs: .venv/core
	$(INSTALL) sphinx myst-parser furo
	@touch $@

clean: ## Remove the environment and every cache.
	rm -rf .venv dist docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis

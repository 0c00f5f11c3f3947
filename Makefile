# `make book` and `make test` need nothing but Python 3.11: they make .venv and install what they need.
PYTHON ?= python3.11
BIN := .venv/bin
# Real MovieLens data, where the course team keeps it beside the checkout.
ifneq ($(wildcard ../shared/data/ml-100k),)
export RECBOOK_DATA ?= $(abspath ../shared/data)
endif

.PHONY: help venv book test faults lint verify record release colab demo clean lock

help: ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

venv: .venv/installed ## make .venv with the pinned packages

.venv/installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	@touch $@

book: venv ## build the site into _build/html
	$(BIN)/jupyter-book build . --warningiserror --keep-going

test: venv ## run the test suite
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

faults: venv ## kill graders, workers and children at random, and see that nothing is lost
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m faults

lint: venv ## check the style of the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

verify: venv ## ask every question of code whose verdict is known
	$(BIN)/python -m grader verify
	$(BIN)/python -m grader record --check

record: venv ## record the answers that check() compares with
	$(BIN)/python -m grader record

release: venv ## make the notebooks and the wheel for students under build/course
	$(BIN)/python -m grader assemble

demo: venv ## grade a simulated class of 30 before your eyes, and open the report
	$(BIN)/python -m grader demo

colab: release ## run the released notebooks with Colab's versions, as students will
	$(PYTHON) -m venv .venv-colab
	.venv-colab/bin/python -m pip install --quiet --constraint tests/colab/constraints.txt torch==2.13.0 \
		altair ipykernel ipywidgets jupytext matplotlib nbclient pytest seaborn build/course/release/*.whl
	cd tests/colab && RECBOOK_COURSE=$(abspath build/course) PYTHONPATH=$(CURDIR) ../../.venv-colab/bin/python -m pytest \
		--rootdir . -p no:cacheprovider -q .

lock: ## pin the newest versions of everything the course uses in requirements.txt
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	.venv-lock/bin/python -m pip install --quiet torch==2.13.0 --group course .
	(echo '# Made by `make lock`: every package of the course, pinned. Python 3.11.'; \
	 .venv-lock/bin/python -m pip freeze --exclude recbook | sed 's/+cpu//'; echo '-e .') > requirements.txt
	rm -rf .venv-lock

clean: ## remove what was built
	rm -rf _build build dist src/*.egg-info .venv-colab

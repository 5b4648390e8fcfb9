# The two commands that matter: `make listen` and `make test`. Both set up what they need.
PYTHON ?= python3
SHELL := /bin/bash

# The runtime alone, as on a device; and everything the tests need, TensorFlow and librosa included.
RUNTIME := .venv
TESTING := .venv-test
PIP_FLAGS := --quiet --disable-pip-version-check

.PHONY: help listen demo test lint types package model bench clean

help:
	@echo "make listen   show the genre of what the microphone hears (without a microphone: a demo)"
	@echo "make test     run all tests"
	@echo "make lint | types | package   style, types, and the packages as a user would install them"
	@echo "make model    train the shipped model again (needs ../shared/data)"
	@echo "make bench    speed and memory, side by side with librosa"

listen: $(RUNTIME)/.ready
	@$(RUNTIME)/bin/livegenre listen; status=$$?; \
	if [ $$status -eq 2 ]; then \
		echo "livegenre: playing the demo instead; press Ctrl-C to stop" >&2; \
		$(RUNTIME)/bin/livegenre listen --demo; status=$$?; \
	fi; \
	[ $$status -eq 130 ] || exit $$status

test: $(TESTING)/.ready
	$(TESTING)/bin/python -m pytest -m "not packaging"

lint: $(TESTING)/.ready
	$(TESTING)/bin/ruff check .
	$(TESTING)/bin/ruff format --check .

types: $(TESTING)/.ready
	$(TESTING)/bin/mypy

package: $(TESTING)/.ready
	$(TESTING)/bin/python -m pytest -m packaging tests/packaging

model: $(TESTING)/.ready
	$(TESTING)/bin/python -m build.train

bench: $(TESTING)/.ready
	taskset -c 0 $(TESTING)/bin/python -m tests.benchmarks.features

$(RUNTIME)/.ready: setup.cfg
	@.ci/apt python3-venv libportaudio2
	@$(call new-environment,$(RUNTIME))
	$(RUNTIME)/bin/pip install $(PIP_FLAGS) --editable .
	@touch $@

$(TESTING)/.ready: setup.cfg
	@.ci/apt python3-venv libportaudio2 pulseaudio pulseaudio-utils libasound2-plugins \
		ffmpeg strace systemd
	@$(call new-environment,$(TESTING))
	$(TESTING)/bin/pip install $(PIP_FLAGS) --editable '.[test,lint]'
	@touch $@

define new-environment
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "livegenre: needs Python 3.11 or newer, this is " + sys.version.split()[0])' \
	&& $(PYTHON) -m venv $(1)
endef

clean:
	rm -rf $(RUNTIME) $(TESTING) .setuptools *.egg-info dist

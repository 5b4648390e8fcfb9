# The two commands that matter: `make listen` and `make test`. Both set up what they need.
PYTHON ?= python3
SHELL := /bin/bash

# The runtime alone, as on a device; and everything the tests need, TensorFlow and librosa included.
RUNTIME := .venv
TESTING := .venv-test
# Home Assistant, whose own rules are asked about what is published for it: its pins suit nobody else.
HOMEASSISTANT := .venv-homeassistant
PIP_FLAGS := --quiet --disable-pip-version-check

.PHONY: help listen test test-long test-cores test-homeassistant debian lint types wheel package test-machines \
	test-processors test-arm64 image model bench librosa-suite clean

help:
	@echo "make listen   show the genre of what the microphone hears (without a microphone: a demo)"
	@echo "make test     run the tests"
	@echo "make test-long | test-cores | test-homeassistant   those that take long, the arithmetic as on other processors,"
	@echo "              and Home Assistant's own rules (where it has to be compiled, with a compiler)"
	@echo "make lint | types | package   style, types, and the packages as a user would install them"
	@echo "make test-arm64 | test-machines   the wheel on emulated Pis, or on all machines in MACHINES (needs root)"
	@echo "make wheel    dist/livegenre-*.whl and dist/features_np-*.whl, to install elsewhere"
	@echo "make image    container images for amd64 and arm64 (needs root)"
	@echo "make model    train the shipped models again (needs ../shared/data)"
	@echo "make bench    speed and memory, side by side with librosa"
	@echo "make librosa-suite LIBROSA=FOLDER   librosa's own tests with the import swapped, in a checkout of librosa"

listen: $(RUNTIME)/.ready
	@$(RUNTIME)/bin/livegenre listen; status=$$?; \
	if [ $$status -eq 2 ]; then \
		echo "livegenre: playing the demo instead; press Ctrl-C to stop" >&2; \
		$(RUNTIME)/bin/livegenre listen --demo; status=$$?; \
	fi; \
	[ $$status -eq 130 ] || exit $$status

# Many tests wait, for a sound server or a browser. With more than there are processors, some wait too long.
WORKERS ?= 2
PYTEST = $(TESTING)/bin/python -m pytest

test: $(TESTING)/.ready
	$(PYTEST) -n $(WORKERS) --dist loadgroup -m "not slow and not homeassistant and not packaging and not machines"

test-long: $(TESTING)/.ready
	$(PYTEST) -n $(WORKERS) --dist loadgroup -m "slow and not homeassistant and not packaging and not machines"

test-cores: $(TESTING)/.ready
	$(TESTING)/bin/python -m tests.features.reference.other_cores

test-homeassistant: PACKAGES = $(TEST_PACKAGES) $(HOMEASSISTANT_PACKAGES)
test-homeassistant: debian $(TESTING)/.ready $(HOMEASSISTANT)/.ready
	$(PYTEST) -m homeassistant

# Whoever has to type what is missing types it once: all that a target needs, before anything is installed for it.
PACKAGES = $(TEST_PACKAGES) $(HOMEASSISTANT_PACKAGES) $(MACHINES_PACKAGES)

debian:
	@.ci/apt $(sort $(PACKAGES))

lint: $(TESTING)/.ready
	$(TESTING)/bin/ruff check .
	$(TESTING)/bin/ruff format --check .
	$(TESTING)/bin/python -m tests.docstrings

types: $(TESTING)/.ready
	$(TESTING)/bin/mypy

wheel: $(RUNTIME)/.ready
	@$(call nothing-of-others)
	@rm -rf .setuptools features_np/.setuptools
	@$(RUNTIME)/bin/pip wheel $(PIP_FLAGS) --no-deps --wheel-dir dist . ./features_np

package: $(TESTING)/.ready
	$(TESTING)/bin/python -m pytest -m packaging tests/packaging

# Each in a Debian root of its own, which is made the first time and kept in .cache: MACHINES="trixie-amd64 ..."
MACHINES_PACKAGES = mmdebstrap arch-test qemu-user-static shellcheck systemd umoci skopeo e2fsprogs docker-compose
MACHINES ?= bookworm-amd64 trixie-amd64 bookworm-amd64-litert trixie-arm64 bookworm-arm64 bookworm-arm64-litert bookworm-armhf

test-machines image: PACKAGES = $(TEST_PACKAGES) $(MACHINES_PACKAGES)

test-machines: debian $(TESTING)/.ready
	MACHINES="$(MACHINES)" PROCESSORS="$(PROCESSORS)" $(TESTING)/bin/python -m pytest -m machines -s tests/packaging/machines

# On every processor that can be made believe, not the commonest alone: half an hour.
test-processors:
	@$(MAKE) --no-print-directory test-machines PROCESSORS=all

test-arm64:
	@$(MAKE) --no-print-directory test-machines MACHINES="trixie-arm64 bookworm-arm64"

# dist/livegenre-VERSION-ARCHITECTURE.oci.tar and .docker.tar, of Debian's packages and the wheel alone.
image: debian wheel $(TESTING)/.ready
	$(TESTING)/bin/python -m tests.packaging.machines.container.image dist/livegenre-*.whl $(ARCHITECTURES)

model: $(TESTING)/.ready
	$(TESTING)/bin/python -m build.train --recipe listener --backbone mn04 --beside
	$(TESTING)/bin/python -m build.listener.make_training_rows
	$(TESTING)/bin/python -m build.train --recipe timbre

# librosa's own tests with the import swapped, in the folder of a checkout or an unpacked release of librosa 0.11.
LIBROSA ?= ../librosa

librosa-suite: $(TESTING)/.ready
	$(TESTING)/bin/python -m tests.librosa_suite.gate $(LIBROSA)

bench: $(TESTING)/.ready
	taskset -c 0 $(TESTING)/bin/python -m tests.benchmarks.features
	taskset -c 0 $(TESTING)/bin/python -m features_np.speed.compare

$(RUNTIME)/.ready: setup.cfg
	@.ci/apt $(VENV_PACKAGE) libportaudio2
	@$(call nothing-of-others)
	@echo "livegenre: installing into $(RUNTIME): 270 MB, most of it SciPy and NumPy" >&2
	@$(call new-environment,$(RUNTIME))
	@$(RUNTIME)/bin/pip install $(PIP_FLAGS) --editable .
	@touch $@

$(TESTING)/.ready: setup.cfg
	@.ci/apt $(TEST_PACKAGES)
	@$(call nothing-of-others)
	@echo "livegenre: installing into $(TESTING): 2.4 GB, most of it TensorFlow; this takes some minutes" >&2
	@$(call new-environment,$(TESTING))
	@$(TESTING)/bin/pip install $(PIP_FLAGS) --editable '.[test,lint]'
	@$(compile-librosa)
	@touch $@

TEST_PACKAGES = $(VENV_PACKAGE) $(TK_PACKAGE) libportaudio2 procps pulseaudio pulseaudio-utils libasound2-plugins \
	ffmpeg strace systemd chromium libatomic1 mosquitto openssl xvfb xdotool man-db zsh fish

# Debian keeps what makes environments, and windows, in packages of their own; other builds of Python bring it along.
VENV_PACKAGE = $(shell $(PYTHON) -c 'import ensurepip' 2>/dev/null || echo python3-venv)
TK_PACKAGE = $(shell $(PYTHON) -c 'import tkinter' 2>/dev/null || echo python3-tk)

# The newest release for each Python that installs there; from 3.13 on, two of its packages have to be compiled. The
# older one names no bound for josepy, whose second version it breaks with as soon as it is started.
NEW_PYTHON = $(shell $(PYTHON) -c 'import sys; print("yes" if sys.version_info >= (3, 13) else "")')
HOMEASSISTANT_PACKAGES = $(VENV_PACKAGE) $(if $(NEW_PYTHON),gcc libc6-dev python3-dev)
HOMEASSISTANT_RELEASE = $(if $(NEW_PYTHON),homeassistant==2025.1.4,homeassistant==2024.3.3 'josepy<2')

$(HOMEASSISTANT)/.ready: Makefile
	@.ci/apt $(HOMEASSISTANT_PACKAGES)
	@echo "livegenre: installing $(firstword $(HOMEASSISTANT_RELEASE)), which the tests ask, into $(HOMEASSISTANT)" >&2
	@$(call new-environment,$(HOMEASSISTANT))
	@$(HOMEASSISTANT)/bin/pip install $(PIP_FLAGS) $(HOMEASSISTANT_RELEASE)
	@touch $@

# Numba compiles librosa as it is imported. Test processes that do so at the same moment spoil its cache, and crash.
compile-librosa = EAGER_IMPORT=1 $(TESTING)/bin/python -P -c 'import librosa'

define new-environment
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "livegenre: needs Python 3.11 or newer, this is " + sys.version.split()[0])' \
	&& $(PYTHON) -m venv $(1)
endef

# What `sudo pip install .` leaves in a checkout, its owner cannot write to.
define nothing-of-others
for left in *.egg-info .setuptools dist; do \
		[ ! -e "$$left" ] || [ -w "$$left" ] || { \
			echo "livegenre: $$left belongs to another user; type: sudo rm -r $$left" >&2; exit 1; }; \
	done
endef

clean:
	rm -rf $(RUNTIME) $(TESTING) $(HOMEASSISTANT) .setuptools *.egg-info dist features_np/.setuptools features_np/*.egg-info

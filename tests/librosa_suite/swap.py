"""A pytest plugin: ``import librosa`` gives features_np, where it has the name, and librosa where it has not.

``pytest -p tests.librosa_suite.swap`` in a checkout of librosa. Every function and class of ours that a test gets is
counted, and ``--outcomes FILE`` takes one line for each test that used any: its name, then "passed" or "failed".
With ``--reference`` librosa answers itself, and the same tests are listed: what a machine without its data can pass.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import pkgutil
import sys
from types import ModuleType
from typing import Any

os.environ["EAGER_IMPORT"] = "1"  # librosa loads its modules when they are used: now, before they are swapped

import librosa
import pytest

import features_np

REACHED: set[str] = set()
OUTCOMES: dict[str, bool] = {}
REFERENCE = "--reference" in sys.argv


class StandIn(ModuleType):
    """One module of librosa as a test sees it."""

    def __init__(self, theirs: ModuleType, ours: ModuleType | None) -> None:
        super().__init__(theirs.__name__)
        self.__dict__.update(_theirs=theirs, _ours=ours, __path__=getattr(theirs, "__path__", []))

    def __getattr__(self, name: str) -> Any:
        theirs = getattr(self._theirs, name)
        if isinstance(theirs, ModuleType) and theirs.__name__.startswith("librosa"):
            return sys.modules[theirs.__name__] if isinstance(sys.modules[theirs.__name__], StandIn) else theirs
        if name.endswith("Error") or name.endswith("Warning"):
            return (theirs, getattr(features_np, name)) if hasattr(features_np, name) else theirs
        ours = None if self._ours is None or name.startswith("__") else inspect.getattr_static(self._ours, name, None)
        if ours is None or isinstance(ours, ModuleType) or not callable(theirs):
            return theirs
        value = counted(name, theirs if REFERENCE else getattr(self._ours, name))
        self.__dict__[name] = value
        return value


def counted(name: str, function: Any) -> Any:
    """Return ``function``, which notes that it was reached."""
    if inspect.isclass(function):
        return function

    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        REACHED.add(name)
        return function(*arguments, **named)

    return call


def swap() -> None:
    """Put a stand-in in the place of every module of librosa."""
    for module in pkgutil.walk_packages(librosa.__path__, "librosa."):
        importlib.import_module(module.name)
    for name, theirs in [item for item in sys.modules.items() if item[0].split(".")[0] == "librosa"]:
        place = ".".join(part for part in name.split(".")[1:2] if part in PLACES)
        ours = importlib.import_module(f"features_np.{place}") if place else features_np
        sys.modules[name] = StandIn(theirs, ours)


#: Modules that stand for librosa's; what is in others of librosa's (core.spectrum) is at its top.
PLACES = [name for name in ("beat", "effects", "feature", "filters", "onset", "util") if hasattr(features_np, name)]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the name of the list, and whether librosa answers."""
    parser.addoption("--outcomes", help="file that takes the name and outcome of each test that reaches features_np")
    parser.addoption("--reference", action="store_true", help="librosa's own functions instead of ours")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Note the outcome of a test that used a function of ours."""
    report = (yield).get_result()
    expected_to_fail = hasattr(report, "wasxfail")
    if REACHED and (report.failed or (call.when == "call" and (report.passed or expected_to_fail))):
        OUTCOMES[item.nodeid] = not report.failed
    if call.when == "teardown":
        REACHED.clear()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the list."""
    if path := session.config.getoption("--outcomes"):
        with open(path, "w") as file:  # noqa: PTH123
            file.writelines(f"{'passed' if passed else 'failed'} {name}\n" for name, passed in OUTCOMES.items())


swap()

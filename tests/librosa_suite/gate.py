"""librosa's own tests with the import swapped: ``python -m tests.librosa_suite.gate CHECKOUT``.

Runs those files of a checkout of librosa that reach a function of features_np, and compares with what passed before:
each function of a test has a line in ``passing.txt`` with how many of its cases pass, how many reach features_np, and
why not all do. Fails if a function passes in fewer cases, or fails in more. ``--pin`` writes the list again, and keeps
the reasons. Fetches nothing: without its recordings, which a release does not hold, librosa itself fails some, and
``--reference`` says which.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PINNED = Path(__file__).with_name("passing.txt")
#: Those that reach a function of ours more than by the way.
FILES = (
    "test_beat",
    "test_convert",
    "test_core",
    "test_effects",
    "test_failures",
    "test_features",
    "test_filters",
    "test_met_features",
    "test_multichannel",
    "test_onset",
    "test_util",
)
LINE = re.compile(r"(?P<test>\S+) (?P<passed>\d+) of (?P<reached>\d+)(?:  # (?P<reason>.*))?")

Results = dict[str, tuple[int, int]]


def run(checkout: Path, *, reference: bool = False) -> Results:
    """Run the tests of a checkout; return for each test function how many cases pass and how many reach us."""
    files = [path for path in sorted((checkout / "tests").glob("test_*.py")) if path.stem in FILES]
    if not files:
        raise SystemExit(f"{checkout} holds no tests of librosa; give the folder of a checkout of librosa 0.11")
    with tempfile.TemporaryDirectory() as folder:
        outcomes = Path(folder, "outcomes")
        command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", ".", "-p", "tests.librosa_suite.swap"]
        command += ["--outcomes", str(outcomes), "-q", "--tb=no", "-W", "ignore", "-o", "xfail_strict=true"]
        command += ["-p", "no:cacheprovider", *(["--reference"] if reference else [])]
        command += [str(path.relative_to(checkout)) for path in files]
        paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        subprocess.run(command, cwd=checkout, env=os.environ | {"PYTHONPATH": paths, "MPLBACKEND": "agg"}, check=False)
        if not outcomes.exists():
            raise SystemExit("the tests did not run to their end")
        return counted(outcomes.read_text(encoding="utf-8").splitlines())


def counted(outcomes: list[str]) -> Results:
    """Return passed and reached cases of each function, of lines that say "passed" or "failed" and the case."""
    passed, reached = Counter(), Counter()
    for line in outcomes:
        outcome, _, case = line.partition(" ")
        function = case.partition("[")[0]
        reached[function] += 1
        passed[function] += outcome == "passed"
    return {function: (passed[function], reached[function]) for function in sorted(reached)}


def pinned(text: str) -> tuple[Results, dict[str, str]]:
    """Return what passed before, and the reasons."""
    found = [match for line in text.splitlines() if (match := LINE.fullmatch(line))]
    results = {match["test"]: (int(match["passed"]), int(match["reached"])) for match in found}
    return results, {match["test"]: match["reason"] for match in found if match["reason"]}


def worse(results: Results, before: Results) -> list[str]:
    """Say of each function that is worse than before how."""
    lines = []
    for test, (passed, reached) in before.items():
        now, now_reached = results.get(test, (0, 0))
        if now < passed or now_reached - now > reached - passed:
            lines.append(f"{test}: {now} of {now_reached} pass, {passed} of {reached} did before")
    lines += [
        f"{test}: {passed} of {reached} pass, and it is not in the list"
        for test, (passed, reached) in results.items()
        if test not in before and passed < reached
    ]
    return lines


def listed(results: Results, reasons: dict[str, str]) -> str:
    """Return the list as text."""
    lines = []
    for test, (passed, reached) in results.items():
        reason = reasons.get(test, "to be explained") if passed < reached else ""
        lines.append(f"{test} {passed} of {reached}" + (f"  # {reason}" if reason else ""))
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path, help="folder of a checkout, or of an unpacked release, of librosa 0.11")
    parser.add_argument("--pin", action="store_true", help="write the list instead of comparing with it")
    parser.add_argument("--reference", action="store_true", help="have librosa answer, and print what fails with it")
    parser.add_argument("--list", type=Path, default=PINNED, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    results = run(arguments.checkout.resolve(), reference=arguments.reference)
    passed, reached = (sum(counts[index] for counts in results.values()) for index in (0, 1))
    print(f"{passed} of {reached} tests that reach features_np pass")
    if arguments.reference:
        print(*(f"{test}: {here} of {all_}" for test, (here, all_) in results.items() if here < all_), sep="\n")
        return
    before, reasons = pinned(arguments.list.read_text(encoding="utf-8")) if arguments.list.exists() else ({}, {})
    if arguments.pin:
        arguments.list.write_text(listed(results, reasons), encoding="utf-8")
        return
    problems = worse(results, before)
    print(*problems, sep="\n", end="\n" if problems else "")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()

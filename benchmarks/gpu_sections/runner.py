"""Running sections one after another, each guarded, with the results on disk after each."""

import json
import multiprocessing
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from artextract.files import atomic_write
from benchmarks.gpu_sections.bench import Bench, Skipped
from benchmarks.gpu_sections.sections import SECTIONS

OVERRUN = 2
"""A section is ended at this many times its share of the time, and ``GRACE`` seconds."""

GRACE = 10
LEAST = 3
"""With fewer seconds left than this, a section is not begun."""


def run_sections(names: Sequence[str], bench: Bench, budget: float, out: Path) -> list[str]:
    """Run sections within ``budget`` seconds, write ``out``, and return the names of failed ones.

    A section's share of the time grows by what those before it have left over.
    """
    end = bench.started + budget
    results: dict[str, Any] = {
        "device": bench.device,
        "model": bench.model,
        "images": {"from": bench.images_from, "count": len(bench.images)},
        "budget_s": budget,
        "finished": False,
        "seconds": 0.0,
        "sections": {},
    }
    _write(out, results)
    for number, name in enumerate(names):
        left = end - time.monotonic()
        shares = sum(SECTIONS[each].share for each in names[number:])
        seconds = left * SECTIONS[name].share / shares
        print(f"{name}: about {max(0.0, seconds):.0f} s", file=sys.stderr)
        if left < LEAST:
            result = {"status": "skipped", "reason": f"no time is left of {budget:g} s"}
        else:
            limit = min(left, OVERRUN * seconds + GRACE)
            result = run_section(name, replace(bench, seconds=seconds), limit)
        reason = str(result.get("reason") or result.get("error") or "").strip()
        print(f"{name}: {result['status']} {reason.splitlines()[-1:]}", file=sys.stderr)
        results["sections"][name] = result
        results["seconds"] = time.monotonic() - bench.started
        results["finished"] = number == len(names) - 1
        _write(out, results)
    return [name for name, each in results["sections"].items() if each["status"] == "failed"]


def run_section(name: str, bench: Bench, limit: float) -> dict[str, Any]:
    """Run a section in a process of its own, for at most ``limit`` seconds, and return its result.

    The result has ``status`` ("done", "failed" or "skipped"), ``seconds``, ``figures``, and
    ``error`` or ``reason``. A process that crashes or overruns leaves the figures that it had.
    """
    path = bench.scratch / f"section-{name}.json"
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_be_section, args=(name, bench, path), daemon=True)
    started = time.monotonic()
    process.start()
    process.join(limit)
    error = None
    if process.is_alive():
        process.kill()
        process.join()
        error = f"it was ended after {limit:.0f} s"
    elif process.exitcode:
        error = f"its process died with exit code {process.exitcode}"
    found: dict[str, Any] = {"figures": {}}
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))
    if error is not None:
        found |= {"status": "failed", "error": error}
    return {**found, "seconds": time.monotonic() - started}


def _be_section(name: str, bench: Bench, path: Path) -> None:
    """Be the process of a section: write its figures as they come, and how it ended."""
    bench = replace(bench, started=time.monotonic())
    figures: dict[str, Any] = {}
    ended: dict[str, Any] = {"status": "done"}
    try:
        for key, value in SECTIONS[name].run(bench):
            figures[key] = value
            _write(path, {"figures": figures})
    except Skipped as reason:
        ended = {"status": "skipped", "reason": str(reason)}
    except Exception:
        ended = {"status": "failed", "error": traceback.format_exc()}
    _write(path, {**ended, "figures": figures})


def _write(path: Path, data: dict[str, Any]) -> None:
    atomic_write(path, json.dumps(_rounded(data), indent=1) + "\n")


def _rounded(value: Any) -> Any:
    """Return ``value`` with floats rounded to nine digits, enough for a cosine near 1."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list | tuple) else value

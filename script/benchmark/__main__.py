"""Runs the bench; script/bench calls this inside the right environment."""

import argparse
import asyncio
from dataclasses import replace
import json
import os
from pathlib import Path
import sys
import time

from .child import ROOT, BenchError
from .measures import MEASURES
from .model_link import MODEL, URL
from .plan import FULL, QUICK, Measure
from .report import Run, as_json, table
from .runner import run

FAILED = 1
INTERRUPTED = 130


def main() -> int:
    """Read the arguments, run, print, and return the exit code."""
    arguments = _arguments()
    scope = QUICK if arguments.quick else FULL
    if arguments.rounds:
        scope = replace(scope, rounds=arguments.rounds)
    started = time.monotonic()
    try:
        outcome = asyncio.run(
            run(
                arguments.only,
                scope,
                arguments.component,
                lambda line: print(f"==> {line}", file=sys.stderr, flush=True),
            )
        )
    except BenchError as err:
        print(f"bench: {err}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return INTERRUPTED
    found = Run(
        outcome=outcome,
        measures=arguments.only,
        rounds=scope.rounds,
        quick=arguments.quick,
        duration=time.monotonic() - started,
    )
    print(table(found))
    if arguments.json:
        arguments.json.write_text(json.dumps(as_json(found), indent=2) + "\n", encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/bench",
        description="Compares this integration with the one that ships with Home Assistant.",
        epilog="Measures: "
        + "; ".join(f"{measure.name} ({measure.about})" for measure in MEASURES)
        + ".",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there, too")
    parser.add_argument("--quick", action="store_true", help="one small round; proves nothing")
    parser.add_argument(
        "--only",
        type=_measures,
        default=MEASURES,
        metavar="MEASURE,...",
        help="these measures, with commas between them",
    )
    parser.add_argument("--rounds", type=_rounds, help=f"default {FULL.rounds}")
    parser.add_argument(
        "--component",
        type=_component,
        default=ROOT / "custom_components" / "ollama",
        metavar="DIR",
        help="the integration to measure, in place of this clone's",
    )
    if os.environ.get(URL) and not os.environ.get(MODEL):
        parser.error(f"{MODEL} has to name a model of the server at {URL}")
    return parser.parse_args()


def _measures(text: str) -> tuple[Measure, ...]:
    names = {name.strip() for name in text.split(",")}
    known = {measure.name for measure in MEASURES}
    if unknown := names - known:
        raise argparse.ArgumentTypeError(
            f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}"
        )
    return tuple(measure for measure in MEASURES if measure.name in names)


def _rounds(text: str) -> int:
    rounds = int(text)
    if rounds < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return rounds


def _component(text: str) -> Path:
    path = Path(text).resolve()
    if not (path / "manifest.json").is_file():
        raise argparse.ArgumentTypeError(f"{text} holds no integration")
    return path


if __name__ == "__main__":
    sys.exit(main())

"""The bench: what it makes of its figures, and that it runs."""

from collections.abc import Sequence
import json
import math
from pathlib import Path
import subprocess
import sys

import pytest

from script.benchmark import talk
from script.benchmark.__main__ import _component, _measures, _rounds
from script.benchmark.compare import (
    UNKNOWN_NOISE,
    Comparison,
    Samples,
    Verdict,
    combined,
    compare,
    tolerance,
    verdict,
)
from script.benchmark.measures import MEASURES
from script.benchmark.model_server import say
from script.benchmark.plan import FULL, QUICK, Combine, Contender, Effort, Figure, Measure, Scope
from script.benchmark.report import Run, as_json, number, table
from script.benchmark.runner import Outcome, jobs
from simulator import ChatRequest

ROOT = Path(__file__).parents[1]


# Nothing here has a Home Assistant of its own.


@pytest.fixture
def _real_sockets() -> None:
    """No sockets either."""


@pytest.fixture
def _custom_integration() -> None:
    """No integration is loaded."""


@pytest.fixture
def likely_hosts() -> list[str]:
    """Nothing is discovered."""
    return []


@pytest.fixture
def _time_limits() -> None:
    """Nothing is waited for."""


@pytest.fixture
def _home_assistant() -> None:
    """Conversation is not needed."""


async def _take(bench: object, effort: Effort) -> dict[str, float]:
    return {}


def _figure(combine: Combine = Combine.MEDIAN, floor: float = 0.02) -> Figure:
    return Figure("time", "plain answer, time", "ms", combine, floor)


def _measure(**more: object) -> Measure:
    values = {
        "name": "turn",
        "about": "what a turn takes",
        "sizes": (50, 200),
        "figures": (_figure(),),
        "take": _take,
        **more,
    }
    return Measure(**values)


def _samples(core: Sequence[Sequence[float]], ours: Sequence[Sequence[float]]) -> Samples:
    return [
        {Contender.CORE: one, Contender.OURS: other} for one, other in zip(core, ours, strict=True)
    ]


def _compared(core: Sequence[Sequence[float]], ours: Sequence[Sequence[float]]) -> Comparison:
    return compare(_measure(), 50, _figure(), _samples(core, ours))


# One value out of several


def test_the_middle_or_the_lower_quartile_stands_for_all():
    values = [5.0, 1.0, 2.0, 4.0, 3.0]
    assert combined(Combine.MEDIAN, values) == 3.0
    assert combined(Combine.QUARTILE, values) == 2.0
    assert combined(Combine.QUARTILE, [7.0]) == 7.0


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [(0.97, Verdict.BETTER), (0.99, Verdict.SAME), (1.01, Verdict.SAME), (1.03, Verdict.WORSE)],
)
def test_a_verdict_needs_more_than_the_tolerance(ratio: float, expected: Verdict):
    assert verdict(ratio, 0.02) is expected


def test_the_tolerance_has_a_floor():
    assert tolerance([1.0, 1.0, 1.0], 0.02) == 0.02


def test_the_tolerance_grows_with_the_differences_of_the_rounds():
    calm, wild = tolerance([0.99, 1.0, 1.01], 0.0), tolerance([0.9, 1.0, 1.1], 0.0)
    assert wild == pytest.approx(10 * calm)
    # Student's t for three values times the standard error.
    assert calm == pytest.approx(4.30 * 0.01 / math.sqrt(3))


def test_the_tolerance_shrinks_with_the_number_of_rounds():
    assert tolerance([0.9, 1.0, 1.1] * 4, 0.0) < tolerance([0.9, 1.0, 1.1], 0.0) / 2


@pytest.mark.parametrize("ratios", [[1.0], [1.0, 1.0]])
def test_few_rounds_say_nothing_of_the_noise(ratios: list[float]):
    assert tolerance(ratios, 0.02) == UNKNOWN_NOISE


def test_ours_is_compared_with_core_s():
    found = _compared([[10.0, 12.0], [11.0, 11.0], [11.0, 11.0]], [[5.0, 6.0], [5.5], [5.5, 5.5]])
    assert (found.core, found.ours, found.ratio) == (11.0, 5.5, 0.5)
    assert found.verdict is Verdict.BETTER


def test_noise_makes_a_difference_say_nothing():
    assert _compared([[10.0]] * 3, [[10.5], [10.5], [10.5]]).verdict is Verdict.WORSE
    assert _compared([[10.0]] * 3, [[8.0], [10.5], [13.0]]).verdict is Verdict.SAME


def test_what_is_the_same_in_every_run_has_no_noise():
    found = compare(_measure(rounds=1), 50, _figure(floor=0.001), _samples([[1000.0]], [[1002.0]]))
    assert (found.tolerance, found.verdict) == (0.001, Verdict.WORSE)


def test_nothing_is_compared_with_nothing():
    assert _compared([[0.0]] * 3, [[0.0]] * 3).ratio == 1.0
    assert _compared([[0.0]] * 3, [[1.0]] * 3).verdict is Verdict.WORSE


# What is run


def test_all_measures_run_in_every_round():
    scope = Scope(rounds=2, passes=1, effort=QUICK.effort)
    plan = [(job.measure.name, job.size, job.round) for job in jobs([_measure()], scope)]
    assert plan == [("turn", 50, 0), ("turn", 200, 0), ("turn", 50, 1), ("turn", 200, 1)]


def test_what_is_the_same_in_every_run_is_taken_once():
    assert len(list(jobs([_measure(rounds=1)], FULL))) == 2


def test_a_quick_run_has_small_homes():
    assert QUICK.sizes(_measure(sizes=(50, 200, 1000))) == (50,)
    assert QUICK.sizes(_measure(sizes=(1000,))) == (1000,)


def test_measures_and_figures_have_names_of_their_own():
    assert len({measure.name for measure in MEASURES}) == len(MEASURES)
    for measure in MEASURES:
        assert len({figure.key for figure in measure.figures}) == len(measure.figures)


def test_measures_are_chosen_by_name():
    assert [measure.name for measure in _measures("request, turn")] == ["turn", "request"]
    with pytest.raises(Exception, match=r"unknown: speed; known: .*turn"):
        _measures("turn,speed")
    with pytest.raises(Exception, match="at least 1"):
        _rounds("0")
    with pytest.raises(Exception, match="holds no integration"):
        _component(str(ROOT / "tests"))


# What is said


def _request(sentence: str, *more: dict[str, str]) -> ChatRequest:
    tool = {"function": {"name": "intent__HassTurnOn"}}
    return ChatRequest(
        kind="chat",
        model="bench",
        messages=({"role": "user", "content": sentence}, *more),
        tools=(tool,),
        format=None,
        think=None,
        options={},
        stream=True,
        body={},
    )


def test_the_model_answers_what_is_expected():
    assert say(_request(talk.ASK)).content == talk.expected(talk.ASK)
    (call,) = say(_request(talk.SWITCH)).tool_calls
    assert (call.name, call.arguments["name"]) == ("intent__HassTurnOn", talk.LIGHT)
    done = say(_request(talk.SWITCH, {"role": "tool", "content": "{}"}))
    assert done.content == talk.expected(talk.SWITCH)


def test_a_story_has_as_many_chunks_as_were_asked_for():
    assert talk.told(talk.tell(300)) == 300
    assert talk.told(talk.ASK) is None
    chunks = list(say(_request(talk.tell(300))).chunks)
    assert len(chunks) == 300
    assert "".join(chunks) == talk.expected(talk.tell(300))


def test_a_spoken_answer_comes_token_by_token():
    chunks = list(say(_request(talk.SPEAK)).chunks)
    assert len(chunks) > len(talk.SPOKEN.split())
    assert "".join(chunks) == talk.expected(talk.SPEAK)


# What is printed


@pytest.fixture
def run() -> Run:
    """Return a run with one figure of each verdict."""
    comparisons = [_compared([[10.0]] * 3, [[ours]] * 3) for ours in (5.0, 10.0, 1234.5678)]
    integrations = {Contender.CORE: "built into Home Assistant", Contender.OURS: "version 1.2.3"}
    return Run(
        outcome=Outcome(integrations=integrations, comparisons=comparisons),
        measures=[_measure()],
        rounds=3,
        quick=False,
        duration=90.0,
    )


def test_the_table_tells_versions_figures_and_verdicts(run: Run):
    lines = table(run).splitlines()
    assert lines[0].startswith("Home Assistant 20")
    assert lines[1:3] == ["core: built into Home Assistant", "ours: version 1.2.3"]
    rows = [line.split() for line in lines if "plain answer" in line]
    assert [row[-1] for row in rows] == ["better", "same", "worse"]
    assert rows[0][-7:] == ["10.00", "ms", "5.00", "ms", "0.500", "±0.020", "better"]
    assert "3 figures: 1 better than core's, 1 the same, 1 worse. 1.5 minutes." in lines
    assert not any(line != line.rstrip() for line in lines)


def test_a_quick_run_says_that_it_proves_nothing(run: Run):
    assert "prove nothing" not in table(run)
    quick = Run(run.outcome, run.measures, rounds=1, quick=True, duration=1.0)
    assert "prove nothing" in table(quick)


def test_the_json_has_every_sample(run: Run):
    found = json.loads(json.dumps(as_json(run)))
    assert found["integrations"]["ours"] == "version 1.2.3"
    assert [figure["ratio"] for figure in found["figures"][:2]] == [0.5, 1.0]
    assert found["figures"][0]["rounds"] == [{"core": [10.0], "ours": [5.0]}] * 3


@pytest.mark.parametrize(
    ("value", "text"), [(0.123, "0.12"), (99.994, "99.99"), (100.4, "100"), (12345.6, "12,346")]
)
def test_numbers_are_short(value: float, text: str):
    assert number(value) == text


# All of it


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_both_integrations_are_measured(tmp_path: Path):
    """Both really run, each where it should, in every measure."""
    file = tmp_path / "bench.json"
    process = subprocess.run(
        [sys.executable, "-m", "script.benchmark", "--quick", "--json", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    found = json.loads(file.read_text())
    assert found["integrations"]["core"] == "built into Home Assistant"
    assert found["integrations"]["ours"].startswith("version ")
    assert {(each["measure"], each["figure"]) for each in found["figures"]} == {
        (measure.name, figure.key) for measure in MEASURES for figure in measure.figures
    }
    for each in found["figures"]:
        assert each["core"] > 0
        assert each["ours"] > 0
        assert each["ratio"] == pytest.approx(each["ours"] / each["core"])
        assert each["verdict"] in set(Verdict)
        assert each["label"] in process.stdout


def test_a_wrong_argument_is_refused_before_anything_runs():
    process = subprocess.run(
        [sys.executable, "-m", "script.benchmark", "--only", "speed"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 2
    assert "unknown: speed" in process.stderr

"""The bench: what it makes of its figures, and that it runs."""

from collections.abc import Sequence
import json
import math
import os
from pathlib import Path
import subprocess
import sys
from xml.etree import ElementTree as ET

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
from script.benchmark.measures.first_token import SITUATIONS
from script.benchmark.model_server import read_anew, say
from script.benchmark.plan import (
    FULL,
    QUICK,
    Combine,
    Contender,
    Effort,
    Figure,
    Measure,
    Scope,
    Target,
)
from script.benchmark.plot import SIZE, draw
from script.benchmark.report import Run, as_json, number, table
from script.benchmark.runner import Outcome, jobs
from simulator import ChatRequest

ROOT = Path(__file__).parents[1]
_SVG = "{http://www.w3.org/2000/svg}"


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


def _figure(
    combine: Combine = Combine.MEDIAN, floor: float = 0.02, targets: tuple[Target, ...] = ()
) -> Figure:
    return Figure("time", "plain answer, time", "ms", combine, floor, targets)


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


@pytest.mark.parametrize(
    ("target", "is_met"),
    [
        (Target(50, 0.5), True),
        (Target(50, 0.49), False),
        (Target(50, 5.0, of_ratio=False), True),
        (Target(50, 4.9, of_ratio=False), False),
        (Target(200, 0.1), None),
    ],
)
def test_a_target_is_for_the_ratio_or_for_ours_and_for_one_size(
    target: Target, is_met: bool | None
):
    figure = _figure(targets=(target,))
    found = compare(_measure(), 50, figure, _samples([[10.0]] * 3, [[5.0]] * 3))
    assert found.is_met is is_met


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


def test_a_quick_run_is_in_a_hurry():
    quick, full = QUICK.effort, FULL.effort
    assert full.pace == (40.0, 2000.0, 3.0)
    assert quick.pace == (40.0 * quick.hurry, 2000.0 * quick.hurry, 3.0 / quick.hurry)
    assert quick.hurry > 1


def test_what_is_promised_has_its_target():
    """Those of the issue: what the bench is to prove."""
    found = {
        (measure.name, figure.key, target.size, target.most)
        for measure in MEASURES
        for figure in measure.figures
        for target in figure.targets
    }
    assert found >= {
        ("behind", "sentence", 50, 1.3),
        ("behind_newer", "sentence", 50, 1.3),
        ("first_token", "job", 200, 0.15),
        ("first_token", "restart", 200, 0.15),
        ("home_api", "whole", 200, 0.45),
        ("home_api", "whole", 1000, 0.40),
        ("home_turn", "plain_cpu", 1000, 0.5),
        ("chunks", "burst", 50, 1.0),
        ("speakers", "most", 1000, 0.0),
    }


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


def _request(
    sentence: str, *more: dict[str, str], tool_name: str = "intent__HassTurnOn"
) -> ChatRequest:
    tool = {"function": {"name": tool_name}}
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


def test_the_model_knows_the_tools_of_both_apis():
    (call,) = say(_request(talk.SWITCH, tool_name="turn_on")).tool_calls
    assert (call.name, call.arguments) == ("turn_on", {"name": talk.LIGHT})


def test_where_and_when_it_was_said_changes_no_answer():
    asked = _request(f"{talk.SPEAK}\n[said in the room Kitchen]")
    assert "".join(say(asked).chunks or ()) == talk.expected(talk.SPEAK)


def _body(system: str, tools: list[str], *said: str) -> dict[str, object]:
    messages = [{"role": "system", "content": system}]
    messages += [{"role": "user", "content": sentence} for sentence in said]
    return {"messages": messages, "tools": tools}


def test_what_comes_with_the_sentence_is_not_read_anew():
    first = _body("The home.", ["on", "off"], "Hello [kitchen]")
    assert read_anew(first, _body("The home.", ["on", "off"], "How are you? [cellar]")) == 0.0


def test_whatever_comes_after_a_difference_is_read_anew():
    first = _body("The home.", ["on", "off"], "Hello")
    other_tools = read_anew(first, _body("The home.", ["on", "timer"], "Hello"))
    other_system = read_anew(first, _body("A home.", ["on", "off"], "Hello"))
    assert 0.0 < other_tools < 0.2 < other_system < 1.0


def test_a_talk_is_read_anew_from_where_it_went_on():
    before = _body("The home.", ["on"], "Hello")
    assert 0.0 < read_anew(before, _body("The home.", ["on"], "Hello", "And now?")) < 0.5


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


def test_targets_are_told_and_counted(run: Run):
    targets = (Target(50, 0.6), Target(200, 0.1), Target(1000, 0.49))
    figure = _figure(targets=targets)
    comparisons = [
        compare(_measure(), size, figure, _samples([[10.0]] * 3, [[5.0]] * 3))
        for size in (50, 200, 1000)
    ]
    aiming = Run(Outcome(run.outcome.integrations, comparisons), run.measures, 3, False, 1.0)
    lines = table(aiming).splitlines()
    rows = [line for line in lines if "plain answer" in line]
    assert rows[0].endswith("better  ours/core <= 0.6: met")
    assert rows[1].endswith("better  ours/core <= 0.1: MISSED")
    assert rows[2].endswith("better  ours/core <= 0.49: missed by noise")
    assert "1 of 3 targets met." in lines
    assert [each["met"] for each in as_json(aiming)["figures"]] == [True, False, False]
    assert "targets met" not in table(run)


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


# What is drawn


def _drawn(longest: float = 4.0) -> ET.Element:
    figures = [
        {"measure": measure, "figure": key, "entities": size, "core": longest, "ours": 0.5}
        for measure in ("first_token", "first_token_newer")
        for key, _ in SITUATIONS
        for size in (50, SIZE)
    ]
    return ET.fromstring(draw(figures))  # noqa: S314 -- drawn here


def test_the_plot_has_a_pair_of_bars_for_each_situation():
    picture = _drawn()
    texts = ["".join(found.itertext()) for found in picture.iter(f"{_SVG}text")]
    for _, words in SITUATIONS:
        assert texts.count(words) == 2
    assert texts.count("4.00 s") == texts.count("0.50 s") == 2 * len(SITUATIONS)
    bars = [float(found.get("width")) for found in picture.iter(f"{_SVG}rect")][3:]
    assert bars[0] == pytest.approx(8 * bars[1], rel=0.01)


def test_the_longest_bar_fits_whatever_it_is():
    for longest in (0.6, 400.0):
        picture = _drawn(longest)
        for found in picture.iter(f"{_SVG}rect"):
            right = float(found.get("x", 0)) + float(found.get("width"))
            assert right <= float(picture.get("width"))


def test_a_run_without_the_measures_can_t_be_drawn():
    with pytest.raises(KeyError, match="first_token"):
        draw([])


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
        assert each["ours"] >= 0
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


def test_a_real_server_needs_a_model(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OLLAMA_URL", "http://127.0.0.1:1")
    monkeypatch.delenv("OLLAMA_MODEL", raising=False)
    process = subprocess.run(
        [sys.executable, "-m", "script.benchmark", "--only", "first_token_real"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 2
    assert "OLLAMA_MODEL has to name a model" in process.stderr


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_real_server_is_measured(tmp_path: Path):
    """One that this bench didn't start, and whose speed it can't set."""
    file = tmp_path / "bench.json"
    with subprocess.Popen(
        [sys.executable, "-m", "script.benchmark.model_server"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        print(json.dumps({"version": "0.24.0"}), file=server.stdin, flush=True)
        about = json.loads(server.stdout.readline())
        process = subprocess.run(
            [
                *(sys.executable, "-m", "script.benchmark", "--quick", "--json", str(file)),
                *("--only", "first_token_real,behind_real"),
            ],
            cwd=ROOT,
            env={**os.environ, "OLLAMA_URL": about["url"], "OLLAMA_MODEL": about["model"]},
            capture_output=True,
            text=True,
            check=False,
        )
        server.stdin.close()
    assert process.returncode == 0, process.stderr
    figures = json.loads(file.read_text())["figures"]
    assert {each["measure"] for each in figures} == {"first_token_real", "behind_real"}
    assert all(each["core"] > 0 < each["ours"] for each in figures)

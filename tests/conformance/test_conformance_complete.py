"""Every recording is either compared or has a reason why not."""

import ast
from pathlib import Path

import pytest

from tests.conformance.applicable import NOT_APPLICABLE, OBSERVED, ONLY_SHAPES
from tests.conformance.support import VERSIONS, load, names

FOLDER = Path(__file__).parent
# Recordings that were left out when these were copied.
LEFT_OUT = {file for file in NOT_APPLICABLE if file.startswith("openai_")}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_file_is_replayed_observed_or_explained(version: str) -> None:
    files = set(names(version))
    replayed = {recording.file for recording in load(version)} - {*OBSERVED, *NOT_APPLICABLE}
    explained = {file for file in (*OBSERVED, *NOT_APPLICABLE) if file in files}
    assert files == replayed | explained
    assert not replayed & explained


def test_tables_name_only_what_exists() -> None:
    files = {file for version in VERSIONS for file in names(version)}
    assert {*OBSERVED, *NOT_APPLICABLE, *ONLY_SHAPES} - LEFT_OUT <= files
    assert not LEFT_OUT & files
    assert all(NOT_APPLICABLE.values())


def test_observations_name_tests_that_exist() -> None:
    defined = {
        node.name
        for path in FOLDER.glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert set(OBSERVED.values()) <= defined


def test_both_versions_are_there() -> None:
    counts = {version: len(names(version)) for version in VERSIONS}
    assert counts == {"0.32.15": 178, "0.24.0": 159}

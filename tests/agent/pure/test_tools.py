"""Descriptions of tools are kept, and never mistaken for those of another tool."""

from typing import Any

from homeassistant.helpers import llm
import probatio
import pytest

from custom_components.ollama.agent.tools import describe

NAME = probatio.Optional("name")
AREA = probatio.Optional("area")


def tool(schema: Any, text: str = "Do it", name: str = "do_it") -> llm.Tool:
    made = llm.Tool.__new__(llm.Tool)
    made.name = name
    made.description = text
    made.parameters = probatio.Schema(schema)
    return made


def test_same_parts_are_described_once():
    """Assist makes its tools anew for each turn, of the same parts."""
    first = describe(tool({NAME: str}), None)
    assert describe(tool({NAME: str}), None) is first
    assert list(first.schema["properties"]) == ["name"]
    assert first.tool.function.name == "do_it"


@pytest.mark.parametrize(
    ("other", "serializer"),
    [
        (tool({AREA: str}), None),
        (tool({NAME: int}), None),
        (tool({NAME: str, AREA: str}), None),
        (tool({NAME: str}, text="Do something else"), None),
        (tool({probatio.Optional("name", description="Whose"): str}), None),
        (
            tool({NAME: str}),
            lambda value: {"type": "boolean"} if value is str else probatio.UNSUPPORTED,
        ),
    ],
)
def test_other_parts_are_described_anew(other: llm.Tool, serializer: Any):
    """They have the same name, in another API or after a change of the home."""
    first = describe(tool({NAME: str}), None)
    second = describe(other, serializer)
    assert second is not first
    assert (second.schema, second.tool) != (first.schema, first.tool)
    assert describe(tool({NAME: str}), None).schema == first.schema


def test_it_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch):
    known: dict[str, Any] = {}
    monkeypatch.setattr("custom_components.ollama.agent.tools._KNOWN", known)
    monkeypatch.setattr("custom_components.ollama.agent.tools._MOST_KNOWN", 3)
    for number in range(10):
        describe(tool({NAME: str}, name=f"tool_{number}"), None)
    assert len(known) <= 3

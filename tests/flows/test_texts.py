"""The English texts: every key that the flows use is there, and no other.

That what a flow shows has its texts is checked in every test of this folder. Here the
other direction, and what can't be brought about through a flow.
"""

import ast
from collections.abc import Iterator, Mapping
import inspect
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
import probatio
import pytest
import yaml

from custom_components.ollama import config_flow
from custom_components.ollama.agent.settings import ToolCalling
from custom_components.ollama.flows import (
    agent,
    discovery,
    download,
    first_model,
    models,
    options,
    policy,
    repair,
    server,
    settings,
    subentry,
    task,
    voice,
    voice_servers,
)
from custom_components.ollama.flows.repair import ModelFlow, VoiceTroubleFlow
from custom_components.ollama.flows.server import (
    REAUTH_SCHEMA,
    SERVER_SCHEMA,
    FormError,
)
from custom_components.ollama.flows.settings import settings_schema
from custom_components.ollama.home import Rule
from custom_components.ollama.server import (
    ModelDetails,
    OllamaError,
    ServerUnreachableError,
    Unreachable,
    errors,
)
from custom_components.ollama.settings import LogQueries, QueryType
from custom_components.ollama.voice import assembly, probe

MODULES = (
    config_flow,
    agent,
    discovery,
    download,
    first_model,
    models,
    options,
    policy,
    repair,
    server,
    settings,
    subentry,
    task,
    voice,
    voice_servers,
)
# What has a model, and shares the texts about it.
OF_MODELS = ("conversation", "ai_task_data")
THINKS_IN_LEVELS = ModelDetails(frozenset({"completion", "thinking"}), 8192, "gptoss")


def calls(module: Any, *names: str) -> Iterator[ast.Call]:
    """Yield the calls of functions of these names in a module."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in names:
                yield node


def arguments(module: Any, function: str, keyword: str, position: int = 0) -> set[str]:
    """Return the literal values of an argument, in all calls of a function in a module."""
    values = set()
    for call in calls(module, function):
        given = [word.value for word in call.keywords if word.arg == keyword]
        given += call.args[position : position + 1]
        values |= {node.value for node in given if isinstance(node, ast.Constant)}
    return values


def error_classes(base: type[OllamaError] = OllamaError) -> Iterator[type[OllamaError]]:
    for kind in base.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield kind
        yield from error_classes(kind)


def server_errors() -> list[OllamaError]:
    """Return one of each error that a server can cause."""
    others = (kind for kind in error_classes() if kind is not ServerUnreachableError)
    return [
        *(ServerUnreachableError(reason) for reason in Unreachable),
        *(kind(model="m", detail="d") for kind in others),
    ]


def from_server(model: str = "m") -> set[str]:
    """Return the keys of everything that a form says about a server or a download."""
    return {FormError.from_error(err).key for err in server_errors()} | {
        FormError.from_download(err, model).key for err in server_errors()
    }


def test_server_errors_are_all():
    assert {type(err) for err in server_errors()} == set(error_classes())
    assert len(server_errors()) > 12


def step_keys(flow: type) -> set[str]:
    """Return the steps of a flow that show something."""
    steps = {
        name.removeprefix("async_step_")
        for kind in flow.__mro__
        if kind.__module__.startswith("custom_components.")
        for name in vars(kind)
        if name.startswith("async_step_")
    }
    # These lead to another one at once.
    steps -= {"zeroconf", "reauth", "finish", "allow", "accept", "forget"}
    return steps - {"init"} if "confirm" in steps else steps


def fields(schema: probatio.Schema) -> dict[str, Any]:
    """Return the names of a form's fields, those of a section nested."""
    return {
        key.schema: fields(value.schema) if isinstance(value, section) else None
        for key, value in schema.schema.items()
    }


def named(step: Mapping[str, Any], part: str) -> dict[str, Any]:
    """Return the fields for which a step has a text, those of sections nested."""
    names: dict[str, Any] = dict.fromkeys(step.get(part, ()))
    for key, inside in step.get("sections", {}).items():
        names[key] = named(inside, part)
    return names


@pytest.mark.parametrize("part", ["data", "data_description"])
def test_config_fields(english: dict[str, Any], part: str):
    steps = english["config"]["step"]
    assert set(steps) == step_keys(config_flow.OllamaConfigFlow)
    for step in ("user", "reconfigure", "zeroconf_confirm"):
        assert named(steps[step], part) == fields(SERVER_SCHEMA)
    assert named(steps["reauth_confirm"], part) == fields(REAUTH_SCHEMA)
    assert set(named(steps["model"], part)) == {"model", first_model.CONF_CONTROL}
    assert named(steps["download"], part) == {}


@pytest.mark.parametrize("part", ["data", "data_description"])
@pytest.mark.parametrize("flow", [agent.AgentFlow, task.TaskFlow])
def test_subentry_fields(hass: HomeAssistant, english: dict[str, Any], flow: type, part: str):
    kind = "conversation" if flow.talks else "ai_task_data"
    assert set(english["config_subentries"]) == {*OF_MODELS, "voice_pipeline"}
    steps = english["config_subentries"][kind]["step"]
    assert set(steps) == step_keys(flow)
    schema = settings_schema(hass, THINKS_IN_LEVELS, talks=flow.talks)
    expected = fields(schema)
    if part == "data_description" and flow.talks:
        expected["policy"] = {"pin": None, "labels": None}
    assert named(steps["settings"], part) == expected
    assert set(named(steps["user"], part)) == {"name", "model"}
    assert set(named(steps["reconfigure"], part)) == {"model"}


@pytest.mark.parametrize("part", ["data", "data_description"])
def test_options_fields(english: dict[str, Any], part: str):
    steps = english["options"]["step"]
    assert set(steps) == step_keys(options.ServerOptionsFlow) == {"init"}
    assert named(steps["init"], part) == {
        options.SECTION_LIMITS: fields(options.LIMITS_SCHEMA),
        options.SECTION_PRIVACY: fields(options.PRIVACY_SCHEMA),
        options.SECTION_MODELS: dict.fromkeys(QueryType),
    }


def test_options_errors(english: dict[str, Any]):
    written = arguments(options, "FormError", "key")
    assert written == {"cloud_model", "model_without_vision"}
    assert set(english["options"]["error"]) == written
    assert "abort" not in english["options"]
    assert arguments(options, "async_abort", "reason") == set()


@pytest.mark.parametrize(("issue", "flow"), repair._FLOWS.items())
def test_repairs(english: dict[str, Any], issue: str, flow: type):
    texts = english["issues"][issue]["fix_flow"]
    assert set(texts["step"]) == step_keys(flow)
    assert set(texts["abort"]) == arguments(repair, "async_abort", "reason")
    if issubclass(flow, VoiceTroubleFlow):
        assert set(texts["step"]["init"]["menu_options"]) == set(flow.menu)
        assert set(texts["error"]) == assembly_errors()
        return
    if not issubclass(flow, ModelFlow):
        assert set(texts) == {"step", "abort"}
        return
    assert set(texts["step"]["init"]["menu_options"]) == set(flow.menu)
    for part in ("data", "data_description"):
        assert named(texts["step"]["choose"], part) == {"model": None}
    written = arguments(repair, "FormError", "key")
    assert written == {"cloud_model", "model_empty", "model_only_embeds"}
    assert set(texts["error"]) == from_server() | written


def test_repairs_are_all(english: dict[str, Any]):
    fixable = {key for key, texts in english["issues"].items() if "fix_flow" in texts}
    assert fixable == set(repair._FLOWS)


def test_config_errors(english: dict[str, Any]):
    written = set().union(
        *(arguments(module, "FormError", "key") for module in (config_flow, first_model, server))
    )
    # Built for an answer and not written as a call of the class.
    written |= arguments(server, "cls", "key")
    assert set(english["config"]["error"]) == from_server() | written


def test_subentry_errors(english: dict[str, Any]):
    written = arguments(subentry, "FormError", "key")
    assert "invalid_pin" in written
    texts = english["config_subentries"]
    assert set(texts["conversation"]["error"]) == from_server() | written
    # A task controls nothing.
    assert set(texts["ai_task_data"]["error"]) == from_server() | written - {
        "invalid_pin",
        "prompt_changes",
    }


def test_aborts(english: dict[str, Any]):
    assert set(english["config"]["abort"]) == arguments(config_flow, "async_abort", "reason")
    for kind, texts in english["config_subentries"].items():
        module = subentry if kind in OF_MODELS else voice
        assert set(texts["abort"]) == arguments(module, "async_abort", "reason") | {
            "reconfigure_successful"  # what Home Assistant says after a change
        }


def assembly_errors() -> set[str]:
    """Return the keys of what can keep a pipeline from being put together."""
    keys = {value for name, value in vars(assembly).items() if f"voice_{name.lower()}" == value}
    assert len(keys) > 3
    return keys


def test_voice_errors(english: dict[str, Any]):
    written = arguments(voice, "FormError", "key") | set(voice._WRONG_KIND.values())
    assert "voice_public_server" in written
    probed = {kind.key for kind in probe.VoiceServerError.__subclasses__()}
    typed = arguments(probe, "PlaceError", "key")
    known = assembly_errors() | written | probed | typed | {"voice_no_common_language"}
    assert set(english["config_subentries"]["voice_pipeline"]["error"]) == known


@pytest.mark.parametrize("part", ["data", "data_description"])
def test_voice_fields(english: dict[str, Any], part: str):
    steps = english["config_subentries"]["voice_pipeline"]["step"]
    assert set(steps) == step_keys(voice.VoiceFlow)
    for step in ("user", "reconfigure"):
        assert set(steps[step][part]) == set(voice._FIELDS)
    assert set(steps["language"][part]) == {"name", "language", "agent"}
    assert set(steps["voice"][part]) == {"voice", "wake_word_id", "prefer_local_intents"}
    assert steps["voice_without_rules"][part] == steps["voice"][part]


def test_voice_warning(english: dict[str, Any]):
    """Who has rules is told that they don't hold for what is handled locally; others aren't."""
    steps = english["config_subentries"]["voice_pipeline"]["step"]
    assert "without asking" in steps["voice"]["description"]
    assert "description" not in steps["voice_without_rules"]


def test_progress(english: dict[str, Any]):
    tree = ast.parse(inspect.getsource(download))
    written = {
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "action"
    }
    assert len(written) > 1
    downloads = [
        texts["fix_flow"]
        for key, texts in english["issues"].items()
        if issubclass(repair._FLOWS.get(key, object), ModelFlow)
    ]
    assert len(downloads) > 1
    agents = [english["config_subentries"][kind] for kind in OF_MODELS]
    for texts in (english["config"], *agents, *downloads):
        assert set(texts["progress"]) == written


def test_subentry_kinds_say_the_same(english: dict[str, Any]):
    """What both kinds show is worded once."""
    one, other = (english["config_subentries"][kind] for kind in OF_MODELS)
    for part in ("error", "progress"):
        for key in set(one[part]) & set(other[part]):
            assert one[part][key] == other[part][key]


def _chosen_in(described: Any) -> Iterator[tuple[str, set[str]]]:
    """Yield what the fields of actions offer, by the key of its texts."""
    if isinstance(described, dict):
        select = described.get("select")
        if isinstance(select, dict) and "translation_key" in select:
            yield select["translation_key"], set(select["options"])
        for item in described.values():
            yield from _chosen_in(item)


def test_selectors(english: dict[str, Any]):
    """Options that are translated by the dialog, and words that the labels are made of."""
    choosing = {"log_queries": LogQueries, "rule": Rule, "tool_calling": ToolCalling}
    described = yaml.safe_load(
        Path(config_flow.__file__).with_name("services.yaml").read_text("utf-8")
    )
    of_actions = dict(_chosen_in(described))
    objects = {"decide_options"}
    worded = {"model_label"}
    assert set(english["selector"]) == {"think", *worded, *choosing, *of_actions, *objects}
    for name, offered in of_actions.items():
        assert set(english["selector"][name]["options"]) == offered
    for name, choices in choosing.items():
        assert set(english["selector"][name]["options"]) == {str(choice) for choice in choices}
    options = set()
    for details in (THINKS_IN_LEVELS, ModelDetails(THINKS_IN_LEVELS.capabilities, None, "")):
        schema = settings_schema(None, details, talks=False).schema
        assert schema["think"].config["translation_key"] == "think"
        options |= set(schema["think"].config["options"])
    assert set(english["selector"]["think"]["options"]) == options
    words = {str(capability) for capability in models._SHOWN_CAPABILITIES}
    for node in ast.walk(ast.parse(inspect.getsource(models))):
        if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == "texts":
            words |= {node.slice.value} if isinstance(node.slice, ast.Constant) else set()
    assert set(english["selector"]["model_label"]["options"]) == words


@pytest.mark.parametrize("err", server_errors(), ids=lambda err: err.translation_key)
def test_words_of_errors(english: dict[str, Any], err: OllamaError):
    """Each text can be filled with what its error brings along."""
    forms = [english["config"], *(english["config_subentries"][kind] for kind in OF_MODELS)]
    forms += [
        english["issues"][key]["fix_flow"]
        for key, flow in repair._FLOWS.items()
        if issubclass(flow, ModelFlow)
    ]
    assert len(forms) > 3
    for made in (FormError.from_error(err), FormError.from_download(err, "m")):
        for texts in forms:
            assert texts["error"][made.key].format(**made.placeholders)
        assert made.errors == {"base": made.key}


def test_modules_are_all(component_path):
    names = {path.stem for path in (component_path / "flows").glob("*.py")} - {"__init__"}
    assert names == {module.__name__.rpartition(".")[2] for module in MODULES[1:]}

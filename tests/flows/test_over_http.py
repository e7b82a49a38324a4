"""The same dialogs over HTTP and the WebSocket, as a browser has them."""

import asyncio
from collections.abc import Mapping
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.ollama.const import DOMAIN
from custom_components.ollama.home import Kind
from simulator import SimModel, Simulator

from ..common import LEVELS_MODEL, MODEL, options_of

FLOW = "/api/config/config_entries/flow"
OPTIONS_FLOW = "/api/config/config_entries/options/flow"
SUBENTRY_FLOW = "/api/config/config_entries/subentries/flow"
NEW = "mistral-nemo:12b"


@pytest.fixture
async def post(hass: HomeAssistant, hass_client: Any) -> Any:
    # All that answers over HTTP has to be there before the server starts.
    for component in ("config", "websocket_api", "media_source", "ai_task"):
        assert await async_setup_component(hass, component, {})
    client = await hass_client()

    async def send(path: str, data: Mapping[str, Any] | None = None) -> dict[str, Any]:
        request = client.post(path, json=data) if data is not None else client.get(path)
        async with request as response:
            assert response.status == 200, await response.text()
            return await response.json()

    return send


def names(fields: list[dict[str, Any]]) -> list[str]:
    return [field["name"] for field in fields]


async def test_add_server(hass: HomeAssistant, sim: Simulator, post: Any):
    step = await post(FLOW, {"handler": DOMAIN})
    assert (step["type"], step["step_id"], step["errors"]) == ("form", "user", {})
    assert names(step["data_schema"]) == ["url", "api_key", "advanced"]
    url, key, advanced = step["data_schema"]
    # A browser would refuse a bare host name in a field for URLs.
    assert url["selector"]["text"].get("type", "text") == "text"
    assert key["selector"]["text"]["type"] == "password"
    assert (advanced["type"], advanced["expanded"]) == ("expandable", False)
    assert names(advanced["schema"]) == ["verify_ssl", "headers", "allow_public_server"]
    assert advanced["schema"][1]["selector"]["text"] == {
        "type": "password",
        "multiple": True,
        "multiline": False,
    }
    path = f"{FLOW}/{step['flow_id']}"
    step = await post(path, {"url": "http://", "advanced": {"verify_ssl": True, "headers": []}})
    assert step["step_id"] == "user"
    assert step["errors"]
    step = await post(path, {"url": sim.url, "advanced": {"verify_ssl": True}})
    assert (step["step_id"], names(step["data_schema"])) == ("model", ["model", "control"])
    options = step["data_schema"][0]["selector"]["select"]["options"]
    assert {"value", "label"} == set(options[0])
    step = await post(path, {"model": MODEL, "control": True})
    assert step["type"] == "create_entry"
    assert step["result"]["title"] == sim.url
    await hass.async_block_till_done()
    assert hass.states.get("conversation.ollama_conversation")


async def test_reconfigure(hass: HomeAssistant, sim: Simulator, entry, post: Any):
    step = await post(FLOW, {"handler": DOMAIN, "entry_id": entry.entry_id})
    assert step["step_id"] == "reconfigure"
    step = await post(
        f"{FLOW}/{step['flow_id']}", {"url": sim.url, "advanced": {"verify_ssl": True}}
    )
    assert (step["type"], step["reason"]) == ("abort", "reconfigure_successful")


async def test_reauth(hass: HomeAssistant, sim: Simulator, entry, post: Any):
    entry.async_start_reauth(hass)
    await hass.async_block_till_done()
    [flow] = hass.config_entries.flow.async_progress()
    step = await post(f"{FLOW}/{flow['flow_id']}")
    assert (step["step_id"], names(step["data_schema"])) == (
        "reauth_confirm",
        ["api_key", "headers"],
    )
    step = await post(f"{FLOW}/{flow['flow_id']}", {})
    assert (step["type"], step["reason"]) == ("abort", "reauth_successful")


async def test_options(hass: HomeAssistant, sim: Simulator, entry, post: Any):
    step = await post(OPTIONS_FLOW, {"handler": entry.entry_id})
    assert (step["type"], step["step_id"], step["errors"]) == ("form", "init", {})
    limits, privacy, models = step["data_schema"]
    assert [(part["type"], part["name"], part["expanded"]) for part in step["data_schema"]] == [
        ("expandable", "limits", True),
        ("expandable", "privacy", True),
        ("expandable", "models", False),
    ]
    assert names(privacy["schema"]) == [
        "log_queries",
        "allow_cloud_models",
        "allow_public_server",
    ]
    assert names(models["schema"]) == ["fast", "general", "code", "creative", "vision"]
    # A browser sends what it shows, whole numbers as such, and an empty section as one.
    answers: dict[str, Any] = {
        part["name"]: {
            field["name"]: field["description"]["suggested_value"] for field in part["schema"]
        }
        for part in (limits, privacy)
    }
    answers["limits"]["requests_per_hour"] = 50
    path = f"{OPTIONS_FLOW}/{step['flow_id']}"
    step = await post(path, {**answers, "models": {"code": "kimi-k2:cloud"}})
    assert step["errors"] == {"base": "cloud_model"}
    step = await post(path, {**answers, "models": {}})
    assert step["type"] == "create_entry"
    assert hass.states.get("number.ollama_requests_per_hour").state == "50"


@pytest.mark.parametrize("kind", ["conversation", "ai_task_data"])
async def test_agent(hass: HomeAssistant, sim: Simulator, entry, post: Any, kind: str):
    step = await post(SUBENTRY_FLOW, {"handler": [entry.entry_id, kind]})
    assert (step["step_id"], names(step["data_schema"])) == ("user", ["name", "model"])
    path = f"{SUBENTRY_FLOW}/{step['flow_id']}"
    step = await post(path, {"name": "New", "model": LEVELS_MODEL})
    assert step["step_id"] == "settings"
    talks = kind == "conversation"
    own = ["prompt", "llm_hass_api", "tool_calling", "plain_text"] if talks else []
    assert names(step["data_schema"]) == [
        *own,
        "think",
        "num_ctx",
        "max_history",
        "keep_alive",
        *(["prime"] if talks else []),
        "sampling",
        *(["policy"] if talks else []),
    ]
    (sampling,) = (one for one in step["data_schema"] if one["name"] == "sampling")
    assert (sampling["type"], sampling["expanded"]) == ("expandable", False)
    assert names(sampling["schema"]) == [
        "temperature",
        "top_p",
        "top_k",
        "repeat_penalty",
        "seed",
        "num_predict",
        "stop",
    ]
    # A browser sends whole numbers, and only what is filled in.
    answers = {"think": "low", "num_ctx": 4096, "sampling": {"top_k": 5}}
    if talks:
        policy = step["data_schema"][-1]
        assert (policy["type"], policy["expanded"]) == ("expandable", False)
        assert names(policy["schema"]) == [*Kind, "pin", "labels"]
        assert policy["schema"][-2]["selector"]["text"]["type"] == "password"
        assert policy["schema"][-1]["selector"] == {"label": {"multiple": True}}
        answers["policy"] = {
            field["name"]: field["description"]["suggested_value"]
            for field in policy["schema"]
            if "description" in field
        }
        assert set(answers["policy"]) == {*Kind, "labels"}
    step = await post(path, answers)
    assert step["type"] == "create_entry"
    await hass.async_block_till_done()
    # What stood in the form is the default.
    assert options_of(entry) == {}
    made = list(entry.subentries.values())[-1]
    assert made.data == {"model": LEVELS_MODEL, "think": "low", "num_ctx": 4096, "top_k": 5}
    step = await post(
        SUBENTRY_FLOW, {"handler": [entry.entry_id, kind], "subentry_id": made.subentry_id}
    )
    assert (step["step_id"], names(step["data_schema"])) == ("reconfigure", ["model"])


async def test_download(hass: HomeAssistant, sim: Simulator, post: Any, hass_ws_client: Any):
    """A browser that listens to both events shows the text and the bar as they move."""
    sim.pull_plan(
        NEW,
        sizes=(7_071_700_672,),
        seconds=0.5,
        steps=10,
        model=SimModel(NEW, capabilities=("completion", "tools")),
    )
    websocket = await hass_ws_client()
    kinds = {}
    for event_type in ("data_entry_flow_progressed", "data_entry_flow_progress_update"):
        await websocket.send_json_auto_id({"type": "subscribe_events", "event_type": event_type})
        kinds[(await websocket.receive_json())["id"]] = event_type
    step = await post(FLOW, {"handler": DOMAIN})
    path = f"{FLOW}/{step['flow_id']}"
    await post(path, {"url": sim.url, "advanced": {"verify_ssl": True}})
    step = await post(path, {"model": NEW, "control": True})
    bar, texts = [], []
    async with asyncio.timeout(10):
        while step["type"] == "progress":
            texts.append(step["description_placeholders"]["percent"])
            message = await websocket.receive_json()
            if kinds[message["id"]] == "data_entry_flow_progress_update":
                bar.append(message["event"]["data"]["progress"])
            else:
                assert message["event"]["data"]["flow_id"] == step["flow_id"]
                step = await post(path)
    assert step["type"] == "create_entry"
    assert len(set(bar)) > 2
    assert len(set(texts)) > 2

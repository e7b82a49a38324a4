"""Calling actions as automations and people do."""

from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest

from custom_components.ollama.const import DOMAIN
from simulator import RecordedRequest

from ..flows.texts import english, placeholders

BEGIN = "<data>\n"
END = "\n</data>"


async def act(
    hass: HomeAssistant, action: str, context: Context | None = None, **data: Any
) -> dict[str, Any]:
    """Call an action and return its response."""
    response = await hass.services.async_call(
        DOMAIN, action, data, blocking=True, context=context, return_response=True
    )
    assert response is not None
    return response


async def failure(
    hass: HomeAssistant, action: str, context: Context | None = None, **data: Any
) -> HomeAssistantError:
    """Call an action that fails; return its error, whose text has been checked."""
    with pytest.raises(HomeAssistantError) as caught:
        await act(hass, action, context, **data)
    err = caught.value
    assert err.translation_domain == DOMAIN, repr(err)
    message = english()["exceptions"][err.translation_key]["message"]
    given = err.translation_placeholders or {}
    assert placeholders(message) <= set(given)
    return err


def system(request: RecordedRequest) -> str:
    """Return the system text of a request."""
    first = request.body["messages"][0]
    assert first["role"] == "system"
    return str(first["content"])


def asked(request: RecordedRequest) -> str:
    """Return what the user said last."""
    return str([m["content"] for m in request.body["messages"] if m["role"] == "user"][-1])


def data_in(text: str) -> str:
    """Return the block of data in what was said; there is one, and it ends the text."""
    assert text.count(BEGIN) == text.count(END) == 1, text
    assert text.endswith(END)
    return text.partition(BEGIN)[2].removesuffix(END)


async def run_automation(
    hass: HomeAssistant, action: str, data: dict[str, Any], template: str
) -> str:
    """Run an action in an automation; return what a template makes of its response."""
    event = f"made_of_{action}"
    found: list[str] = []
    hass.bus.async_listen("found_by_automation", lambda event: found.append(event.data["it"]))
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "id": event,
                "alias": event,
                "triggers": {"trigger": "event", "event_type": event},
                "actions": [
                    {"action": f"ollama.{action}", "data": data, "response_variable": "answer"},
                    {"event": "found_by_automation", "event_data": {"it": template}},
                ],
            }
        },
    )
    hass.bus.async_fire(event)
    await hass.async_block_till_done()
    assert len(found) == 1
    return str(found[0])


async def clean_trace(hass: HomeAssistant, hass_ws_client: Any, automation_id: str) -> None:
    """Make sure that an automation ran once, to its end, and that no step of it failed."""
    client = await hass_ws_client(hass)
    which = {"domain": "automation", "item_id": automation_id}
    await client.send_json_auto_id({"type": "trace/list", **which})
    (run,) = (await client.receive_json())["result"]
    await client.send_json_auto_id({"type": "trace/get", **which, "run_id": run["run_id"]})
    trace = (await client.receive_json())["result"]
    assert run["script_execution"] == "finished", trace
    assert not any("error" in step for path in trace["trace"].values() for step in path), trace

"""Adds the integration as a user does, and finds what came of it."""

import asyncio
from dataclasses import dataclass
from typing import Any

from .client import HomeAssistant, Json
from .errors import DemoError
from .flows import ENTRY_FLOW, SUBENTRY_FLOW, walk

DOMAIN = "ollama"
ENTITY_LIMIT = 20.0


@dataclass(frozen=True)
class Assistant:
    """What the tour talks to."""

    entry_id: str
    conversation: str
    ai_task: str


async def check_ours(ha: HomeAssistant) -> str:
    """Return the version of the custom integration, having made sure that it is what runs."""
    manifest: Json = await ha.command("manifest/get", integration=DOMAIN)
    if manifest["is_built_in"]:
        raise DemoError(
            "Home Assistant runs its own 'ollama' integration, not this one: "
            "custom_components/ollama is missing or its manifest has no valid version."
        )
    version: str = manifest["version"]
    return version


async def add(ha: HomeAssistant, url: str, model: str, api_key: str | None) -> Assistant:
    """Add the server through the config flow; add an agent and an AI task where it made none."""
    answers: Json = {"url": url, "model": model}
    if api_key:
        answers["api_key"] = api_key
    result = await walk(ha, ENTRY_FLOW, DOMAIN, answers)
    entry_id: str = result["result"]["entry_id"]

    made: dict[str, str] = {}
    for domain, subentry in (("conversation", "conversation"), ("ai_task", "ai_task_data")):
        if not await _subentries(ha, entry_id, subentry):
            await _add_subentry(ha, entry_id, subentry, {"model": model})
        made[domain] = await _entity(ha, entry_id, domain)
    return Assistant(entry_id, made["conversation"], made["ai_task"])


async def add_agent(ha: HomeAssistant, entry_id: str, name: str, model: str) -> str:
    """Add another agent through its flow, and return its entity."""
    known = set(await _subentries(ha, entry_id, "conversation"))
    await _add_subentry(ha, entry_id, "conversation", {"name": name, "model": model})
    new = set(await _subentries(ha, entry_id, "conversation")) - known
    if len(new) != 1:
        raise DemoError(f"The flow of an agent made {len(new)} agents.")
    return await _entity(ha, entry_id, "conversation", new.pop())


async def entry_state(ha: HomeAssistant, entry_id: str) -> str:
    """Return the state of the config entry, such as 'loaded'."""
    entry: Json = (await ha.command("config_entries/get_single", entry_id=entry_id))["config_entry"]
    state: str = entry["state"]
    return state


async def _subentries(ha: HomeAssistant, entry_id: str, subentry_type: str) -> list[str]:
    """Return the ids of an entry's subentries of a type."""
    subentries: list[Json] = await ha.command("config_entries/subentries/list", entry_id=entry_id)
    return [
        subentry["subentry_id"]
        for subentry in subentries
        if subentry["subentry_type"] == subentry_type
    ]


async def _add_subentry(
    ha: HomeAssistant, entry_id: str, subentry_type: str, answers: dict[str, Any]
) -> None:
    # Ours suggests what controls the home; core's leaves it to the user.
    otherwise = {"llm_hass_api": ["assist"]} if subentry_type == "conversation" else {}
    await walk(ha, SUBENTRY_FLOW, [entry_id, subentry_type], answers, otherwise)


async def _entity(
    ha: HomeAssistant, entry_id: str, domain: str, subentry_id: str | None = None
) -> str:
    """Return the entity of a domain once it exists and is available."""
    try:
        async with asyncio.timeout(ENTITY_LIMIT):
            while True:
                for entry in await ha.command("config/entity_registry/list"):
                    entity_id: str = entry["entity_id"]
                    if entry["config_entry_id"] != entry_id:
                        continue
                    if not entity_id.startswith(f"{domain}."):
                        continue
                    if subentry_id not in (None, entry["config_subentry_id"]):
                        continue
                    if (await ha.state(entity_id))["state"] != "unavailable":
                        return entity_id
                await asyncio.sleep(0.2)
    except TimeoutError as err:
        state = await entry_state(ha, entry_id)
        raise DemoError(
            f"No {domain} entity came up within {ENTITY_LIMIT:.0f} s; the entry is '{state}'."
        ) from err

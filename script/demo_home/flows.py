"""Walks config flows the way a user does: reads each form and fills it in."""

import asyncio
from collections.abc import Mapping
from typing import Any

from .client import HomeAssistant, Json
from .errors import DemoError

MAX_STEPS = 20
PROGRESS_LIMIT = 120.0
ENTRY_FLOW = "/api/config/config_entries/flow"
SUBENTRY_FLOW = "/api/config/config_entries/subentries/flow"


async def walk(
    ha: HomeAssistant,
    path: str,
    handler: str | list[str],
    answers: Mapping[str, Any],
    otherwise: Mapping[str, Any] | None = None,
) -> Json:
    """Go through a flow to its end and return its result.

    Fields named in the answers get those; all others keep what the form suggests, as when a user
    just presses the button. Where it suggests nothing, they get what stands in ``otherwise``.
    """
    otherwise = otherwise or {}
    step: Json = await ha.post(path, {"handler": handler})
    for _ in range(MAX_STEPS):
        flow = f"{path}/{step['flow_id']}"
        match step["type"]:
            case "create_entry":
                return step
            case "abort":
                reason = f"{step['reason']} {step.get('description_placeholders') or ''}".strip()
                raise DemoError(f"The set-up of {handler} was refused: {reason}")
            case "form":
                if step.get("errors"):
                    raise DemoError(
                        f"The form '{step['step_id']}' of {handler} was refused: {step['errors']} "
                        f"{step.get('description_placeholders') or ''}".strip()
                    )
                step = await ha.post(flow, _fill(step["data_schema"], answers, otherwise))
            case "menu":
                options = list(step["menu_options"])
                choice = answers.get("menu", options[0])
                step = await ha.post(flow, {"next_step_id": choice})
            case "progress":
                step = await _after_progress(ha, flow, step)
            case "external" | "external_done" as kind:
                raise DemoError(f"The set-up of {handler} wants a browser ({kind}).")
            case _:
                step = await ha.get(flow)
    raise DemoError(f"The set-up of {handler} did not end after {MAX_STEPS} steps.")


async def _after_progress(ha: HomeAssistant, flow: str, step: Json) -> Json:
    """Wait until a step that shows progress moves on."""
    try:
        async with asyncio.timeout(PROGRESS_LIMIT):
            while step["type"] == "progress":
                await asyncio.sleep(0.5)
                step = await ha.get(flow)
    except TimeoutError as err:
        raise DemoError(
            f"'{step.get('progress_action')}' was not done within {PROGRESS_LIMIT:.0f} s."
        ) from err
    return step


def _fill(fields: list[Json], answers: Mapping[str, Any], otherwise: Mapping[str, Any]) -> Json:
    """Return values for the fields of a form."""
    values: Json = {}
    for field in fields:
        name = field["name"]
        if field.get("type") == "expandable":
            values[name] = _fill(field["schema"], answers, otherwise)
            continue
        suggested = (field.get("description") or {}).get("suggested_value")
        if name in answers:
            values[name] = answers[name]
        elif name in otherwise and not suggested:
            values[name] = otherwise[name]
        elif suggested is not None:
            values[name] = suggested
        elif "default" in field:
            values[name] = field["default"]
        elif field.get("required"):
            raise DemoError(f"The form asks for '{name}', and the demo has no answer to that.")
    return values

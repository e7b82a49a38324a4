"""Saving an automation where Home Assistant's editor keeps them.

The file is its owner's: text is added at its end, and the rest of it stays byte for byte,
comments and `!secret` included.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
import textwrap
import time
from typing import Any, Final

from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.config import AUTOMATION_CONFIG_PATH
from homeassistant.const import ATTR_FRIENDLY_NAME, CONF_ID, SERVICE_RELOAD, STATE_OFF
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util.file import write_utf8_file_atomic
from homeassistant.util.hass_dict import HassKey
import yaml

from ...agent import async_sentence
from ...const import DOMAIN
from .shape import as_yaml

_LOCK: Final[HassKey[asyncio.Lock]] = HassKey("ollama_saving_automations")


class SavingError(HomeAssistantError):
    """An automation that could not be saved; nothing was changed."""

    def __init__(self, key: str) -> None:
        """Take the key of the text."""
        super().__init__(
            translation_domain=DOMAIN,
            translation_key=key,
            translation_placeholders={"file": AUTOMATION_CONFIG_PATH},
        )


@dataclass(frozen=True, slots=True)
class _Change:
    """A file before and after; without content, it is not there."""

    path: Path
    before: bytes | None
    after: bytes
    automation: dict[str, Any]

    def undo(self) -> None:
        """Put the file back, unless somebody else wrote it since."""
        if self.path.read_bytes() != self.after:
            return
        if self.before is None:
            self.path.unlink()
        else:
            write_utf8_file_atomic(str(self.path), self.before, mode="wb")


async def async_save(
    hass: HomeAssistant,
    automation: Mapping[str, Any],
    request: str,
    language: str,
    context: Context,
) -> tuple[dict[str, Any], str]:
    """Save an automation, off; return it as it was saved, and its entity id.

    Raises SavingError.
    """
    if not hass.services.has_service(AUTOMATION, SERVICE_RELOAD):
        raise SavingError("automations_not_included")
    made_from = await async_sentence(hass, language, "automation_made_from", request=request)
    description = f"{automation['description']}\n\n{made_from}".strip()
    names = {
        str(state.attributes.get(ATTR_FRIENDLY_NAME)) for state in hass.states.async_all(AUTOMATION)
    }

    def complete(in_file: list[Mapping[str, Any]]) -> dict[str, Any]:
        ids = {str(one.get(CONF_ID)) for one in in_file}
        return {
            CONF_ID: _new_id(hass, ids),
            **automation,
            "alias": _unique(
                automation["alias"], names | {str(one.get("alias")) for one in in_file}
            ),
            "description": description,
            "initial_state": False,
        }

    async with hass.data.setdefault(_LOCK, asyncio.Lock()):
        path = Path(hass.config.path(AUTOMATION_CONFIG_PATH))
        change = await hass.async_add_executor_job(_write, path, complete)
        try:
            entity_id = await _async_load(hass, change.automation[CONF_ID], context)
        except Exception as err:
            # Reloading fails in many ways where another file is broken.
            await hass.async_add_executor_job(change.undo)
            raise SavingError("automations_not_loaded") from err
        if entity_id is None:
            await hass.async_add_executor_job(change.undo)
            await _async_load(hass, change.automation[CONF_ID], context)
            raise SavingError("automations_not_included")
    return change.automation, entity_id


async def _async_load(hass: HomeAssistant, automation_id: str, context: Context) -> str | None:
    """Let Home Assistant read an automation; return its entity id if it is there and off."""
    await hass.services.async_call(
        AUTOMATION, SERVICE_RELOAD, {CONF_ID: automation_id}, blocking=True, context=context
    )
    entity_id = er.async_get(hass).async_get_entity_id(AUTOMATION, AUTOMATION, automation_id)
    state = hass.states.get(entity_id) if entity_id else None
    return entity_id if state is not None and state.state == STATE_OFF else None


def _write(path: Path, complete: Callable[[list[Mapping[str, Any]]], dict[str, Any]]) -> _Change:
    """Add an automation to the file. Raises SavingError, and leaves the file then."""
    try:
        before = path.read_bytes() if path.exists() else None
        text = (before or b"").decode()
        automation = complete(_read(text))
        after = _with(text, automation)
        is_right = _read(after)[-1]["alias"] == automation["alias"]
    except (yaml.YAMLError, ValueError, LookupError) as err:
        raise SavingError("automations_unreadable") from err
    except OSError as err:
        raise SavingError("automations_not_written") from err
    if not is_right or len(_read(after)) != len(_read(text)) + 1:
        raise SavingError("automations_unreadable")
    try:
        write_utf8_file_atomic(str(path), after.encode(), mode="wb")
    except HomeAssistantError as err:
        raise SavingError("automations_not_written") from err
    return _Change(path, before, after.encode(), automation)


def _root(text: str) -> yaml.SequenceNode | None:
    """Return the list that a file holds; None for a file without content.

    It is read without looking at tags, since what they mean is not needed here.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is None or (isinstance(root, yaml.ScalarNode) and not root.value):
        return None
    if not isinstance(root, yaml.SequenceNode) or not root.tag.startswith("tag:yaml.org,"):
        raise ValueError("not a list")
    return root


def _read(text: str) -> list[Mapping[str, Any]]:
    """Return the plain values of the automations in a file, such as their ids and names."""
    root = _root(text)
    return [
        {
            str(key.value): value.value
            for key, value in (node.value if isinstance(node, yaml.MappingNode) else ())
            if isinstance(value, yaml.ScalarNode)
        }
        for node in (root.value if root else ())
    ]


def _with(text: str, automation: Mapping[str, Any]) -> str:
    """Return a file's text with one more automation. Raises ValueError."""
    added = as_yaml([dict(automation)])
    root = _root(text)
    if root is None:
        return f"{_ended(text)}{added}"
    if not root.flow_style:
        return f"{_ended(text)}{textwrap.indent(added, ' ' * root.start_mark.column)}"
    if root.value:
        raise ValueError("a list in brackets")
    return f"{_ended(text[: root.start_mark.index])}{added}{text[root.end_mark.index :].lstrip()}"


def _ended(text: str) -> str:
    return f"{text}\n" if text.strip() and not text.endswith("\n") else text


def _new_id(hass: HomeAssistant, taken: set[str]) -> str:
    """Return an id as Home Assistant's editor makes them."""
    registry = er.async_get(hass)
    number = time.time_ns() // 1_000_000
    while str(number) in taken or registry.async_get_entity_id(AUTOMATION, AUTOMATION, str(number)):
        number += 1
    return str(number)


def _unique(name: str, taken: set[str]) -> str:
    others = {one.casefold() for one in taken}
    number, unique = 1, name
    while unique.casefold() in others:
        number += 1
        unique = f"{name} ({number})"
    return unique

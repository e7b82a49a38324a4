"""The LLM API `ollama`, which any agent can pick beside `assist`."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers import llm
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from .context import render
from .inventory import Inventory, async_prepare_inventory
from .tools import TOOLS, FindDevices, HomeTool

API_ID: Final = DOMAIN
API_NAME: Final = "Ollama home control"

DEFAULT_CHARACTERS: Final = 60_000
"""What any agent can take of a home; some 15,000 tokens."""

prompt_characters: ContextVar[int | None] = ContextVar("ollama_prompt_characters", default=None)
"""How much of the home an agent's context has room for; set around its turn."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Prompt and tools for one state of the home."""

    version: int
    useful: tuple[type[HomeTool], ...]
    prompt: str
    tools: tuple[HomeTool, ...]


_PREPARED: HassKey[dict[tuple[str, int], _Prepared]] = HassKey("ollama_prepared_home")
_MOST_PREPARED: Final = 8
"""Several agents may have contexts of different sizes."""


class HomeControlAPI(llm.API):
    """Few tools with plain names, and the home in few words."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Name it."""
        super().__init__(hass=hass, id=API_ID, name=API_NAME)

    @override
    async def async_get_api_instance(self, llm_context: llm.LLMContext) -> llm.APIInstance:
        """Return the same prompt and the same tools, whoever asks, and when."""
        inventory = await async_prepare_inventory(self.hass, llm_context.assistant)
        prepared = self._prepared(llm_context.assistant or "", inventory)
        return llm.APIInstance(
            api=self,
            api_prompt=prepared.prompt,
            llm_context=llm_context,
            tools=list(prepared.tools),
            custom_serializer=llm.selector_serializer,
        )

    def _prepared(self, assistant: str, inventory: Inventory) -> _Prepared:
        """Return what was made for this state of the home, or make it."""
        room = prompt_characters.get()
        most = DEFAULT_CHARACTERS if room is None else room
        # Looked at each time: the recorder and the satellites come up after others.
        useful = tuple(tool for tool in TOOLS if tool.is_useful(self.hass, inventory))
        cache = self.hass.data.setdefault(_PREPARED, {})
        key = (assistant, most)
        known = cache.pop(key, None)
        if known is None or (known.version, known.useful) != (inventory.version, useful):
            prompt, complete = render(inventory, most)
            offered = useful if complete else (*useful, FindDevices)
            known = _Prepared(inventory.version, useful, prompt, tuple(tool() for tool in offered))
        cache[key] = known  # the one used last stands last
        if len(cache) > _MOST_PREPARED:
            del cache[next(iter(cache))]
        return known


def async_register(hass: HomeAssistant) -> None:
    """Offer the API to all agents, for as long as Home Assistant runs."""
    llm.async_register_api(hass, HomeControlAPI(hass))

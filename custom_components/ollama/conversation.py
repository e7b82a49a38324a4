"""The conversation agents."""

from functools import partial
from typing import Literal, override

from homeassistant.components import conversation
from homeassistant.components.conversation.models import AbstractConversationAgent
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_LLM_HASS_API, MATCH_ALL
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import intent
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .agent import SOURCE_CONVERSATION, AgentSettings, Asker, async_explain, without_pin
from .const import CONF_LLM_APIS, SUBENTRY_CONVERSATION
from .entity import OllamaAgentEntity
from .home import async_drop_waiting
from .priming import Primer
from .runtime import OllamaConfigEntry
from .talking import async_say, async_talk, audible, policy_in_force

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OllamaConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an agent for each subentry."""
    for subentry in entry.get_subentries_of_type(SUBENTRY_CONVERSATION):
        async_add_entities(
            [OllamaConversationEntity(entry, subentry)],
            config_subentry_id=subentry.subentry_id,
        )


class OllamaConversationEntity(
    OllamaAgentEntity,
    conversation.ConversationEntity,
    AbstractConversationAgent,
):
    """An agent that talks, and controls the home where its owner allows that."""

    _attr_supports_streaming = True
    _attr_translation_key = "agent"

    def __init__(self, entry: OllamaConfigEntry, subentry: ConfigSubentry) -> None:
        """Tell Home Assistant whether it controls the home."""
        super().__init__(entry, subentry)
        self._primer = Primer(lambda: self._agent)
        if subentry.data.get(CONF_LLM_APIS) or subentry.data.get(CONF_LLM_HASS_API):
            self._attr_supported_features = conversation.ConversationEntityFeature.CONTROL

    @property
    @override
    def supported_languages(self) -> list[str] | Literal["*"]:
        """Return all languages: which of them it speaks depends on the model."""
        return MATCH_ALL

    @override
    async def async_added_to_hass(self) -> None:
        """Answer to the entry's id too, as pipelines from older versions say it."""
        await super().async_added_to_hass()
        conversation.async_set_agent(self.hass, self._entry, self)
        self._primer.async_start()

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Stop answering to the entry's id."""
        conversation.async_unset_agent(self.hass, self._entry)
        self._primer.async_stop()
        await super().async_will_remove_from_hass()

    @override
    async def async_prepare(self, language: str | None = None) -> None:
        """Have the server read the prompt while somebody begins to speak."""
        await self._primer.async_prepare()

    @override
    async def _async_handle_message(
        self,
        user_input: conversation.ConversationInput,
        chat_log: conversation.ChatLog,
    ) -> conversation.ConversationResult:
        """Answer a sentence, whatever happens on the way."""
        agent = self._agent
        # Before anything is told of it: a talk with images goes to another model.
        settings = await agent.async_settings(chat_log)
        try:
            with policy_in_force(agent) as policy:
                async with agent.query(self._asker(user_input, chat_log, settings)) as query:
                    return await async_talk(agent, query, user_input, chat_log, policy, settings)
        except HomeAssistantError as err:
            # What began to wait in this turn was never asked about.
            async_drop_waiting(self.hass, chat_log.conversation_id)
            return await self._async_apologise(err, user_input, chat_log)

    def _asker(
        self,
        user_input: conversation.ConversationInput,
        chat_log: conversation.ChatLog,
        settings: AgentSettings,
    ) -> Asker:
        """Tell who says what; a PIN is said to nobody else."""
        return Asker(
            source=SOURCE_CONVERSATION,
            entity_id=self.entity_id,
            agent=self._subentry_id,
            model=settings.model,
            text=user_input.text,
            context=user_input.context,
            place=user_input.satellite_id or user_input.device_id or "",
            masked=partial(without_pin, self.hass, chat_log.conversation_id),
        )

    async def _async_apologise(
        self,
        err: HomeAssistantError,
        user_input: conversation.ConversationInput,
        chat_log: conversation.ChatLog,
    ) -> conversation.ConversationResult:
        """Return a failure as a sentence in the user's language.

        Where the agent has begun to speak or to act, the sentence goes into the log as
        well: a satellite hears what streams, and later turns must know of it.
        """
        agent = self._agent
        agent.note_failure(err)
        text = await async_explain(self.hass, err, user_input.language)
        text = audible(self.hass, user_input, chat_log, text)
        if not isinstance(chat_log.content[-1], conversation.UserContent):
            await async_say(agent, chat_log, text)
        response = intent.IntentResponse(language=user_input.language)
        response.async_set_error(intent.IntentResponseErrorCode.UNKNOWN, text)
        return conversation.ConversationResult(
            response=response, conversation_id=chat_log.conversation_id
        )

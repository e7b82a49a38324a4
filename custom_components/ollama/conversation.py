"""The conversation agents."""

from collections.abc import AsyncGenerator, Generator
import contextlib
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

from .agent import (
    SOURCE_CONVERSATION,
    AnswerTooLongError,
    Asker,
    Deed,
    RunningQuery,
    async_explain,
    async_provide_prompt,
    async_question,
    async_report,
    async_sentence,
    async_settle,
    done_in,
    without_pin,
)
from .const import CONF_LLM_APIS, DOMAIN, SUBENTRY_CONVERSATION
from .entity import OllamaAgentEntity
from .home import Policy, async_drop_waiting, async_waiting, current_policy
from .runtime import OllamaConfigEntry

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

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Stop answering to the entry's id."""
        conversation.async_unset_agent(self.hass, self._entry)
        await super().async_will_remove_from_hass()

    @override
    async def _async_handle_message(
        self,
        user_input: conversation.ConversationInput,
        chat_log: conversation.ChatLog,
    ) -> conversation.ConversationResult:
        """Answer a sentence, whatever happens on the way."""
        try:
            with self._policy_in_force() as policy:
                async with self._query(self._asker(user_input, chat_log)) as query:
                    return await self._async_handle(query, user_input, chat_log, policy)
        except HomeAssistantError as err:
            # What began to wait in this turn was never asked about.
            async_drop_waiting(self.hass, chat_log.conversation_id)
            return await self._async_apologise(err, user_input, chat_log)

    def _asker(
        self,
        user_input: conversation.ConversationInput,
        chat_log: conversation.ChatLog,
    ) -> Asker:
        """Tell who says what; a PIN is said to nobody else."""
        return Asker(
            source=SOURCE_CONVERSATION,
            entity_id=self.entity_id,
            agent=self._subentry_id,
            model=self._settings.model,
            text=user_input.text,
            context=user_input.context,
            place=user_input.satellite_id or user_input.device_id or "",
            masked=partial(without_pin, self.hass, chat_log.conversation_id),
        )

    async def _async_handle(
        self,
        query: RunningQuery,
        user_input: conversation.ConversationInput,
        chat_log: conversation.ChatLog,
        policy: Policy,
    ) -> conversation.ConversationResult:
        """Settle what waits for a yes, or else let the model answer.

        Raises HomeAssistantError.
        """
        settled: list[Deed] = []
        earlier = chat_log.llm_api
        try:
            text = await async_settle(self.hass, chat_log, user_input, policy, settled)
            if text is not None:
                result = await self._async_answer(text, user_input, chat_log)
            else:
                query.admit()
                result = await self._async_converse(query, user_input, chat_log)
        finally:
            # The tools of an earlier turn stay in the log until this one brings its own.
            began = chat_log.llm_api is not earlier
            query.deeds = settled or (done_in(chat_log) if began else ())
        query.response = result.response.speech.get("plain", {}).get("speech", "")
        return result

    async def _async_converse(
        self,
        query: RunningQuery,
        user_input: conversation.ConversationInput,
        chat_log: conversation.ChatLog,
    ) -> conversation.ConversationResult:
        """Let the model answer. Raises HomeAssistantError."""
        language = user_input.language
        await async_provide_prompt(
            chat_log, user_input.as_llm_context(DOMAIN), self._settings, user_input
        )
        # What a satellite speaks must hold no marks of writing.
        turn = self._turn(
            query,
            await self._async_settings(chat_log),
            strip_markdown=bool(user_input.satellite_id),
        )
        answer = await turn.async_run(chat_log)
        if answer.cut_by_length:
            raise AnswerTooLongError
        if answer.asks_for_confirmation:
            policy = current_policy.get() or Policy()
            waiting = async_waiting(self.hass, chat_log.conversation_id)
            text = await async_question(
                self.hass, language, waiting, with_pin=policy.pin is not None
            )
            return await self._async_answer(text, user_input, chat_log, listen=True)
        if answer.deeds:
            text = await async_report(self.hass, language, answer.deeds)
            return await self._async_answer(text, user_input, chat_log)
        if answer.claimed_falsely:
            text = await async_sentence(self.hass, language, "claim_corrected")
            return await self._async_answer(text, user_input, chat_log)
        return conversation.async_get_result_from_chat_log(user_input, chat_log)

    @contextlib.contextmanager
    def _policy_in_force(self) -> Generator[Policy]:
        """Let the tools of this turn know what this agent may do."""
        policy = self._policy()
        token = current_policy.set(policy)
        try:
            yield policy
        finally:
            current_policy.reset(token)

    async def _async_answer(
        self,
        text: str,
        user_input: conversation.ConversationInput,
        chat_log: conversation.ChatLog,
        *,
        listen: bool = False,
    ) -> conversation.ConversationResult:
        """Answer with a sentence of our own."""
        await self._async_say(chat_log, text)
        result = conversation.async_get_result_from_chat_log(user_input, chat_log)
        result.continue_conversation = result.continue_conversation or listen
        return result

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
        self._note_failure(err)
        text = await async_explain(self.hass, err, user_input.language)
        if not isinstance(chat_log.content[-1], conversation.UserContent):
            await self._async_say(chat_log, text)
        response = intent.IntentResponse(language=user_input.language)
        response.async_set_error(intent.IntentResponseErrorCode.UNKNOWN, text)
        return conversation.ConversationResult(
            response=response, conversation_id=chat_log.conversation_id
        )

    async def _async_say(self, chat_log: conversation.ChatLog, text: str) -> None:
        """Add a sentence of our own to the answer, where it is streamed as well."""

        async def deltas() -> AsyncGenerator[conversation.AssistantContentDeltaDict]:
            yield {"role": "assistant", "content": text}

        async for _ in chat_log.async_add_delta_content_stream(self.entity_id, deltas()):
            pass

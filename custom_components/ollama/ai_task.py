"""The AI tasks."""

from functools import partial
from typing import Any, override

from homeassistant.components import ai_task, conversation
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.json import json_dumps

from .agent import (
    SOURCE_AI_TASK,
    Asker,
    async_generate_structured,
    async_generate_text,
    done_in,
    without_pin,
)
from .const import SUBENTRY_AI_TASK
from .entity import OllamaAgentEntity
from .runtime import OllamaConfigEntry

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OllamaConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an AI task for each subentry."""
    for subentry in entry.get_subentries_of_type(SUBENTRY_AI_TASK):
        async_add_entities(
            [OllamaTaskEntity(entry, subentry)],
            config_subentry_id=subentry.subentry_id,
        )


class OllamaTaskEntity(OllamaAgentEntity, ai_task.AITaskEntity):
    """An AI task that generates text or data."""

    _attr_translation_key = "task"

    _attr_supported_features = (
        ai_task.AITaskEntityFeature.GENERATE_DATA | ai_task.AITaskEntityFeature.SUPPORT_ATTACHMENTS
    )

    @override
    async def _async_generate_data(
        self, task: ai_task.GenDataTask, chat_log: conversation.ChatLog
    ) -> ai_task.GenDataTaskResult:
        """Generate text, or data that follows the task's structure.

        Raises HomeAssistantError, translated.
        """
        # Home Assistant sets it for each call of the action, right before this; where tools had
        # to be prepared in between, it may be another call's already.
        context = chat_log.llm_api.llm_context.context if chat_log.llm_api else self._context
        agent = self._agent
        settings = await agent.async_settings(chat_log)
        asker = Asker(
            source=SOURCE_AI_TASK,
            entity_id=self.entity_id,
            agent=self._subentry_id,
            model=settings.model,
            text=task.instructions,
            context=context,
            masked=partial(without_pin, self.hass, chat_log.conversation_id),
        )
        data: Any
        try:
            async with agent.query(asker) as query:
                query.admit()
                turn = agent.turn(query.meter, settings)
                try:
                    if task.structure is None:
                        data = query.response = await async_generate_text(turn, chat_log)
                    else:
                        data = await async_generate_structured(turn, chat_log, task.structure)
                        query.response = json_dumps(data)
                finally:
                    query.deeds = done_in(chat_log)
        except HomeAssistantError as err:
            agent.note_failure(err)
            raise
        return ai_task.GenDataTaskResult(conversation_id=chat_log.conversation_id, data=data)

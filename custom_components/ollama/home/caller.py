"""Who calls a tool, from where, and what that allows."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.helpers import chat_session, device_registry as dr, llm

from .policy import Policy

if TYPE_CHECKING:
    from homeassistant.auth.models import User
    from homeassistant.core import HomeAssistant

current_policy: ContextVar[Policy | None] = ContextVar("ollama_policy", default=None)
"""Set by an agent of ours around its turn. Other callers of the API get the default
policy, and what has to be agreed to is refused to them: nobody could be asked."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The person or the automation behind a call."""

    hass: HomeAssistant
    llm_context: llm.LLMContext
    user: User | None
    policy: Policy
    conversation_id: str | None
    """Where a yes would come from; None where nobody can be asked."""

    @classmethod
    async def async_from(cls, hass: HomeAssistant, llm_context: llm.LLMContext) -> Caller:
        """Look up the user, the policy and the conversation of a call."""
        user_id = llm_context.context.user_id if llm_context.context else None
        policy = current_policy.get()
        session = chat_session.current_session.get()
        return cls(
            hass=hass,
            llm_context=llm_context,
            user=await hass.auth.async_get_user(user_id) if user_id else None,
            policy=policy or Policy(),
            conversation_id=session.conversation_id if session and policy else None,
        )

    @property
    def here(self) -> str | None:
        """The area of the device that was spoken to."""
        device_id = self.llm_context.device_id
        if not device_id or (device := dr.async_get(self.hass).async_get(device_id)) is None:
            return None
        return dr.async_get_effective_area_id(self.hass, device)

    @property
    def user_id(self) -> str | None:
        """The user's id; None for automations and satellites."""
        return self.llm_context.context.user_id if self.llm_context.context else None

    def may_control(self, entity_id: str) -> bool:
        """Whether the user's own permissions reach an entity."""
        return self._may(entity_id, POLICY_CONTROL)

    def may_read(self, entity_id: str) -> bool:
        """Whether the user's own permissions let them see an entity."""
        return self._may(entity_id, POLICY_READ)

    def _may(self, entity_id: str, key: str) -> bool:
        if self.user_id is None:
            return True
        # A user who is gone is not nobody, and may do nothing.
        return self.user is not None and self.user.permissions.check_entity(entity_id, key)

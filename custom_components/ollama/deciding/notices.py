"""Notifications on a phone that ask whether to do something.

Their layout is the Home Assistant app's, see
https://companion.home-assistant.io/docs/notifications/actionable-notifications
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import Enum, StrEnum, auto
import logging
import secrets
from typing import Any, Final, Self

from homeassistant.components.notify import (
    ATTR_DATA,
    ATTR_MESSAGE,
    ATTR_TITLE,
    DOMAIN as NOTIFY,
)
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import probatio

from ..agent import async_sentence, shortened
from ..const import DOMAIN

_LOGGER = logging.getLogger(__name__)

EVENT_TAPPED: Final = "mobile_app_notification_action"
ATTR_ACTION: Final = "action"

_PHONES: Final = "mobile_app_"
"""What the names of the app's notify actions begin with: only these have buttons."""
_CLEAR: Final = "clear_notification"
_REMEMBERED: Final = timedelta(days=1)
"""How long after its time a tap is still answered."""
_LONGEST_REASON: Final = 500
"""Characters; the services behind a phone take 4 kB in all."""


class Urgency(StrEnum):
    """How soon something should be done."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Answer(Enum):
    """Which of the buttons was tapped."""

    EXECUTE = auto()
    IGNORE = auto()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is to be asked, whom, and for how long."""

    phone: str
    """Name of a notify action, without its domain."""
    description: str
    reason: str
    urgency: Urgency
    timeout: timedelta
    language: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification that was sent. It holds nothing of what it is about."""

    tag: str
    execute: str
    ignore: str
    phone: str
    language: str
    until: float
    """Unix time to which a tap is answered."""

    @classmethod
    def of(cls, proposal: Proposal) -> Self:
        """Return a notice with buttons that nobody can guess."""
        until = dt_util.utcnow() + proposal.timeout + _REMEMBERED
        return cls(
            tag=f"ollama_decision_{secrets.token_hex(8)}",
            execute=f"OLLAMA_EXECUTE_{secrets.token_hex(16)}",
            ignore=f"OLLAMA_IGNORE_{secrets.token_hex(16)}",
            phone=proposal.phone,
            language=proposal.language,
            until=until.timestamp(),
        )

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Self:
        """Return a notice of an earlier run. Raises KeyError, TypeError and ValueError."""
        texts = {key: str(saved[key]) for key in ("tag", "execute", "ignore", "phone", "language")}
        return cls(**texts, until=float(saved["until"]))

    def as_dict(self) -> dict[str, Any]:
        """Return what is saved."""
        return asdict(self)

    def answer(self, action: object) -> Answer | None:
        """Return what a tapped button means; None for a button of another notification."""
        if action == self.execute:
            return Answer.EXECUTE
        return Answer.IGNORE if action == self.ignore else None

    def can_be_reached(self, hass: HomeAssistant) -> bool:
        """Whether its phone is there."""
        return hass.services.has_service(NOTIFY, self.phone)


def phone_of(hass: HomeAssistant, notify: str) -> str:
    """Return the name of a phone's notify action without its domain.

    Raises ServiceValidationError.
    """
    domain, _, phone = notify.partition(".")
    if domain != NOTIFY or not phone.startswith(_PHONES):
        raise _invalid("decision_not_a_phone", notify)
    if not hass.services.has_service(NOTIFY, phone):
        raise _invalid("decision_notify_unknown", notify)
    return phone


async def async_show(
    hass: HomeAssistant, notice: Notice, proposal: Proposal, context: Context
) -> None:
    """Send a notification with its buttons. Raises HomeAssistantError, translated."""
    language = proposal.language
    reason = shortened(proposal.reason, _LONGEST_REASON)
    try:
        await _async_notify(
            hass,
            notice,
            # The owner's words first: a text of the model's alone could be a command to a phone.
            f"{proposal.description}\n{reason}".strip(),
            title=await async_sentence(hass, language, "decision_title"),
            context=context,
            actions=[
                {
                    "action": notice.execute,
                    "title": await async_sentence(hass, language, "decision_execute"),
                    # Not by whoever happens to pass a locked phone.
                    "authenticationRequired": True,
                },
                {
                    "action": notice.ignore,
                    "title": await async_sentence(hass, language, "decision_ignore"),
                },
            ],
            # Android takes it away by itself then, also while Home Assistant is down.
            timeout=max(1, round(proposal.timeout.total_seconds())),
            **_manner(proposal.urgency),
        )
    except (HomeAssistantError, probatio.Invalid) as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="decision_notify_failed",
            translation_placeholders={"notify": f"{NOTIFY}.{notice.phone}", "error": str(err)},
        ) from err


async def async_clear(hass: HomeAssistant, notice: Notice) -> None:
    """Take a notification back."""
    await _async_try_to_notify(hass, notice, _CLEAR)


async def async_tell_expired(hass: HomeAssistant, notice: Notice) -> None:
    """Answer a tap that came too late."""
    text = await async_sentence(hass, notice.language, "decision_expired")
    await _async_try_to_notify(hass, notice, text)


def _manner(urgency: Urgency) -> dict[str, Any]:
    """Return how a phone shows it: first keys of Android's, then those of iOS."""
    match urgency:
        case Urgency.LOW:
            return {"push": {"interruption-level": "passive"}}
        case Urgency.MEDIUM:
            return {}
        case Urgency.HIGH | Urgency.CRITICAL:
            # It may come through a focus; what rings on a muted phone is not a model's to say.
            return {
                "ttl": 0,
                "priority": "high",
                "push": {"interruption-level": "time-sensitive"},
            }


async def _async_try_to_notify(hass: HomeAssistant, notice: Notice, message: str) -> None:
    try:
        await _async_notify(hass, notice, message)
    except HomeAssistantError, probatio.Invalid:
        _LOGGER.warning("A notification could not be brought up to date by notify.%s", notice.phone)


async def _async_notify(
    hass: HomeAssistant,
    notice: Notice,
    message: str,
    *,
    title: str | None = None,
    context: Context | None = None,
    **data: Any,
) -> None:
    content: dict[str, Any] = {ATTR_MESSAGE: message, ATTR_DATA: {"tag": notice.tag, **data}}
    if title is not None:
        content[ATTR_TITLE] = title
    await hass.services.async_call(NOTIFY, notice.phone, content, blocking=True, context=context)


def _invalid(key: str, notify: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"notify": notify},
    )

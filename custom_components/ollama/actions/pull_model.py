"""Downloading a model to a server."""

from typing import Final

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv
import probatio

from ..managing import async_pull
from .action import Action
from .of_models import MODEL_FIELDS, entry_of, model_of, response

CONF_WAIT: Final = "wait"


async def _async_pull(call: ServiceCall) -> ServiceResponse:
    model = model_of(call)
    status = await async_pull(call.hass, entry_of(call), model, wait=call.data[CONF_WAIT])
    return response(model, status)


PULL_MODEL = Action(
    "pull_model",
    {**MODEL_FIELDS, probatio.Optional(CONF_WAIT, default=False): cv.boolean},
    _async_pull,
    admin_only=True,
)

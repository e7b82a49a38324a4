"""Deleting a model from a server."""

from typing import Final

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv
import probatio

from ..managing import STATUS_DONE, async_delete
from .action import Action
from .of_models import MODEL_FIELDS, entry_of, model_of, response

CONF_FORCE: Final = "force"


async def _async_delete(call: ServiceCall) -> ServiceResponse:
    model = model_of(call)
    await async_delete(call.hass, entry_of(call), model, force=call.data[CONF_FORCE])
    return response(model, STATUS_DONE)


DELETE_MODEL = Action(
    "delete_model",
    {**MODEL_FIELDS, probatio.Optional(CONF_FORCE, default=False): cv.boolean},
    _async_delete,
    admin_only=True,
)

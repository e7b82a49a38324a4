"""Taking a model out of memory."""

from homeassistant.core import ServiceCall, ServiceResponse

from ..managing import STATUS_DONE, async_unload
from .action import Action
from .of_models import MODEL_FIELDS, entry_of, model_of, response


async def _async_unload(call: ServiceCall) -> ServiceResponse:
    model = model_of(call)
    await async_unload(entry_of(call), model)
    return response(model, STATUS_DONE)


UNLOAD_MODEL = Action("unload_model", MODEL_FIELDS, _async_unload, admin_only=True)

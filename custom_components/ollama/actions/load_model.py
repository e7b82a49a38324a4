"""Loading a model into memory before it is needed."""

from homeassistant.core import ServiceCall, ServiceResponse

from ..managing import STATUS_DONE, async_load
from .action import Action
from .of_models import MODEL_FIELDS, entry_of, model_of, response


async def _async_load(call: ServiceCall) -> ServiceResponse:
    model = model_of(call)
    await async_load(entry_of(call), model)
    return response(model, STATUS_DONE)


LOAD_MODEL = Action("load_model", MODEL_FIELDS, _async_load, admin_only=True)

"""The last steps of adding a server: its first agent."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult, ConfigSubentryData
from homeassistant.const import CONF_MODEL
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
from homeassistant.helpers.selector import BooleanSelector
import probatio

from ..const import (
    CONF_NUM_CTX_AUTO,
    DEFAULT_AI_TASK_NAME,
    DEFAULT_CONVERSATION_NAME,
    SUBENTRY_AI_TASK,
    SUBENTRY_CONVERSATION,
)
from ..home import API_ID
from ..server import CloudModelError, OllamaError, OllamaServer
from .download import DownloadStep
from .models import (
    async_model_selector,
    async_read_details,
    async_read_models,
    preferred_model,
)
from .server import FormError, as_form
from .settings import apis_for_core

CONF_CONTROL = "control"


class FirstModelFlow(ConfigFlow):
    """The steps after the server has been found."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._data: dict[str, Any] = {}
        self._server: OllamaServer | None = None
        self._choice: dict[str, Any] = {}
        self._download: DownloadStep | None = None
        self._model_error: FormError | None = None
        self._finishing = False

    async def async_step_model(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which model to talk to; left empty, the server is added without agents."""
        if user_input is not None:
            self._model_error = None
            self._choice = {**user_input, CONF_MODEL: user_input.get(CONF_MODEL, "").strip()}
            return await self._async_use_model()
        return await self._async_show_models()

    async def _async_show_models(self, error: FormError | None = None) -> ConfigFlowResult:
        assert self._server is not None
        # Kept until the button is pressed: the dialog may ask for this form twice.
        self._model_error = error = error or self._model_error
        try:
            installed, details = await async_read_models(self._server)
        except OllamaError as err:
            return self._show_server_form("user", as_form(self._data), FormError.from_error(err))
        schema = probatio.Schema(
            {
                probatio.Optional(CONF_MODEL): await async_model_selector(
                    self.hass, installed, details
                ),
                probatio.Required(CONF_CONTROL, default=True): BooleanSelector(),
            }
        )
        values = self._choice or {CONF_MODEL: preferred_model(installed, details)}
        return self.async_show_form(
            step_id="model",
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=error.errors if error else {},
            description_placeholders=dict(error.placeholders) if error else {},
        )

    async def _async_use_model(self) -> ConfigFlowResult:
        assert self._server is not None
        model = self._choice[CONF_MODEL]
        if not model:
            return self._create(())
        try:
            await self._server.models.async_refresh()
            self._server.check_model(model)
        except CloudModelError:
            return await self._async_show_models(FormError("cloud_model", CONF_MODEL))
        except OllamaError as err:
            return await self._async_show_models(FormError.from_error(err))
        if self._server.models.find(model) is not None:
            return await self.async_step_finish()
        self._download = DownloadStep(self, self._server, model)
        return await self.async_step_download()

    async def async_step_download(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show how far the download is."""
        assert self._download is not None
        self._model_error = self._download.error
        result: ConfigFlowResult = self._download.async_show(then="finish", failed="model")
        return result

    async def async_step_finish(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Create the server with an agent and an AI task."""
        if self._finishing:
            # The dialog and the end of the progress both ask to move on. The flow
            # manager drops the second question silently, and an abort would hide what
            # the first one did.
            raise UnknownFlow
        self._finishing = True
        created = False
        try:
            result = await self._async_finish()
            created = result["type"] is FlowResultType.CREATE_ENTRY
            return result
        finally:
            self._finishing = created

    async def _async_finish(self) -> ConfigFlowResult:
        assert self._server is not None
        model = self._choice[CONF_MODEL]
        details = await async_read_details(self._server, model)
        if details is not None and not details.chats:
            return await self._async_show_models(FormError("model_only_embeds", CONF_MODEL))
        task: dict[str, Any] = {CONF_MODEL: model, CONF_NUM_CTX_AUTO: True}
        agent = dict(task)
        if self._choice[CONF_CONTROL]:
            agent |= apis_for_core([API_ID])
        return self._create(
            (
                ConfigSubentryData(
                    subentry_type=SUBENTRY_CONVERSATION,
                    title=DEFAULT_CONVERSATION_NAME,
                    data=agent,
                    unique_id=None,
                ),
                ConfigSubentryData(
                    subentry_type=SUBENTRY_AI_TASK,
                    title=DEFAULT_AI_TASK_NAME,
                    data=task,
                    unique_id=None,
                ),
            )
        )

    def _create(self, subentries: tuple[ConfigSubentryData, ...]) -> ConfigFlowResult:
        """Create the entry of the server."""
        raise NotImplementedError

    def _show_server_form(
        self, step_id: str, values: Mapping[str, Any], error: FormError | None = None
    ) -> ConfigFlowResult:
        """Show the form with the server's address."""
        raise NotImplementedError

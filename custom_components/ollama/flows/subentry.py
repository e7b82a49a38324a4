"""Adding and changing an agent or an AI task: model first, then what fits it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntryState,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_MODEL, CONF_NAME, CONF_PROMPT
from homeassistant.helpers.selector import TextSelector
import probatio

from ..agent import changes_by_itself
from ..const import CONF_POLICIES, CONF_POLICY
from ..runtime import OllamaConfigEntry
from ..server import (
    CloudModelError,
    InstalledModel,
    ModelDetails,
    OllamaError,
    OllamaServer,
)
from .download import DownloadStep
from .models import (
    async_abilities,
    async_model_selector,
    async_read_details,
    async_read_models,
    preferred_model,
)
from .policy import read_policy
from .server import FormError
from .settings import SECTION_POLICY, as_form, read_form, settings_schema


class ModelSubentryFlow(ConfigSubentryFlow):
    """The steps that agents and AI tasks share."""

    talks: ClassVar[bool]
    """Whether it makes an agent that talks, rather than an AI task."""
    default_name: ClassVar[str]

    def __init__(self) -> None:
        """Start with nothing chosen."""
        self._name = self.default_name
        self._model: str | None = None
        self._details: ModelDetails | None = None
        self._download: DownloadStep | None = None
        self._model_error: FormError | None = None
        self._warned_of: str | None = None

    @property
    def _is_new(self) -> bool:
        return self.source == SOURCE_USER

    @property
    def _server(self) -> OllamaServer | None:
        """The server, None while its entry isn't loaded: that can change at any step."""
        entry: OllamaConfigEntry = self._get_entry()
        return entry.runtime_data.server if entry.state is ConfigEntryState.LOADED else None

    @property
    def _before(self) -> Mapping[str, Any]:
        return {} if self._is_new else self._get_reconfigure_subentry().data

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose name and model of a new one."""
        return await self._async_step_model(user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Choose the model of one that is there."""
        return await self._async_step_model(user_input)

    async def _async_step_model(self, user_input: dict[str, Any] | None) -> SubentryFlowResult:
        if (server := self._server) is None:
            return self.async_abort(reason="entry_not_loaded")
        if user_input is not None:
            self._model_error = None
            self._name = user_input.get(CONF_NAME, "").strip() or self.default_name
            self._model = user_input[CONF_MODEL].strip()
            return await self._async_use_model(server, self._model)
        return await self._async_show_models(server)

    async def _async_show_models(
        self, server: OllamaServer, error: FormError | None = None
    ) -> SubentryFlowResult:
        installed: list[InstalledModel] = []
        details: dict[str, ModelDetails] = {}
        # Kept until the button is pressed: the dialog may ask for this form twice.
        self._model_error = error = error or self._model_error
        try:
            installed, details = await async_read_models(server)
        except OllamaError as err:
            # The form still shows: settings can be changed while the server is down.
            error = error or FormError.from_error(err)
        fields: dict[Any, Any] = {}
        if self._is_new:
            fields[probatio.Required(CONF_NAME)] = TextSelector()
        fields[probatio.Required(CONF_MODEL)] = await async_model_selector(
            self.hass, installed, details
        )
        values = {
            CONF_NAME: self._name,
            CONF_MODEL: self._model
            or self._before.get(CONF_MODEL)
            or preferred_model(installed, details),
        }
        return self.async_show_form(
            step_id="user" if self._is_new else "reconfigure",
            data_schema=self.add_suggested_values_to_schema(probatio.Schema(fields), values),
            errors=error.errors if error else {},
            description_placeholders=dict(error.placeholders) if error else {},
            last_step=False,
        )

    async def _async_use_model(self, server: OllamaServer, model: str) -> SubentryFlowResult:
        if not model:
            return await self._async_show_models(server, FormError("model_empty", CONF_MODEL))
        try:
            await server.models.async_refresh()
            server.check_model(model)
        except CloudModelError:
            return await self._async_show_models(server, FormError("cloud_model", CONF_MODEL))
        except OllamaError as err:
            if model == self._before.get(CONF_MODEL):
                return await self.async_step_settings()
            return await self._async_show_models(server, FormError.from_error(err))
        if server.models.find(model) is not None:
            return await self.async_step_settings()
        self._download = DownloadStep(self, server, model)
        return await self.async_step_download()

    async def async_step_download(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show how far the download is."""
        assert self._download is not None
        self._model_error = self._download.error
        result: SubentryFlowResult = self._download.async_show(
            then="settings", failed="user" if self._is_new else "reconfigure"
        )
        return result

    async def async_step_settings(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the settings that suit the model."""
        assert self._model is not None
        if user_input is not None:
            return await self._async_use_settings(user_input)
        if (server := self._server) is None:
            return self.async_abort(reason="entry_not_loaded")
        # Unknown while the server is down, and that must not keep anybody from changing
        # the settings of a model that is in use.
        self._details = await async_read_details(server, self._model)
        if self._details is not None and not self._details.chats:
            error = FormError("model_only_embeds", CONF_MODEL)
            return await self._async_show_models(server, error)
        values = as_form(
            self.hass,
            self._before,
            self._details,
            talks=self.talks,
            is_new=self._is_new,
            policy=self._policy,
        )
        return await self._async_show_settings(values)

    async def _async_show_settings(
        self, values: Mapping[str, Any], error: FormError | None = None
    ) -> SubentryFlowResult:
        assert self._model is not None
        schema = settings_schema(self.hass, self._details, talks=self.talks)
        return self.async_show_form(
            step_id="settings",
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=error.errors if error else {},
            description_placeholders={
                "model": self._model,
                "abilities": await async_abilities(self.hass, self._details),
            },
            last_step=True,
        )

    async def _async_use_settings(self, user_input: dict[str, Any]) -> SubentryFlowResult:
        try:
            policy = read_policy(user_input.get(SECTION_POLICY, {})) if self.talks else {}
        except ValueError:
            return await self._async_show_settings(user_input, FormError("invalid_pin"))
        prompt = user_input.get(CONF_PROMPT, "")
        if self._is_worth_a_warning(prompt):
            # Once: who sends it again means it.
            self._warned_of = prompt
            error = FormError("prompt_changes", CONF_PROMPT)
            return await self._async_show_settings(user_input, error)
        shown = settings_schema(self.hass, self._details, talks=self.talks).schema
        data = read_form(user_input, self._before, shown, self._details)
        data[CONF_MODEL] = self._model
        if self._is_new:
            if policy:
                # Its id isn't known yet: when the entry loads, this moves to the options.
                data[CONF_POLICY] = policy
            return self.async_create_entry(title=self._name, data=data)
        self._keep_policy(policy)
        return self.async_update_and_abort(
            self._get_entry(), self._get_reconfigure_subentry(), data=data
        )

    def _is_worth_a_warning(self, prompt: str) -> bool:
        """Whether instructions are new that make every answer slower."""
        if prompt in (self._warned_of, self._before.get(CONF_PROMPT)):
            return False
        return changes_by_itself(self.hass, prompt)

    @property
    def _policy(self) -> Mapping[str, Any]:
        if self._is_new:
            return {}
        policies: Mapping[str, Any] = self._get_entry().options.get(CONF_POLICIES) or {}
        known: Mapping[str, Any] = policies.get(self._get_reconfigure_subentry().subentry_id) or {}
        return known

    def _keep_policy(self, policy: Mapping[str, Any]) -> None:
        """Save a policy in the entry's options, where core's forms don't reach."""
        entry = self._get_entry()
        policies = dict(entry.options.get(CONF_POLICIES) or {})
        policies.pop(self._get_reconfigure_subentry().subentry_id, None)
        if policy:
            policies[self._get_reconfigure_subentry().subentry_id] = dict(policy)
        options = {key: value for key, value in entry.options.items() if key != CONF_POLICIES}
        if policies:
            options[CONF_POLICIES] = policies
        self.hass.config_entries.async_update_entry(entry, options=options)

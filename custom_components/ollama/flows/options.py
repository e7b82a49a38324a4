"""The settings of a server: everything but its address and its agents."""

from collections.abc import Mapping
import math
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import probatio

from ..const import (
    CONF_ALLOW_CLOUD_MODELS,
    CONF_ALLOW_PUBLIC_SERVER,
    CONF_LOG_QUERIES,
    CONF_MAX_PARALLEL,
    CONF_MIN_SECONDS_BETWEEN_REQUESTS,
    CONF_MODELS,
    CONF_REQUESTS_PER_HOUR,
    CONF_REQUESTS_PER_HOUR_PER_USER,
)
from ..runtime import OllamaConfigEntry
from ..server import (
    MOST_PER_HOUR,
    Capability,
    CloudModelError,
    InstalledModel,
    ModelCatalog,
    ModelDetails,
    Privacy,
)
from ..settings import MOST_PARALLEL, MOST_SECONDS_BETWEEN, LogQueries, QueryType, ServerSettings
from .models import async_model_selector
from .server import FormError
from .settings import number_field

SECTION_LIMITS: Final = "limits"
SECTION_MODELS: Final = "models"
SECTION_PRIVACY: Final = "privacy"

_WHOLE_NUMBERS: Final = (CONF_MAX_PARALLEL, CONF_REQUESTS_PER_HOUR, CONF_REQUESTS_PER_HOUR_PER_USER)


LIMITS_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(CONF_MAX_PARALLEL): number_field(1, MOST_PARALLEL),
        probatio.Required(CONF_REQUESTS_PER_HOUR): number_field(0, MOST_PER_HOUR),
        probatio.Required(CONF_REQUESTS_PER_HOUR_PER_USER): number_field(0, MOST_PER_HOUR),
        probatio.Required(CONF_MIN_SECONDS_BETWEEN_REQUESTS): number_field(
            0, MOST_SECONDS_BETWEEN, 0.5
        ),
    }
)

PRIVACY_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(CONF_LOG_QUERIES): SelectSelector(
            SelectSelectorConfig(
                options=[how_much.value for how_much in LogQueries],
                translation_key=CONF_LOG_QUERIES,
                mode=SelectSelectorMode.DROPDOWN,
            )
        ),
        probatio.Required(CONF_ALLOW_CLOUD_MODELS): BooleanSelector(),
        probatio.Required(CONF_ALLOW_PUBLIC_SERVER): BooleanSelector(),
    }
)


class ServerOptionsFlow(OptionsFlow):
    """One form; what is saved comes into force without a reload."""

    def __init__(self) -> None:
        """Start before anything was shown."""
        self._shown: dict[str, Any] = {}

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the settings, and save them."""
        if user_input is None:
            self._shown = _as_form(self.config_entry.options)
            return await self._async_show(self._shown)
        options = read_options(user_input, self.config_entry.options, self._shown)
        if (error := self._wrong(options)) is not None:
            return await self._async_show(user_input, error)
        entry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            # Nobody watches the options then, and what was missing may be allowed now.
            self.hass.config_entries.async_update_entry(entry, options=options)
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self.async_create_entry(data=options)

    def _wrong(self, options: Mapping[str, Any]) -> FormError | None:
        privacy = Privacy(allow_cloud_models=options[CONF_ALLOW_CLOUD_MODELS])
        catalog = self._catalog
        for model in (options.get(CONF_MODELS) or {}).values():
            is_remote = catalog is not None and catalog.is_remote(model)
            try:
                privacy.check_model(model, is_remote=is_remote)
            except CloudModelError:
                return FormError("cloud_model", placeholders={"model": model})
        return self._blind(options)

    def _blind(self, options: Mapping[str, Any]) -> FormError | None:
        """Return what is wrong with a model that shall see and is known not to."""
        model: str = (options.get(CONF_MODELS) or {}).get(QueryType.VISION, "")
        details = self._catalog.known_details(model) if self._catalog and model else None
        if details is None or details.can(Capability.VISION):
            return None
        return FormError("model_without_vision", placeholders={"model": model})

    @property
    def _catalog(self) -> ModelCatalog | None:
        """The models as they were last seen, None while the entry isn't loaded."""
        entry: OllamaConfigEntry = self.config_entry
        return entry.runtime_data.server.models if entry.state is ConfigEntryState.LOADED else None

    async def _async_show(
        self, values: Mapping[str, Any], error: FormError | None = None
    ) -> ConfigFlowResult:
        schema = probatio.Schema(
            {
                probatio.Required(SECTION_LIMITS): section(LIMITS_SCHEMA),
                probatio.Required(SECTION_PRIVACY): section(PRIVACY_SCHEMA),
                probatio.Required(SECTION_MODELS): section(
                    await self._async_models_schema(), {"collapsed": True}
                ),
            }
        )
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=error.errors if error else {},
            description_placeholders=dict(error.placeholders) if error else {},
        )

    async def _async_models_schema(self) -> probatio.Schema:
        """Return a list of models for each kind of question, without asking for it."""
        installed: list[InstalledModel] = []
        details: dict[str, ModelDetails] = {}
        if (catalog := self._catalog) is not None:
            installed = list(catalog.installed.values())
            known = {model.name: catalog.known_details(model.name) for model in installed}
            details = {name: found for name, found in known.items() if found is not None}
        selector = await async_model_selector(self.hass, installed, details, suggest=False)
        return probatio.Schema({probatio.Optional(kind.value): selector for kind in QueryType})


def read_options(
    user_input: Mapping[str, Any], before: Mapping[str, Any], shown: Mapping[str, Any]
) -> dict[str, Any]:
    """Return an entry's options from the form; what the form doesn't show is kept.

    So is what was left as it was shown: it may have been changed elsewhere meanwhile.
    """
    options = dict(before)
    in_force = _as_form(before)
    for part in (SECTION_LIMITS, SECTION_PRIVACY):
        was, now = shown.get(part, {}), in_force[part]
        options |= {
            key: value
            for key, value in user_input[part].items()
            if value != was.get(key) or now[key] == was.get(key)
        }
    for key in _WHOLE_NUMBERS:
        # Up, so that no limit becomes 0, which is none.
        options[key] = math.ceil(options[key])
    if not options.get(CONF_ALLOW_PUBLIC_SERVER):
        # As in an entry that never allowed it: a change of this loads the entry anew.
        options.pop(CONF_ALLOW_PUBLIC_SERVER, None)
    models = {
        key: model.strip() for key, model in user_input[SECTION_MODELS].items() if model.strip()
    }
    options.pop(CONF_MODELS, None)
    if models:
        options[CONF_MODELS] = models
    return options


def _as_form(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings in force as the values of the form."""
    settings = ServerSettings.from_options(options)
    limits, privacy = settings.rate_limits, settings.privacy
    return {
        SECTION_LIMITS: {
            CONF_MAX_PARALLEL: settings.max_parallel,
            CONF_REQUESTS_PER_HOUR: limits.per_hour,
            CONF_REQUESTS_PER_HOUR_PER_USER: limits.per_hour_and_user,
            CONF_MIN_SECONDS_BETWEEN_REQUESTS: limits.seconds_between,
        },
        SECTION_PRIVACY: {
            CONF_LOG_QUERIES: settings.log_queries.value,
            CONF_ALLOW_CLOUD_MODELS: privacy.allow_cloud_models,
            CONF_ALLOW_PUBLIC_SERVER: privacy.allow_public_server,
        },
        SECTION_MODELS: {kind.value: model for kind, model in settings.models.items()},
    }

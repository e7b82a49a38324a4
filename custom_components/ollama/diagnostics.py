"""What helps to help somebody, and nothing that is private.

No key, no address, no sentence, no name that anybody has given: agents are told apart by
their ids. Names of models and of voices are told.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import CONF_API_KEY, CONF_LLM_HASS_API, CONF_MODEL, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.device_registry import DeviceEntry
from yarl import URL

from .agent import AgentSettings
from .agent.settings import STOP_OPTION
from .const import CONF_HEADERS, CONF_LLM_APIS, CONF_POLICIES, DOMAIN
from .coordinator import ServerState
from .home import Policy, async_prepare_inventory
from .runtime import OllamaConfigEntry, time_limits
from .server import (
    Day,
    ModelDetails,
    QueryResult,
    Totals,
    async_addresses,
    complete_url,
    full_name,
    kind_of,
)
from .settings import ServerSettings
from .voice.health import PartHealth
from .voice.settings import SUBENTRY_VOICE

_ASSISTANT: Final = "conversation"
_NUMBERS: Final = ("num_ctx", "max_history", "keep_alive", "think", "tool_calling", "plain_text")


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: OllamaConfigEntry
) -> dict[str, Any]:
    """Return what is known of a server and its agents."""
    return {
        "entry": await _connection(hass, entry),
        "settings": _settings(entry),
        "server": _server(entry),
        "usage": _usage(entry),
        "agents": [_agent(entry, user) for user in entry.subentries.values()],
        "home": await _home(hass),
        "issues": _issues(hass, entry),
    }


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: OllamaConfigEntry, device: DeviceEntry
) -> dict[str, Any]:
    """Return what is known of an agent, or of the server itself."""
    ids = {identifier for domain, identifier in device.identifiers if domain == DOMAIN}
    user = next((user for key, user in entry.subentries.items() if key in ids), None)
    if user is None:
        return await async_get_config_entry_diagnostics(hass, entry)
    return {
        "agent": _agent(entry, user),
        "server": _server(entry),
        "home": await _home(hass),
        "issues": [
            issue for issue in _issues(hass, entry) if issue["agent"] in (None, user.subentry_id)
        ],
    }


async def _connection(hass: HomeAssistant, entry: OllamaConfigEntry) -> dict[str, Any]:
    data = {**entry.data, **entry.options}
    address = data[CONF_URL]
    try:
        url = URL(complete_url(address))
    except ValueError:
        return {"url": "not an address"}
    return {
        "state": entry.state.value,
        "version": f"{entry.version}.{entry.minor_version}",
        "source": entry.source,
        "scheme": url.scheme,
        "host": kind_of(await async_addresses(address, time_limits(hass).connect)).value,
        "host_is_name": bool(url.host) and not _is_ip(url),
        "port": url.port,
        "has_path": url.path not in ("", "/"),
        "has_api_key": bool(data.get(CONF_API_KEY)),
        "headers": len(data.get(CONF_HEADERS) or {}),
        "verify_ssl": data.get("verify_ssl", True),
    }


def _is_ip(url: URL) -> bool:
    host = url.host or ""
    return ":" in host or host.replace(".", "").isdigit()


def _settings(entry: OllamaConfigEntry) -> dict[str, Any]:
    settings = ServerSettings.from_options(entry.options)
    limits, privacy = settings.rate_limits, settings.privacy
    return {
        "max_parallel": settings.max_parallel,
        "requests_per_hour": limits.per_hour,
        "requests_per_hour_per_user": limits.per_hour_and_user,
        "min_seconds_between_requests": limits.seconds_between,
        "log_queries": settings.log_queries.value,
        "models": {kind.value: model for kind, model in settings.models.items()},
        "allow_cloud_models": privacy.allow_cloud_models,
        "allow_public_server": privacy.allow_public_server,
        "kept_cloud_models": len(privacy.kept_cloud_models or ()),
        "kept_public_server": privacy.kept_public_server,
    }


def _server(entry: OllamaConfigEntry) -> dict[str, Any]:
    if entry.state is not ConfigEntryState.LOADED:
        return {"loaded": False}
    runtime = entry.runtime_data
    coordinator = runtime.coordinator
    state: ServerState | None = coordinator.data
    known: dict[str, Any] = {
        "loaded": True,
        "reachable": coordinator.last_update_success,
        "error": coordinator.last_error,
        "asked_every": coordinator.update_interval and coordinator.update_interval.total_seconds(),
        "generating": runtime.server.queue.taken,
        "waiting": runtime.server.queue.waiting,
    }
    if state is None:
        return known
    return known | {
        "version": state.version,
        "installed": [
            {
                "name": model.name,
                "size": model.size,
                "parameters": model.parameter_size,
                "quantization": model.quantization,
                "family": model.family,
                "capabilities": list(model.capabilities),
            }
            for model in state.installed
        ],
        "running": [
            {
                "name": model.name,
                "size": model.size,
                "gpu_size": model.gpu_size,
                "context_length": model.context_length,
                "expires": model.expires_at is not None,
            }
            for model in state.loaded
        ],
    }


def _usage(entry: OllamaConfigEntry) -> dict[str, Any]:
    if entry.state is not ConfigEntryState.LOADED:
        return {}
    records = entry.runtime_data.records
    day: Day = records.usage.day
    return {
        "today": day.all.as_dict(),
        "by_agent": _totals(day.by_agent),
        "by_model": _totals(day.by_model),
        "by_source": _totals(day.by_source),
        "last": _result(records.usage.last),
        "last_error": records.usage.last_error,
        "refused": records.limiter.refused,
    }


def _totals(totals: Mapping[str, Totals]) -> dict[str, dict[str, int]]:
    return {key: value.as_dict() for key, value in totals.items()}


def _result(result: QueryResult | None) -> dict[str, Any] | None:
    if result is None:
        return None
    figures = result.figures
    return {
        "source": result.source,
        "agent": result.agent,
        "model": result.model,
        "duration": result.duration,
        "time_to_first_token": result.time_to_first_token,
        "generations": figures.generations,
        "load_duration": figures.load_duration,
        "prompt_duration": figures.prompt_duration,
        "generation_duration": figures.generation_duration,
        "prompt_tokens": figures.prompt_tokens,
        "completion_tokens": figures.completion_tokens,
        "needed_tokens": result.needed_tokens,
        "num_ctx": result.num_ctx,
    }


def _agent(entry: OllamaConfigEntry, user: ConfigSubentry) -> dict[str, Any]:
    data = user.data
    known: dict[str, Any] = {"id": user.subentry_id, "type": user.subentry_type}
    if user.subentry_type == SUBENTRY_VOICE:
        return known | _voice(entry, user.subentry_id)
    if not data.get(CONF_MODEL):
        return known
    settings = AgentSettings.from_data(data)
    policy = Policy.from_data((entry.options.get(CONF_POLICIES) or {}).get(user.subentry_id) or {})
    return known | {
        "model": settings.model,
        "model_details": _details(entry, settings.model),
        # Words at which an answer ends are the owner's own.
        "options": {key: value for key, value in settings.options.items() if key != STOP_OPTION},
        **{key: data[key] for key in _NUMBERS if key in data},
        "prompt_characters": None if settings.prompt is None else len(settings.prompt),
        "apis": list(settings.apis),
        "apis_for_core": data.get(CONF_LLM_HASS_API),
        "own_apis": data.get(CONF_LLM_APIS),
        "policy": {
            "rules": {kind.value: rule.value for kind, rule in policy.rules.items()},
            "has_pin": policy.pin is not None,
            "labels": len(policy.labels),
        },
    }


def _voice(entry: OllamaConfigEntry, subentry_id: str) -> dict[str, Any]:
    """Return how a voice pipeline is put together, and how it does."""
    if entry.state is not ConfigEntryState.LOADED:
        return {"loaded": False}
    if (health := entry.runtime_data.voices.get(subentry_id)) is None:
        return {"readable": False}
    settings = health.settings
    return {
        "agent": settings.agent,
        "language": settings.language,
        "voice": settings.voice,
        "prefer_local_intents": settings.prefer_local_intents,
        "wake_word": settings.wake_word,
        "servers": {part.value: _speech_server(known) for part, known in health.parts.items()},
        "last_run": asdict(health.last_run) if health.last_run else None,
    }


def _speech_server(known: PartHealth) -> dict[str, Any]:
    about: dict[str, Any] = {
        "connected": known.connected,
        "last_seen": known.last_seen,
        "missed": known.misses,
        "set_up": known.engine is not None,
    }
    if (service := known.service) is None:
        return about
    return about | {
        "program": service.name,
        "version": service.version,
        "languages": list(service.languages),
        "models": list(service.models),
        "voices": [voice.name for voice in service.voices],
        "streams": service.streams,
    }


def _details(entry: OllamaConfigEntry, model: str) -> dict[str, Any] | None:
    if entry.state is not ConfigEntryState.LOADED:
        return None
    models = entry.runtime_data.server.models
    details: ModelDetails | None = models.known_details(model)
    installed = full_name(model) in models.installed
    if details is None:
        return {"installed": installed}
    return {
        "installed": installed,
        "family": details.family,
        "capabilities": sorted(details.capabilities),
        "context_length": details.context_length,
    }


async def _home(hass: HomeAssistant) -> dict[str, Any]:
    """Return how large the exposed home is, by kind of device."""
    inventory = await async_prepare_inventory(hass, _ASSISTANT)
    counts: dict[str, int] = {}
    for entity in inventory.entities:
        domain = entity.entity_id.partition(".")[0]
        counts[domain] = counts.get(domain, 0) + 1
    return {"exposed": dict(sorted(counts.items())), "total": sum(counts.values())}


def _issues(hass: HomeAssistant, entry: OllamaConfigEntry) -> list[dict[str, Any]]:
    return [
        {
            "key": issue.translation_key,
            "agent": (issue.data or {}).get("subentry_id"),
            "ignored": issue.dismissed_version is not None,
        }
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN and (issue.data or {}).get("entry_id") == entry.entry_id
    ]

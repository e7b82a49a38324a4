"""The inventory follows Home Assistant's registries, exposure and states."""

import asyncio
from collections.abc import Callable
import time
from unittest.mock import patch

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
import pytest

from custom_components.ollama.home.inventory import (
    Inventory,
    InventoryCache,
    async_close_inventory_cache,
    async_get_inventory,
    async_get_inventory_cache,
    async_prepare_inventory,
)
from custom_components.ollama.home.resolver import Found, NotFound, Wanted, resolve

from .homes import HOMES, build_home, home, inventory_of

LAMP = "light.lamp"


@pytest.fixture
def cache(hass: HomeAssistant) -> InventoryCache:
    build_home(hass, "flat")
    return InventoryCache(hass)


@pytest.mark.parametrize("name", HOMES)
async def test_same_as_its_plan(hass: HomeAssistant, name: str) -> None:
    """What Home Assistant says of a home is what was furnished."""
    areas = build_home(hass, name)
    built, planned = async_get_inventory(hass), inventory_of(name)
    assert [entity.entity_id for entity in built.entities] == [
        entity.entity_id for entity in planned.entities
    ]
    for entity, other in zip(built.entities, planned.entities, strict=True):
        assert entity.names == other.names
        assert entity.area_name == other.area_name
        assert entity.area_id == (areas[other.area_id] if other.area_id else None)
        assert entity.floor_name == other.floor_id
        assert entity.device_class == other.device_class
        assert set(entity.labels) == set(other.labels)
    assert [set(area.names) for area in built.areas] == [set(area.names) for area in planned.areas]
    assert built.domains == planned.domains
    # Home Assistant has an entity of its own, the default conversation agent.
    assert built.index.hidden_ids - {"conversation.home_assistant"} == {
        piece.entity_id for piece in home(name).pieces if not piece.exposed
    }
    async_close_inventory_cache(hass)


async def test_devices_area_and_labels(hass: HomeAssistant) -> None:
    build_home(hass, "house")
    inventory = async_get_inventory(hass)
    entity = inventory.by_id["sensor.study_temperature"]
    assert (entity.area_name, entity.device_name) == ("Study", "Study Multisensor")
    assert entity.device_id
    label = lr.async_get(hass).async_create("Cold")
    dr.async_get(hass).async_update_device(entity.device_id, labels={label.label_id})
    ar.async_get(hass).async_update(
        inventory.by_id["light.attic_lamp"].area_id, labels={label.label_id}
    )
    found = resolve(async_get_inventory(hass), Wanted(label="cold"))
    assert isinstance(found, Found)
    assert {entity.area_name for entity in found.entities} == {"Study", "Attic"}
    async_close_inventory_cache(hass)


async def test_built_once(hass: HomeAssistant, cache: InventoryCache) -> None:
    inventory = cache.async_get()
    hass.states.async_set(LAMP, "on", {"friendly_name": "Lamp", "brightness": 10})
    hass.states.async_set(LAMP, "off", {"friendly_name": "Lamp"})
    er.async_get(hass).async_update_entity(LAMP, icon="mdi:lamp")
    er.async_get(hass).async_update_entity_options(LAMP, "light", {"favorite_colors": []})
    await hass.async_block_till_done()
    assert cache.async_get() is inventory
    assert cache.async_get("conversation") is inventory
    cache.async_close()


async def test_first_look_is_no_news(hass: HomeAssistant) -> None:
    """Writing the default exposure must not make the inventory stale at once."""
    er.async_get(hass).async_get_or_create("light", "x", "1", suggested_object_id="new")
    hass.states.async_set("light.new", "on", {"friendly_name": "New"})
    cache = InventoryCache(hass)
    news: list[int] = []
    cache.async_listen(lambda: news.append(1))
    inventory = cache.async_get()
    await hass.async_block_till_done()
    assert inventory.by_id["light.new"].name == "New"
    assert cache.async_get() is inventory
    assert not news
    cache.async_close()


def _rename(hass: HomeAssistant) -> None:
    er.async_get(hass).async_update_entity(LAMP, name="Bed Lamp")


def _rename_state(hass: HomeAssistant) -> None:
    hass.states.async_set(LAMP, "off", {"friendly_name": "Bed Lamp", "device_class": "x"})


def _alias(hass: HomeAssistant) -> None:
    er.async_get(hass).async_update_entity(LAMP, aliases=["Night lamp"])


def _no_alias(hass: HomeAssistant) -> None:
    er.async_get(hass).async_update_entity(LAMP, aliases=["Lamp", "  "])


def _move(hass: HomeAssistant) -> None:
    area = ar.async_get(hass).async_get_area_by_name("Kitchen")
    er.async_get(hass).async_update_entity(LAMP, area_id=area.id)


def _hide(hass: HomeAssistant) -> None:
    async_expose_entity(hass, "conversation", LAMP, False)


def _hide_in_registry(hass: HomeAssistant) -> None:
    er.async_get(hass).async_update_entity_options(LAMP, "conversation", {"should_expose": False})


def _expose(hass: HomeAssistant) -> None:
    async_expose_entity(hass, "conversation", "script.bedtime", True)


def _remove_state(hass: HomeAssistant) -> None:
    hass.states.async_remove(LAMP)


def _add_state(hass: HomeAssistant) -> None:
    hass.states.async_set("light.yaml", "off", {"friendly_name": "Yaml"})


def _remove_entity(hass: HomeAssistant) -> None:
    er.async_get(hass).async_remove(LAMP)
    hass.states.async_remove(LAMP)


def _label(hass: HomeAssistant) -> None:
    label = lr.async_get(hass).async_create("Soft")
    er.async_get(hass).async_update_entity(LAMP, labels={label.label_id})


def _rename_area(hass: HomeAssistant) -> None:
    area = ar.async_get(hass).async_get_area_by_name("Bedroom")
    ar.async_get(hass).async_update(area.id, name="Master bedroom")


def _area_alias(hass: HomeAssistant) -> None:
    area = ar.async_get(hass).async_get_area_by_name("Bedroom")
    ar.async_get(hass).async_update(area.id, aliases={"Chambre"})


def _floor(hass: HomeAssistant) -> None:
    floor = fr.async_get(hass).async_create("Top", level=3)
    area = ar.async_get(hass).async_get_area_by_name("Bedroom")
    ar.async_get(hass).async_update(area.id, floor_id=floor.floor_id)


@pytest.mark.parametrize(
    "change",
    [
        _rename,
        _rename_state,
        _alias,
        _no_alias,
        _move,
        _hide,
        _hide_in_registry,
        _expose,
        _remove_state,
        _add_state,
        _remove_entity,
        _label,
        _rename_area,
        _area_alias,
        _floor,
    ],
)
async def test_follows_changes(
    hass: HomeAssistant, cache: InventoryCache, change: Callable[[HomeAssistant], None]
) -> None:
    before = cache.async_get()
    news: list[int] = []
    unsubscribe = cache.async_listen(lambda: news.append(1))
    change(hass)
    await hass.async_block_till_done()
    assert news, "the listener was not told"
    after = cache.async_get()
    if change is _rename_state:
        # The registry's name counts, as in Home Assistant itself; the class is the state's.
        assert after.by_id[LAMP].device_class == "x"
    if change is _no_alias:
        # A prompt made of the same names stays the same.
        assert after.version == before.version
    else:
        assert after.version > before.version
        assert (after.entities, after.areas) != (before.entities, before.areas)
    count = len(news)
    unsubscribe()
    _add_state(hass)
    await hass.async_block_till_done()
    assert len(news) == count
    cache.async_close()


async def test_hidden_names_follow_too(hass: HomeAssistant, cache: InventoryCache) -> None:
    """A hidden thing's new name counts at once, and the prompt needn't be made again."""
    before = cache.async_get()
    assert isinstance(resolve(before, Wanted(names=("readng lamp",))), Found)
    hass.states.async_set("script.bedtime", "off", {"friendly_name": "Bedtime"})
    er.async_get(hass).async_update_entity("script.bedtime", name="Readng Lamp")
    await hass.async_block_till_done()
    after = cache.async_get()
    assert after is not before
    assert after.version == before.version
    assert isinstance(resolve(after, Wanted(names=("readng lamp",))), NotFound)
    cache.async_close()


async def test_listener_is_told_of_each_change(hass: HomeAssistant, cache: InventoryCache) -> None:
    """Once something was read: a listener may wait until it has been quiet for a while."""
    news: list[int] = []
    cache.async_listen(lambda: news.append(1))
    _hide(hass)
    await hass.async_block_till_done()
    assert not news, "nobody has read anything that could be another now"
    cache.async_get()
    for number, change in enumerate((_rename, _move, _add_state), 1):
        change(hass)
        await hass.async_block_till_done()
        assert len(news) == number
    cache.async_close()


async def test_assistants_see_their_own(hass: HomeAssistant, cache: InventoryCache) -> None:
    async_expose_entity(hass, "cloud.alexa", LAMP, True)
    mine, theirs = cache.async_get(), cache.async_get("cloud.alexa")
    assert LAMP in theirs.by_id
    assert len(theirs.entities) < len(mine.entities)
    assert cache.async_get() is mine
    _hide(hass)
    await hass.async_block_till_done()
    assert LAMP not in cache.async_get().by_id
    assert LAMP in cache.async_get("cloud.alexa").by_id
    cache.async_close()


async def test_close(hass: HomeAssistant) -> None:
    build_home(hass, "flat")
    await hass.async_block_till_done()
    before = hass.bus.async_listeners()
    cache = async_get_inventory_cache(hass)
    assert async_get_inventory_cache(hass) is cache
    cache.async_get()
    async_close_inventory_cache(hass)
    async_close_inventory_cache(hass)
    assert hass.bus.async_listeners() == before
    assert async_get_inventory_cache(hass) is not cache
    async_close_inventory_cache(hass)


async def test_order_is_stable(hass: HomeAssistant, cache: InventoryCache) -> None:
    inventory = cache.async_get()
    keys = [
        (entity.area_name is None, (entity.area_name or "").casefold(), entity.name.casefold())
        for entity in inventory.entities
    ]
    assert keys == sorted(keys)
    cache.async_close()


async def test_close_before_its_listeners(hass: HomeAssistant, cache: InventoryCache) -> None:
    unsubscribe = cache.async_listen(lambda: None)
    cache.async_close()
    unsubscribe()


async def test_who_asks_at_the_same_time(hass: HomeAssistant, cache: InventoryCache) -> None:
    """One looks, the others wait for it; all go on in the order of asking."""
    served: list[int] = []
    built: list[int] = []
    in_thread = hass.async_add_executor_job

    def execute(job: Callable[[], Inventory]) -> asyncio.Future[Inventory]:
        built.append(1)
        seconds = 0.05 if len(built) == 1 else 0.0

        def build_slowly() -> Inventory:
            time.sleep(seconds)
            return job()

        return in_thread(build_slowly)

    async def ask(number: int) -> None:
        await cache.async_prepare()
        served.append(number)

    with patch.object(hass, "async_add_executor_job", execute):
        await asyncio.gather(*(ask(number) for number in range(5)))
    assert served == [0, 1, 2, 3, 4]
    assert len(built) == 1
    cache.async_close()


async def test_prepare(hass: HomeAssistant, cache: InventoryCache) -> None:
    inventory = await cache.async_prepare()
    assert cache.async_get() is inventory
    assert await cache.async_prepare() is inventory
    _rename(hass)
    assert (await cache.async_prepare()).by_id[LAMP].name == "Bed Lamp"
    cache.async_close()


@pytest.mark.parametrize("change", [_hide, _hide_in_registry, _rename])
async def test_change_while_preparing(
    hass: HomeAssistant, cache: InventoryCache, change: Callable[[HomeAssistant], None]
) -> None:
    """What changes while another thread works is in the result."""

    async def execute(job: Callable[[], Inventory]) -> Inventory:
        result = job()
        change(hass)
        return result

    with patch.object(hass, "async_add_executor_job", execute):
        prepared = await cache.async_prepare()
    assert LAMP not in prepared.by_id or prepared.by_id[LAMP].name == "Bed Lamp"
    assert cache.async_get() is prepared
    cache.async_close()


async def test_prepare_twice_at_once(hass: HomeAssistant) -> None:
    build_home(hass, "flat")
    first, second = await asyncio.gather(
        async_prepare_inventory(hass), async_prepare_inventory(hass)
    )
    assert first is second
    async_close_inventory_cache(hass)

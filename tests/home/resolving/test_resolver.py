"""What people and models write, and what they mean by it."""

import pytest

from custom_components.ollama.home.resolver import (
    Ambiguous,
    Found,
    How,
    NotFound,
    Wanted,
    resolve,
)
from tests.home.homes import inventory_of

LIGHTS = frozenset({"light"})
LOCKS = frozenset({"lock"})
COVERS = frozenset({"cover"})


def ask(home: str, *names: str, **constraints: object) -> Found | Ambiguous | NotFound:
    return resolve(inventory_of(home), Wanted(names=names, **constraints))


def ids(outcome: Found | Ambiguous | NotFound) -> set[str]:
    assert isinstance(outcome, Found), outcome
    return {entity.entity_id for entity in outcome.entities}


# Home, text, and what is found: one entity id, several, or how it fails.
NOTHING = "nothing"
SEVERAL = "several"

FLAT = [
    # entity ids
    ("light.lamp", "light.lamp"),
    ("LIGHT.LAMP", "light.lamp"),
    ("switch.lamp", "light.lamp"),
    ("lights.lamp", "light.lamp"),
    ("light.reading_lmap", "light.reading_lamp"),
    ("reading_lamp", "light.reading_lamp"),
    ("light.reading lamp", "light.reading_lamp"),
    ("light: Reading Lamp", "light.reading_lamp"),
    ("light.kitchen_worktop", "light.worktop"),
    ("light.attic", NOTHING),
    ("light.living_room", NOTHING),
    ("light.bedroom_light", NOTHING),
    ("script.bedtime", NOTHING),
    ("lock.smart_lock", NOTHING),
    ("cover.front_door", NOTHING),
    ("lock.reading_lamp", NOTHING),
    # names
    ("Reading Lamp", "light.reading_lamp"),
    ("the reading lamp", "light.reading_lamp"),
    ("my Reading  lamp.", "light.reading_lamp"),
    ('"Reading Lamp"', "light.reading_lamp"),
    ("readingLamp", "light.reading_lamp"),
    ("ReadingLamp", "light.reading_lamp"),
    ("reading-lamp", "light.reading_lamp"),
    ("reading lamps", "light.reading_lamp"),
    ("lamp reading", "light.reading_lamp"),
    ("reading light", "light.reading_lamp"),
    ("Reading Lamp (light.reading_lamp)", "light.reading_lamp"),
    ("Reading Lamp (light.lamp)", NOTHING),
    ("Reading Lamp (Living Room)", "light.reading_lamp"),
    ("reading lamp in the living room", "light.reading_lamp"),
    ("reading lamp in the kitchen", NOTHING),
    ("living room reading lamp", "light.reading_lamp"),
    ("lounge reading lamp", "light.reading_lamp"),
    ("bedroom lamp", "light.lamp"),
    ("lamp in the bedroom", "light.lamp"),
    ("the lamp", "light.lamp"),
    ("kitchen lamp", "light.kitchen"),
    ("kitchen light", "light.kitchen"),
    ("mirror light", "light.bathroom_mirror"),
    ("bathroom mirror", "light.bathroom_mirror"),
    ("mirror", "light.bathroom_mirror"),
    ("coffee machine", "switch.coffee"),
    ("coffeemachine", "switch.coffee"),
    ("coffee", "switch.coffee"),
    ("ceiling light", "light.living_room_ceiling"),
    ("living room ceiling", "light.living_room_ceiling"),
    ("hall light", "light.hall"),
    ("hallway light", "light.hall"),
    ("movie night scene", "scene.movie"),
    ("movie scene", "scene.movie"),
    ("samsung", "media_player.tv"),
    ("living room tv", "media_player.tv"),
    ("kitchen speaker", "media_player.sonos"),
    ("shopping list", "todo.shopping"),
    # kinds
    ("thermostat", "climate.home"),
    ("the heating", "climate.home"),
    ("tv", "media_player.tv"),
    ("the vacuum", "vacuum.rosie"),
    ("robot vacuum", "vacuum.rosie"),
    ("blinds", "cover.bedroom"),
    ("bedroom blinds", "cover.bedroom"),
    ("bedroom shutter", "cover.bedroom"),
    ("motion sensor", "binary_sensor.hall_motion"),
    ("hall motion sensor", "binary_sensor.hall_motion"),
    ("bathroom fan", "fan.bathroom"),
    ("bedroom temperature sensor", "sensor.bedroom_temperature"),
    ("temperature in the bedroom", "sensor.bedroom_temperature"),
    ("light", SEVERAL),
    ("lights", SEVERAL),
    ("kitchen lights", {"light.kitchen", "light.worktop"}),
    ("lights in the kitchen", {"light.kitchen", "light.worktop"}),
    ("all kitchen lights", {"light.kitchen", "light.worktop"}),
    ("living room lights", {"light.living_room_ceiling", "light.reading_lamp"}),
    # typos
    ("kichen light", "light.kitchen"),
    ("readng lamp", "light.reading_lamp"),
    ("reading lanp", "light.reading_lamp"),
    ("samsnug tv", "media_player.tv"),
    ("thermostaat", "climate.home"),
    ("thermosatt", "climate.home"),
    ("bedrom blind", "cover.bedroom"),
    ("all lihgts in the kitchn", {"light.kitchen", "light.worktop"}),
    ("front dor lock", "lock.front_door"),
    ("chrismas tree", "switch.tree"),
    # not here
    ("smart lock", NOTHING),
    ("back door lock", NOTHING),
    ("garage door", NOTHING),
    ("desk lamp", NOTHING),
    ("attic light", NOTHING),
    ("office", NOTHING),
    ("the house", NOTHING),
    ("bedtime", NOTHING),
    ("Samsung TV Update", NOTHING),
    ("Bedtime script", NOTHING),
    ("reading lamp except the mirror", NOTHING),
    ("all lights except the kitchen", NOTHING),
    ("everything but the tv", NOTHING),
    ("no lights", NOTHING),
    ("reeding lemp", "light.reading_lamp"),
    ("lump", NOTHING),
    ("lamp 2", NOTHING),
    ("lamp two", NOTHING),
    ("", NOTHING),
    ("the", NOTHING),
    ("?", NOTHING),
    # several
    ("Reading Lamp, Mirror", {"light.reading_lamp", "light.bathroom_mirror"}),
    ("reading lamp and the mirror", {"light.reading_lamp", "light.bathroom_mirror"}),
    ("kitchen and hall lights", {"light.kitchen", "light.worktop", "light.hall"}),
    ("kitchen and attic lights", NOTHING),
    ("Reading Lamp, Desk Lamp", NOTHING),
]

EUROPE = [
    ("Küche", {"light.kuche_decke", "light.kuche_spule"}),
    ("kueche", {"light.kuche_decke", "light.kuche_spule"}),
    ("kuche", {"light.kuche_decke", "light.kuche_spule"}),
    ("Licht in der Küche", {"light.kuche_decke", "light.kuche_spule"}),
    ("Küchenlicht", {"light.kuche_decke", "light.kuche_spule"}),
    ("alle Lampen im Wohnzimmer", {"light.wohnzimmerlampe", "light.stehlampe"}),
    ("Lampe im Wohnzimmer", "light.wohnzimmerlampe"),
    ("die Wohnzimmer Lampe", "light.wohnzimmerlampe"),
    ("Wohnzimmerlampe", "light.wohnzimmerlampe"),
    ("meine Stehlampe", "light.stehlampe"),
    ("große Lampe", "light.stehlampe"),
    ("grosse lampe", "light.stehlampe"),
    ("Spuele", "light.kuche_spule"),
    ("spule", "light.kuche_spule"),
    ("Schreibtischlampe", "light.schreibtisch"),
    ("Rollo im Büro", "cover.buro"),
    ("Bürorollo", "cover.buro"),
    ("linker Rollladen", NOTHING),
    ("Rollladen links", "cover.wohnzimmer_links"),
    ("links Rolladen", "cover.wohnzimmer_links"),
    ("alle Rollläden im Wohnzimmer", {"cover.wohnzimmer_links", "cover.wohnzimmer_rechts"}),
    ("Haustür", "lock.haustur"),
    ("haustuer", "lock.haustur"),
    ("Hintertür", NOTHING),
    ("Hintertür Schloss", NOTHING),
    ("Heizung", "climate.wohnzimmer"),
    ("de vloerlamp", "light.woonkamer_vloer"),
    ("lampen in de woonkamer", {"light.woonkamer_vloer", "light.woonkamer_bureau"}),
    ("licht in de zitkamer", {"light.woonkamer_vloer", "light.woonkamer_bureau"}),
    ("keukenlamp", "light.keuken"),
    ("lamp in de keuken", "light.keuken"),
    ("zolderlicht", "light.zolder"),
    ("het licht op zolder", "light.zolder"),
    ("gordijn", "cover.gordijn"),
    ("de gordijnen", "cover.gordijn"),
    ("voordeur", "lock.voordeur"),
    ("achterdeur", NOTHING),
    ("suspension", SEVERAL),
    ("suspension de l'entrée", "light.suspension_entree"),
    ("la suspension de la chambre", "light.suspension_chambre"),
    ("suspension salle a manger", "light.suspension_manger"),
    ("lampe de chevet", "light.chevet"),
    ("lampe chevet", "light.chevet"),
    ("les volets de la chambre", "cover.volets"),
    ("volet", "cover.volets"),
    ("éclairage escalier", "light.eclairage_escalier"),
    ("toutes les lumières de l'entrée", {"light.suspension_entree", "light.eclairage_escalier"}),
    ("la tele", "media_player.tele"),
    ("télévision", "media_player.tele"),
    ("alle Lichter oben", {
        "light.nachttisch", "light.schreibtisch", "light.zolder", "light.suspension_chambre",
        "light.chevet",
    }),
    ("alles im Schlafzimmer", "light.nachttisch"),
]  # fmt: skip

TWINS = [
    *((f"Lamp {number}", f"light.lamp_{number}") for number in range(1, 21) if number != 13),
    ("Lamp 13", NOTHING),
    ("lamp thirteen", NOTHING),
    ("light.lamp_13", NOTHING),
    ("lamp_13", NOTHING),
    ("Lamp 21", NOTHING),
    ("lamp 1 2", NOTHING),
    ("Lamp", SEVERAL),
    ("lamp seven", "light.lamp_7"),
    ("Lampe sieben", "light.lamp_7"),
    ("lamp 07", "light.lamp_7"),
    ("lanp 7", "light.lamp_7"),
    ("lamp 1 and 2", {"light.lamp_1", "light.lamp_2"}),
    ("lamp 12 and 13", NOTHING),
    ("left bedside lamp", "light.left_bedside"),
    ("lft bedside lamp", "light.left_bedside"),
    ("bedside lamp left", "light.left_bedside"),
    ("middle bedside lamp", NOTHING),
    ("bedside lamp", SEVERAL),
    ("bedside lamps", {"light.left_bedside", "light.right_bedside"}),
    ("both bedside lamps", {"light.left_bedside", "light.right_bedside"}),
    ("front door", "lock.front_door"),
    ("fornt door", "lock.front_door"),
    ("back door", "lock.back_door"),
    ("side door", NOTHING),
    ("sidedoor", NOTHING),
    ("smart lock", NOTHING),
    ("smrt lock", NOTHING),
    ("the smart lock", NOTHING),
    ("lock.smart_lock", NOTHING),
    ("lock.side_dor", NOTHING),
    ("garage lock", NOTHING),
    ("cabinet light", SEVERAL),
    ("lower cabinet light", "light.lower_cabinet_light"),
    ("inside light", "light.inside_light"),
    ("outside light", "light.outside_light"),
    ("Lena's lamp", "light.lena"),
    ("lenas lamp", "light.lena"),
    ("Lina's lamp", NOTHING),
    ("Lisa's lamp", NOTHING),
    ("Anna lamp", "light.anna"),
    ("Hanna's lamp", "light.hanna"),
    ("garage door", SEVERAL),
    ("left garage door", "cover.garage_left"),
    ("garage doors", {"cover.garage_left", "cover.garage_right"}),
    ("heater upstairs", "switch.heater_upstairs"),
    ("heater downstairs", NOTHING),
    ("heater", NOTHING),
    ("ceiling", SEVERAL),
    ("hall ceiling", "light.ceiling_hall"),
    ("kitchen ceiling", "light.ceiling_kitchen"),
    ("bedroom ceiling", NOTHING),
    ("lights", SEVERAL),
    ("bedroom lights", {
        "light.left_bedside", "light.right_bedside", "light.lena", "light.anna", "light.hanna",
        "light.lights_bedroom",
    }),
]  # fmt: skip

ALIASES = [
    ("LED strip", "light.ormanas"),
    ("IKEA of Sweden ORMANAS LED Strip, LED Strip", "light.ormanas"),
    ("Multisocket Switch 2, Salt lamp", "switch.multi_2"),
    ("Office ceiling light, luz de la oficina", "light.office_ceiling"),
    ("luz oficina", "light.office_ceiling"),
    ("Upstairs hallway", "light.upstairs_hallway"),
    ("upstairs, hallway", "light.upstairs_hallway"),
    ("office ceiling lamp", "light.office_ceiling"),
    ("desk lamp", "light.desk"),
    ("desk", "light.desk"),
    ("study desk light", "light.desk"),
    ("0x00158d0001a2b3c4", "light.desk"),
    ("0x00158d0001a2b3c5", NOTHING),
    ("sun shade", "cover.awning"),
    ("patio awning", "cover.awning"),
    ("all lights", "light.all"),
    ("the All Lights", "light.all"),
    ("christmas", {"light.lanterns", "switch.garland"}),
    ("christmas lights", "light.lanterns"),
    ("mood lights", {"light.ormanas", "light.lanterns"}),
    ("everything outside", {"cover.awning", "light.lanterns", "switch.garland"}),
    ("nightlight", "light.night"),
    ("nightlight 2", NOTHING),
    ("night light two", NOTHING),
    ("ac", "climate.ac"),
    ("air conditioner", "climate.ac"),
    ("dyson", "fan.dyson"),
    ("dyson fan", "fan.dyson"),
    ("air purifier", "fan.dyson"),
    ("toniebox", "media_player.kids"),
    ("nursery speaker", "media_player.kids"),
    ("front door", "lock.nuki"),
    ("nuki", "lock.nuki"),
    ("nuki opener", NOTHING),
    ("nuki opner", NOTHING),
    ("terrace camera", NOTHING),
    ("camera", NOTHING),
    ("doorbell", "button.doorbell"),
]

HOUSE = [
    ("Kitchen Lamp", "light.kitchen_lamp"),
    ("oliver's lamp", "light.olivers_room_lamp"),
    ("Oliver's Room Lamp", "light.olivers_room_lamp"),
    ("olivers room lamp", "light.olivers_room_lamp"),
    ("lamp in olivers room", "light.olivers_room_lamp"),
    ("emmas room spots", "light.emmas_room_spots"),
    ("master bedroom blinds", "cover.master_bedroom_blind"),
    ("garage door", "cover.garage_door"),
    ("gate", "cover.driveway_gate"),
    ("front door", "lock.front_door"),
    ("backdoor", "lock.back_door"),
    ("cellar door", NOTHING),
    ("wine cellar door", NOTHING),
    ("wine cellar lock", NOTHING),
    ("attic plug", "switch.attic_plug"),
    ("temperature in the guest room", "sensor.guest_room_temperature"),
    ("guest toilet window", "binary_sensor.guest_toilet_window"),
    ("kitchen multisensor power", NOTHING),
    ("kitchen battery", NOTHING),
    ("lights", SEVERAL),
    ("blind", SEVERAL),
    ("all lights in the attic", {
        "light.attic_ceiling", "light.attic_lamp", "light.attic_spots",
    }),
    ("dusty", "vacuum.downstairs"),
    ("upstairs vacuum", "vacuum.upstairs"),
    ("living room tv", "media_player.living_room"),
    ("alarm", "alarm_control_panel.home"),
    ("all locks", {"lock.front_door", "lock.back_door"}),
]  # fmt: skip

CASES = [
    *(("flat", *case) for case in FLAT),
    *(("europe", *case) for case in EUROPE),
    *(("twins", *case) for case in TWINS),
    *(("aliases", *case) for case in ALIASES),
    *(("house", *case) for case in HOUSE),
]


@pytest.mark.parametrize(("home", "text", "expected"), CASES)
def test_text(home: str, text: str, expected: str | set[str]) -> None:
    outcome = ask(home, text)
    if expected == NOTHING:
        assert isinstance(outcome, NotFound), outcome
    elif expected == SEVERAL:
        assert isinstance(outcome, Ambiguous), outcome
        assert len(outcome.candidates) > 1
    else:
        assert ids(outcome) == ({expected} if isinstance(expected, str) else expected)


# Home, names, constraints, and what is found.
CONSTRAINED = [
    ("flat", ("lamp",), {"area": "bedroom"}, "light.lamp"),
    ("flat", ("lamp",), {"area": "Living room"}, "light.reading_lamp"),
    ("flat", ("lamp",), {"area": "attic"}, NOTHING),
    ("flat", ("lamp",), {"area": "bedrom"}, "light.lamp"),
    ("flat", ("lamp",), {"floor": "upstairs"}, NOTHING),
    ("flat", ("lamp",), {"label": "mood"}, NOTHING),
    ("flat", ("lamp",), {"domains": LOCKS}, NOTHING),
    ("flat", ("lamp",), {"device_classes": frozenset({"blind"})}, NOTHING),
    ("flat", ("lamp",), {"device_classes": frozenset({"nonsense"})}, NOTHING),
    ("flat", ("lamp",), {"domains": frozenset({"nonsense"})}, NOTHING),
    ("flat", ("lamp",), {"domains": frozenset({"lights"})}, "light.lamp"),
    ("flat", ("light.lamp",), {"domains": LOCKS}, NOTHING),
    ("flat", ("light.lamp",), {"area": "kitchen"}, NOTHING),
    ("flat", ("smart lock",), {"domains": LOCKS}, NOTHING),
    ("flat", ("lock.smart_lock",), {"domains": LOCKS}, NOTHING),
    ("flat", ("the lock",), {"domains": LOCKS}, "lock.front_door"),
    ("flat", ("front door",), {"domains": LOCKS}, "lock.front_door"),
    ("flat", ("back door",), {"domains": LOCKS}, NOTHING),
    ("flat", ("kitchen",), {"domains": LOCKS}, NOTHING),
    ("flat", ("kitchen",), {"domains": LIGHTS}, "light.kitchen"),
    ("flat", ("living room",), {"domains": LIGHTS},
     {"light.living_room_ceiling", "light.reading_lamp"}),
    ("flat", (), {"area": "lounge", "domains": LIGHTS},
     {"light.living_room_ceiling", "light.reading_lamp"}),
    ("flat", (), {"area": "the kitchen", "domains": LIGHTS}, {"light.kitchen", "light.worktop"}),
    ("flat", (), {"area": "kitchen, bathroom", "domains": LIGHTS},
     {"light.kitchen", "light.worktop", "light.bathroom_mirror"}),
    ("flat", (), {"area": "kitchen, attic", "domains": LIGHTS}, NOTHING),
    ("flat", (), {"area": "attic", "domains": LIGHTS}, NOTHING),
    ("flat", (), {"area": "all", "domains": LOCKS}, "lock.front_door"),
    ("flat", (), {"area": "here", "here": "Kitchen", "domains": LIGHTS},
     {"light.kitchen", "light.worktop"}),
    ("flat", (), {"area": "this room", "here": "Hall", "domains": LIGHTS}, "light.hall"),
    ("flat", (), {"area": "here", "domains": LIGHTS}, NOTHING),
    ("flat", ("here",), {"domains": LIGHTS}, NOTHING),
    ("flat", ("here",), {"here": "Hall", "domains": LIGHTS}, "light.hall"),
    ("flat", ("lights here",), {"here": "Kitchen"}, {"light.kitchen", "light.worktop"}),
    ("flat", ("lights",), {"here": "Kitchen"}, {"light.kitchen", "light.worktop"}),
    ("flat", ("the light",), {"here": "Kitchen"}, {"light.kitchen", "light.worktop"}),
    ("flat", ("all lights",), {"here": "Kitchen", "area": "bathroom"}, "light.bathroom_mirror"),
    ("flat", (), {}, NOTHING),
    ("flat", ("", " "), {}, NOTHING),
    ("flat", (), {"domains": LIGHTS}, SEVERAL),
    ("flat", (), {"domains": LIGHTS, "here": "Hall"}, "light.hall"),
    ("flat", ("Reading Lamp", "Mirror"), {}, {"light.reading_lamp", "light.bathroom_mirror"}),
    ("flat", ("Reading Lamp", "light.mirror_2"), {}, NOTHING),
    ("flat", ("Reading Lamp", "light"), {}, SEVERAL),
    ("house", ("lights",), {"area": "kitchn"},
     {"light.kitchen_ceiling", "light.kitchen_lamp", "light.kitchen_spots"}),
    ("house", ("spots",), {"area": "Wine cellar"}, "light.wine_cellar_spots"),
    ("house", ("lamp",), {"here": "Study"}, "light.study_lamp"),
    ("house", ("blind",), {"here": "Study"}, "cover.study_blind"),
    ("house", ("window",), {"floor": "attic floor", "area": "attic"},
     "binary_sensor.attic_window"),
    ("house", ("window",), {"floor": "cellar", "area": "attic"}, NOTHING),
    ("house", ("all locks",), {"floor": "ground floor"}, {"lock.front_door", "lock.back_door"}),
    ("twins", ("ceiling",), {"here": "Hall"}, "light.ceiling_hall"),
    ("twins", ("ceiling",), {"here": "Bedroom"}, NOTHING),
    ("twins", ("ceiling",), {"area": "Bedroom"}, NOTHING),
    ("twins", ("ceiling",), {"area": "Kitchen"}, "light.ceiling_kitchen"),
    ("twins", ("lights",), {"here": "Bedroom"}, "light.lights_bedroom"),
    ("twins", ("lights",), {"here": "Hall", "area": "Garage"}, "light.lights_garage"),
    ("twins", ("door",), {"domains": LOCKS, "here": "Kitchen"}, "lock.back_door"),
    ("twins", ("unlock",), {"domains": LOCKS}, NOTHING),
    ("twins", ("Lamp 3",), {"area": "Kitchen"}, NOTHING),
    ("twins", ("all lamps",), {"area": "Bedroom"}, {
        "light.left_bedside", "light.right_bedside", "light.lena", "light.anna", "light.hanna",
        "light.lights_bedroom",
     }),
    ("aliases", (), {"label": "christmas"}, {"light.lanterns", "switch.garland"}),
    ("aliases", (), {"label": "chrismas"}, {"light.lanterns", "switch.garland"}),
    ("aliases", (), {"label": "easter"}, NOTHING),
    ("aliases", ("lanterns",), {"label": "mood"}, "light.lanterns"),
    ("aliases", ("garland",), {"label": "mood"}, NOTHING),
    ("aliases", (), {"area": "home office", "domains": LIGHTS}, {
        "light.office_ceiling", "light.upstairs_hallway", "light.desk",
     }),
    ("aliases", ("lights",), {"floor": "top"}, {
        "light.office_ceiling", "light.upstairs_hallway", "light.desk", "light.night",
     }),
    ("europe", ("licht",), {"area": "keuken"}, "light.keuken"),
    ("europe", ("Lampe",), {"area": "Schlafzimmer"}, "light.nachttisch"),
    ("europe", ("suspension",), {"here": "Chambre"}, "light.suspension_chambre"),
    ("europe", ("suspension",), {"area": "entree"}, "light.suspension_entree"),
    ("europe", (), {"floor": "boven", "domains": COVERS}, {"cover.buro", "cover.volets"}),
    ("europe", (), {"area": "oben", "domains": COVERS}, {"cover.buro", "cover.volets"}),
]  # fmt: skip


@pytest.mark.parametrize(("home", "names", "constraints", "expected"), CONSTRAINED)
def test_constraints(
    home: str, names: tuple[str, ...], constraints: dict[str, object], expected: str | set[str]
) -> None:
    outcome = ask(home, *names, **constraints)
    if expected == NOTHING:
        assert isinstance(outcome, NotFound), outcome
    elif expected == SEVERAL:
        assert isinstance(outcome, Ambiguous), outcome
    else:
        assert ids(outcome) == ({expected} if isinstance(expected, str) else expected)


@pytest.mark.parametrize("home", ["flat", "house", "europe", "twins", "aliases"])
def test_every_name_and_id_finds_its_own(home: str) -> None:
    """A name that only one thing has finds that thing; its id always does."""
    inventory = inventory_of(home)
    names = [name.casefold() for entity in inventory.entities for name in entity.names]
    for entity in inventory.entities:
        assert ids(ask(home, entity.entity_id)) == {entity.entity_id}
        for name in entity.names:
            if names.count(name.casefold()) == 1:
                assert ids(ask(home, name)) == {entity.entity_id}
                assert ids(ask(home, f"the {name.upper()}")) == {entity.entity_id}


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("light.lamp", How.ID),
        ("lamp", How.NAME),
        ("lamp bedroom", How.WORDS),
        ("ceiling light", How.WORDS),
        ("samsung", How.WORDS),
        ("movie scene", How.PART),
        ("samsnug tv", How.TYPO),
        ("bathroom", How.AREA),
        ("kitchen lights", How.KIND),
        ("everything", How.ALL),
    ],
)
def test_how(text: str, how: How) -> None:
    outcome = ask("flat", text)
    assert isinstance(outcome, Found)
    assert outcome.how is how


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Reading lantern", "Reading Lamp"),
        ("Cofee Masheen", "Coffee Machine"),
        ("front gate lock", "Front Door Lock"),
        ("Lamp 2", "Lamp"),
    ],
)
def test_nearest(text: str, name: str) -> None:
    outcome = ask("flat", text, domains=frozenset())
    assert isinstance(outcome, NotFound)
    assert outcome.wanted == text
    assert name in outcome.nearest


def test_nearest_place() -> None:
    outcome = ask("flat", "lamp", area="kitchenette")
    assert outcome == NotFound("kitchenette", ("Kitchen",))


def test_hidden_names_are_not_told() -> None:
    for home in ("flat", "house", "europe", "twins", "aliases"):
        inventory = inventory_of(home)
        exposed = {name for entity in inventory.entities for name in entity.names}
        for hits in inventory.index.literal.values():
            for hit in hits:
                if not hit.is_hidden:
                    continue
                for text in (*hit.entity.names, hit.entity.entity_id):
                    outcome = resolve(inventory, Wanted(names=(text,)))
                    if isinstance(outcome, NotFound):
                        assert set(outcome.nearest) <= exposed
        assert not set(repr(inventory).split("'")) & (set(inventory.index.hidden_ids))

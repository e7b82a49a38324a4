"""Kinds of things: which entities they are, and the words for them, as a table.

Adding a language means adding its words to each line.
"""

from dataclasses import dataclass
from typing import Final, Protocol

ANY: Final = "*"
NONE: Final = ""


class HasKind(Protocol):
    """What is needed of an entity to tell its kind."""

    @property
    def domain(self) -> str:
        """The entity's domain."""

    @property
    def device_class(self) -> str | None:
        """The entity's device class."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A kind of entities."""

    key: str
    kinds: frozenset[tuple[str, str]]
    """Domain and device class; `ANY` for every class, `NONE` for entities without one."""
    one: tuple[str, ...]
    many: tuple[str, ...]
    mass: tuple[str, ...] = ()
    """Words without a plural: "light", "Licht", "heating" mean all there is."""

    def includes(self, entity: HasKind) -> bool:
        """Whether an entity is one of these."""
        kinds = self.kinds
        return (
            (entity.domain, ANY) in kinds
            or (entity.domain, entity.device_class or NONE) in kinds
            or (ANY, ANY) in kinds
        )

    @property
    def domains(self) -> frozenset[str]:
        """The domains of the kind; empty for every domain."""
        return frozenset(domain for domain, _ in self.kinds if domain != ANY)


def _thing(key: str, kinds: str, one: str, many: str, mass: str = "") -> Thing:
    """Read a line of the table: words are separated by spaces, inside of words stands _."""
    pairs: set[tuple[str, str]] = set()
    for kind in kinds.split():
        domain, _, device_class = kind.partition("/")
        pairs.add((domain, device_class if "/" in kind else ANY))
    words = (tuple(word.replace("_", " ") for word in text.split()) for text in (one, many, mass))
    return Thing(key, frozenset(pairs), *words)


THINGS: Final = (
    _thing(
        "light",
        "light",
        "lamp bulb leuchte lampe ampoule luminaire lámpara bombilla foco",
        "lights lamps bulbs lichten lampen lichter leuchten lampes lumières ampoules luminaires"
        " luces lámparas bombillas focos",
        "light lighting licht verlichting beleuchtung lumière éclairage luz iluminación",
    ),
    _thing(
        "switch",
        "switch input_boolean",
        "switch schakelaar schalter interrupteur interruptor",
        "switches schakelaars schalter interrupteurs interruptores",
    ),
    _thing(
        "outlet",
        "switch/outlet switch/",
        "outlet plug socket power_outlet smart_plug stopcontact stekker steckdose prise enchufe",
        "outlets plugs sockets power_outlets smart_plugs stopcontacten stekkers steckdosen prises"
        " enchufes",
    ),
    _thing(
        "lock",
        "lock",
        "lock door_lock slot deurslot schloss türschloss serrure verrou cerradura cerrojo",
        "locks door_locks sloten deursloten schlösser türschlösser serrures verrous cerraduras",
    ),
    _thing(
        "door",
        "lock cover/door binary_sensor/door",
        "door deur tür porte puerta",
        "doors deuren türen portes puertas",
    ),
    _thing(
        "garage_door",
        "cover/garage binary_sensor/garage_door",
        "garage_door garagedeur garagentor garagentür porte_garage puerta_garaje puerta_cochera",
        "garage_doors garagedeuren garagentore garagentüren portes_garage puertas_garaje",
    ),
    _thing(
        "gate",
        "cover/gate",
        "gate poort hek tor portail portón verja cancela",
        "gates poorten hekken tore portails portones verjas cancelas",
    ),
    _thing(
        "window",
        "cover/window binary_sensor/window",
        "window raam fenster fenêtre ventana",
        "windows ramen fenster fenêtres ventanas",
    ),
    _thing(
        "blind",
        "cover/blind cover/shade cover/shutter cover/",
        "blind shade shutter roller_shutter roller_blind jaloezie rolgordijn rolluik luxaflex"
        " jalousie rollo rollladen rolladen volet store persiana estor contraventana",
        "blinds shades shutters roller_shutters roller_blinds venetian_blinds jaloezieën"
        " rolgordijnen rolluiken jalousien rollos rollläden rolläden volets stores persianas"
        " estores contraventanas",
    ),
    _thing(
        "curtain",
        "cover/curtain cover/",
        "curtain drape gordijn vorhang gardine rideau cortina",
        "curtains drapes gordijnen vorhänge gardinen rideaux cortinas",
    ),
    _thing(
        "awning",
        "cover/awning",
        "awning luifel zonnescherm markise auvent store_banne toldo",
        "awnings luifels zonneschermen markisen auvents toldos",
    ),
    _thing("cover", "cover", "cover", "covers"),
    _thing(
        "climate",
        "climate",
        "thermostat heater radiator ac aircon air_conditioner air_conditioning thermostaat"
        " verwarming radiateur airco heizung heizkörper klimaanlage klimagerät chauffage"
        " climatiseur climatisation termostato calefactor radiador aire_acondicionado",
        "thermostats heaters radiators air_conditioners thermostaten radiatoren thermostate"
        " heizungen heizkörper klimaanlagen radiateurs climatiseurs termostatos radiadores",
        "heating hvac climate calefacción",
    ),
    _thing(
        "water_heater",
        "water_heater",
        "water_heater boiler warmwater warmwasser chauffe_eau calentador",
        "water_heaters boilers calentadores",
    ),
    _thing(
        "fan",
        "fan",
        "fan ventilator lüfter ventilateur ventilador abanico",
        "fans ventilatoren ventilators lüfter ventilateurs ventiladores abanicos",
    ),
    _thing(
        "tv",
        "media_player/tv",
        "tv television telly televisie fernseher télé télévision televisor televisión tele",
        "tvs televisions televisies fernseher télévisions televisores",
    ),
    _thing(
        "speaker",
        "media_player/speaker",
        "speaker luidspreker lautsprecher enceinte haut_parleur altavoz",
        "speakers luidsprekers lautsprecher enceintes haut_parleurs altavoces",
    ),
    _thing(
        "media_player",
        "media_player",
        "media_player mediaspeler mediaplayer lecteur_multimédia reproductor",
        "media_players mediaspelers lecteurs_multimédia reproductores",
        "music muziek musik musique música",
    ),
    _thing(
        "vacuum",
        "vacuum",
        "vacuum vacuum_cleaner robot_vacuum hoover stofzuiger robotstofzuiger staubsauger"
        " saugroboter aspirateur robot_aspirateur aspirador aspiradora",
        "vacuums vacuum_cleaners robot_vacuums stofzuigers staubsauger saugroboter aspirateurs"
        " aspiradores aspiradoras",
    ),
    _thing(
        "lawn_mower",
        "lawn_mower",
        "lawn_mower mower robot_mower lawnmower grasmaaier robotmaaier rasenmäher mähroboter"
        " tondeuse cortacésped",
        "lawn_mowers mowers grasmaaiers rasenmäher tondeuses cortacéspedes",
    ),
    _thing(
        "humidifier",
        "humidifier",
        "humidifier dehumidifier luchtbevochtiger luchtontvochtiger luftbefeuchter"
        " luftentfeuchter humidificateur déshumidificateur humidificador deshumidificador",
        "humidifiers dehumidifiers luchtbevochtigers luftbefeuchter humidificateurs"
        " humidificadores",
    ),
    _thing(
        "valve",
        "valve",
        "valve klep kraan ventil vanne robinet válvula grifo",
        "valves kleppen kranen ventile vannes robinets válvulas",
    ),
    _thing(
        "camera",
        "camera",
        "camera kamera caméra cámara",
        "cameras camera's kameras caméras cámaras",
    ),
    _thing(
        "alarm",
        "alarm_control_panel",
        "alarm alarm_system alarm_panel alarmsysteem alarmanlage alarme alarma",
        "alarms alarmen alarmanlagen alarmes alarmas",
    ),
    _thing(
        "scene",
        "scene",
        "scene scène szene escena",
        "scenes scènes szenen escenas",
    ),
    _thing("script", "script", "script skript guion", "scripts skripte guiones"),
    _thing(
        "automation",
        "automation",
        "automation automatisering automatisierung automatisation automatización",
        "automations automatiseringen automatisierungen automatisations automatizaciones",
    ),
    _thing(
        "motion_sensor",
        "binary_sensor/motion binary_sensor/occupancy binary_sensor/presence",
        "motion_sensor motion_detector presence_sensor occupancy_sensor bewegingssensor"
        " bewegingsmelder bewegungsmelder bewegungssensor détecteur_mouvement capteur_mouvement"
        " sensor_movimiento detector_movimiento",
        "motion_sensors motion_detectors presence_sensors bewegingssensoren bewegingsmelders"
        " bewegungsmelder bewegungssensoren détecteurs_mouvement sensores_movimiento",
    ),
    _thing(
        "door_sensor",
        "binary_sensor/door binary_sensor/opening",
        "door_sensor door_contact deursensor türsensor türkontakt capteur_porte sensor_puerta",
        "door_sensors deursensoren türsensoren capteurs_porte sensores_puerta",
    ),
    _thing(
        "window_sensor",
        "binary_sensor/window binary_sensor/opening",
        "window_sensor raamsensor fenstersensor fensterkontakt capteur_fenêtre sensor_ventana",
        "window_sensors raamsensoren fenstersensoren capteurs_fenêtre sensores_ventana",
    ),
    _thing(
        "temperature",
        "sensor/temperature",
        "temperature temperature_sensor thermometer temperatuur temperatuursensor temperatur"
        " temperatursensor température thermomètre temperatura termómetro sensor_temperatura",
        "temperatures temperature_sensors thermometers temperaturen températures temperaturas",
    ),
    _thing(
        "humidity",
        "sensor/humidity",
        "humidity humidity_sensor luchtvochtigheid luftfeuchtigkeit luftfeuchte humidité humedad",
        "humidities humidity_sensors",
    ),
    _thing(
        "battery",
        "sensor/battery binary_sensor/battery",
        "battery batterij accu batterie akku pile batería pila",
        "batteries batterijen accu's batterien akkus piles baterías pilas",
    ),
    _thing(
        "smoke",
        "binary_sensor/smoke",
        "smoke_detector smoke_alarm rookmelder rauchmelder détecteur_fumée detector_humo",
        "smoke_detectors smoke_alarms rookmelders rauchmelder détecteurs_fumée detectores_humo",
    ),
    _thing(
        "leak",
        "binary_sensor/moisture",
        "leak_sensor water_sensor leak_detector waterlekmelder wassermelder détecteur_fuite"
        " sensor_fuga",
        "leak_sensors water_sensors leak_detectors waterlekmelders wassermelder",
    ),
    _thing(
        "sensor", "sensor binary_sensor", "sensor capteur", "sensors sensoren capteurs sensores"
    ),
    _thing(
        "button",
        "button input_button",
        "button knop knopf taste bouton botón",
        "buttons knoppen knöpfe tasten boutons botones",
    ),
    _thing(
        "todo",
        "todo",
        "todo_list to_do_list shopping_list boodschappenlijst takenlijst einkaufsliste"
        " aufgabenliste liste_courses lista_compra lista_tareas",
        "todo_lists to_do_lists shopping_lists",
    ),
    _thing(
        "calendar",
        "calendar",
        "calendar agenda kalender calendrier calendario",
        "calendars agenda's kalender calendriers calendarios",
    ),
    _thing(
        "weather",
        "weather",
        "weather weer wetter météo weather_forecast",
        "forecasts",
    ),
    _thing(
        "device",
        "*",
        "",
        "",
    ),
)
"""Earlier lines win a word that stands in several."""

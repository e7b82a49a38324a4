"""Spanish: how it is said that something was done."""

from typing import Final

from .grammar import Grammar, Kind, Pattern, Verbs

_DONE: Final = Verbs(
    "(?:encendid|apagad|prendid|bloquead|desbloquead|activad|desactivad|atenuad|silenciad|armad|"
    "desarmad)(?:o|a)s?",
    "(?:puest|abiert|cerrad|ajustad|configurad|subid|bajad|cambiad|iniciad|detenid|parad|pausad|"
    "reproducid|añadid|agregad|cread|cancelad|establecid|fijad|programad|ejecutad|reanudad|"
    "aumentad|reducid|enviad|quitad|eliminad)(?:o|a)s?",
)

SPANISH: Final = Grammar(
    lists={
        "adv": "ahora|ahora mismo|también|correctamente|con éxito|enseguida|ya mismo|entonces",
        "it": "lo|la|los|las|te|le|les|se",
        "over": (
            "listo|hecho|ya está|ya está hecho|todo listo|ya está listo|está hecho|completado|"
            "acción completada|tarea completada|ya quedó"
        ),
        "soon": "ahora mismo|enseguida|lo hago|lo hago ahora|ya lo hago|en seguida|lo haré",
        "art": "la|el|los|las",
    },
    verbs={
        "done": _DONE,
        "told": Verbs(
            "encendí|apagué|prendí|bloqueé|desbloqueé|activé|desactivé|atenué|encendimos",
            "abrí|cerré|puse|ajusté|subí|bajé|cambié|inicié|detuve|añadí|agregué|creé|cancelé|"
            "configuré|programé|aumenté|reduje",
        ),
        "now": Verbs(
            "enciendo|apago|prendo|desbloqueo|bloqueo <art>|activo <art>|desactivo <art>",
            "abro|cierro|pongo|ajusto|subo|bajo|inicio <art>|añado|configuro|programo",
        ),
        "ger": Verbs(
            "encendiendo|apagando|prendiendo|bloqueando|desbloqueando|activando|desactivando",
            "abriendo|cerrando|poniendo|ajustando|subiendo|bajando|cambiando|iniciando|deteniendo|"
            "reproduciendo|añadiendo|agregando|configurando|estableciendo",
        ),
        "inf": Verbs(
            "encender(?:l[oa]s?)?|apagar(?:l[oa]s?)?|prender(?:l[oa]s?)?|bloquear|desbloquear|"
            "activar|desactivar|atenuar",
            "abrir(?:l[oa]s?)?|cerrar(?:l[oa]s?)?|poner|ajustar|subir|bajar|cambiar|iniciar|"
            "detener|reproducir|añadir|agregar|configurar|establecer|crear|cancelar|programar",
        ),
        "fut": Verbs(
            "encenderé|apagaré|prenderé|bloquearé|desbloquearé|activaré|desactivaré",
            "abriré|cerraré|pondré|ajustaré|subiré|bajaré|cambiaré|iniciaré|añadiré",
        ),
    },
    patterns=(
        # Not firm: the perfect also tells what happened today at seven.
        Pattern(Kind.OPEN, "he|hemos <adv>* @done"),
        Pattern(Kind.OPEN, "ha|han sido <adv>* @done"),
        Pattern(Kind.OPEN, "se ha|han <adv>* @done"),
        Pattern(Kind.OPEN, "acabo de <adv>* @inf"),
        Pattern(Kind.OPEN, "estoy|estamos <adv>* @ger"),
        Pattern(Kind.OPEN, "se está|están @ger"),
        Pattern(Kind.FIRM, "está|están ahora @done"),
        Pattern(Kind.FIRM, "ahora está|están @done"),
        Pattern(Kind.OPEN, "& ahora ... está|están @done"),
        Pattern(Kind.OPEN, "está|están @done ahora"),
        Pattern(Kind.OPEN, "& <adv>* yo? <it>* @told"),
        Pattern(Kind.OPEN, "y <it>* @told"),
        Pattern(Kind.OPEN, "& <adv>* yo? <it>* @now"),
        Pattern(Kind.BARE, "^ <adv>* @ger"),
        Pattern(Kind.BARE, "^ <over> $"),
        Pattern(Kind.OPEN, "<it>* voy|vamos a <adv>* @inf", promise=True),
        Pattern(Kind.OPEN, "& <adv>* <it>* @fut", promise=True),
        Pattern(Kind.BARE, "^ <soon> $", promise=True),
    ),
    home=(
        r"luz|luces|lámparas?|iluminación|bombillas?|focos?|puertas?|cerraduras?|cerrojo|garaje|"
        r"portón|ventanas?|persianas?|cortinas?|toldo|termostato|temperatura|calefacción|aire|"
        r"acondicionado|ventilador|brillo|color|volumen|música|radio|tv|tele|televisión|"
        r"televisor|altavoz|altavoces|aspiradora|temporizador|alarma|recordatorio|escena|"
        r"automatización|lista|calendario|interruptor|enchufes?|grados?|%|°c?|canción|válvula"
    ),
    negative=(
        "no|nunca|ningún|ninguna|ninguno|nada|imposible|ni|sin|tampoco|lamentablemente|nadie|jamás"
    ),
    supposed=(
        "si|cuando|dijo|dice|decía|podría|puedes|puede|quieres|porque|antes de|después de|quien|"
        "quién|comprueba|verifica|asegúrate|debes|historia|tienda|museo|restaurante|que"
    ),
    condition=(
        "si|cuando|siempre|"
        "cada día|cada noche|cada mañana|cada vez|automáticamente|normalmente|"
        "en cuanto|a menudo|una vez que|"
        r"por (?!mí |ti |usted |completo )\w+|sol[oa]"
    ),
    past=(
        r"ayer|anoche|hace (?:\d+|un|una|dos|tres|poco|unos) ?\w*|(?:1[0-9]|20)\d\d|desde|veces|"
        r"esta mañana|pasad[oa]|antes|lunes|martes|miércoles|jueves|viernes|sábado|domingo|"
        r"anteriormente|aquel\w*"
    ),
    clock=r"a las? \w+|al mediodía|a medianoche",
    stops="está|están|es|son|era|no|que|si|yo|tú|él|ella|ha|he|han|fue",
    finite="es|son|puede|pueden|ahorra|está|ayuda|consume|cuesta|era|sería",
)

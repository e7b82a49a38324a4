"""Words of assent and refusal in five languages, as they are spoken.

Without accents and in lower case; a hyphen or an apostrophe is a space. All five are
understood whatever the language of the interface is.
"""

from typing import Final

YES: Final = frozenset(
    (
        # English
        *("yes", "yeah", "yep", "yup", "yea", "sure", "sure thing", "of course", "certainly"),
        *("absolutely", "definitely", "affirmative", "correct", "confirm", "confirmed", "okay"),
        *("ok", "okey", "alright", "all right", "go ahead", "go for it", "do it", "do that"),
        *("please do", "yes i do", "yes i am", "i am sure", "i m sure", "i confirm", "proceed"),
        *("that is right", "that s right", "that is correct", "that s correct", "you may"),
        *("by all means", "that s fine", "that is fine", "sounds good"),
        # Dutch
        *("ja", "jawel", "jazeker", "ja hoor", "zeker", "zeker weten", "natuurlijk", "tuurlijk"),
        *("doe maar", "doe het", "doe het maar", "ga je gang", "graag", "akkoord", "prima", "oke"),
        *("is goed", "dat is goed", "dat mag", "inderdaad", "bevestigd", "ik bevestig"),
        # German
        *("jawohl", "jo", "klar", "na klar", "aber klar", "sicher", "aber sicher", "naturlich"),
        *("gerne", "gern", "mach das", "mach es", "mach mal", "tu das", "genau", "richtig"),
        *("einverstanden", "in ordnung", "unbedingt", "selbstverstandlich", "auf jeden fall"),
        *("alles klar", "bestatigt", "ich bestatige", "nur zu"),
        # French
        *("oui", "ouais", "mais oui", "bien sur", "bien entendu", "d accord", "daccord", "vas y"),
        *("allez y", "fais le", "faites le", "certainement", "absolument", "tout a fait"),
        *("volontiers", "avec plaisir", "c est bon", "ca marche", "entendu", "exactement"),
        *("je confirme", "affirmatif", "c est d accord"),
        # Spanish; "si" is a French yes as well
        *("si", "claro", "claro que si", "por supuesto", "desde luego", "adelante", "hazlo"),
        *("hagalo", "vale", "de acuerdo", "dale", "correcto", "afirmativo", "eso es", "confirmo"),
        *("confirmado", "seguro", "con mucho gusto", "asi es"),
    )
)

NO: Final = frozenset(
    (
        # English
        *("no", "nope", "nah", "never", "never mind", "nevermind", "cancel", "cancel that"),
        *("stop", "do not", "don t", "dont", "don t do it", "do not do it", "don t do that"),
        *("not now", "no way", "negative", "abort", "forget it", "leave it", "uh uh"),
        *("better not", "rather not", "of course not", "absolutely not", "certainly not"),
        # Dutch
        *("nee", "neen", "nee hoor", "laat maar", "niet doen", "doe maar niet", "liever niet"),
        *("nooit", "annuleer", "annuleren", "nu niet", "zeker niet", "natuurlijk niet", "niet"),
        # German
        *("nein", "ne", "lass es", "lass mal", "lieber nicht", "nicht", "auf keinen fall"),
        *("abbrechen", "vergiss es", "niemals", "nicht jetzt", "mach das nicht"),
        *("naturlich nicht", "sicher nicht"),
        # French
        *("non", "surtout pas", "pas maintenant", "annule", "annulez", "laisse tomber", "arrete"),
        *("jamais", "pas question", "ne le fais pas", "bien sur que non", "mais non"),
        # Spanish
        *("nunca", "cancela", "cancelar", "dejalo", "para", "ahora no", "mejor no", "nada"),
        *("claro que no", "por supuesto que no", "no lo hagas", "de ninguna manera", "olvidalo"),
    )
)

POLITE: Final = frozenset(
    (
        *("please", "pls", "thanks", "thank you", "thanks a lot", "thank you very much", "now"),
        *("alsjeblieft", "alstublieft", "alsjeblief", "aub", "dank je", "dankje", "dankjewel"),
        *("dank je wel", "dank u", "dank u wel", "bedankt", "nu"),
        *("bitte", "bitte schon", "danke", "danke schon", "dankeschon", "vielen dank", "jetzt"),
        *("s il te plait", "s il vous plait", "sil te plait", "sil vous plait", "svp", "stp"),
        *("merci", "merci beaucoup", "maintenant"),
        *("por favor", "porfavor", "gracias", "muchas gracias", "ahora", "ahora mismo"),
    )
)
"""They neither give nor take away a yes."""

FILLERS: Final = frozenset(
    (
        *("uh", "uhm", "um", "umm", "er", "erm", "hm", "hmm", "hmmm", "mm", "mmm", "ah", "oh"),
        *("eh", "ehm", "euh", "ahm", "ahh", "ach", "och"),
    )
)

PIN_LEADS: Final = frozenset(
    f"{subject} {verb}".strip()
    for subjects, verbs in (
        (("pin", "pin code", "code", "password", "passcode"), ("", "is", "s")),
        (("my pin", "my pin code", "my code", "my password", "my passcode"), ("", "is", "s")),
        (("the pin", "the pin code", "the code", "the password"), ("", "is", "s")),
        (("it", "that"), ("is", "s")),
        (("mijn pin", "mijn pincode", "mijn code", "pincode"), ("", "is")),
        (("de pin", "de pincode", "de code", "het", "dat"), ("is",)),
        (("meine pin", "die pin", "mein code", "der code", "pin"), ("ist", "lautet", "ist die")),
        (("es", "das"), ("ist",)),
        (
            ("mon code", "le code", "mon code pin", "le code pin", "code pin", "mon pin"),
            ("", "est"),
        ),
        (("c est",), ("", "le")),
        (("mi pin", "el pin", "mi codigo", "el codigo", "la clave", "mi clave"), ("", "es")),
        (("codigo", "clave", "es el", "es la"), ("", "es")),
    )
    for subject in subjects
    for verb in verbs
)
"""What is said before a PIN."""


def _numbers() -> dict[str, str]:
    """Return number words from 0 to 99 and their digits."""
    numbers: dict[str, str] = {}
    # 0 to 19, then the tens from 20 on; several words for one number divided by a slash.
    rows = (
        (
            "zero/oh one two three four five six seven eight nine ten eleven twelve thirteen "
            "fourteen fifteen sixteen seventeen eighteen nineteen "
            "twenty thirty forty fifty sixty seventy eighty ninety"
        ),
        (
            "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien "
            "vijftien zestien zeventien achttien negentien "
            "twintig dertig veertig vijftig zestig zeventig tachtig negentig"
        ),
        (
            "null eins/ein zwei/zwo drei vier funf/fuenf sechs sieben acht neun zehn elf "
            "zwolf/zwoelf dreizehn vierzehn funfzehn/fuenfzehn sechzehn siebzehn achtzehn neunzehn "
            "zwanzig dreissig vierzig funfzig/fuenfzig sechzig siebzig achtzig neunzig"
        ),
        (
            "zero un/une deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze "
            "quinze seize dix_sept dix_huit dix_neuf "
            "vingt trente quarante cinquante soixante soixante_dix quatre_vingt quatre_vingt_dix"
        ),
        (
            "cero uno/un/una dos tres cuatro cinco seis siete ocho nueve diez once doce trece "
            "catorce quince dieciseis diecisiete dieciocho diecinueve "
            "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa"
        ),
    )
    # How tens and units are put together; French counts on from 60 and 80 to 99.
    joined = ("{ten} {unit}", "{unit}en{ten}", "{unit}und{ten}", "{ten} {unit}", "{ten} y {unit}")
    for row, form in zip(rows, joined, strict=True):
        words = [word.replace("_", " ").split("/") for word in row.split()]
        for number, names in enumerate(words[:20]):
            numbers.update(dict.fromkeys(names, str(number)))
        for ten, ten_names in enumerate(words[20:], start=2):
            for ten_name in ten_names:
                numbers[ten_name] = f"{ten}0"
                for unit, unit_names in enumerate(words[1:10], start=1):
                    for unit_name in unit_names:
                        numbers[form.format(ten=ten_name, unit=unit_name)] = f"{ten}{unit}"
    for ten, name in ((60, "soixante"), (80, "quatre vingt")):
        for unit, word in enumerate(rows[3].split()[10:20], start=10):
            numbers[f"{name} {word.replace('_', ' ')}"] = str(ten + unit)
    for ten, name in zip(
        range(20, 70, 10), ("vingt", "trente", "quarante", "cinquante", "soixante"), strict=True
    ):
        numbers[f"{name} et un"] = str(ten + 1)
    numbers["soixante et onze"] = "71"
    numbers["quatre vingts"] = "80"
    for unit, word in enumerate(
        ("uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"), start=1
    ):
        numbers[f"veinti{word}"] = f"2{unit}"
    return numbers


NUMBERS: Final = _numbers()

TIMES: Final = {"double": 2, "triple": 3}
"""What repeats the digit that follows."""

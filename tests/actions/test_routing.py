"""Which kind of question a prompt is, by rules, in five languages."""

import time

from hypothesis import given, strategies as st
import pytest

from custom_components.ollama.actions.routing import kind_of_question
from custom_components.ollama.settings import QueryType

CODE = [
    "```\nx = 1\n```",
    "def f(x):\n  return x",
    "import os",
    "KeyError: 'name'",
    "if (a == b && c) return",
    "SELECT name FROM users WHERE id = 3 is slow",
    "What is wrong with {{ states('sensor.x') }}?",
    "Write a Python function that sorts a list",
    "Fix this code please",
    "What does a regular expression do?",
    "How do I write YAML for a template sensor?",
    "Write a program that prints primes",
    "Schrijf een script dat bestanden hernoemt",
    "Leg deze code uit",
    "Wat doet deze broncode?",
    "Schreib ein Programm, das Primzahlen berechnet",
    "Erkläre mir diesen Code",
    "Écris une fonction qui trie une liste",
    "Corrige ce code",
    "Escribe un programa que ordene una lista",
    "Explícame este código",
]
CREATIVE = [
    "Write a poem about the sea",
    "A limerick about cats, please",
    "Tell me a joke",
    "Tell the children a bedtime story",
    "Write a song for my wife",
    "Invent a slogan for our bakery",
    "Schrijf een gedicht voor Sinterklaas",
    "Vertel een mop",
    "Verzin een verhaaltje over een draak",
    "Erzähl mir einen Witz",
    "Erfinde ein Märchen",
    "Erzähle eine Gute-Nacht-Geschichte",
    "Raconte-moi une blague",
    "Écris un poème",
    "Invente une chanson",
    "Cuéntame un chiste",
    "Escribe un poema para Ana",
    "Inventa una canción",
]
FAST = [
    "",
    "Turn on the light",
    "What time is it?",
    "Is the door open?",
    # A code, but of the home.
    "What is the code of the alarm?",
    "Fix the code of the alarm",
    "Write down the code of the garage door",
    "Wat is de code van het alarm?",
    "Schrijf de code van de deur op",
    "Wie lautet der Code der Alarmanlage?",
    "Korrigiere den Code der Haustür",
    "Quel est le code de l'alarme ?",
    "Corrige le code de la porte",
    "¿Cuál es el código de la alarma?",
    "Crea un código para la puerta",
    # A song, but one that there is.
    "Play a song",
    "Play the poem of the week",
    "Speel een liedje",
    "Spiel ein Lied",
    "Joue une chanson",
    "Pon una canción",
    # A floor.
    "Mop the kitchen",
    "Start the short program of the dishwasher",
    "Doe het gordijn dicht",
]
GENERAL = [
    "Explain how a heat pump works",
    "Explain the function of the liver",
    "Compare gas and electricity",
    "Wat is het verschil tussen een hond en een wolf?",
    "Vergleiche Gas und Strom",
    "Explique la photosynthèse",
    "Resume las ventajas del gas",
    "The weather was " + "nice " * 40,
    "word " * 15,
]


@pytest.mark.parametrize(
    ("kind", "prompt"),
    [
        (kind, prompt)
        for kind, prompts in (
            (QueryType.CODE, CODE),
            (QueryType.CREATIVE, CREATIVE),
            (QueryType.FAST, FAST),
            (QueryType.GENERAL, GENERAL),
        )
        for prompt in prompts
    ],
)
def test_kinds(kind: QueryType, prompt: str):
    assert kind_of_question(prompt, has_images=False) is kind
    assert kind_of_question(prompt.upper(), has_images=False) is kind
    assert kind_of_question(prompt, has_images=True) is QueryType.VISION


@given(st.text(max_size=300))
def test_any_text_is_of_a_kind(prompt: str):
    assert kind_of_question(prompt, has_images=False) in QueryType


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        " ",
        "\n",
        "_",
        "é",
        "import ",
        "select ",
        "select x from ",
        "def a",
        "x+",
        "- ",
        "<",
        "(",
    ],
)
def test_long_texts_take_no_time(piece: str):
    """A prompt may come from anybody; this is done in the event loop."""
    prompt = piece * (300_000 // len(piece))
    begin = time.perf_counter()
    kind_of_question(prompt, has_images=False)
    assert time.perf_counter() - begin < 0.1

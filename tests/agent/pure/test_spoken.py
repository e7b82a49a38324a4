"""What of an answer reaches a loudspeaker."""

# ruff: noqa: RUF001 - punctuation of other scripts

import random
import re

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.ollama.agent.dialects import MarkdownStripper
from custom_components.ollama.agent.spoken import SpokenText

SPOKEN = {
    "heading": ("# Weather\nIt rains", "Weather.\nIt rains"),
    "bold": ("The **kitchen light** is on.", "The kitchen light is on."),
    "bold_with_emoji": ("**🔥 Hot** and **cold ❄️** now", "Hot and cold now"),
    "bold_chinese": ("这是**重点**内容。", "这是重点内容。"),
    "bold_never_closed": ("**One\ntwo** three", "One\ntwo three"),
    "bold_line": ("**Kitchen**\nAll is off", "Kitchen.\nAll is off"),
    "list": ("Buy:\n- milk\n- **eggs**\n\nThat's all", "Buy:\nmilk.\neggs.\nThat's all"),
    "numbered": ("1. Milk\n2. Eggs\nok", "1. Milk.\n2. Eggs.\nok"),
    "checkboxes": ("- [ ] Milk\n- [x] Eggs", "Milk.\nEggs"),
    "table": ("| a | b |\n|---|:--|\n| 1 | 2 |\nend", "a, b.\n1, 2.\nend"),
    "table_without_bars": ("a | b\n--- | ---\n1 | 2\nend", "a, b.\n1, 2.\nend"),
    "link": ("See [the page](https://x.com/a_(b)?c=1) now", "See the page now"),
    "link_long": (f"[{'so ' * 30}long](https://x.com/y) it is", f"{'so ' * 30}long it is"),
    "link_to_file": ("See [it](file.html).", "See it."),
    "link_by_name": ("See [it][source] now", "See it now"),
    "link_around_image": ("[![a cat](https://a.b/c.png)](https://c.d/e) here", "a cat here"),
    "image": ("![a cat](cat.png) here", "a cat here"),
    "fence": ("So:\n```python\nx = `1`\n```\nDone", "So:\nDone"),
    "fence_of_tildes": ("So:\n~~~\nx = 1\n~~~\nDone", "So:\nDone"),
    "fence_in_fence": ("````\n```\nx\n```\ny\n````\nDone", "Done"),
    "fence_alone": ("```python\nx = 1\n```", ""),
    "fence_never_closed": ("So:\n```yaml\nx: 1", "So:"),
    "inline_code": ("Call `turn_on *now*` 😀", "Call turn_on *now*"),
    "address": ("See https://www.example.com/path?x=1. Then", "See example.com. Then"),
    "address_and_footnote": ("See https://x.com/p.[1] Then", "See x.com. Then"),
    "address_in_code": ("See `https://x.com/p` now", "See x.com now"),
    "address_in_angles": ("See <https://x.com/p> now", "See x.com now"),
    "address_of_files": (
        "Open ftp://nas.local/films or file:///etc/hosts now",
        "Open nas.local or now",
    ),
    "address_of_page": ("See homeassistant://navigate/lovelace now", "See navigate now"),
    "address_of_mail": ("Write to mailto:joe@example.com.", "Write to joe@example.com."),
    "address_of_phone": ("Call tel:+31612345678 now.", "Call +31612345678 now."),
    "address_without_scheme": ("See example.com/path/to?x=1. Then", "See example.com. Then"),
    "no_address": (
        "At 5 km/h, 1.5/2, and/or tell: tel: 5",
        "At 5 km/h, 1.5/2, and/or tell: tel: 5",
    ),
    "link_in_angles": ("See [the page](<http://a.b/c d>) now", "See the page now"),
    "address_chinese": ("请看https://x.com/a。然后开灯", "请看x.com。然后开灯"),
    "emoji": ("Done ✅. On 💡 now", "Done. On now"),
    "emoji_between_words": ("Hello😀World", "Hello World"),
    "emoji_joined": ("The 👨‍👩‍👧 and 🏳️‍🌈 family", "The and family"),
    "emoji_flags": ("In 🇩🇪 and 🏴󠁧󠁢󠁥󠁮󠁧󠁿 too", "In and too"),
    "emoji_skin": ("Good 👍🏽 job 🙋🏿‍♀️", "Good job"),
    "emoji_keycaps": ("Press 1️⃣ now, #️⃣ or *️⃣ then", "Press 1 now, or then"),
    "emoji_in_parentheses": ("See (😀) it", "See it"),
    "emoji_alone": ("👍", ""),
    "emoji_exclaims": ("Hot‼️ Now", "Hot!! Now"),
    "footnotes": ("High.[1][2] Old[^a] and [1, 2] new [3]", "High. Old and new"),
    "footnote_texts": ("[1]: https://x.com/y\n[^a]: The book", "x.com\nThe book"),
    "footnote_link": ("High [1](https://x.com) it is", "High it is"),
    "tags": ('<a href="https://x.com/?a=b&c">here</a> <b>it</b> is', "here it is"),
    "tags_of_blocks": ("<ul><li>a</li><li>b</li></ul>c", "a.\nb.\nc"),
    "tag_of_ssml": ('Well <break time="1s"/> yes', "Well yes"),
    "comment": ("a <!-- b\nc --> d", "a d"),
    "entities": ("AT&T&nbsp;and R&amp;D", "AT&T and R&D"),
    "empty_lines": (
        "\n\nOne\n\n\n\nTwo.\r\n\r\nThree  and   four \n",
        "One.\nTwo.\nThree and four",
    ),
    "quoted_end": ('He said "yes"\n\nOk', 'He said "yes".\nOk'),
    "heading_that_asks": ("## Why?\nSo", "Why?\nSo"),
}

UNCHANGED = [
    "2 * 3 * 4 and 2**3, 5* hotel",
    "snake_case_name and light.kitchen_lamp_2",
    "5-6 °C, -5 degrees, 50 %, ½, 3 €, m², 21.5",
    "#1 and C#, ~5 minutes, at 15:30",
    "a < b, b > a, I <3 you",
    "f[0](y), [sic] (really)",
    "C:\\Users\\x",
    "how what https www. House",
    'It\'s "so" ‘so’ “so” – well… (yes).',
    "Grüße! ça va ? ¿Qué tal? нет, 你好。こんにちは。สวัสดี שלום",
    "می‌خواهم क्‍ष",
    "A verse goes on\nin the next line",
    "anna@example.com",
    "™ and © and “A & B”",
]

FRAGMENTS = [
    *["**", "*", "_", "__", "`", "```", "```py\n", "~~~", "# ", "#", "- ", "|", "---", " | ", "\n"],
    *["[a](", "[", "]", "](", "[1]", "[^1]", ":", "https://", "www.", "a.b/c", ")", "(", "![", "<"],
    *[
        "<b>",
        "<li>",
        '<a href="',
        ">",
        "<!--",
        "-->",
        "&amp;",
        "&",
        ";",
        "\\",
        "~~",
        "1. ",
        ".",
        "!",
    ],
    *["😀", "👍🏽", "👨‍👩‍👧", "🇩🇪", "1️⃣", "\ufe0f", "\u20e3", "\u200d", "‼", "\r", " ", "  ", "a"],
    *["b c", "H", "word", "5", "重点", "。", "é", "•", "x" * 60],
]
texts = st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join) | st.text(max_size=200)
MANY = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))


def spoken(text: str) -> str:
    """Return what is heard of a whole text."""
    filtered = SpokenText()
    return filtered.feed(text) + filtered.close()


@pytest.mark.parametrize(("text", "expected"), SPOKEN.values(), ids=SPOKEN.keys())
def test_what_is_heard(text: str, expected: str) -> None:
    assert spoken(text) == expected


@pytest.mark.parametrize("text", UNCHANGED)
def test_what_is_plain_text_stays(text: str) -> None:
    assert spoken(text) == text


@MANY
@given(texts, st.integers(0, 99))
def test_the_cut_does_not_matter(text: str, seed: int) -> None:
    chance = random.Random(seed)
    parts = SpokenText()
    heard, rest = "", text
    while rest:
        size = chance.choice([1, 1, 2, 3, 8, 30])
        heard += parts.feed(rest[:size])
        rest = rest[size:]
    assert heard + parts.close() == spoken(text)


@MANY
@given(texts)
def test_nothing_is_left_over(text: str) -> None:
    heard = spoken(text)
    assert heard == heard.strip()
    assert not re.search(r"\s\s", heard)
    assert not re.search("[\u2600-\u27bf\ufe0f\u20e3\U0001f000-\U0001faff]", heard)


LONG = "The lights in the kitchen, the hall and the living room are all on now, and the heating goes up"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{LONG} at last, as you wished, Anna.", f"{LONG} at last. As you wished, Anna."),
        (f"{LONG} to 21,5 degrees: as you wished.", f"{LONG} to 21,5 degrees. As you wished."),
        (f"Yes. {LONG} at last, as you wished.", f"Yes. {LONG} at last, as you wished."),
        (f"# Home\n{LONG} at last, as you wished.", f"Home.\n{LONG} at last, as you wished."),
        (f"{LONG} at last,", f"{LONG} at last,"),
        (f"{LONG} by 1,5.", f"{LONG} by 1,5."),
    ],
)
def test_a_long_begin_is_ended_early(text: str, expected: str) -> None:
    """A speech server begins to speak when the first sentence is complete."""
    assert spoken(text) == expected


def test_a_word_is_passed_on_at_once() -> None:
    filtered = SpokenText()
    assert filtered.feed("The light is on.") == "The light is on."
    assert filtered.feed(" It is **") == " It is"
    assert filtered.feed("now") == " now"
    assert filtered.feed("** on, see [the") == " on, see"
    assert filtered.feed(" page](https://x.com)") == " the page"
    assert filtered.feed("\n- milk") == ".\nmilk"
    assert filtered.feed("\n- e") == ".\ne"
    assert filtered.close() == ""


@pytest.mark.parametrize(
    "unit", ["a/", "b.co:", "[a](", "[", "<a ", "**a", "(", "`", "| a ", "h", "[1]", "&a", "\n"]
)
def test_the_work_is_linear(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0
    real = MarkdownStripper._step

    def step(stripper: MarkdownStripper, char: str) -> str:
        nonlocal steps
        steps += 1
        return real(stripper, char)

    monkeypatch.setattr(MarkdownStripper, "_step", step)
    text = unit * (10_000 // len(unit))
    filtered = SpokenText()
    for char in text:
        filtered.feed(char)
    filtered.close()
    assert steps <= 3 * len(text)

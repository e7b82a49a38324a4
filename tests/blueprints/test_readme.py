"""The README's blueprints: each link leads to one, and each example is one that is tested."""

import re
from urllib.parse import unquote

import yaml

from .helpers import BLUEPRINTS, EXAMPLES, NAMES

README = (BLUEPRINTS.parent / "README.md").read_text(encoding="utf-8")


def test_each_has_a_link() -> None:
    links = re.findall(r"blueprint_import/\?blueprint_url=([^)]+)\)", README)
    folder = "https://github.com/ollama-for-home-assistant/ollama/blob/main/blueprints"
    assert sorted(unquote(link) for link in links) == [
        f"{folder}/automation/ollama/{name}.yaml" for name in NAMES
    ]


def test_each_has_an_example_as_it_is_tested() -> None:
    tested = {file.read_text(encoding="utf-8").strip() for file in EXAMPLES.glob("*.yaml")}
    blocks = [block.strip() for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)]
    shown = [block for block in blocks if "use_blueprint:" in block]
    assert set(shown) <= tested
    paths = {yaml.safe_load(block)["use_blueprint"]["path"] for block in shown}
    assert paths == {f"ollama-for-home-assistant/{name}.yaml" for name in NAMES}

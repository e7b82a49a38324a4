from homeassistant.core import Context
from homeassistant.components import conversation
import time
from .core_ollama import *
async def test_probe(hass, sim, hass_config_dir):
    disk = {}
    for w in Ollama:
        t=time.time()
        async with home(disk, w, hass_config_dir) as h:
            print(w, time.time()-t, h.states.get(LIGHT), h.config.components)
        print(time.time()-t, sorted(disk))
    assert 0

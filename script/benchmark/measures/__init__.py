"""All that is measured, in the order of the table.

A new measure is a module with a `MEASURE`, and a line here.
"""

from ..plan import Measure
from . import audio, chunks, heap, home_api, memory, request, turn

MEASURES: tuple[Measure, ...] = (
    turn.MEASURE,
    chunks.MEASURE,
    request.MEASURE,
    home_api.MEASURE,
    memory.MEASURE,
    heap.MEASURE,
    audio.MEASURE,
)

"""All that is measured, in the order of the table.

A new measure is a module with a `MEASURE` or several `MEASURES`, and a line here.
"""

from ..plan import Measure
from . import audio, behind, chunks, first_token, heap, memory, request, speakers, turn

MEASURES: tuple[Measure, ...] = (
    *first_token.MEASURES,
    *behind.MEASURES,
    *turn.MEASURES,
    chunks.MEASURE,
    *request.MEASURES,
    speakers.MEASURE,
    memory.MEASURE,
    heap.MEASURE,
    audio.MEASURE,
)

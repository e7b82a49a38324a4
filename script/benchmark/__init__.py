"""The bench: this integration and core's, measured in turn against the simulator.

Every measure of either integration is taken in a process of its own with a Home Assistant of its
own, so that caches, garbage and memory do not mix. The model server is a further process, whose
time is not counted.
"""

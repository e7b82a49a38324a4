"""Tests of the room that talks to a server."""

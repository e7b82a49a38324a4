"""Tests of the home as a model sees it."""

"""Tests of one turn with a model."""

"""Tests of names and values, which need no Home Assistant."""

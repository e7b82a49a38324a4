"""Tests of what small models write in place of an answer."""

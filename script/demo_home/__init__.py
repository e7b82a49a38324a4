"""The demo: a real Home Assistant process, a furnished home, and a tour of it."""

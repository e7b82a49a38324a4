"""Speech in and speech out: Wyoming servers, Assist pipelines, and whether they work.

This room knows nothing of Ollama: an agent is a conversation entity to it.
"""

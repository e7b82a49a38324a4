"""The steps of the flows: a server, an agent, an AI task."""

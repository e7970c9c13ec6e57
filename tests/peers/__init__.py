"""Peers at the outer wall, scripted to misbehave on demand."""

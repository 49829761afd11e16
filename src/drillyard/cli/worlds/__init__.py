"""`drillyard organism world …`: worlds of one's own."""

from drillyard.cli.worlds.command import command

__all__ = ["command"]

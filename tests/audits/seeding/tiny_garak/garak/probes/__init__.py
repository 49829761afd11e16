"""Probes: attacks, in the words of garak."""

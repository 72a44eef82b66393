"""Chips, links and the FLOP of a model, in units that cannot be mistaken."""

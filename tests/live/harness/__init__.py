"""Brings a rendered blueprint up on a real Docker engine and checks that it does what the blueprint says."""

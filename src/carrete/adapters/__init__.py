"""Adapters: the only code that speaks to services and processes."""

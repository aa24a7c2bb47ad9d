"""Alembic migrations of Carrete's database."""

"""Carrete's client library: the HTTP API, resumable uploads and downloads, and live events.

It knows the HTTP contract and nothing of the server's insides, so it works against any Carrete,
near or far. Of Carrete itself it imports ``domain`` only.
"""

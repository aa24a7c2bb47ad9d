"""Carrete: videos are uploaded, converted in the background, followed live and streamed."""

__version__ = "0.1.0"

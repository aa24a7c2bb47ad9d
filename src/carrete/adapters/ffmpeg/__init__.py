"""FFmpeg and PyAV behind the ``Transcoder`` port.

``argv`` and ``filters`` build commands, ``run`` runs them, ``sandbox`` and ``grants`` lock them in,
``look`` probes and verifies, ``sound`` makes the sound, ``transcoder`` is the port itself. Modules
whose name ends in ``_main`` are programs that ``children`` runs in processes of their own.
"""

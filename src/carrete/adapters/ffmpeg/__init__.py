"""FFmpeg and PyAV behind the ``Transcoder`` port.

``argv`` builds commands, ``run`` runs them, ``probe`` looks at files in a child process, ``sandbox``
locks children in, ``transcoder`` is the port itself.
"""

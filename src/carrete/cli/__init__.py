"""The ``carrete`` command: the whole system from a terminal, for people and for scripts.

Data goes to standard output and everything else to standard error, so that ``--json`` output can be
piped. Commands import what they need when they run, so that ``carrete --help`` stays fast.
"""

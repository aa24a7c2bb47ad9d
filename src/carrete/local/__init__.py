"""The whole of Carrete on one machine, as one supervised tree of processes.

Everything here is a sandbox. It listens on loopback only, its data lives in temporary directories,
and when it stops (or is killed) neither a process nor a directory of it is left.
"""

"""The campaign of faults: the real process tree, everything that can go wrong, and an audit.

    python -m chaos --seed 7 --seconds 60

``schedule`` decides from the seed what goes wrong when (pure); ``faults`` do it; ``users`` upload,
follow, cancel and delete meanwhile and write down what they were promised (``ledger``); ``audit``
looks afterwards, from outside, at whether the promises were kept. Not part of the application.
"""

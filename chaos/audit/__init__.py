"""The audit: were the promises kept? It asks the stores and the API itself, past all our code."""

from chaos.audit.base import Breakage, Facts
from chaos.audit.checks import check
from chaos.audit.gather import gather
from chaos.audit.playback import play
from chaos.audit.quiet import wait_until_quiet

__all__ = ["Breakage", "Facts", "check", "gather", "play", "wait_until_quiet"]

"""Commands that run a module of this package as a process of its own, locked in like ffmpeg."""

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import carrete
from carrete.adapters.ffmpeg.run import Command
from carrete.adapters.ffmpeg.sandbox import Grant, python_paths

_START = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
    "sys.argv[0:2] = sys.argv[1:2]; runpy.run_module(sys.argv[0], run_name='__main__')"
)


def command(module: ModuleType, arguments: tuple[str, ...], grant: Grant) -> Command:
    """A command that runs ``module`` as a program; it may also read Python and Carrete's code."""
    package = Path(carrete.__file__).parent
    # Isolated mode: no user site, no PYTHON* variables, nothing of the working directory.
    argv = (sys.executable, "-I", "-c", _START, str(package.parent), module.__name__, *arguments)
    return Command(argv, replace(grant, read=(*python_paths(), package, *grant.read)))

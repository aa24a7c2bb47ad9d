"""Read a Dockerfile's stages, as far as ours use the language."""

import json
import re
from dataclasses import dataclass, field


@dataclass
class Stage:
    """One stage: its image, its name and its steps in order, as (instruction, rest of the line)."""

    image: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def of(self, instruction: str) -> list[str]:
        """What stands after each such instruction."""
        return [rest for found, rest in self.steps if found == instruction]

    def form(self, instruction: str) -> list[str]:
        """The last such instruction in its exec form, as words."""
        words: list[str] = json.loads(self.of(instruction)[-1])
        return words


def stages(text: str) -> dict[str, Stage]:
    """The stages by name."""
    without_comments = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", " ", without_comments).splitlines()
    found: dict[str, Stage] = {}
    stage: Stage | None = None
    for line in filter(None, map(str.strip, lines)):
        instruction, _, rest = line.partition(" ")
        if instruction == "FROM":
            image, _, name = rest.partition(" AS ")
            stage = found[name] = Stage(image, name)
        else:
            assert stage is not None, "a Dockerfile begins with FROM"
            stage.steps.append((instruction, rest.strip()))
    return found

"""What people read, in English and Spanish: one place, by key."""

from carrete.cli.catalog import MESSAGES

LANGUAGES = ("en", "es")
THOUSAND = 1000
UNITS = ("B", "kB", "MB", "GB", "TB")


def pick_language(wanted: str) -> str:
    """The language for a locale's name such as ``es_ES.UTF-8``; English when it is another one."""
    code = wanted.replace("-", "_").split("_", 1)[0].split(".", 1)[0].lower()
    return code if code in LANGUAGES else LANGUAGES[0]


class Speaker:
    """Says things in one language."""

    def __init__(self, language: str) -> None:
        self.language = pick_language(language)

    def __call__(self, key: str, /, **values: object) -> str:
        """The message of a key with its placeholders filled in."""
        sentence = MESSAGES[key]
        text = sentence.es if self.language == "es" else sentence.en
        return text.format_map(values)

    def pick(self, sentences: dict[str, str]) -> str:
        """One of several languages' sentences, as the server sends them."""
        return sentences.get(self.language) or sentences.get("en") or ""

    def number(self, value: float, digits: int) -> str:
        """A number with the language's own decimal sign."""
        text = f"{value:.{digits}f}"
        return text.replace(".", ",") if self.language == "es" else text

    def size(self, count: float | None) -> str:
        """Bytes for people, in powers of ten as disks and networks are sold."""
        if count is None:
            return "–"  # noqa: RUF001 - a dash
        value, unit = float(count), 0
        while value >= THOUSAND and unit < len(UNITS) - 1:
            value, unit = value / THOUSAND, unit + 1
        return f"{self.number(value, 1 if unit else 0)} {UNITS[unit]}"

    def seconds(self, value: float | None) -> str:
        """Seconds for people: ``3.2 s`` or ``12:05``."""
        if value is None:
            return "–"  # noqa: RUF001 - a dash
        if value < 60:  # noqa: PLR2004 - a minute
            return f"{self.number(max(value, 0.0), 1)} s"
        minutes, rest = divmod(round(value), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

    def percent(self, fraction: float | None) -> str:
        """A fraction as a whole percentage."""
        return "–" if fraction is None else f"{round(fraction * 100)} %"  # noqa: RUF001 - a dash

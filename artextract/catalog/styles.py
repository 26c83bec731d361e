"""Names of styles and genres as museums write them, and the years of each style.

The labels are those of WikiArt (https://www.wikiart.org/en/paintings-by-style), as ArtGAN's lists
and other data sets write them. The years say when artworks of a style were made. They follow the
articles on each style in Grove Art Online (https://www.oxfordartonline.com), Getty's Art &
Architecture Thesaurus (https://www.getty.edu/research/tools/vocabularies/aat) and Wikipedia, with
ten to thirty years more at both ends for forerunners, late followers and dates that are estimates.
They show which suggestions are impossible, not when a style flourished.
"""

from dataclasses import dataclass

from artextract.catalog.names import fold
from artextract.catalog.years import YearRange


@dataclass(frozen=True, slots=True)
class Style:
    """A style: its name, and the first and the last year in which it was painted.

    ``end`` is None where it is still painted. ``labels`` are WikiArt's names that differ from
    ``name`` by more than underscores and case.
    """

    name: str
    begin: int
    end: int | None
    labels: tuple[str, ...] = ()

    @property
    def years(self) -> YearRange:
        """The years as a range, both ends included."""
        return YearRange(self.begin, self.end)


STYLES = (
    Style("Byzantine", 330, 1500),
    Style("Proto-Renaissance", 1250, 1420, ("Proto_Renaissance",)),
    Style("Early Renaissance", 1400, 1510),
    Style("High Renaissance", 1470, 1565),
    Style("Northern Renaissance", 1380, 1620),
    Style("Mannerism", 1510, 1630, ("Mannerism_Late_Renaissance",)),
    Style("Baroque", 1575, 1780),
    Style("Rococo", 1690, 1820),
    Style("Neoclassicism", 1745, 1870),
    Style("Academic art", 1750, 1930, ("Academicism",)),
    Style("Romanticism", 1760, 1910),
    Style("Realism", 1820, 1960),
    Style("Naturalism", 1820, 1940),
    Style("Tonalism", 1855, 1920),
    Style("Impressionism", 1855, 1940),
    Style("Japonism", 1855, 1925),
    Style("Symbolism", 1850, 1950),
    Style("Post-Impressionism", 1875, 1950, ("Post_Impressionism",)),
    Style("Pointillism", 1880, 1940),
    Style("Divisionism", 1880, 1940),
    Style("Synthetism", 1885, 1920),
    Style("Art Nouveau", 1880, 1940, ("Art_Nouveau_Modern",)),
    Style("Ukiyo-e", 1600, 1915, ("Ukiyo_e",)),
    Style("Shin-hanga", 1900, 1965, ("Shin_hanga",)),
    Style("Fauvism", 1895, 1940),
    Style("Expressionism", 1885, 1980),
    Style("Cubism", 1905, 1970),
    Style("Analytical Cubism", 1906, 1920),
    Style("Synthetic Cubism", 1911, 1945),
    Style("Cubo-Futurism", 1909, 1930, ("Cubo_Futurism",)),
    Style("Suprematism", 1912, 1940),
    Style("Analytical Realism", 1910, 1945),
    Style("Naïve art", 1800, None, ("Naive_Art_Primitivism",)),
    Style("New Realism", 1890, None),
    Style("Abstract Expressionism", 1935, None),
    Style("Action painting", 1935, None),
    Style("Color Field painting", 1940, None),
    Style("Contemporary Realism", 1940, None),
    Style("Pop art", 1945, None),
    Style("Minimalism", 1950, None),
)
"""All styles whose years are known, by when they begin."""

GENRES = (
    "Abstract painting", "Cityscape", "Genre painting", "Illustration", "Landscape",
    "Nude painting", "Portrait", "Religious painting", "Sketch and study", "Still life",
)  # fmt: skip
"""WikiArt's genres."""

_STYLES = {fold(name): style for style in STYLES for name in (style.name, *style.labels)}
_GENRES = {fold(name): name for name in GENRES}


def display_name(label: str) -> str:
    """Return the name of a class as a museum writes it.

    ``Post_Impressionism`` is "Post-Impressionism", ``still_life`` is "Still life". A class of
    another data set keeps its name, with spaces for underscores.
    """
    key = fold(label)
    if key in _STYLES:
        return _STYLES[key].name
    return _GENRES.get(key) or label.replace("_", " ")


def class_spellings(name: str) -> list[str]:
    """Return the folded names under which collections may have the class ``name``."""
    style = _STYLES.get(fold(name))
    return [fold(each) for each in ((name,) if style is None else (style.name, *style.labels))]


def style_years(name: str) -> YearRange | None:
    """Return the years in which a style, given by name or label, was painted; None if unknown."""
    style = _STYLES.get(fold(name))
    return None if style is None else style.years


def readable(name: str, label: str = "") -> str:
    """Return a class or a name for a sentence, after ``label``; no word stands there twice.

    ``genre_painting`` of "genre" is "genre painting", and ``Ukiyo_e`` is "Ukiyo-e".
    """
    key = fold(name)
    text = _GENRES[key].lower() if key in _GENRES else display_name(name)
    before, _, last = label.rpartition(" ")
    doubled = bool(last) and fold(text).startswith(f"{fold(last)} ")
    return f"{before if doubled else label} {text}".strip()

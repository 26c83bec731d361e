"""Names of classes as museums write them, and the years of styles."""

import csv
import os
from pathlib import Path

import pytest

from artextract.catalog.names import fold
from artextract.catalog.styles import GENRES, STYLES, display_name, readable, style_years
from artextract.catalog.years import YearRange

SHARED = Path(os.environ.get("ARTEXTRACT_SHARED", Path(__file__).parents[3] / "../shared"))


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Post_Impressionism", "Post-Impressionism"),
        ("post impressionism", "Post-Impressionism"),
        ("Post-Impressionism", "Post-Impressionism"),
        ("Art_Nouveau_Modern", "Art Nouveau"),
        ("Art_Nouveau", "Art Nouveau"),
        ("High_Renaissance", "High Renaissance"),
        ("Mannerism_Late_Renaissance", "Mannerism"),
        ("Naive_Art_Primitivism", "Naïve art"),
        ("Ukiyo_e", "Ukiyo-e"),
        ("Color_Field_Painting", "Color Field painting"),
        ("Pop_Art", "Pop art"),
        ("still_life", "Still life"),
        ("genre_painting", "Genre painting"),
        ("nude_painting", "Nude painting"),
        ("Hudson_River_School", "Hudson River School"),
        ("baroque (north)", "baroque (north)"),
    ],
)
def test_classes_are_named_as_in_a_museum(label: str, name: str) -> None:
    assert display_name(label) == name
    assert display_name(name) == name


@pytest.mark.parametrize(
    ("name", "label", "text"),
    [
        ("genre_painting", "genre", "genre painting"),
        ("Genre painting", "predicted genre", "predicted genre painting"),
        ("Ukiyo_e", "style", "style Ukiyo-e"),
        ("Ukiyo_e", "", "Ukiyo-e"),
        ("Post_Impressionism", "", "Post-Impressionism"),
        ("still_life", "genre", "genre still life"),
        ("Claude_Monet", "predicted artist", "predicted artist Claude Monet"),
    ],
)
def test_names_are_readable_in_sentences(name: str, label: str, text: str) -> None:
    assert readable(name, label) == text


def test_a_style_has_years_under_each_of_its_names() -> None:
    assert style_years("Early_Renaissance") == style_years("early renaissance")
    assert style_years("Art_Nouveau_Modern") == style_years("Art Nouveau")
    assert style_years("Pop art") == YearRange(1945, None)
    assert style_years("Still life") is None
    assert style_years("Dreamism") is None
    keys = [fold(name) for style in STYLES for name in (style.name, *style.labels)]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("sample", ["wikiart", "wikiart2"])
def test_the_tables_have_the_classes_of_wikiart_and_the_years_of_its_artworks(sample: str) -> None:
    path = SHARED / "data" / sample / "labels.csv"
    if not path.is_file():
        pytest.skip("needs the samples of WikiArt")
    dated = outside = 0
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            assert not row["genre"] or display_name(row["genre"]) in GENRES, row["genre"]
            if row["style"]:
                years = style_years(row["style"])
                assert years, row["style"]
                if row["year"].isdigit():
                    dated += 1
                    year = int(row["year"])
                    outside += not years.begin <= year <= (years.end or year)  # type: ignore[operator]
    assert dated > 1500
    assert outside / dated < 0.02  # most of them have a wrong label

"""Choose the paintings that ``artextract demo`` shows with a network, and write their facts.

    python -m benchmarks.nga_demo                     # fetches the NGA's tables, about 150 MB
    python -m benchmarks.nga_demo --tables DIR|URL

The NGA's tables are reduced to the rows and columns of the chosen paintings, so that the demo reads
them as ``artextract ingest nga`` reads the whole tables, and makes the same artworks of them.
"""

import argparse
from collections import Counter
from pathlib import Path

import polars as pl

from artextract.catalog.artwork import Artwork
from artextract.images.cache import default_cache_folder
from ingest.sources.iiif import ImageServer
from ingest.sources.item import Item
from ingest.sources.nga import NgaSource
from ingest.sources.nga_download import find_tables
from ingest.sources.nga_tables import TABLES, Selection, Tables

FOLDER = Path(__file__).resolve().parents[1] / "artextract" / "demo" / "nga"
COUNT = 240
PER_ARTIST = 5
MAX_BYTES = 120_000
SIDE = 640

# Open-access images can be fetched in any size, so the demo needs none of these.
_LEFT_OUT = {"width", "height", "maxpixels", "modified"}

# Well-known artists of portraits, landscapes, still lifes and scenes, from the 14th century on.
ARTISTS = (
    "Giotto", "Duccio di Buoninsegna", "Jan van Eyck", "Rogier van der Weyden", "Petrus Christus",
    "Fra Angelico", "Andrea del Castagno", "Fra Filippo Lippi", "Andrea Mantegna", "Hans Memling",
    "Sandro Botticelli", "Domenico Ghirlandaio", "Giovanni Bellini", "Leonardo da Vinci",
    "Hieronymus Bosch", "Pietro Perugino", "Cima da Conegliano", "Albrecht Dürer", "Giorgione",
    "Raphael", "Titian", "Lorenzo Lotto", "Dosso Dossi", "Hans Holbein the Younger",
    "Lucas Cranach the Elder", "Bronzino", "Jacopo Tintoretto", "Paolo Veronese", "El Greco",
    "Annibale Carracci", "Sir Peter Paul Rubens", "Sir Anthony van Dyck", "Orazio Gentileschi",
    "Frans Hals", "Judith Leyster", "Rembrandt van Rijn", "Johannes Vermeer", "Gerard ter Borch",
    "Pieter de Hooch", "Jan Steen", "Jacob van Ruisdael", "Aelbert Cuyp", "Meindert Hobbema",
    "Willem Claesz Heda", "Jan Davidsz de Heem", "Willem Kalf", "Osias Beert the Elder",
    "Diego Velázquez", "Juan van der Hamen y León", "Bartolomé Esteban Murillo",
    "Georges de La Tour", "Nicolas Poussin", "Claude Lorrain", "Canaletto", "Bernardo Bellotto",
    "Francesco Guardi", "Giovanni Battista Tiepolo", "Antoine Watteau", "Jean Siméon Chardin",
    "François Boucher", "Jean Honoré Fragonard", "Elisabeth Louise Vigée Le Brun",
    "Jacques-Louis David", "Sir Joshua Reynolds", "Thomas Gainsborough", "George Romney",
    "Sir Henry Raeburn", "John Constable", "Joseph Mallord William Turner", "Francisco de Goya",
    "John Singleton Copley", "Gilbert Stuart", "Thomas Sully", "Raphaelle Peale",
    "Jacob Eichholtz", "Thomas Cole", "George Catlin", "Frederic Edwin Church",
    "Albert Bierstadt", "Fitz Henry Lane", "Martin Johnson Heade", "George Caleb Bingham",
    "Winslow Homer", "Thomas Eakins", "William Michael Harnett", "James McNeill Whistler",
    "John Singer Sargent", "Mary Cassatt", "Jean-Auguste-Dominique Ingres", "Eugène Delacroix",
    "Jean-Baptiste-Camille Corot", "Honoré Daumier", "Gustave Courbet", "Edouard Manet",
    "Eugène Boudin", "Henri Fantin-Latour", "Claude Monet", "Auguste Renoir", "Edgar Degas",
    "Berthe Morisot", "Camille Pissarro", "Alfred Sisley", "Paul Cézanne", "Paul Gauguin",
    "Vincent van Gogh", "Georges Seurat", "Henri de Toulouse-Lautrec", "Henri Rousseau",
    "George Bellows",
)  # fmt: skip


def read(folder: Path) -> list[Artwork]:
    """Return the open-access paintings of the tables in ``folder``, in the order of their ids."""
    with ImageServer() as server:
        source = NgaSource(Tables(folder), Selection(), server, side=SIDE)
        return [item.artwork for item in source if isinstance(item, Item)]


def choose(artworks: list[Artwork]) -> list[Artwork]:
    """Return up to ``COUNT`` paintings by ``ARTISTS``, of which each gets as many as the others."""
    by_artist: dict[str, list[Artwork]] = {name: [] for name in ARTISTS}
    for artwork in artworks:
        if artwork.artist in by_artist and artwork.qualifier == "by" and artwork.year_begin:
            by_artist[artwork.artist].append(artwork)
    rounds = [found[turn] for turn in range(PER_ARTIST) for found in by_artist.values()
              if turn < len(found)]  # fmt: skip
    return rounds[:COUNT]


def write(tables: Path, chosen: list[Artwork], out: Path) -> None:
    """Write the rows of the ``chosen`` paintings in the folder ``tables`` to the folder ``out``."""
    objects = [artwork.id.partition(":")[2] for artwork in chosen]
    artists = [artwork.artist_id for artwork in chosen if artwork.artist_id]
    keys = {
        "published_images": ("depictstmsobjectid", objects),
        "constituents": ("constituentid", artists),
    }
    out.mkdir(parents=True, exist_ok=True)
    for name, table in TABLES.items():
        path = tables / f"{name}.csv"
        (out / path.name).unlink(missing_ok=True)
        if not path.is_file():
            continue
        column, values = keys.get(name, ("objectid", objects))
        frame = pl.scan_csv(path, infer_schema=False)
        used = {*table.required, *table.optional} - _LEFT_OUT
        columns = [each for each in frame.collect_schema().names() if each in used]
        rows = frame.select(columns).filter(pl.col(column).is_in(values)).collect()
        filled = [each for each in columns if each in table.required or rows[each].count()]
        if rows.height or not table.may_be_missing:
            rows.select(filled).write_csv(out / path.name)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tables", help="folder or URL of the NGA's tables")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write to")
    options = parser.parse_args()
    tables = find_tables(options.tables, default_cache_folder())
    chosen = choose(read(tables))
    write(tables, chosen, options.out)
    size = sum(path.stat().st_size for path in options.out.glob("*.csv"))
    artists = Counter(artwork.artist for artwork in chosen)
    print(f"{options.out}: {len(chosen)} paintings by {len(artists)} artists, {size:,} bytes")
    if size > MAX_BYTES:
        raise SystemExit(f"that is more than {MAX_BYTES:,} bytes; choose fewer")


if __name__ == "__main__":
    main()

"""Tables like the National Gallery of Art's open data, of any size, made by code.

Columns are NGA's; counts, shares and lengths of texts are about those of the real tables, so that
what is measured on 144,192 made-up objects says something of the real ones. Nothing here is true.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["ALL_CONSTITUENTS", "ALL_IMAGES", "ALL_OBJECTS", "HEADERS", "write_tables"]

ALL_OBJECTS = 144_192
ALL_IMAGES = 120_000
ALL_CONSTITUENTS = 30_000

_PAINTINGS = 4_430 / ALL_OBJECTS
_OPEN_PAINTINGS = 2_900 / 4_430
_CLOSED_PAINTINGS = 0.2

HEADERS: Mapping[str, Sequence[str]] = {
    "objects": (
        "objectid,uuid,accessioned,accessionnum,locationid,title,displaydate,beginyear,endyear,"
        "visualbrowsertimespan,medium,dimensions,inscription,markings,attributioninverted,"
        "attribution,provenancetext,creditline,classification,subclassification,"
        "visualbrowserclassification,parentid,isvirtual,departmentabbr,portfolio,series,volume,"
        "watermarks,lastdetectedmodification,wikidataid,customprinturl"
    ).split(","),
    "published_images": (
        "uuid,iiifurl,iiifthumburl,viewtype,sequence,width,height,maxpixels,openaccess,created,"
        "modified,depictstmsobjectid,assistivetext"
    ).split(","),
    "objects_constituents": (
        "objectid,constituentid,displayorder,roletype,role,prefix,suffix,displaydate,beginyear,"
        "endyear,country,zipcode"
    ).split(","),
    "constituents": (
        "constituentid,ulanid,preferreddisplayname,forwarddisplayname,lastname,displaydate,"
        "artistofngaobject,beginyear,endyear,visualbrowsertimespan,nationality,"
        "visualbrowsernationality,constituenttype,wikidataid"
    ).split(","),
    "objects_terms": "termid,objectid,termtype,term,visualbrowsertheme,visualbrowserstyle".split(
        ","
    ),
    "objects_historical_data": (
        "datatype,objectid,displayorder,forwardtext,invertedtext,remarks,effectivedate"
    ).split(","),
    "object_associations": "parentobjectid,childobjectid,relationship".split(","),
}
"""The columns of each table, in NGA's order."""

_Ints = npt.NDArray[np.int64]
_Flags = npt.NDArray[np.bool_]

_CLASSIFICATIONS = {
    "Print": (0.50, "CG-W"),
    "Photograph": (0.165, "CPH"),
    "Drawing": (0.15, "CG-E"),
    "Index of American Design": (0.13, "CIAD"),
    "Sculpture": (0.027, "CIS-R"),
    "Volume": (0.012, "CG-W"),
    "Portfolio": (0.008, "CG-W"),
    "Decorative Art": (0.006, "CIS-R"),
    "Technical Material": (0.001, "CMA"),
    "Time-Based Media Art": (0.001, "CMA"),
}
_PAINTING_DEPARTMENTS = ["CAB", "CIS-R", "CF", "CNEB", "CMA"]
_NATIONALITIES = [
    "American", "French", "Italian", "German", "Dutch", "British", "Flemish", "Netherlandish",
    "Spanish", "Swiss", "Austrian", "Japanese", "Mexican", "Russian", "Danish",
]  # fmt: skip
_FIRST_NAMES = [
    "Anna", "Jean-Baptiste", "Giovanni", "Jan", "William", "Mary", "Émile", "Käthe", "José",
    "Antoine", "Pieter", "Albrecht", "Rosa", "Thomas", "Élisabeth", "Søren", "Karl", "Lucia",
    "John Singleton", "Hendrick", "Marie", "Samuel", "Francesco", "Edith",
]  # fmt: skip
_SURNAME_STARTS = [
    "Al", "Ber", "Can", "Dür", "Eck", "Fra", "Gär", "Hol", "Ing", "Jor", "Kal", "Lor", "Man",
    "Nev", "Os", "Pel", "Quin", "Ros", "Sar", "Tol", "Ur", "Vel", "Wes", "Zur",
]  # fmt: skip
_SURNAME_MIDDLES = ["", "a", "ber", "den", "el", "i", "land", "man", "o", "ri", "sen", "ti", "van"]
_SURNAME_ENDS = [
    "bach", "berg", "dino", "ets", "ford", "gart", "holm", "ini", "kins", "letti", "mans", "nes",
    "otto", "pont", "quet", "rand", "son", "telli", "ux", "ville", "wood", "zoni",
]  # fmt: skip
_PREFIXES = [
    "attributed to", "follower of", "workshop of", "circle of", "studio of", "style of", "after",
]  # fmt: skip
_ROLES = ["artist", "printmaker", "artist after", "draftsman", "publisher", "photographer"]
_OWNER_ROLES = ["previous owner", "inheritor", "dealer", "auction house", "agent"]
_MEDIA = [
    "oil on canvas", "oil on panel", "etching", "etching and drypoint in black on laid paper",
    "gelatin silver print", "lithograph in black on wove paper", "watercolor, graphite, and gouache"
    " on paperboard", "engraving", "bronze", "pen and brown ink with brown wash over black chalk",
    "platinum print", "color woodcut", "tempera on panel", "albumen print", "graphite on wove paper"
]  # fmt: skip
_TITLE_STARTS = [
    "Portrait of", "View of", "Study for", "The Garden at", "Saint Jerome near", "Still Life from",
    'The "Old Mill" at', "Landscape with Figures,", "Étude d'après", "Harbor at", "Interior,",
    "Allegory of", "Head of a Woman,", "Trees near",
]  # fmt: skip
_CREDITS = [
    "Rosenwald Collection", "Index of American Design", "Gift of Mr. and Mrs. Paul {}",
    "Ailsa Mellon Bruce Fund", "Samuel H. Kress Collection", "Corcoran Collection (Gift of {})",
    "Gift of {}, in Honor of the 50th Anniversary of the National Gallery of Art",
    "Reba and Dave Williams Collection, Gift of {}", "Widener Collection",
]  # fmt: skip
_SALES = [
    "; (his sale, Christie, Manson & Woods, London, ", "; purchased by his nephew, who on ",
    '; (sale, Hôtel Drouot, Paris, "Collection particulière", ', "; by inheritance to his wife, ",
    "; (sold in equal shares by P. & D. Colnaghi & Co., London, ", "; by descent in the family, ",
]  # fmt: skip
_REMARKS = [
    "); gift to NGA.",
    ");",
    "), as by an unknown hand;\n",
    ') with a letter in NGA curatorial files that calls it "much restored, but genuine";',
    ").[1]\n\n[1] See the annotated copy of the catalogue, and the dealer's stock book; the date "
    "on the label on the reverse can't be right.\n",
    ") where it hung in the library, according to an inventory;",
]
_INSCRIPTIONS = [
    "signed and dated lower left: ",
    'on verso, in graphite, by a later hand: "No. ',
    "lower right in plate: ",
    "across top:\n",
    'stamped on the mount, "Collection", with number ',
]
_SENTENCES = [
    "A woman, shown from the waist up, looks out at us in this horizontal painting",
    "Two boats, one with a red sail, lie on a still river under a pale blue sky",
    'A man points to the word "PAX", written along the bottom edge of the sheet',
    "Her dress is cream white, with touches of rose pink, and a dog sleeps by her feet",
]
_TERM_TYPES = {
    "Theme": (0.33, 300),
    "Technique": (0.25, 60),
    "School": (0.2, 40),
    "Place Executed": (0.09, 600),
    "Style": (0.06, 80),
    "Systematic Catalogue Volume": (0.04, 40),
    "Keyword": (0.03, 100),
}
_TERMS_PER_OBJECT = 3.6


def write_tables(
    folder: Path,
    objects: int = ALL_OBJECTS,
    images: int | None = None,
    constituents: int | None = None,
    seed: int = 1,
    *,
    drop: Mapping[str, Sequence[str]] | None = None,
    shuffle_columns: bool = False,
) -> dict[str, int]:
    """Write the tables of :data:`HEADERS` into ``folder`` and return the rows of each.

    Equal arguments give equal files. ``images`` and ``constituents`` are in proportion to
    ``objects`` unless given. Every id that a table refers to exists.

    Args:
        folder: where the tables go; it is made where it is missing.
        objects: rows of ``objects.csv``, at least 10.
        images: rows of ``published_images.csv``.
        constituents: rows of ``constituents.csv``.
        seed: what everything depends on.
        drop: columns to leave out by table, as older snapshots lack some.
        shuffle_columns: put the columns of each table into another order.
    """
    assert objects >= 10
    if images is None:
        images = max(1, round(objects * ALL_IMAGES / ALL_OBJECTS))
    if constituents is None:
        constituents = max(10, round(objects * ALL_CONSTITUENTS / ALL_OBJECTS))
    known = _make_constituents(np.random.default_rng([seed, 1]), constituents)
    random = np.random.default_rng([seed, 2])
    ids = np.sort(random.choice(2 * objects, objects, replace=False)).astype(np.int64)
    kinds = _choose_classifications(random, objects)
    is_painting = (kinds == "Painting").to_numpy()
    artists = np.flatnonzero(known["artistofngaobject"].to_numpy() == 1)
    first_artists = artists[(random.random(objects) ** 3 * len(artists)).astype(np.int64)]
    prefixes = _some(random, _pick(random, _PREFIXES, objects), 0.06)
    associations = _make_associations(np.random.default_rng([seed, 3]), ids)
    tables = {
        "objects": _make_objects(
            np.random.default_rng([seed, 4]), ids, kinds, known, first_artists, prefixes,
            associations,
        ),
        "published_images": _make_images(
            np.random.default_rng([seed, 5]), ids, is_painting, images
        ),
        "objects_constituents": _make_links(
            np.random.default_rng([seed, 6]), ids, is_painting, known, first_artists, prefixes
        ),
        "constituents": known,
        "objects_terms": _make_terms(np.random.default_rng([seed, 7]), ids),
        "objects_historical_data": _make_history(np.random.default_rng([seed, 8]), ids, known),
        "object_associations": associations,
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    order = np.random.default_rng([seed, 9])
    for name, table in tables.items():
        columns = [column for column in HEADERS[name] if column not in (drop or {}).get(name, ())]
        if shuffle_columns:
            columns = [columns[at] for at in order.permutation(len(columns))]
        missing = [pl.lit(None).alias(c) for c in columns if c not in table.columns]
        table.with_columns(missing).select(columns).write_csv(folder / f"{name}.csv")
    return {name: table.height for name, table in tables.items()}


def _pick(random: np.random.Generator, pool: Sequence[str] | pl.Series, count: int) -> pl.Series:
    """Return ``count`` values of the pool, each as likely."""
    values = pl.Series(pool) if not isinstance(pool, pl.Series) else pool
    return values.gather(random.integers(0, len(values), count))


def _where(flags: _Flags, values: pl.Series) -> pl.Series:
    """Return the values, null where the flag is not set."""
    return pl.select(pl.when(pl.Series(flags)).then(values)).to_series()


def _some(random: np.random.Generator, values: pl.Series, share: float) -> pl.Series:
    """Return the values with only about a ``share`` of them kept."""
    return _where(random.random(len(values)) < share, values)


def _join(*parts: pl.Series | str) -> pl.Series:
    """Return the parts put together row by row; a null makes the row null."""
    columns = [pl.lit(part) if isinstance(part, str) else part for part in parts]
    return pl.select(pl.concat_str(columns)).to_series()


def _numbers(random: np.random.Generator, low: int, high: int, count: int) -> pl.Series:
    """Return whole numbers as text."""
    return pl.Series(random.integers(low, high, count)).cast(pl.String)


def _make_uuids(random: np.random.Generator, count: int) -> pl.Series:
    digits = random.bytes(16 * count).hex()
    parts = (digits[at : at + 32] for at in range(0, len(digits), 32))
    return pl.Series([f"{p[:8]}-{p[8:12]}-{p[12:16]}-{p[16:20]}-{p[20:]}" for p in parts])


def _number_within(counts: _Ints) -> _Ints:
    """Return 0, 1, 2 … for each group, the groups of these sizes one after another."""
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    return np.arange(counts.sum(), dtype=np.int64) - starts


def _join_groups(groups: _Ints, texts: pl.Series, size: int) -> pl.Series:
    """Return one text for each of ``size`` groups, null for a group without any."""
    joined = (
        pl.DataFrame({"group": groups, "text": texts})
        .group_by("group", maintain_order=True)
        .agg(pl.col("text").str.join(""))
    )
    every = pl.DataFrame({"group": np.arange(size, dtype=np.int64)})
    return every.join(joined, on="group", how="left", maintain_order="left")["text"]


def _time_span(years: _Ints) -> pl.Series:
    starts = pl.Series(years // 25 * 25 + 1)
    return _join(starts.cast(pl.String), " to ", (starts + 24).cast(pl.String))


def _stamps(random: np.random.Generator, count: int) -> pl.Series:
    seconds = pl.Series(random.integers(1_300_000_000, 1_740_000_000, count))
    return pl.from_epoch(seconds, time_unit="s").dt.strftime("%Y-%m-%d %H:%M:%S-05")


def _choose_classifications(random: np.random.Generator, count: int) -> pl.Series:
    """Return a classification for each object, with an exact number of paintings."""
    paintings = max(1, round(count * _PAINTINGS))
    shares = np.array([share for share, _ in _CLASSIFICATIONS.values()])
    others = random.choice(len(shares), count - paintings, p=shares / shares.sum()) + 1
    mixed = random.permutation(np.concatenate([np.zeros(paintings, np.int64), others]))
    return pl.Series(["Painting", *_CLASSIFICATIONS]).gather(mixed)


def _make_constituents(random: np.random.Generator, count: int) -> pl.DataFrame:
    shape = (len(_FIRST_NAMES), len(_SURNAME_STARTS), len(_SURNAME_MIDDLES), len(_SURNAME_ENDS))
    numbers = random.choice(int(np.prod(shape)), count, replace=False)
    first, start, middle, end = np.unravel_index(numbers, shape)
    forenames = pl.Series(_FIRST_NAMES).gather(first)
    surnames = _join(
        pl.Series(_SURNAME_STARTS).gather(start),
        pl.Series(_SURNAME_MIDDLES).gather(middle),
        pl.Series(_SURNAME_ENDS).gather(end),
    )
    is_artist = random.random(count) < 0.6
    is_artist[:2] = True, False
    born = random.integers(1350, 1960, count)
    died = born + random.integers(25, 90, count)
    nationality = _where(is_artist | (random.random(count) < 0.4),
                         _pick(random, _NATIONALITIES, count))  # fmt: skip
    return pl.DataFrame(
        {
            "constituentid": np.sort(random.choice(2 * count, count, replace=False)) + 9,
            "ulanid": _where(is_artist, _some(random, _numbers(random, 500_000_000, 500_400_000,
                                                               count), 0.75)),
            "preferreddisplayname": _join(surnames, ", ", forenames),
            "forwarddisplayname": _join(forenames, " ", surnames),
            "lastname": surnames,
            "displaydate": _some(random, _join(nationality, ", ", pl.Series(born).cast(pl.String),
                                               " - ", pl.Series(died).cast(pl.String)), 0.9),
            "artistofngaobject": is_artist.astype(np.int64),
            "beginyear": born,
            "endyear": died,
            "visualbrowsertimespan": _time_span(born),
            "nationality": nationality,
            "visualbrowsernationality": nationality.fill_null("Other"),
            "constituenttype": pl.select(
                pl.when(pl.Series(is_artist)).then(pl.lit("individual"))
                .otherwise(_pick(random, ["individual", "couple", "corporate"], count))
            ).to_series(),
            "wikidataid": _where(is_artist, _some(random, _join("Q", _numbers(
                random, 1_000, 30_000_000, count)), 0.8)),
        }
    )  # fmt: skip


def _make_associations(random: np.random.Generator, ids: _Ints) -> pl.DataFrame:
    """Return the parents of about a fifth of the objects."""
    mixed = random.permutation(ids)
    children = mixed[: round(len(ids) * 0.19)]
    parents = mixed[len(children) : len(children) + max(1, len(ids) // 40)]
    return pl.DataFrame(
        {
            "parentobjectid": parents[random.integers(0, len(parents), len(children))],
            "childobjectid": children,
            "relationship": _pick(random, ["inseparable"] * 6 + ["separable"] * 4, len(children)),
        }
    )


def _make_objects(
    random: np.random.Generator,
    ids: _Ints,
    kinds: pl.Series,
    known: pl.DataFrame,
    first_artists: _Ints,
    prefixes: pl.Series,
    associations: pl.DataFrame,
) -> pl.DataFrame:
    count = len(ids)
    is_painting = (kinds == "Painting").to_numpy()
    surnames, forward = known["lastname"], known["forwarddisplayname"]
    years = random.integers(1400, 2020, count)
    begin, end = pl.Series(years), pl.Series(years + random.integers(0, 12, count))
    written = pl.select(
        pl.when(pl.Series(random.random(count) < 0.5)).then(begin.cast(pl.String))
        .otherwise(_join("c. ", begin.cast(pl.String), "/", end.cast(pl.String)))
    ).to_series()  # fmt: skip
    high, wide = (random.integers(50, 2500, count) for _ in range(2))
    departments = pl.DataFrame(
        {"kind": list(_CLASSIFICATIONS), "abbr": [d for _, d in _CLASSIFICATIONS.values()]}
    )
    department = kinds.replace_strict(departments["kind"], departments["abbr"], default=None)
    credit_parts = _pick(random, _CREDITS, count)
    qualified = (prefixes.str.slice(0, 1).str.to_uppercase() + prefixes.str.slice(1)).fill_null("")
    artist = forward.gather(first_artists)
    inverted = known["preferreddisplayname"].gather(first_artists)
    parents = dict(
        associations.filter(pl.col("relationship") == "inseparable")
        .select("childobjectid", "parentobjectid")
        .iter_rows()
    )
    return pl.DataFrame(
        {
            "objectid": ids,
            "uuid": _make_uuids(random, count),
            "accessioned": pl.repeat(1, count, eager=True),
            "accessionnum": _join(
                _numbers(random, 1937, 2025, count), ".", _numbers(random, 1, 200, count),
                ".", _numbers(random, 1, 9000, count),
            ),
            "locationid": _some(random, _numbers(random, 5_000, 70_000, count), 0.02),
            "title": _join(
                _pick(random, _TITLE_STARTS, count), " ", _pick(random, surnames, count),
                _some(random, _pick(random, [" [verso]", " (plate 3)", ', from "Los Proverbios"'],
                                    count), 0.2).fill_null(""),
            ),
            "displaydate": _some(random, written, 0.95),
            "beginyear": begin,
            "endyear": end,
            "visualbrowsertimespan": _time_span(years),
            "medium": _pick(random, _MEDIA, count),
            "dimensions": _join(
                "overall: ", pl.Series(high / 10).cast(pl.String), " x ",
                pl.Series(wide / 10).cast(pl.String), " cm (",
                pl.Series(high // 25).cast(pl.String), " 1/4 x ",
                pl.Series(wide // 25).cast(pl.String), " 7/8 in.)",
            ),
            "inscription": _make_inscriptions(random, count, surnames),
            "markings": _some(random, _join('watermark: "', _pick(random, surnames, count),
                                            '", with a crown (cf. Briquet ',
                                            _numbers(random, 1, 16_000, count), ")"), 0.1),
            "attributioninverted": pl.select(
                pl.when(prefixes.is_null()).then(inverted)
                .otherwise(_join(inverted, ", ", qualified))
            ).to_series(),
            "attribution": pl.select(
                pl.when(prefixes.is_null()).then(artist)
                .otherwise(_join(qualified, " ", artist))
            ).to_series(),
            "provenancetext": _make_provenance(random, is_painting, forward),
            "creditline": pl.select(
                credit=credit_parts, name=_pick(random, forward, count)
            ).select(pl.col("credit").str.replace("{}", pl.col("name"), literal=True))["credit"],
            "classification": kinds,
            "visualbrowserclassification": kinds.str.to_lowercase(),
            "parentid": pl.Series([parents.get(int(at)) for at in ids], dtype=pl.Int64),
            "isvirtual": (random.random(count) < 0.005).astype(np.int64),
            "departmentabbr": pl.select(
                pl.coalesce(department, _pick(random, _PAINTING_DEPARTMENTS, count))
            ).to_series(),
            "portfolio": _some(random, _join("Views near ", _pick(random, surnames, count)), 0.15),
            "series": _some(random, _join("The Sketchbooks of ", _pick(random, forward, count)),
                            0.1),
            "lastdetectedmodification": _stamps(random, count),
            "wikidataid": _where(is_painting, _some(random, _join(
                "Q", _numbers(random, 1_000_000, 30_000_000, count)), 0.9)),
        }
    )  # fmt: skip


def _make_provenance(
    random: np.random.Generator, is_painting: _Flags, names: pl.Series
) -> pl.Series:
    """Return a text of several owners, sales and notes for most objects, a long one for paintings.

    Each text differs from all others, as the real ones do: a reader must not gain by repeats.
    """
    has_text = random.random(len(is_painting)) < 0.55
    lengths = np.where(
        is_painting,
        8 + random.poisson(10, len(is_painting)),
        has_text * (1 + random.poisson(1.5, len(is_painting))),
    )
    groups = np.repeat(np.arange(len(is_painting), dtype=np.int64), lengths)
    steps = _join(
        _pick(random, names, len(groups)),
        _pick(random, _SALES, len(groups)),
        _numbers(random, 1, 28, len(groups)),
        _pick(random, [" March ", " June ", " November "], len(groups)),
        _numbers(random, 1700, 2000, len(groups)),
        ", no. ",
        _numbers(random, 1, 900, len(groups)),
        _pick(random, _REMARKS, len(groups)),
    )
    return _join_groups(groups, steps, len(is_painting))


def _make_inscriptions(random: np.random.Generator, count: int, names: pl.Series) -> pl.Series:
    lengths = (random.random(count) < 0.6) * random.integers(1, 4, count)
    groups = np.repeat(np.arange(count, dtype=np.int64), lengths)
    parts = _join(
        _pick(random, _INSCRIPTIONS, len(groups)),
        _pick(random, names, len(groups)),
        " ",
        _numbers(random, 1, 9999, len(groups)),
        _pick(random, ['"; ', "\n", ', the last figure "illegible"; ', ", in pen\r\n"],
              len(groups)),
    )  # fmt: skip
    return _join_groups(groups, parts, count)


def _make_images(
    random: np.random.Generator, ids: _Ints, is_painting: _Flags, count: int
) -> pl.DataFrame:
    """Return the images: a first one for most objects, the rest more views of some of them."""
    paintings = random.permutation(np.flatnonzero(is_painting))
    others = random.permutation(np.flatnonzero(~is_painting))
    is_open = round(len(paintings) * _OPEN_PAINTINGS)
    shown = round(len(paintings) * (_OPEN_PAINTINGS + _CLOSED_PAINTINGS))
    with_image = np.concatenate([paintings[:shown], others])[: max(1, round(count * 0.85))]
    more = with_image[(random.random(count - len(with_image)) ** 2 * len(with_image)).astype(int)]
    owners = np.sort(np.concatenate([with_image, more]))
    sequence = _number_within(np.bincount(owners, minlength=len(ids)).astype(np.int64))
    open_objects = random.random(len(ids)) < 0.6
    open_objects[paintings] = False
    open_objects[paintings[:is_open]] = True
    is_open_image = open_objects[owners] & ((sequence == 0) | (random.random(count) < 0.97))
    without_primary = random.random(len(ids)) < 0.005
    is_primary = (sequence == 0) & ~without_primary[owners]
    uuids = _make_uuids(random, count)
    text = _join(_pick(random, _SENTENCES, count), ", number ", _numbers(random, 1, 99_999, count),
                 ". ", _pick(random, _SENTENCES, count), ".\n")  # fmt: skip
    return pl.DataFrame(
        {
            "uuid": uuids,
            "iiifurl": _join("https://api.nga.gov/iiif/", uuids),
            "iiifthumburl": _join(
                "https://api.nga.gov/iiif/", uuids, "/full/!200,200/0/default.jpg"
            ),
            "viewtype": pl.Series(["alternate", "primary"]).gather(is_primary.astype(int)),
            "sequence": sequence,
            "width": random.integers(600, 9000, count),
            "height": random.integers(600, 9000, count),
            "maxpixels": _where(~is_open_image, pl.repeat(640, count, eager=True)),
            "openaccess": is_open_image.astype(np.int64),
            "created": _stamps(random, count),
            "modified": _stamps(random, count),
            "depictstmsobjectid": ids[owners],
            "assistivetext": _some(random, text, 0.1),
        }
    ).sort("uuid")


def _make_links(
    random: np.random.Generator,
    ids: _Ints,
    is_painting: _Flags,
    known: pl.DataFrame,
    first_artists: _Ints,
    prefixes: pl.Series,
) -> pl.DataFrame:
    """Return who made, gave and owned each object, in no order."""
    count = len(ids)
    constituent_ids = known["constituentid"]
    artists = np.flatnonzero(known["artistofngaobject"].to_numpy() == 1)

    def make(roletype: str, counts: _Ints, roles: Sequence[str]) -> pl.DataFrame:
        owners = np.repeat(np.arange(count, dtype=np.int64), counts)
        within = _number_within(counts)
        size = len(owners)
        if roletype == "artist":
            people = artists[random.integers(0, len(artists), size)]
            people[within == 0] = first_artists
            prefix = _where(within == 0, prefixes.gather(owners))
        else:
            people = random.integers(0, len(constituent_ids), size)
            prefix = pl.repeat(None, size, dtype=pl.String, eager=True)
        role = pl.select(
            pl.when(pl.Series(is_painting[owners]) & (roletype == "artist"))
            .then(pl.lit("painter"))
            .otherwise(_pick(random, roles, size))
        ).to_series()
        years = _where(random.random(size) < (roletype == "owner") * 0.6,
                       pl.Series(random.integers(1700, 2000, size)))  # fmt: skip
        return pl.DataFrame(
            {
                "objectid": ids[owners],
                "constituentid": constituent_ids.gather(people),
                "displayorder": within + 1,
                "roletype": pl.repeat(roletype, size, eager=True),
                "role": role,
                "prefix": prefix,
                "suffix": _some(random, pl.repeat("and workshop", size, eager=True),
                                0.005 if roletype == "artist" else 0),
                "displaydate": years.cast(pl.String),
                "beginyear": years,
                "endyear": years,
                "country": _where(years.is_not_null().to_numpy(), _some(random, _pick(
                    random, ["United States", "France", "United Kingdom"], size), 0.4)),
                "zipcode": _where(years.is_not_null().to_numpy(), _some(
                    random, _numbers(random, 10_000, 99_999, size), 0.05)),
            }
        )  # fmt: skip

    links = pl.concat(
        [
            make("artist", 1 + random.poisson(0.45, count), _ROLES),
            make("donor", 1 + (random.random(count) < 0.3).astype(np.int64), ["donor"]),
            make("owner", random.poisson(np.where(is_painting, 9, 2.6)), _OWNER_ROLES),
        ]
    )
    return links[random.permutation(links.height)]


def _make_terms(random: np.random.Generator, ids: _Ints) -> pl.DataFrame:
    """Return the terms of the objects in NGA's order: by term, then by object."""
    vocabulary = [
        (termtype, f"{random.choice(_SURNAME_STARTS)}{random.choice(_SURNAME_ENDS)} {number}")
        for termtype, (_, size) in _TERM_TYPES.items()
        for number in range(size)
    ]
    sizes = np.array([size for _, size in _TERM_TYPES.values()])
    shares = np.array([share for share, _ in _TERM_TYPES.values()])
    objects = np.repeat(ids, random.poisson(_TERMS_PER_OBJECT, len(ids)))
    kinds = random.choice(len(sizes), len(objects), p=shares)
    within = (random.random(len(objects)) ** 2 * sizes[kinds]).astype(np.int64)
    terms = (np.cumsum(sizes) - sizes)[kinds] + within
    termtypes = pl.Series([termtype for termtype, _ in vocabulary])
    names = pl.Series([name for _, name in vocabulary])
    return (
        pl.DataFrame(
            {
                "termid": 2_027_419 + terms,
                "objectid": objects,
                "termtype": termtypes.gather(terms),
                "term": names.gather(terms),
                "visualbrowserstyle": _where(
                    (termtypes.gather(terms) == "Style").to_numpy(), names.gather(terms)
                ),
            }
        )
        .unique(["termid", "objectid"], maintain_order=True)
        .sort("termid", "objectid")
    )


def _make_history(random: np.random.Generator, ids: _Ints, known: pl.DataFrame) -> pl.DataFrame:
    counts = (random.random(len(ids)) < 0.037) * random.integers(1, 3, len(ids))
    owners = np.repeat(ids, counts)
    people = random.integers(0, known.height, len(owners))
    qualifier = _pick(random, ["Attributed to ", "Follower of ", ""], len(owners))
    return pl.DataFrame(
        {
            "datatype": _pick(random, ["previous_attribution", "previous_title"], len(owners)),
            "objectid": owners,
            "displayorder": _number_within(counts.astype(np.int64)) + 1,
            "forwardtext": _join(qualifier, known["forwarddisplayname"].gather(people)),
            "invertedtext": known["preferreddisplayname"].gather(people),
            "remarks": _some(random, _pick(random, ["Attribution at time of gift",
                                                    "Bd. Tr. approval 1/9/1964\n"], len(owners)),
                             0.5),
            "effectivedate": _some(random, _numbers(random, 1937, 2020, len(owners)), 0.5),
        }
    )  # fmt: skip

"""The payload of a point: each key with its type, its index, an example and what it means.

``docs/make_payload_reference.py`` writes docs/reference/payload.md from these tables. Indexes are
made before the first point, and so before the first optimisation: an index that is made after the
HNSW graph has no effect on filtered search (qdrant issue 6937).
"""

from dataclasses import dataclass
from typing import Literal

IndexType = Literal["keyword", "integer", "float", "bool"]

Where = Literal["everywhere", "server"]
"""Where an index is made. In a folder each index makes opening 4 ms slower, and filters match the
search keys; on a server the web console completes and matches what is indexed, and strict mode
refuses a filter on anything else."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the payload, as in a path of Qdrant's filter language.

    ``index`` is the kind of its index, None without one. ``example`` is JSON.
    """

    name: str
    type: str
    example: str
    what: str
    index: IndexType | None = None
    where: Where = "server"


CATALOG_KEYS = (
    Key("id", "text", '"nga:46303"', "the artwork; all of its images have the same. The web "
        "console takes `id:` for the point's own id (see below)", "keyword", "everywhere"),
    Key("image", "text", '"paintings/lilies.jpg"', "the image, as the catalog names it: a path or "
        "a URL", "keyword"),
    Key("view", "text", '"primary"', "`primary` or `alternate`, where an artwork has several "
        "images", "keyword"),
    Key("source", "text", '"nga"', "what brought it in", "keyword"),
    Key("title", "text", '"Water Lilies"', "", "keyword"),
    Key("artist", "text", '"Claude Monet"', "whom the artwork is catalogued under; several are "
        "joined by `; `", "keyword"),
    Key("artist_id", "text", '"1726"', "the source's own number of the artist", "keyword"),
    Key("ulan", "text", '"500019484"', "the artist in Getty's ULAN", "keyword"),
    Key("artist_wikidata", "text", '"Q296"', "the artist in Wikidata", "keyword"),
    Key("nationality", "text", '"French"', "the artist's", "keyword"),
    Key("attribution", "text", '"Follower of Claude Monet"', "the attribution as the cataloguer "
        "wrote it", "keyword"),
    Key("qualifier", "text", '"follower"', "how artist and artwork are related, in the order of "
        "the artists", "keyword"),
    Key("display_date", "text", '"c. 1879"', "the date as the cataloguer wrote it", "keyword"),
    Key("year_begin", "integer", "1874", "first year, included; absent where the range is open",
        "integer", "everywhere"),
    Key("year_end", "integer", "1884", "last year, included; absent where the range is open",
        "integer", "everywhere"),
    Key("date_basis", "text", '"artist\'s life"', "set where the years are the artist's, not the "
        "artwork's", "keyword"),
    Key("classification", "text", '"Painting"', "", "keyword"),
    Key("medium", "text", '"oil on canvas"', "", "keyword"),
    Key("dimensions", "text", '"89 x 100 cm"', "the size as the cataloguer wrote it", "keyword"),
    Key("height_cm", "number", "89.0", "centimetres", "float"),
    Key("width_cm", "number", "100.0", "centimetres", "float"),
    Key("style", "text", '"Impressionism"', "", "keyword"),
    Key("genre", "text", '"landscape"', "", "keyword"),
    Key("school", "text", '"French"', "", "keyword"),
    Key("theme", "text", '"water"', "", "keyword"),
    Key("technique", "text", '"alla prima"', "", "keyword"),
    Key("department", "text", '"CFM"', "", "keyword"),
    Key("accession", "text", '"1937.1.72"', "accession number", "keyword"),
    Key("credit_line", "text", '"Gift of …"', "", "keyword"),
    Key("wikidata", "text", '"Q12418"', "the artwork in Wikidata", "keyword"),
    Key("alt_text", "text", '"A pond with lilies"', "a description of the image", "keyword"),
    Key("page_url", "text", '"https://…/46303.html"', "the artwork's page", "keyword"),
    Key("image_url", "text", '"https://…/default.jpg"', "where the image can be downloaded",
        "keyword"),
    Key("iiif", "text", '"https://…/iiif/<uuid>"', "the image's IIIF service", "keyword"),
    Key("open_access", "truth value", "true", "whether the image is free to use", "bool"),
    Key("extra", "object", '{"room": "3"}', "the catalog's other columns"),
)  # fmt: skip
"""The fields of an artwork, which are also the columns of a catalog."""

ARTIST_KEYS = (
    Key("artists", "list of objects", '[{"name": "Thomas Sully", "qualifier": "by"}, {"name": '
        '"Gilbert Stuart", "qualifier": "after", "ulan": "500032479"}]', "each artist with what is "
        "known of it: `name`, `qualifier`, `id`, `ulan`, `wikidata`"),
    Key("artists[].name", "text", '"Gilbert Stuart"', "", "keyword"),
    Key("artists[].qualifier", "text", '"after"', "", "keyword"),
)  # fmt: skip
"""The artists one by one, for filters that are written by hand."""

SEARCH_KEYS = (
    Key("folded.artist", "text or list", '"claude monet"', "", "keyword", "everywhere"),
    Key("folded.style", "text or list", '"impressionism"', "", "keyword", "everywhere"),
    Key("folded.genre", "text or list", '"landscape"', "", "keyword", "everywhere"),
    Key("folded.title", "list", '["water", "lilies"]', "the words of the title", "keyword",
        "everywhere"),
    Key("folded.medium", "list", '["oil", "on", "canvas"]', "the words of the medium", "keyword",
        "everywhere"),
    Key("folded.terms", "list", '["nationality=french", "hand=claude monet, follower"]',
        "`FIELD=VALUE` of the remaining fields", "keyword", "everywhere"),
    Key("folded.counted", "list", '["nationality=french", "qualifier=follower"]', "those of the "
        "terms with few different values, which can be counted quickly", "keyword", "everywhere"),
)  # fmt: skip
"""What filters match: copies without case, accents and underscores."""

IMAGE_KEYS = (
    Key("image_folder", "text", '"/data/scans"', "the folder that `image` is relative to",
        "keyword"),
    Key("width", "integer", "1024", "pixels", "integer"),
    Key("height", "integer", "768", "pixels", "integer"),
    Key("image_sha256", "text", '"9f86d0…"', "SHA-256 of the file", "keyword"),
    Key("image_version", "text", '"5b41c7…"', "SHA-256 of the address and the date of change of an "
        "image that came by IIIF"),
    Key("thumbnail", "text", '"data:image/jpeg;base64,…"', "at most 192 pixels on the longest "
        "side"),
    Key("thumbnail_url", "text", '"https://art.museum.example/thumbnails/<point id>.jpg"', "the "
        "same, served by the web page; only where no address of an image is known that the web "
        "console shows"),
    Key("model", "object", '{"name": "wikiart-lite0", "sha256": "6de902…"}', "the model that made "
        "the vectors"),
)  # fmt: skip

FACT_KEYS = (
    Key("faces", "object", '{"count": 1, "orientation": "left", "heads": […]}', "each head: `box` "
        "(left, top, width, height as fractions of the image), `yaw`, `pitch`, `roll` in degrees; "
        "`orientation` is that of the main one"),
    Key("bodies", "object", '{"count": 1, "bodies": […]}', "each person: 17 points [x, y] as "
        "fractions, null where not found"),
    Key("light", "object", '{"key": "mid", "direction": "left", "lightness": 50.1, "contrast": '
        "16.9}", "lightness is the mean of L\\* (0 to 100), contrast its standard deviation"),
    Key("palette", "object", '{"main": ["blue"], "shares": {"blue": 0.6}}', "main colours, and the "
        "share of each"),
    Key("seen", "list", '["faces=1", "facing=left", "bodies=1", "light=left", "key=mid", '
        '"colour=blue"]', "the facts as terms that filters match", "keyword", "everywhere"),
)  # fmt: skip

_PREDICTED = {"style": '"Post-Impressionism"', "genre": '"Landscape"', "artist": '"Paul Cezanne"'}

PREDICTION_KEYS = (
    *(Key(f"predicted.{attribute}.name", "text", example, "the most probable class, by the name "
        "that a museum gives it", "keyword") for attribute, example in _PREDICTED.items()),
    *(Key(f"predicted.{attribute}.probability", "number", "0.82", "its probability, 0 to 1" + (
        "; where years are known, its share among the styles that were painted then"
        if attribute == "style" else ""), "float") for attribute in _PREDICTED),
    Key("predicted.style.probabilities", "list of numbers", "[0.02, 0.61, …]", "the image's own "
        "probability of each style, in the order of the model's classes"),
    *(Key(f"predicted.{attribute}.trusted", "truth value", "true", "whether people are shown it; "
        "absent in collections of earlier releases", "bool") for attribute in _PREDICTED),
    Key("predicted.terms", "list", '["style=impressionism", "trusted.style=impressionism"]', "the "
        "classes as terms that filters match, trusted ones once more", "keyword", "everywhere"),
)  # fmt: skip

KEYS = (
    *CATALOG_KEYS, *ARTIST_KEYS, *SEARCH_KEYS, *IMAGE_KEYS, *FACT_KEYS, *PREDICTION_KEYS,
)  # fmt: skip
"""All keys."""

NUMBER_KEYS = frozenset(key.name for key in KEYS if key.index in ("integer", "float"))
TEXT_KEYS = frozenset(key.name for key in KEYS if key.index == "keyword")


def indexed(where: Where) -> list[Key]:
    """Return the keys that have an index in a folder ("everywhere"), or on a server."""
    return [key for key in KEYS if key.index and (where == "server" or key.where == where)]

"""Titles and dates in the forms that cataloguers write."""

from __future__ import annotations

from random import Random

from benchmarks.atelier.painters import Painter

_HEADS: dict[str, tuple[str, ...]] = {
    "boats": (
        "Fishing Boats",
        "Sails",
        "The Herring Fleet",
        "Two Luggers",
        "Returning Boats",
        "Small Craft",
    ),
    "harbour": ("Harbour", "The Old Quay", "The Breakwater", "Boats at the Jetty", "The Mole"),
    "cliffs": ("Chalk Cliffs", "The Headland", "Rocks and Surf", "The Needle Rocks", "Cove"),
    "lighthouse": ("The Lighthouse", "The Beacon", "The Light at Saint Ord", "The Far Light"),
    "cypresses": ("Cypresses", "The Cypress Road", "Hillside with Cypresses", "Three Cypresses"),
    "river": ("Bend of the River", "The Slow River", "Valley with a Stream", "Water Meadows"),
    "village": ("Village in the Hills", "Farmhouses", "The Hamlet", "Red Roofs"),
    "haystacks": ("Haystacks", "The Stubble Field", "Harvest Field", "Hayricks"),
    "mountains": ("Mountain Valley", "The High Pass", "The Blue Peaks", "Foothills"),
    "lane": ("The Narrow Lane", "Rue des Tisserands", "Baker's Row", "The Crooked Street"),
    "tower": ("Street with a Tower", "The Clock Tower", "Saint Ord's Steeple", "Bell Street"),
    "market": ("Market Street", "The Arcade Street", "Awnings", "The Street of Lamps"),
    "table": ("Table by the Window", "The Breakfast Room", "Room with a Table", "The Study"),
    "chair": ("The Empty Chair", "Room with a Chair", "The Reading Corner", "Waiting Room"),
    "doorway": ("The Open Door", "Room beyond a Room", "The Passage", "Interior with a Doorway"),
    "fruit": ("Dish of Fruit", "Apples and Pears", "The Fruit Bowl", "Quinces on a Table"),
    "flowers": ("Flowers in a Vase", "Peonies", "Garden Bouquet", "Bunch of Asters"),
    "jug": ("The White Jug", "Jug and Lemons", "Pitcher with Fruit", "The Milk Jug"),
    "bottles": ("Two Bottles", "Bottle, Cup and Pear", "The Dark Bottle", "Bottles on a Shelf"),
    "two": (
        "Two Friends",
        "The Conversation",
        "The Sisters",
        "Two Companions",
        "The Secret",
        "Mother and Daughter",
    ),
    "three": (
        "Three Sisters",
        "The Family",
        "Three Travellers",
        "The Visitors",
        "The Choir",
        "Three at the Door",
    ),
}

_TAILS: dict[str, tuple[str, ...]] = {
    "sea": (
        "at Low Tide",
        "before Rain",
        "in a Light Breeze",
        "after the Storm",
        "near Port Ellan",
        "in the Offing",
        "on a Quiet Sea",
        "off Cape Dorne",
        "in September",
        "at Slack Water",
    ),
    "landscape": (
        "in Late Summer",
        "after Rain",
        "near Valmorée",
        "under Drifting Cloud",
        "in October",
        "above Castel Irno",
        "in April",
        "towards the West",
        "on a Still Day",
        "before the Harvest",
    ),
    "street": (
        "after Rain",
        "on a Feast Day",
        "in Winter",
        "on Sunday",
        "in the Old Town",
        "with Passers-by",
        "in Marenne",
        "at the Hour of Vespers",
        "in Early Spring",
    ),
    "room": (
        "with Falling Light",
        "in Winter",
        "on a Quiet Day",
        "at Ostrele House",
        "with a Picture",
        "in the Painter's House",
        "in March",
        "with Bare Boards",
    ),
    "still_life": (
        "on a White Cloth",
        "with a Knife",
        "in Autumn",
        "against a Wall",
        "on the Kitchen Table",
        "for Clara",
        "with Crumpled Linen",
        "in the Studio",
    ),
    "group": (
        "in the Evening",
        "on the Terrace",
        "by the Wall",
        "at Ostrele",
        "in Sunday Dress",
        "on the Road",
        "waiting",
        "in Conversation",
    ),
}

_WHO = (
    "Girl",
    "Young Woman",
    "Woman",
    "Lady",
    "Seamstress",
    "Widow",
    "Countess",
    "The Miller's Wife",
)
_WHO_M = ("Young Man", "Man", "Old Sailor", "Scholar", "Pilgrim", "Merchant", "Gardener", "Poet")
_WEAR: dict[str, tuple[tuple[str, ...], str]] = {
    "veil": (_WHO, "in a {tint} Veil"),
    "bun": (_WHO, "with Pinned Hair"),
    "beret": (_WHO + _WHO_M, "in a {tint} Beret"),
    "beard": (_WHO_M, "with a Beard"),
    "long_hair": (_WHO, "with Loose Hair"),
    "brim": (_WHO + _WHO_M, "in a Broad Hat"),
    "turban": (_WHO + _WHO_M, "in a {tint} Turban"),
    "short_hair": (_WHO_M, "in a {tint} Coat"),
}
_TURN = {
    "left_profile": ", in Profile",
    "left": ", Looking Aside",
    "front": ", Facing",
    "right": ", Half Turned",
    "right_profile": ", in Profile to the Right",
}
_TINT = {
    "earth": ("Brown", "Russet"),
    "nocturne": ("Dark", "Blue"),
    "rose": ("Rose", "Crimson"),
    "verdant": ("Green", "Olive"),
    "amber": ("Saffron", "Ochre"),
    "ice": ("Grey", "Pale Blue"),
}


def make_title(random: Random, levels: dict[str, str], used: set[str]) -> str:
    """Compose a title that agrees with the picture and is not in `used`.

    Args:
        random: Source of chance.
        levels: Factor levels of the picture.
        used: Titles already given; the new title is added.

    Returns:
        The title, in English title case.
    """
    scene, motif = levels["scene"], levels["motif"]
    for attempt in range(60):
        if scene == "portrait":
            people, wear = _WEAR[motif]
            who, tint = random.choice(people), random.choice(_TINT[levels["palette"]])
            title = f"{who} {wear.format(tint=tint)}"
            if attempt > 6:
                title += _TURN[levels["head"]]
        else:
            title = random.choice(_HEADS[motif])
            if attempt > 0 or random.random() < 0.72:
                title = f"{title} {random.choice(_TAILS[scene])}"
        if title not in used:
            break
    number, stem = 2, title
    while title in used:
        title, number = f"{stem}, No. {number}", number + 1
    used.add(title)
    return title


def _ordinal(number: int) -> str:
    last = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number in (11, 12, 13) else last}"


def make_date(random: Random, painter: Painter) -> tuple[str, int, int]:
    """Date a picture within its painter's working life.

    Args:
        random: Source of chance.
        painter: The painter; no year falls before the age of 18 or after death.

    Returns:
        The date as displayed, the first and the last year it may mean (inclusive).
    """
    first, last = painter.born + 18, painter.died
    year = random.randint(first + 3, last - 3)
    form = random.randrange(10)
    if form <= 2:
        return f"{year}", year, year
    if form == 3:
        return f"c. {year}", max(first, year - 5), min(last, year + 5)
    if form == 4:
        return f"{year}/{year + 1}", year, year + 1
    if form == 5:
        return f"{year}\u2013{year + 2}", year, year + 2
    if form == 6:
        return f"before {year}", first, year - 1
    if form == 7:
        return f"after {year}", year + 1, last
    if form == 8:
        decade = year // 10 * 10
        return f"{decade}s", max(first, decade), min(last, decade + 9)
    century = (year - 1) // 100
    third = min(2, (year - 1 - century * 100) * 3 // 100)
    begin = century * 100 + (1, 34, 67)[third]
    end = century * 100 + (33, 66, 100)[third]
    words = f"{('early', 'mid', 'late')[third]} {_ordinal(century + 1)} century"
    words = words.replace("mid ", "mid-")
    return words, max(first, begin), min(last, end)

"""Tables with the columns and the habits of five museums' open data, and invented rows.

The columns are those that the museums publish (github.com/MuseumofModernArt/collection,
metmuseum/openaccess, tategallery/collection, ClevelandMuseumArt/openaccess and api.artic.edu), with
a column of local image files added.
"""

import json
from pathlib import Path
from typing import Any

from artextract.catalog.artwork import Artwork
from artextract.catalog.notes import NoteTally
from artextract.catalog.reading import parse_mapping, read_catalog

UNUSED = "columns that fill no field, kept as they are (`map` reads one as a field)"


def read(path: Path, *mapping: str) -> tuple[list[Artwork], dict[str, int]]:
    notes = NoteTally()
    found = [row for _, row in read_catalog(path, parse_mapping(mapping), on_note=notes.add)]
    artworks = [row for row in found if isinstance(row, Artwork)]
    assert artworks == found
    return artworks, {note.kind: note.count for note in notes}


def known(artwork: Artwork, *but: str) -> dict[str, Any]:
    """The fields that have a value, without ``extra``."""
    names = [name for name in artwork.__slots__ if name not in {"extra", *but}]
    return {name: value for name in names if (value := getattr(artwork, name)) is not None}


def test_museum_of_modern_art(tmp_path: Path) -> None:
    path = tmp_path / "Artworks.csv"
    path.write_text(
        "Title,Artist,ConstituentID,ArtistBio,Nationality,BeginDate,EndDate,Gender,Date,Medium,"
        "Dimensions,CreditLine,AccessionNumber,Classification,Department,DateAcquired,Cataloged,"
        "ObjectID,URL,ImageURL,OnView,Circumference (cm),Depth (cm),Diameter (cm),Height (cm),"
        "Length (cm),Weight (kg),Width (cm),Seat Height (cm),Duration (sec.),filename\r\n"
        '"Bridge, Project",Ada Winter,6210,"(Austrian, 1841\u20131918)",(Austrian),(1841),(1918),'
        '(Male),1896,Ink on paper,"19 1/8 x 66 1/2"" (48.6 x 168.9 cm)",Gift of a friend,885.1996,'
        "Architecture,Architecture & Design,1996-04-09,Y,2,http://www.moma.org/collection/works/2,"
        ",,,,,48.6000,,,168.9000,,,2.jpg\r\n"
        'Plan,"Ada Winter, Bo Ek","6210, 7056","(Austrian, 1841\u20131918) (born 1950)",'
        '(Austrian) (),(1841) (1950),(1918) (0),(Male) (Female),n.d.,Lithograph,,Purchase,3.1997,'
        "Print,Drawings & Prints,,N,3,,https://img.example/3.jpg,,,,,,,,,,,\r\n",
        encoding="utf-8-sig",
    )  # fmt: skip
    (first, second), notes = read(path)
    assert known(first) == {
        "id": "2", "image": "2.jpg", "title": "Bridge, Project", "artist": "Ada Winter",
        "artist_id": "6210", "nationality": "Austrian", "display_date": "1896",
        "year_begin": 1896, "year_end": 1896, "classification": "Architecture",
        "medium": "Ink on paper", "dimensions": '19 1/8 x 66 1/2" (48.6 x 168.9 cm)',
        "height_cm": 48.6, "width_cm": 168.9, "department": "Architecture & Design",
        "accession": "885.1996", "credit_line": "Gift of a friend",
        "page_url": "http://www.moma.org/collection/works/2",
    }  # fmt: skip
    assert first.extra["BeginDate"] == "(1841)"  # the artist's year of birth
    assert known(second, "medium", "classification", "department", "credit_line") == {
        "id": "3", "image": "https://img.example/3.jpg", "image_url": "https://img.example/3.jpg",
        "title": "Plan", "artist": "Ada Winter; Bo Ek", "artist_id": "6210; 7056",
        "nationality": "Austrian", "display_date": "n.d.", "accession": "3.1997",
    }  # fmt: skip
    assert notes == {UNUSED: 14}


def test_metropolitan_museum(tmp_path: Path) -> None:
    path = tmp_path / "MetObjects.csv"
    header = (
        "Object Number,Is Highlight,Is Timeline Work,Is Public Domain,Object ID,Gallery Number,"
        "Department,AccessionYear,Object Name,Title,Culture,Period,Dynasty,Reign,Portfolio,"
        "Constituent ID,Artist Role,Artist Prefix,Artist Display Name,Artist Display Bio,"
        "Artist Suffix,Artist Alpha Sort,Artist Nationality,Artist Begin Date,Artist End Date,"
        "Artist Gender,Artist ULAN URL,Artist Wikidata URL,Object Date,Object Begin Date,"
        "Object End Date,Medium,Dimensions,Credit Line,Geography Type,City,State,County,Country,"
        "Region,Subregion,Locale,Locus,Excavation,River,Classification,Rights and Reproduction,"
        "Link Resource,Object Wikidata URL,Metadata Date,Repository,Tags,Tags AAT URL,"
        "Tags Wikidata URL,image"
    )
    rows: list[dict[str, str]] = [
        {
            "Object Number": "29.100.113", "Is Public Domain": "True", "Object ID": "436575",
            "Department": "European Paintings", "Object Name": "Painting", "Title": "A Town",
            "Constituent ID": "161708|7", "Artist Role": "Artist|After",
            "Artist Display Name": "Ada Winter|Bo Ek", "Artist Nationality": "Austrian|Swedish",
            "Artist ULAN URL": "http://vocab.getty.edu/page/ulan/500011051|(not assigned)",
            "Artist Wikidata URL": "https://www.wikidata.org/wiki/Q301|",
            "Object Date": "ca. 1599\u20131600", "Object Begin Date": "1594",
            "Object End Date": "1600", "Medium": "Oil on canvas", "Credit Line": "Gift, 1929",
            "Classification": "Paintings",
            "Link Resource": "http://www.metmuseum.org/art/collection/search/436575",
            "Object Wikidata URL": "https://www.wikidata.org/wiki/Q2006", "Tags": "Hills|Towns",
            "image": "436575.jpg",
        },
        {
            "Object Number": "1970.1", "Is Public Domain": "False", "Object ID": "500",
            "Title": "Cup", "Object Date": "", "Object Begin Date": "0", "Object End Date": "0",
            "image": "500.jpg",
        },
        {
            "Object ID": "501", "Title": "Point", "Object Date": "Lower Paleolithic",
            "Object Begin Date": "-300000", "Object End Date": "-90000", "image": "501.jpg",
        },
    ]  # fmt: skip
    lines = [",".join(f'"{row.get(name, "")}"' for name in header.split(",")) for row in rows]
    path.write_text("\n".join([header, *lines]), encoding="utf-8-sig")
    (first, second, third), notes = read(path)
    assert known(first) == {
        "id": "436575", "image": "436575.jpg", "title": "A Town",
        "artist": "Ada Winter; Bo Ek", "artist_id": "161708; 7", "ulan": "500011051; -",
        "artist_wikidata": "Q301; -", "nationality": "Austrian; Swedish",
        "display_date": "ca. 1599\u20131600", "year_begin": 1594, "year_end": 1600,
        "classification": "Paintings", "medium": "Oil on canvas",
        "department": "European Paintings", "accession": "29.100.113",
        "credit_line": "Gift, 1929", "wikidata": "Q2006", "open_access": True,
        "page_url": "http://www.metmuseum.org/art/collection/search/436575",
    }  # fmt: skip
    assert first.extra["Tags"] == "Hills|Towns"
    assert known(second) == {"id": "500", "image": "500.jpg", "title": "Cup",
                             "accession": "1970.1", "open_access": False}  # fmt: skip
    assert known(third, "display_date") == {"id": "501", "image": "501.jpg", "title": "Point"}
    assert notes.pop("years 0 to 0, taken for unknown") == 1
    assert notes.pop("values of year_begin that are not years") == 1
    assert notes.pop("dates that are not understood") == 1
    assert notes[UNUSED] == 35


def test_tate(tmp_path: Path) -> None:
    path = tmp_path / "artwork_data.csv"
    path.write_text(
        "id,accession_number,artist,artistRole,artistId,title,dateText,medium,creditLine,year,"
        "acquisitionYear,dimensions,width,height,depth,units,inscription,thumbnailCopyright,"
        "thumbnailUrl,url,file\n"
        '1035,A00001,"Winter, Ada",artist,38,A Figure,date not known,"Watercolour, ink",Presented,,'
        "1922,support: 394 x 419 mm,394,419,,mm,,,http://tate.example/A00001_8.jpg,"
        "http://tate.example/a00001,1035.jpg\n"
        '1036,A00002,"Winter, Ada",after,38,Two Drawings,c.1785,Graphite,Presented,1785,1922,,'
        "213,311,,mm,,,,,1036.jpg\n",
        encoding="utf-8",
    )
    (first, second), notes = read(path)
    assert known(first) == {
        "id": "1035", "image": "1035.jpg", "image_url": "http://tate.example/A00001_8.jpg",
        "title": "A Figure", "artist": "Winter, Ada", "artist_id": "38",
        "display_date": "date not known", "medium": "Watercolour, ink",
        "dimensions": "support: 394 x 419 mm", "accession": "A00001", "credit_line": "Presented",
        "page_url": "http://tate.example/a00001",
    }  # fmt: skip
    assert (second.display_date, second.year_begin, second.year_end) == ("c.1785", 1785, 1785)
    assert second.extra["width"] == "213"  # in millimetres
    assert notes == {UNUSED: 8}


def test_cleveland_museum_of_art(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    header = (
        "id,accession_number,share_license_status,tombstone,current_location,title,"
        "title_in_original_language,series,series_in_original_language,creation_date,"
        "creation_date_earliest,creation_date_latest,creators,culture,technique,support_materials,"
        "department,collection,type,measurements,state_of_the_work,edition_of_the_work,creditline,"
        "copyright,inscriptions,exhibitions,provenance,find_spot,related_works,fun_fact,"
        "digital_description,wall_description,citations,catalogue_raisonne,url,image_web,"
        "image_print,image_full,updated_at"
    )
    row = {
        "id": "94979", "accession_number": "1915.534", "share_license_status": "CC0",
        "title": "Nathaniel &amp; <em>Sons</em>", "creation_date": "c. 1765",
        "creation_date_earliest": "1760", "creation_date_latest": "1770",
        "creators": "Ada Winter (American, 1738-1815), artist", "culture": "America, 18th century",
        "technique": "oil on canvas", "department": "American Painting and Sculpture",
        "type": "Painting", "measurements": "Framed: 147 x 121 cm", "creditline": "Gift",
        "url": "https://clevelandart.org/art/1915.534",
        "image_web": "https://cdn.example/1915.534_web.jpg",
        "updated_at": "2023-10-05 15:04:16.453000",
    }  # fmt: skip
    path.write_text(header + "\n" + ",".join(f'"{row.get(n, "")}"' for n in header.split(",")))
    (artwork,), notes = read(path, "medium=technique")
    assert known(artwork) == {
        "id": "94979", "image": "https://cdn.example/1915.534_web.jpg",
        "image_url": "https://cdn.example/1915.534_web.jpg", "title": "Nathaniel & Sons",
        "artist": "Ada Winter", "nationality": "American",
        "attribution": "Ada Winter (American, 1738-1815), artist", "display_date": "c. 1765",
        "year_begin": 1760, "year_end": 1770, "classification": "Painting",
        "medium": "oil on canvas", "dimensions": "Framed: 147 x 121 cm",
        "department": "American Painting and Sculpture", "accession": "1915.534",
        "credit_line": "Gift", "page_url": "https://clevelandart.org/art/1915.534",
        "open_access": True,
    }  # fmt: skip
    assert notes == {UNUSED: 24}


def test_art_institute_of_chicago(tmp_path: Path) -> None:
    path = tmp_path / "artworks.jsonl"
    row = {
        "id": 16568, "api_model": "artworks", "title": "Lilies", "alt_titles": ["Pond"],
        "main_reference_number": "1933.1157", "has_not_been_viewed_much": False,
        "thumbnail": {"lqip": "data:image/gif;base64,R0lGOD", "width": 100, "alt_text": "A pond"},
        "date_start": 1906, "date_end": 1906, "date_display": "1906", "date_qualifier_title": "",
        "artist_display": "Ada Winter (French, 1840\u20131926)", "place_of_origin": "France",
        "dimensions": "89.9 x 94.1 cm", "medium_display": "Oil on canvas",
        "credit_line": "Collection", "is_public_domain": True, "is_on_view": True,
        "artwork_type_title": "Painting", "department_title": "Painting and Sculpture of Europe",
        "artist_id": 35809, "artist_title": "Ada Winter", "alt_artist_ids": [],
        "artist_ids": [35809], "artist_titles": ["Ada Winter"], "style_id": "TM-7543",
        "style_title": "Impressionism", "style_titles": ["Impressionism", "19th century"],
        "classification_title": "oil on canvas", "classification_titles": ["painting"],
        "image_id": "3c27b499-af56-f0d5-93b5-a7f2f1ad5813", "latitude": None,
        "image_path": "scans\\16568.jpg",
    }  # fmt: skip
    path.write_text(json.dumps(row) + "\n")
    (artwork,), notes = read(path)
    assert known(artwork) == {
        "id": "16568", "image": "scans\\16568.jpg", "title": "Lilies", "artist": "Ada Winter",
        "artist_id": "35809", "display_date": "1906", "year_begin": 1906, "year_end": 1906,
        "classification": "oil on canvas", "medium": "Oil on canvas",
        "dimensions": "89.9 x 94.1 cm", "style": "Impressionism",
        "department": "Painting and Sculpture of Europe", "accession": "1933.1157",
        "credit_line": "Collection", "open_access": True,
    }  # fmt: skip
    assert artwork.extra["style_titles"] == '["Impressionism", "19th century"]'
    assert notes == {UNUSED: 17}

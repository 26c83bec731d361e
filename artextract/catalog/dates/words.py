"""The words of display dates in English, German, French, Italian, Dutch and Spanish.

Words are folded (:func:`~artextract.catalog.names.fold`) and have no points or apostrophes: "n.
Chr." is "n chr", "Hälfte" is "halfte". A word can have several senses: "third" is a number and a
fraction, "en" is French for "in" and Dutch for "and".
"""

import re
from collections.abc import Mapping
from typing import Any

LAST = -1
"""The ordinal number of "last"."""

UNDATED = frozenset(
    phrase.strip()
    for phrase in """
    undated, not dated, no date, date not known, not known, not recorded, n d, nd, n/d, s d,
    unknown, date unknown,
    unknown date, n/a, none, undatiert, ohne jahr, ohne datum, o j, unbekannt, datum unbekannt,
    sans date, non date, date inconnue, inconnu, inconnue, sine dato, sine anno, s a,
    senza data, non datato,
    data sconosciuta, ongedateerd, zonder jaar, zonder datum, z j, datum onbekend, onbekend,
    sin fecha, s f, fecha desconocida, desconocida
    """.split(",")
)
"""Whole texts that say that an artwork has no date."""

# {sense: {value: phrases}}
_TABLE: Mapping[str, Mapping[Any, str]] = {
    # Words that leave the years as they are.
    "filler": {
        True: """
        about, approximately, approx, around, close to, date, dated, est, estimated, just, perhaps,
        possibly, presumably, probably, prob, shortly, slightly, soon, very, the, of, between, year,
        years, begun, built, carved, cast, completed, conceived, created, designed, drawn, engraved,
        etched, executed, exhibited, fabricated, finished, inscribed, issued, made, manufactured,
        modeled, modelled, negative, painted, photographed, print, printed, produced, published,
        reprinted, revised, reworked, signed, started, taken, woven, copyright,
        ausfuhrung, dat, datiert, entwurf, sign, signiert, bez, bezeichnet, gemalt, entstanden,
        gedruckt, erschienen,
        wohl, vermutlich, vielleicht, wahrscheinlich, moglicherweise, etwa, gegen, zwischen, zw,
        kurz, jahr, im, der, die, das, des, dem, den, am, vom, von,
        environ, probablement, peut-etre, sans doute, signe, peint, execute, publie, imprime, entre,
        peu, le, la, les, l, du, de, d, an, annee, dans,
        intorno, probabilmente, forse, data, datato, firmato, dipinto, eseguito, stampato, tra, fra,
        poco, il, lo, gli, i, nel, nell, nello, nella, del, dell, dello, della, dei, degli, di,
        ongeveer, omtrent, waarschijnlijk, mogelijk, wellicht, gedateerd, gesigneerd, geschilderd,
        gedrukt, gemaakt, tussen, kort, jaar, het, van,
        alrededor, aproximadamente, probablemente, posiblemente, quiza, quizas, fechado, firmado,
        pintado, impreso, publicado, anno, ano, el, los, las, por, e, a, en, au, aux, al, all
        """
    },
    # The time itself: "in or before" makes a bound that includes it.
    "at": {True: "in, on, at, c, ca, cca, circa, um, vers, en, verso, omstreeks, rond, hacia"},
    "joint": {
        "to": """
        to, until, till, through, thru, bis, bis zum, jusqu en, jusqu a, jusqu au, a, au, aux, al,
        all, fino a, fino al, tot, tot en met, t/m, hasta
        """,
        "or": "or, oder, od, bzw, ou, o, oppure, of, u",
        "and": "and, but, und, et, e, ed, en, y",
    },
    "before": {
        "exclusive": """
        before, prior to, earlier than, ante, pre, vor, avant, anterieur a, anterieur au, prima di,
        prima del, prima dell, anteriore al, voor, antes de, antes del, anterior a
        """,
        "inclusive": """
        by, until, till, to, not later than, no later than, not after, at the latest, bis, bis zum,
        spatestens, nicht nach, nicht spater als, jusqu en, jusqu a, jusqu au, pas apres, au plus
        tard, fino a, fino al, entro, non dopo, tot, uiterlijk, niet na, niet later dan, hasta,
        no despues de, a mas tardar
        """,
    },
    "after": {
        "exclusive": """
        after, later than, post, nach, apres, posterieur a, posterieur au, dopo, posteriore al, na,
        despues de, despues del, tras, posterior a
        """,
        "inclusive": """
        not before, no earlier than, not earlier than, nicht vor, fruhestens, pas avant, au plus
        tot, non prima del, non prima di, niet voor, niet eerder dan, no antes de
        """,
        "from": """
        from, since, ab, seit, depuis, des, a partir de, a partir du, dal, dall, da, a partire dal,
        vanaf, sinds, sedert, desde, a partir del
        """,
    },
    # What follows a date: "1855 or later".
    "earlier": {True: "earlier, fruher, davor, plus tot, prima, eerder, vroeger, antes, anterior"},
    "later": {
        True: """
        later, afterward, afterwards, now, onward, onwards, present, to date, today, ongoing,
        spater, danach, ff, heute, plus tard, dopo, piu tardi, oltre, nadien, heden, despues,
        posterior, mas tarde
        """
    },
    "century": {
        100: """
        century, centuries, cent, c, jh, jh s, jhs, jhd, jhdt, jhdts, jahrhundert, jahrhunderts,
        jahrhunderte, siecle, siecles, s, secolo, secoli, sec, siglo, siglos, eeuw, eeuwen, eeuws,
        eeuwse
        """,
        1000: """
        millennium, millennia, mill, jt, jahrtausend, jahrtausends, millenaire, millennio, milenio
        """,
    },
    # Words that stand before the number.
    "century before": {100: "s, ss, sec, secc, secolo, secoli, siglo, siglos"},
    "century name": {
        13: "duecento", 14: "trecento", 15: "quattrocento", 16: "cinquecento", 17: "seicento",
        18: "settecento", 19: "ottocento", 20: "novecento",
    },
    "decade": {True: "decade, jahre, jahren, decennie, annees, anni, jaren, anos, decada"},
    "era": {
        -1: """
        bc, bce, b c, b c e, ac, a c, a de c, v chr, vor chr, vor christus, vor christi geburt,
        v u z, av j-c, av jc, av j c, avant j-c, avant jesus-christ, avanti cristo, voor christus,
        voor chr, v c, antes de cristo
        """,
        1: """
        ad, ce, a d, c e, anno domini, dc, d c, d de c, n chr, nach chr, nach christus, u z, ap j-c,
        ap j c, apr j-c, apres j-c, apres jesus-christ, dopo cristo, na christus, na chr, n c,
        despues de cristo
        """,
    },
    # Parts of a century or decade, as fractions of its length: (first, last).
    "part": {
        (0, 1 / 3): """
        early, fruh, fruhe, fruhen, fruhes, anfang, anfangs, debut, inizio, inizi, primi, primo,
        principio, principios, inicio, inicios, comienzo, comienzos, begin, vroeg, vroege
        """,
        (1 / 3, 2 / 3): "mid, middle, mitte, milieu, meta, mitad, mediados, midden",
        (2 / 3, 1): """
        late, spat, spate, spaten, spates, ende, fin, fine, tardo, finales, fines, laat, eind, einde
        """,
        (0, 1 / 2): "earlier",
        (1 / 2, 1): "later",
        (0, 0.1): "beginning, turn, beginn",
        (0.9, 1): "end",
    },
    # "second half": the ordinal number 2 and a fraction of 2.
    "fraction": {
        2: "half, h, halfte, moitie, meta, mitad, helft",
        3: "third, drittel, tiers, terzo, tercio, derde",
        4: "quarter, viertel, quart, quarto, cuarto, kwart",
        10: "decade, jahrzehnt, decennie, decennio, decennium, decenio, decada",
    },
    "ordinal": {
        1: """
        first, erste, ersten, erstes, premier, premiere, primo, prima, primer, primera, eerste
        """,
        2: """
        second, zweite, zweiten, zweites, deuxieme, seconde, secondo, seconda, segundo, segunda,
        tweede
        """,
        3: """
        third, dritte, dritten, drittes, troisieme, terzo, terza, tercer, tercera, derde
        """,
        4: """
        fourth, vierte, vierten, viertes, quatrieme, quarto, quarta, cuarto, cuarta, vierde
        """,
        5: "fifth", 6: "sixth", 7: "seventh", 8: "eighth", 9: "ninth", 10: "tenth",
        11: "eleventh", 12: "twelfth",
        13: "thirteenth, dreizehnten, treizieme, dertiende",
        14: "fourteenth, vierzehnten, quatorzieme, veertiende",
        15: "fifteenth, funfzehnten, quinzieme, vijftiende",
        16: "sixteenth, sechzehnten, seizieme, zestiende",
        17: "seventeenth, siebzehnten, dix-septieme, zeventiende",
        18: "eighteenth, achtzehnten, dix-huitieme, achttiende",
        19: "nineteenth, neunzehnten, dix-neuvieme, negentiende",
        20: "twentieth, zwanzigsten, vingtieme, twintigste",
        21: "twenty-first",
        LAST: """
        last, final, letzte, letzten, letztes, dernier, derniere, ultimo, ultima, laatste
        """,
    },
    # Months and seasons, which are parts of a year.
    "month": {
        True: """
        january, jan, february, feb, march, mar, april, apr, may, june, jun, july, jul, august, aug,
        september, sept, sep, october, oct, november, nov, december, dec,
        spring, summer, autumn, fall, winter,
        januar, janner, februar, marz, mrz, mai, juni, juli, oktober, okt, dezember, dez,
        fruhling, fruhjahr, sommer, herbst,
        janvier, janv, fevrier, fevr, mars, avril, juin, juillet, juil, aout, septembre, octobre,
        novembre, decembre, printemps, ete, automne, hiver,
        gennaio, gen, febbraio, marzo, aprile, maggio, mag, giugno, giu, luglio, lug, agosto,
        settembre, set, sett, ottobre, ott, novembre, dicembre, dic, primavera, estate, autunno,
        inverno,
        januari, februari, maart, mrt, mei, augustus, lente, voorjaar, zomer, herfst, najaar,
        enero, ene, febrero, abril, abr, mayo, junio, julio, septiembre, setiembre, octubre,
        noviembre, diciembre, verano, otono, invierno
        """
    },
    # What follows the name of a period: "Edo period", "Ming dynasty".
    "period": {
        True: """
        period, dynasty, era, reign, epoch, periode, dynastie, epoche, epoque, periodo, epoca,
        dinastia
        """
    },
}  # fmt: skip


def _senses() -> dict[tuple[str, ...], dict[str, Any]]:
    senses: dict[tuple[str, ...], dict[str, Any]] = {}
    for sense, phrases in _TABLE.items():
        for value, listed in phrases.items():
            for phrase in listed.split(","):
                words = tuple(re.findall(r"\w+|[-/]", phrase))
                senses.setdefault(words, {})[sense] = value
    return senses


SENSES = _senses()
"""{words of a phrase: {sense: value}}; hyphens and slashes are words of their own."""

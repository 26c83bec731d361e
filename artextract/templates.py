"""The Jinja environment of every page that is written."""

import jinja2


def environment(package: str) -> jinja2.Environment:
    """Return the environment of the templates in ``package``: values escaped, none undefined."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

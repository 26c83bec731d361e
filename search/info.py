"""``artextract info``: what a collection holds."""

from pathlib import Path

import click

from artextract.options import store_option

__all__ = ["info"]

_NAMES_SHOWN = 5


@click.command()
@store_option
def info(store: str) -> None:
    """Say what a collection holds.

    How many works, which model and vectors, how much disk, and the commonest names.

    Example: artextract info --store my-store
    """
    from artextract.store import open_store
    from search.names import common_names

    with open_store(store) as opened:
        manifest = opened.manifest
        click.echo(f"store    {store} ({_disk_usage(Path(store)) >> 20} MiB on disk)")
        click.echo(f"works    {opened.count()}")
        click.echo(f"model    {manifest.model}")
        for name, dimension in manifest.vectors.items():
            click.echo(f"vectors  {name}: {dimension} dimensions, cosine")
        for field in ("artist", "style", "genre"):
            names = common_names(opened, field, limit=_NAMES_SHOWN + 1)
            if names:
                shown = [f"{name} ({count})" for name, count in names[:_NAMES_SHOWN]]
                more = ["..."] if len(names) > _NAMES_SHOWN else []
                click.echo(f"{field:<8} {', '.join(shown + more)}")
        click.echo(f"made by  {manifest.created_by}")


def _disk_usage(folder: Path) -> int:
    """Return the bytes that a folder's files really take; the engine's files have holes."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())

"""The command `casetable language`: keeps the catalogues for translators up to date."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.language import LANGUAGES, best_of, speak

if TYPE_CHECKING:
    from engine.wordbook.extracting import Updated


def _speak(_context: click.Context, _parameter: click.Parameter, wanted: str | None) -> None:
    if wanted is None:
        return
    found = best_of([wanted])
    if found is None:
        raise click.BadParameter(f"choose one of {', '.join(LANGUAGES)}.")
    speak(found)


spoken_option = click.option(
    "--language",
    default=None,
    expose_value=False,
    callback=_speak,
    help="The language of the sentences, such as nl [default: en].",
)
"""For commands that only tell something; what machines read (`--json`) stays English."""


@click.group("language")
def language() -> None:
    """Look after the languages that people read in."""


@language.command("extract")
@click.option("--profile", default="base", show_default=True, help="The national structure.")
@click.option("--language", "languages", multiple=True, help="A language to begin, such as nl.")
@click.option(
    "--processes",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    help="The folder [default: of the settings].",
)
@click.option("--program", is_flag=True, help="The program's own texts, in its source folder.")
def extract(
    profile: str, languages: tuple[str, ...], processes: Path | None, *, program: bool
) -> None:
    """Write new texts of drawings, forms, tables and profile into the catalogues, and keep the old.

    Example: casetable language extract --profile base --language nl

    With --program those of pages, mails and refusals, for who changes the program.
    """
    if program:
        extract_program()
        return
    from engine.settings import load_settings

    folder = processes or load_settings().processes_dir
    for one in extract_words(folder, profile, languages):
        away = f", {one.gone} put away" if one.gone else ""
        click.echo(f"{one.path}: {one.texts} texts, {one.missing} to translate{away}")


def extract_program() -> None:
    """Bring the program's own template and catalogues up to date, and say what is missing."""
    from importlib.metadata import entry_points

    from engine.language.gathering import keep

    for entry in entry_points(group="casetable.texts"):
        for one in keep(entry.load()()):
            click.echo(f"{one.path.name}: {one.texts} texts, {one.missing} to translate")


def extract_words(folder: Path, profile: str, languages: tuple[str, ...] = ()) -> "list[Updated]":
    """Bring the catalogues of a profile up to date; raise InputError naming what to mend.

    Those of the base lie beside its drawings. A profile has the texts that nothing underneath it
    shows, in the languages that it promises and in `languages`.
    """
    from engine.deployment import ResolvedDeployment
    from engine.errors import InputError
    from engine.inheritance import chain, folder_of, read_files
    from engine.profile import BASE
    from engine.wordbook import PATH, visible_texts
    from engine.wordbook.extracting import update

    for one in languages:
        if not PATH.fullmatch(f"languages/{one}.po"):
            raise InputError(f"{one}: name a language by its code, such as nl.")
    codes, files = chain(folder, profile), read_files(folder, profile)
    promised = ResolvedDeployment(files).profile.languages
    wanted = [*languages, *promised]
    if profile == BASE:
        own = {path: one for path, one in files.items() if not path.startswith(f"{BASE}_")}
        return update(folder, own, wanted, whose="the base process")
    inherited = {one.text for one in visible_texts(read_files(folder, codes[-2]))}
    place = folder_of(folder, profile)
    return update(place, files, wanted, whose=f"the profile {profile}", inherited=inherited)

"""The command `casetable profile`: look at profiles, compare them, begin a new one."""

import sys
from pathlib import Path
from typing import Any

import click

FINDING = 1


def _home() -> Path:
    from engine.settings import load_settings

    return load_settings().processes_dir


def _deployment(code: str) -> Any:
    from engine.deployment import ResolvedDeployment
    from engine.inheritance import read_files

    return ResolvedDeployment(read_files(_home(), code))


@click.group()
def profile() -> None:
    """Look at the national and local structures, compare them, begin a new one."""


@profile.command("list")
@click.option("--codes", is_flag=True, help="Only the short names, one a line.")
def show_all(*, codes: bool) -> None:
    """List the profiles that there are.

    Example: casetable profile list
    """
    from engine.inheritance import chain, known

    for code in known(_home()):
        if codes:
            click.echo(code)
            continue
        found = _deployment(code).profile
        under = chain(_home(), code)[:-1]
        inherits = f", inherits {under[-1]}" if under else ""
        click.echo(f"{code:<12} {found.name} ({found.language}{inherits})")


@profile.command()
@click.argument("code")
def show(code: str) -> None:
    """Say how a structure works, and what has to be confirmed.

    Example: casetable profile show base
    """
    from engine.adaptation.selfcheck import to_confirm
    from engine.structure import ROWS

    found = _deployment(code).profile
    click.echo(f"{found.name} ({code}), language {found.language}, time zone {found.zone_name}")
    for name, question in ROWS.items():
        if name in found.structure:
            row = found.structure[name]
            click.echo(f"\n{question}: {row.value}\n  {row.explain}\n  From: {row.source}")
    opened = to_confirm(found)
    if opened:
        click.echo("\nTo be confirmed by the authority")
        for one in opened:
            click.echo(f"- {one.place}: {one.what}. {one.confirm}")


@profile.command()
@click.argument("code")
def check(code: str) -> None:
    """Find what is wrong with a profile; the same as `casetable check --profile CODE`.

    Example: casetable profile check base
    """
    from engine.checking import check_paths

    report = check_paths((), code, home=_home())
    click.echo(report.as_text())
    if report.findings:
        sys.exit(FINDING)


@profile.command()
@click.argument("first")
@click.argument("second")
def compare(first: str, second: str) -> None:
    """Say what is different between two profiles, the drawings in words.

    Example: casetable profile compare base rivertown
    """
    from engine.adaptation.beside import as_text, beside, side

    click.echo(as_text(beside(side(_home(), first), side(_home(), second))))


@profile.command()
@click.argument("code")
@click.option("--output", type=click.Path(path_type=Path), help="A file that ends in .md or .csv.")
def selfcheck(code: str, output: Path | None) -> None:
    """Say for each wish of the source paper what the profile does about it.

    Example: casetable profile selfcheck base --output selfcheck.csv
    """
    from engine.adaptation.selfcheck import as_csv, as_markdown
    from engine.errors import InputError

    found = _deployment(code)
    if output is None:
        click.echo(as_markdown(found), nl=False)
        return
    if output.suffix not in (".md", ".csv"):
        raise InputError(f"{output}: let the name end in .md or .csv.")
    text = as_csv(found) if output.suffix == ".csv" else as_markdown(found)
    try:
        output.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise InputError(f"{output}: cannot be written ({error.strerror}).") from error
    click.echo(f"Written to {output}.")


@profile.command()
@click.argument("code")
@click.option("--name", required=True, help="What people call the structure.")
@click.option("--inherits", default="base", show_default=True, help="What lies underneath.")
@click.option("--language", default="", help="Code of the language in which pages open.")
@click.option("--time-zone", default="", help="Where days begin and end, like UTC.")
@click.option("--role", "roles", multiple=True, help="Another name: accountable_person=Prefect.")
@click.option("--term", "terms", multiple=True, help='Another word: "action plan=support plan".')
@click.option("--value", "values", multiple=True, help="A first decision: consent=before_support.")
@click.option("--source", default="assumption", show_default=True, help="Where decisions are from.")
def new(  # noqa: PLR0913 - the questions of a new profile
    *,
    code: str,
    name: str,
    inherits: str,
    language: str,
    time_zone: str,
    roles: tuple[str, ...],
    terms: tuple[str, ...],
    values: tuple[str, ...],
    source: str,
) -> None:
    """Begin a profile that says only what differs from the one underneath.

    Example: casetable profile new rivertown --name "Rivertown" --value closing_rule=consensus
    """
    from engine.adaptation.beginning import Answers, terms_of, value_of, write
    from engine.errors import InputError

    under = _deployment(inherits).profile
    decided = {}
    for key, typed in terms_of("\n".join(values)).items():
        if key not in under.values:
            raise InputError(f"{key}: there is no such value; see casetable profile show.")
        decided[key] = value_of(key, typed, under)
    path = write(
        _home(),
        Answers(
            code=code,
            name=name,
            inherits=inherits,
            language=language,
            time_zone=time_zone,
            roles=terms_of("\n".join(roles)),
            terms=terms_of("\n".join(terms)),
            values=decided,
            source=source,
        ),
    )
    click.echo(f"Written to {path}. Try it: casetable up --profile {code}")


@profile.command()
@click.argument("code")
def fetch(code: str) -> None:
    """Write a profile that was published in the workshop as a folder, so that it can be in force.

    Example: casetable profile fetch rivertown
    """
    from engine.adaptation.fetching import fetch as fetch_profile
    from engine.application import open_application

    found = fetch_profile(open_application(), code)
    click.echo(f"Written to {found.folder}.")
    if found.otherwise:
        click.echo(
            "An update of the product has changed what lies underneath, so these are not as they "
            f"were published: {', '.join(found.otherwise)}. Look at them: casetable profile check "
            f"{code}"
        )
    click.echo(f"Now set CASETABLE_PROFILE={code} and start anew; new cases begin on it.")


@profile.command()
@click.argument("code")
@click.argument("stories", nargs=-1)
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes [default: all cores].")
def peculiarities(code: str, stories: tuple[str, ...], jobs: int | None) -> None:
    """Play the own stories of a profile without what each shows; each has to go wrong then.

    The last line is `N shown, N not shown`.

    Example: casetable profile peculiarities nl mayor_does_not_follow
    """
    from engine.adaptation.showing import chosen, showings

    found = list(showings(_home(), code, chosen(_home(), code, stories), jobs=jobs))
    for one in found:
        click.echo(f"{'shown' if not one.problem else 'NOT SHOWN':<10} {one.story}  {one.shows}")
        click.echo(f"           {one.problem or one.how}")
    wrong = sum(bool(one.problem) for one in found)
    click.echo(f"{len(found) - wrong} shown, {wrong} not shown")
    if wrong:
        sys.exit(FINDING)

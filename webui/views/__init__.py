"""The pages, one topic a module: each view checks nothing itself and is small."""

from flask import Flask

from webui.views import (
    absence,
    agreement,
    attestation,
    case,
    case_migration,
    clock,
    definition,
    disclosure,
    editor,
    emergency,
    erasure,
    event,
    health,
    hold,
    incident,
    known,
    language,
    membership,
    opinion,
    password,
    play,
    printing,
    probe,
    profile,
    protection,
    provider,
    reader_report,
    readership,
    report,
    reporter,
    scenario,
    second_factor,
    security_key,
    session,
    sharing,
    sign_in,
    signal,
    step_up,
    structure,
    work,
    worklist,
    workshop,
    workshop_compare,
    workshop_file,
    workshop_publish,
    workshop_running,
)

TOPICS = (
    sign_in,
    provider,
    step_up,
    session,
    password,
    language,
    second_factor,
    security_key,
    absence,
    agreement,
    worklist,
    work,
    case,
    event,
    emergency,
    known,
    opinion,
    sharing,
    definition,
    membership,
    attestation,
    signal,
    report,
    reporter,
    clock,
    health,
    incident,
    probe,
    profile,
    structure,
    reader_report,
    readership,
    protection,
    hold,
    erasure,
    printing,
    disclosure,
    editor,
    workshop_compare,
    workshop_running,
    play,
    scenario,
    workshop,
    workshop_file,
    workshop_publish,
    case_migration,
)


def register(app: Flask, *, with_report: bool = True) -> None:
    """Register the pages of every topic; the public page only where it has no host of its own."""
    for topic in TOPICS:
        if with_report or topic is not report:
            app.register_blueprint(topic.pages)


def register_report(app: Flask) -> None:
    """Register the public page alone, and lead there from the bare host name."""
    app.register_blueprint(report.pages)
    app.register_blueprint(language.pages)
    app.register_blueprint(probe.pages)
    app.add_url_rule("/", endpoint="report_home", view_func=report.home, methods=["GET"])

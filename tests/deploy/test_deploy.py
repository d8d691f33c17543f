"""The deployment files are whole: what they start is there, and may do no more than it needs."""

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest
import yaml

from engine.commandline import casetable
from engine.settings import ROOT, Settings

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
INSTALLED = "/opt/casetable/.venv/bin/casetable"
MOST_EXPOSED = 2.0
"""Of ten, as systemd counts; a service without any hardening has 9.6."""
SETTING = re.compile(r"CASETABLE_[A-Z_]+")


def settings() -> set[str]:
    return {f"CASETABLE_{name.upper()}" for name in Settings.__dataclass_fields__}


def understands(words: list[str]) -> None:
    """Let the program read a command with its options, and do nothing."""
    group: click.Command = casetable
    while isinstance(group, click.Group):
        command = group.get_command(click.Context(group), words.pop(0))
        assert command is not None, words
        group = command
    group.make_context("casetable", [*words])


def commands(unit: Path) -> list[str]:
    [line] = re.findall(r"^ExecStart=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
    found = line[line.index(INSTALLED) + len(INSTALLED) :].rstrip("'")
    return re.sub(r'"[^"]*?([\w./-]*)"', r"/there\1", found).split()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_unit_starts_a_command_with_options_that_are_there(unit: Path) -> None:
    understands(commands(unit))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_unit_names_settings_that_are_there(unit: Path) -> None:
    assert set(SETTING.findall(unit.read_text(encoding="utf-8"))) <= settings()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is missing")
def test_units_are_understood_by_systemd_and_are_locked_down(tmp_path: Path) -> None:
    for unit in (DEPLOY / "systemd").glob("casetable-*"):
        text = unit.read_text(encoding="utf-8").replace(INSTALLED, "/bin/true")
        text = text.replace("WorkingDirectory=/opt/casetable", "WorkingDirectory=/")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    made = [str(path) for path in sorted(tmp_path.iterdir())]
    told = subprocess.run(
        ["systemd-analyze", "verify", *made], capture_output=True, text=True, check=False
    )
    assert (told.returncode, told.stderr.strip()) == (0, "")
    for unit in UNITS:
        told = subprocess.run(
            ["systemd-analyze", "security", "--offline=yes", str(tmp_path / unit.name)],
            capture_output=True,
            text=True,
            check=False,
        )
        exposed = float(re.findall(r"exposure level for .*: ([\d.]+)", told.stdout)[-1])
        assert exposed <= MOST_EXPOSED, unit.name


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is missing")
def test_web_server_in_front_is_understood(tmp_path: Path) -> None:
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"),
            *("-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "certificate.pem")),
        ],
        capture_output=True,
        check=True,
    )
    text = (DEPLOY / "nginx/casetable.conf").read_text(encoding="utf-8")
    text = re.sub(r"/etc/ssl/casetable/\w+\.pem", str(tmp_path / "certificate.pem"), text)
    text = re.sub(r"/etc/ssl/casetable/\w+\.key", str(tmp_path / "key.pem"), text)
    text = text.replace("/var/log/nginx", str(tmp_path))
    (tmp_path / "casetable.conf").write_text(text, encoding="utf-8")
    whole = tmp_path / "nginx.conf"
    whole.write_text(
        f"pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}} "
        f"http {{ include {tmp_path}/casetable.conf; }}",
        encoding="utf-8",
    )
    told = subprocess.run(
        ["nginx", "-t", "-c", str(whole)], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr


def test_web_server_in_front_writes_nobody_down() -> None:
    text = (DEPLOY / "nginx/casetable.conf").read_text(encoding="utf-8")
    [form] = re.findall(r"log_format \w+ '(.*)';", text)
    assert not {"$remote_addr", "$http_referer", "$request_uri", "$args", "$uri"} & set(
        form.split()
    )
    report = text[text.index("server_name report.example.org;\n\n") :]
    assert "access_log off;" in report
    assert "access_log /" not in report


def _services() -> dict[str, dict[str, object]]:
    text = (DEPLOY / "container/compose.yaml").read_text(encoding="utf-8")
    found: dict[str, dict[str, object]] = yaml.safe_load(text)["services"]
    return found


@pytest.mark.parametrize("name", ["upgrade", "web", "report", "worker"])
def test_container_starts_a_command_that_is_there_and_may_do_little(name: str) -> None:
    service = _services()[name]
    understands(list(service["command"]))  # type: ignore[call-overload]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["user"] == "10001:10001"
    assert service["security_opt"] == ["no-new-privileges:true"]
    ports = service.get("ports", [])
    assert all(str(port).startswith("127.0.0.1:") for port in ports)  # type: ignore[attr-defined]


def test_containers_of_database_and_broker_are_on_no_network() -> None:
    services = _services()
    assert services["database"]["network_mode"] == services["broker"]["network_mode"] == "none"


def test_image_holds_what_runs_and_nothing_of_the_folder_of_whoever_builds_it() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    first, *others = [line for line in lines if line and not line.startswith("#")]
    assert first == "*"
    named = {line[1:] for line in others if line.startswith("!")}
    assert not named & {"var", ".git", "tests", "benchmarks", "deploy", "*"}
    assert {"engine", "processes", "tasks", "webui", "pyproject.toml"} <= named
    text = (DEPLOY / "container/Containerfile").read_text(encoding="utf-8")
    # The virtual environment with the tools of development is gone before the image is filled.
    assert text.index("rm -rf .venv") < text.index("-r requirements-production.lock")
    assert "COPY --from=build" in text
    assert text.rindex("USER 10001:10001") > text.rindex("COPY")


def test_owner_of_the_tables_is_known_to_the_upgrade_alone() -> None:
    for name, service in _services().items():
        assert ("owner.env" in service.get("env_file", [])) == (name == "upgrade")  # type: ignore[operator]
    for unit in UNITS:
        assert "owner.env" not in unit.read_text(encoding="utf-8")

"""Rules about the product's Python that keep what strangers send from becoming a command (S16)."""

import ast
from collections.abc import Iterator

from tests.meta.house import trees

STATEMENTS = {"text", "exec_driver_sql", "literal_column", "DDL"}
"""What takes SQL as text."""
PUTS_SQL_TOGETHER = {
    "engine/database.py": "one of two words that begin a transaction",
    "engine/models/base.py": "codes of the program's own list",
    "engine/models/fence.py": "names of tables, roles and policies, at set-up",
    "engine/models/guard.py": "names of tables and triggers, at set-up",
    "engine/models/pool.py": "names of tables and triggers, at set-up",
    "engine/models/refusal.py": "names of tables and triggers, at set-up",
    "engine/role.py": "names of logins, quoted by the driver, at set-up",
}
RUNS_COMMANDS = {
    "engine/attachment.py": "the child that rewrites a file, which comes by standard input",
    "engine/backup/server.py": "pg_dump and pg_restore, with a password file and no shell",
    "engine/workshop/aside.py": "the child that judges a draft",
    "webui/frontend_build.py": "the build of scripts and styles",
    "webui/worker_keeper.py": "the worker beside the pages of one machine",
}
CALLS_OUTSIDE = {
    "engine/connection.py": "makes the trust for the others",
    "engine/virus.py": "the scanner of the settings",
    "tasks/mail.py": "the relay of the settings",
    "tasks/relay.py": "the relay of the settings",
    "tasks/worker.py": "the broker of the settings",
    "webui/openid.py": "the provider of the settings",
}
NETWORK = {"socket", "ssl", "smtplib", "requests", "http.client", "urllib.request", "ftplib"}
CRYPTOGRAPHY = {"cryptography", "hashlib", "hmac", "argon2", "secrets", "joserfc", "webauthn"}
FOREIGN = {"Crypto", "Cryptodome", "nacl", "rsa", "ecdsa", "bcrypt", "passlib", "jwt", "crypt"}
HASHES = {"sha256", "blake2b"}
IN_CONSTANT_TIME = {
    "engine/bpmn/state.py",
    "engine/challenge.py",
    "engine/factor.py",
    "engine/letterbox.py",
    "engine/verify_bundle.py",
    "webui/csrf.py",
    "webui/known_browser.py",
}
"""Each module that compares what a stranger sends with a secret in Python; none leaves the list."""
PROVES = {"signature", "csrf", "receipt_hash", "totp", "proof"}
"""Parts of names of what a stranger could guess byte by byte, if comparing took longer."""


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for name, tree in trees().items():
        if not name.startswith("engine/migrations/"):
            yield name, tree


def _calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def _imported(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def _users(wanted: set[str]) -> set[str]:
    return {
        name
        for name, tree in _modules()
        if any(one == lib or one.startswith(f"{lib}.") for one in _imported(tree) for lib in wanted)
    }


def test_sql_is_put_together_only_at_set_up() -> None:
    """V1.2.4: everywhere else a statement is a constant, and values are bound."""
    found = set()
    for name, tree in _modules():
        imports = _imported(tree)
        for called, node in _calls(tree):
            short = called.rpartition(".")[2]
            is_sql = short in STATEMENTS and (short != "text" or "sqlalchemy.text" in imports)
            if is_sql and node.args and not isinstance(node.args[0], ast.Constant):
                found.add(name)
    assert found == set(PUTS_SQL_TOGETHER), "bind values instead of writing them into a statement"


def test_commands_of_the_system_are_our_own_and_go_past_no_shell() -> None:
    """V1.2.5."""
    assert _users({"subprocess", "os.system", "os.popen", "pty"}) == set(RUNS_COMMANDS)
    for name, tree in _modules():
        for called, node in _calls(tree):
            assert called not in {"os.system", "os.popen"}, name
            assert "shell" not in {word.arg for word in node.keywords}, name


def test_paths_into_xml_are_constants() -> None:
    """V1.2.7."""
    for name, tree in _modules():
        for called, node in _calls(tree):
            if called.endswith(".xpath"):
                assert isinstance(node.args[0], ast.Constant), name


def test_only_these_modules_call_somebody_outside() -> None:
    """V13.2.4 and V13.2.5: each calls what the settings name, and nothing that a visitor gives."""
    assert _users(NETWORK) == set(CALLS_OUTSIDE)


def test_calls_of_addresses_follow_nobody_elsewhere() -> None:
    """V15.3.2: a provider that leads on to another address is not followed."""
    seen = 0
    for name, tree in _modules():
        for called, node in _calls(tree):
            if called in {"requests.get", "requests.post", "requests.request"} or called.endswith(
                ".fetch_token"
            ):
                told = {word.arg: ast.unparse(word.value) for word in node.keywords}
                assert told.get("allow_redirects") == "False", name
                seen += 1
    assert seen == 2


def test_random_values_come_from_the_operating_system() -> None:
    """V6.5.3, V11.5.1: nothing that somebody could work out; how long each is: docs/keys.md."""
    assert _users({"random", "numpy"}) == set()
    assert len(_users({"secrets"})) > 8


def test_hashes_are_strong_ones_and_cryptography_is_not_our_own() -> None:
    """V11.2.1, V11.4.1, V11.4.3."""
    assert _users(FOREIGN) == set()
    assert len(_users(CRYPTOGRAPHY)) > 20
    for name, tree in _modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "hashlib":
                assert node.attr in HASHES, name
            if isinstance(node, ast.ImportFrom) and node.module == "hashlib":
                assert {alias.name for alias in node.names} <= HASHES, name
        for called, node in _calls(tree):
            if called in {"hmac.new", "hmac.digest"}:
                kind = ast.unparse(node.args[2])
                assert kind in {"'sha256'", "hashlib.sha256"}, f"{name}: {kind}"


def test_what_proves_something_is_compared_in_constant_time() -> None:
    """V11.2.4: `==` ends at the first byte that differs, so a stranger could learn byte by byte.

    Conditions of SQL compare keyed hashes, of which a stranger chooses no prefix. The hash chains
    are compared for who runs the installation, who is told the first difference anyhow.
    """
    ours = {"engine/checkpoint.py", "engine/verification.py"}
    for name, tree in _modules():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Compare) or name in ours:
                continue
            is_equal = any(isinstance(one, (ast.Eq, ast.NotEq)) for one in node.ops)
            names = ast.unparse(node.left).lower() + " ".join(map(ast.unparse, node.comparators))
            is_sql = (
                isinstance(node.left, ast.Attribute) and ast.unparse(node.left.value)[0].isupper()
            )
            if is_equal and not is_sql:
                assert not any(part in names for part in PROVES), f"{name}:{node.lineno}"
    compares = {name for name, tree in _modules() if "hmac.compare_digest" in dict(_calls(tree))}
    assert compares == IN_CONSTANT_TIME


def test_templates_are_no_text_of_anybody() -> None:
    """V1.3.7, V1.3.10: a template is a file of the product; markup is marked with constants."""
    for name, tree in _modules():
        for called, node in _calls(tree):
            assert not called.endswith(("render_template_string", "env.from_string")), name
            if called == "Markup":
                assert all(isinstance(one, ast.Constant) for one in node.args), name

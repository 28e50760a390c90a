"""No secret is shown, in any form, by anyone."""

from pathlib import Path

import pytest

from etl.core.errors import ConfigError
from etl.core.secrets import message_without_secrets, without_secrets

SECRET = "hunter2/öÜ+hunter2"
PLACES = {
    "PGPASSWORD": SECRET,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "ETL_SENSORS__API_KEY": SECRET,
    "OPENLINEAGE__TRANSPORT": f'{{"type": "http", "auth": {{"apiKey": "{SECRET}"}}}}',
    "HTTPS_PROXY": "http://user:hunter2%2F%C3%B6%C3%9C%2Bhunter2@proxy:3128",
    "ETL_LAKE__URL": f"s3://bucket/lake?secret_key={SECRET}",
    "PGOPTIONS": f"password={SECRET}",
}


@pytest.mark.parametrize("name", PLACES)
def test_what_is_secret_in_the_environment_is_in_no_text(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, PLACES[name])
    assert without_secrets(f"It is {SECRET}, or {SECRET.replace('/', '%2F')}.") == "It is ***, or ***."
    error = ConfigError(f"Not {SECRET}.", hint=f"Nor {SECRET}.")
    assert (error.message, error.hint, str(error)) == ("Not ***.", "Nor ***.", "Not ***.")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://user:pw@host/db", "postgresql://***@host/db"),
        ("https://token@host", "https://***@host"),
        ("/v5?page=1&apikey=abc&x=2", "/v5?page=1&apikey=***&x=2"),
        ("host=h password=abc user=u", "host=h password=*** user=u"),
        ('{"apiKey": "abc", "page": 1}', '{"apiKey": "***", "page": 1}'),
        ("Key (run_id)=(7) is twice: https://host/a@b", "Key (run_id)=(7) is twice: https://host/a@b"),
        ("a key: value", "a key: value"),
    ],
)
def test_a_message_shows_nothing_that_looks_like_a_secret(text: str, shown: str) -> None:
    assert message_without_secrets(text) == shown


@pytest.mark.parametrize(
    "token",
    ["A" * 256, "B" * 5000, "/" + "C" * 1000, "/root/" + "D" * 256, "file/" * 900, "x" * 300 + "/y/" + "z" * 300],
    ids=lambda token: f"{token[:6]}… of {len(token)}",
)
def test_a_secret_that_no_file_could_be_called_is_one_all_the_same(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    """Such as a session's token of AWS, of hundreds of characters with a slash here and there."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    assert without_secrets(f"It is {token}.") == "It is ***."


def test_a_secret_that_looks_like_a_place_nobody_may_look_into_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    monkeypatch.setenv("ETL_TOKEN", f"{loop}/of/links")
    assert without_secrets(f"It is {loop}/of/links.") == "It is ***."


def test_names_of_users_and_files_and_common_words_are_not_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "postgres")
    monkeypatch.setenv("PGPASSFILE", __file__)
    monkeypatch.setenv("ETL_TOKEN", "short")
    text = f"postgres://localhost, {__file__}, short"
    assert without_secrets(text) == text

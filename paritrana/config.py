"""Typed settings, read once at start and refused in one sentence when wrong.

Order: the defaults here, then `settings.toml` in the instance folder, then `PARITRANA_*` of the environment.
"""

import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

PACKAGE = Path(__file__).resolve().parent
PREFIX = "PARITRANA_"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class BadSettings(Exception):
    """A setting is unknown, wrong or unsafe; the message is the one sentence shown at start."""


class Settings(BaseModel):
    """Every setting of one installation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instance_path: Path
    database_url: str
    blob_path: Path
    queue_url: str = ""  # empty: a file of its own in the instance folder
    log_file: Path | None = None  # none: standard error
    backup_path: Path | None = None  # none: no copies are made by themselves
    metrics_token_file: Path | None = None  # none: figures for monitoring answer on this machine only
    checkpoint_copy: Path | None = None  # a second folder, best on another host, that keeps the checkpoints
    security_log_path: Path | None = None  # none: the folder `security` of the instance folder
    security_log_copy: str = ""  # a second place: syslog://HOST:PORT, or a folder
    job_lease_seconds: int = Field(default=60, ge=2, le=3600)
    secret_key: str = Field(min_length=32)
    base_url: str = "http://127.0.0.1:8080"
    trusted_hosts: tuple[str, ...] = ()
    proxy_hops: int = Field(default=0, ge=0, le=5)
    demo: bool = False
    testing: bool = False
    second_factor: Literal["officers", "off"] = "officers"
    password_profile: Literal["nist", "bssn"] = "nist"  # noqa: S105 - the name of a profile
    password_days: int = Field(default=90, ge=1, le=3650)  # under `bssn`, the days that a password is good for
    operator_name: str = "Panitia Paritrana Award"
    support_contact: str = ""
    max_file_bytes: int = Field(default=25 * 1024 * 1024, ge=1024)
    max_nomination_bytes: int = Field(default=750 * 1024 * 1024, ge=1024)
    max_nomination_files: int = Field(default=60, ge=1, le=1000)
    max_open_declarations: int = Field(default=20, ge=1, le=100)
    mail_server: str = ""  # empty: messages stay on the pages
    mail_port: int = Field(default=587, ge=1, le=65535)
    mail_security: Literal["starttls", "tls", "none"] = "starttls"
    mail_user: str = ""
    mail_password: str = Field(default="", repr=False)
    mail_from: str = ""
    pades_certificate_file: Path | None = None  # none: a key for development, made at the first start
    pades_key_file: Path | None = None
    pades_password_file: Path | None = None
    pkcs11_module: Path | None = None
    pkcs11_token: str = ""
    pkcs11_key: str = ""
    pkcs11_pin_file: Path | None = None
    timestamp_url: str = ""  # empty: signatures without a time stamp

    @field_validator("base_url")
    @classmethod
    def _whole_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
            raise ValueError("write it as https://host without a path")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _known_engine(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("write sqlite:///FILE or postgresql+psycopg://…")
        return value

    @field_validator("queue_url")
    @classmethod
    def _known_queue(cls, value: str) -> str:
        if value.startswith(("redis://", "rediss://")):
            parts = urlsplit(value)
            if not parts.hostname or not re.fullmatch(r"/?[0-9]*", parts.path) or not _has_port(value):
                raise ValueError("write redis://HOST:PORT/NUMBER")
        elif value and not (value.startswith("sqlite:///") and value != "sqlite:///"):
            raise ValueError("write sqlite:///FILE or redis://HOST:PORT/NUMBER")
        return value

    @field_validator("mail_server")
    @classmethod
    def _host_name(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9.:-]*", value):
            raise ValueError("write the name or address of the mail server alone")
        return value

    @field_validator("security_log_copy")
    @classmethod
    def _second_place(cls, value: str) -> str:
        if value.startswith("syslog://"):
            parts = urlsplit(value)
            if not parts.hostname or not _has_port(value) or parts.port is None or parts.path not in {"", "/"}:
                raise ValueError("write syslog://HOST:PORT, or the name of a folder")
            return value.rstrip("/")
        if value and not Path(value).is_absolute():
            raise ValueError("write syslog://HOST:PORT, or the whole name of a folder")
        return value

    @field_validator("mail_from")
    @classmethod
    def _plain_address(cls, value: str) -> str:
        if value and not re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+", value):
            raise ValueError("write one address such as paritrana@example.org")
        return value

    @field_validator("timestamp_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.username):
            raise ValueError("write it as https://host/path, without a name and a password")
        return value

    @model_validator(mode="after")
    def _one_signer(self) -> Self:
        token = (self.pkcs11_module, self.pkcs11_token, self.pkcs11_key, self.pkcs11_pin_file)
        if any(token) and not all(token):
            raise ValueError("pkcs11_module, pkcs11_token, pkcs11_key, pkcs11_pin_file: give all or none")
        if self.pades_key_file and self.pkcs11_module:
            raise ValueError("pades_key_file, pkcs11_module: the key lies in a file or in a token")
        if bool(self.pades_certificate_file) != bool(self.pades_key_file or self.pkcs11_module):
            raise ValueError("pades_certificate_file: a key and its certificate belong together; give both or none")
        if self.pades_password_file and not self.pades_key_file:
            raise ValueError("pades_password_file: it belongs to a pades_key_file")
        return self

    @model_validator(mode="after")
    def _mail_whole(self) -> Self:
        if self.mail_server and not self.mail_from:
            raise ValueError("mail_from: a mail server needs the address that messages come from")
        if bool(self.mail_user) != bool(self.mail_password):
            raise ValueError("mail_user, mail_password: give both or none")
        if self.mail_password and self.mail_security == "none" and self.mail_server not in LOOPBACK:
            raise ValueError("mail_security: a password travels over starttls or tls only")
        return self

    @model_validator(mode="after")
    def _safe_together(self) -> Self:
        host = urlsplit(self.base_url).hostname or ""
        if urlsplit(self.base_url).scheme == "http" and host not in LOOPBACK:
            raise ValueError("base_url: plain http is for a loopback address only; write https://…")
        if self.demo and host not in LOOPBACK:
            raise ValueError("demo: demonstration mode runs on a loopback address only")
        if self.second_factor == "off" and host not in LOOPBACK:
            raise ValueError("second_factor: officers sign in without one on a loopback address only")
        if self.queue == self.database_url:
            raise ValueError("queue_url: the queue needs a file of its own, so that nobody waits for it")
        return self

    @property
    def security_log(self) -> Path:
        """The folder with the security log, a file per day."""
        return self.security_log_path or self.instance_path / "security"

    @property
    def queue(self) -> str:
        """Where wake-up calls for workers wait: a file beside the database, or a Redis server for many machines."""
        return self.queue_url or f"sqlite:///{self.instance_path / 'queue.db'}"

    @property
    def hosts(self) -> list[str]:
        """Host names the application answers to; the one of `base_url` always is."""
        return sorted({urlsplit(self.base_url).hostname or "", *self.trusted_hosts})

    @property
    def asks_second_factor(self) -> bool:
        """Whether officers need a second factor to sign in; nobody does in a demonstration."""
        return self.second_factor == "officers" and not self.demo

    @property
    def secure(self) -> bool:
        """Whether people reach the application over TLS."""
        return self.base_url.startswith("https://")


def _has_port(address: str) -> bool:
    """Whether the port of an address can be read; none counts as the usual one."""
    try:
        return urlsplit(address).port != 0
    except ValueError:
        return False


def data_folder(name: str) -> Path:
    """The folder `migrations`, `seed` or `docs` of the checkout, else `_migrations` and so on of the installed package.

    A checkout is known by its `pyproject.toml` and always reads its own folders, whatever a build left in the package.
    """
    beside, inside = PACKAGE.parent / name, PACKAGE / f"_{name}"
    checkout = (PACKAGE.parent / "pyproject.toml").is_file() and beside.is_dir()
    return beside if checkout or not inside.is_dir() else inside


def load_settings(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read the settings of this installation and make the instance folder with its secret key where missing.

    Raises `BadSettings` with one sentence that names the setting.
    """
    environ = os.environ if environ is None else environ
    instance = Path(overrides.get("instance_path") or environ.get(f"{PREFIX}INSTANCE") or Path.cwd() / "instance")
    instance = instance.resolve()
    try:
        instance.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadSettings(f"The instance folder {instance} cannot be made: {error.strerror}.") from None
    values: dict[str, Any] = {
        "instance_path": instance,
        "database_url": f"sqlite:///{instance / 'paritrana.db'}",
        "blob_path": instance / "blobs",
    }
    values |= _from_file(instance / "settings.toml") | _from_environment(environ) | overrides
    values["instance_path"] = instance
    if "secret_key" not in values:
        values["secret_key"] = _secret_of(instance / "keys" / "secret.key")
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        sentence = first["msg"].removeprefix("Value error, ")
        raise BadSettings(f"The setting {name} cannot be used: {sentence}.") from None


def _from_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSettings(f"The settings file {path.name} cannot be read: {error}.") from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in environ.items():
        if not key.startswith(PREFIX) or key == f"{PREFIX}INSTANCE":
            continue
        name = key.removeprefix(PREFIX).lower()
        if name not in Settings.model_fields or name in {"instance_path", "testing"}:
            raise BadSettings(f"The setting {key} is unknown. Check its spelling or remove it.")
        found[name] = tuple(part for part in value.split(",") if part) if name == "trusted_hosts" else value
    return found


def _secret_of(path: Path) -> str:
    """The installation's own secret, made on the first start and readable by its owner only."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
    if path.stat().st_mode & 0o077:
        raise BadSettings(f"The key file {path.name} can be read by others. Run: chmod 600 on it.")
    return path.read_text(encoding="ascii").strip()

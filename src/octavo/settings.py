"""Every setting of Octavo once: its name, its default, one sentence. Read from the environment with the prefix OCTAVO_."""

from functools import cache
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from octavo.errors import UsageError


class Settings(BaseSettings):
    """The environment of one process. An unset variable and an empty one are the same."""

    model_config = SettingsConfigDict(env_prefix="OCTAVO_", env_ignore_empty=True, frozen=True, extra="ignore")

    database_url: str | None = Field(
        None, description="PostgreSQL 15 or newer to work in, as a postgresql:// address; an embedded PostgreSQL 18 when it is not set."
    )
    data_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("octavo", appauthor=False)), description="Folder of the embedded database."
    )
    organization: str = Field(
        "main", description="Slug of the organization that the command line works for when --organization is not given."
    )
    statement_timeout_seconds: float = Field(3600, ge=0.001, le=2_000_000, description="Longest time that one query of a report may run.")
    connect_timeout_seconds: int = Field(10, ge=1, le=3600, description="Longest time to wait for a connection to the database.")
    summary_timeout_seconds: float = Field(30, ge=0.001, le=3600, description="Longest time that one query of a summary may run.")
    pool_size: int = Field(
        10,
        ge=1,
        le=1000,
        description="How many connections to the database octavo serve uses at once for requests, and as many again for what it reads for them.",
    )
    pool_wait_seconds: float = Field(5, ge=0.05, le=600, description="Longest time that a request waits for one of these connections.")
    store_url: str | None = Field(
        None,
        description="Where the files of runs are kept: a folder, or a bucket's s3://, gs:// or az:// URL; files in the data folder when it is not set.",
    )
    store_timeout_seconds: float = Field(
        30,
        ge=0.1,
        le=3600,
        description="Longest time that one request to a bucket may take; it is repeated for as long again where the failure may pass.",
    )
    archive_storage_class: str | None = Field(
        None,
        description="Storage class for files in the archive, as the bucket calls it, e.g. GLACIER_IR; the bucket's own when it is not set.",
    )
    round_seconds: float = Field(
        3600,
        ge=1,
        le=86400,
        description="How often, about, a worker looks for files that have been kept long enough and for what was left over.",
    )
    link_seconds: int = Field(
        300, ge=1, le=604_800, description="How long the link of a download lasts, which is made anew for each click; a week at most."
    )
    secret_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="Secret that signs links to files and seals passwords of files and secrets of webhooks in the database, the same for all processes; a file in the data folder, made at the first use, when it is not set.",
    )
    public_url: str | None = Field(
        None,
        pattern="^https?://[^ ]+$",
        description="Where people reach this server, e.g. https://reports.example.org: what the links in mails begin with; without it mails hold no links.",
    )
    mail_url: SecretStr | None = Field(
        None,
        description="Who takes mails: smtp://user:password@host:587?starttls=required, smtps://user:password@host, or ses://region with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; without it none is sent.",
    )
    mail_from: str = Field("octavo@localhost", description="The address that mails come from; its domain stands in their Message-ID.")
    mail_attachment_bytes: int = Field(
        10_000_000,
        ge=0,
        le=100_000_000,
        description="The largest attachment, counted as it is sent, which is a third more than the file has; what is larger is linked.",
    )
    mail_timeout_seconds: float = Field(
        30, ge=0.1, le=600, description="Longest time to wait for one answer of the mail server, or of a place's."
    )
    delivery_retry_seconds: float = Field(
        60,
        ge=0.01,
        le=86400,
        description="How long a delivery waits after an attempt failed by something that may pass; then 5, 15 and 60 times as long.",
    )
    senders: int = Field(4, ge=0, le=64, description="How many deliveries a worker sends at once; 0: none, and another worker has to.")
    place_networks: list[str] = Field(
        default_factory=list,
        description='Private networks in which places may lie, as a JSON list such as ["10.1.0.0/16"]; otherwise a place has a public address.',
    )
    webhook_networks: list[str] = Field(
        default_factory=list,
        description='Networks in which webhooks may be called though they are not public, as a JSON list such as ["10.1.0.0/16"]; there http and any port will do.',
    )
    webhook_pause_days: float = Field(
        5, ge=0.001, le=366, description="After how many days in which no message has arrived a webhook is paused."
    )
    lease_seconds: float = Field(
        60, ge=2, le=3600, description="How long a worker that says nothing keeps a run before another may take it."
    )
    heartbeat_seconds: float = Field(
        1,
        ge=0.1,
        le=60,
        description="How often a worker renews the lease of a run, writes its progress and looks whether it was cancelled.",
    )
    retry_seconds: float = Field(
        1,
        ge=0.01,
        le=3600,
        description="How long a run waits after an attempt failed by something that may pass; then 5, 15, 60 and 300 times as long.",
    )
    grace_seconds: float = Field(
        30, ge=0, le=86400, description="How long a worker that is told to stop lets its runs finish before it gives them back."
    )
    run_memory_mb: int = Field(
        2048, ge=64, le=1_000_000, description="Memory that the process of one run may use, in MB; charts need 1024."
    )
    requests_per_minute: int = Field(
        200,
        ge=1,
        le=10_000_000,
        description="How many requests an organization may make in any minute, of all servers together, unless it has a number of its own.",
    )
    strangers_per_minute: int = Field(
        120,
        ge=1,
        le=10_000_000,
        description="How many requests without a valid credential one network address may make of one server in a minute.",
    )
    most_rows: int = Field(
        10_000_000,
        ge=1,
        description="How many rows a file that is asked for over the API may hold, unless the organization has a number of its own.",
    )
    most_queued: int = Field(1000, ge=1, description="How many runs of one organization may wait at once, those of schedules apart.")
    most_running: int = Field(8, ge=1, description="How many runs of one organization may be at work at once.")
    log_format: Literal["text", "json"] | None = Field(
        None, description="How the server's processes write their log on stderr; text on a terminal and json otherwise when it is not set."
    )
    metrics_port: int | None = Field(
        None, ge=1, le=65535, description="Port on which a worker answers /metrics; it answers nowhere when it is not set."
    )
    metrics_host: str = Field("127.0.0.1", description="Address on which a worker answers /metrics.")
    session_hours: float = Field(12, gt=0, le=8760, description="How long somebody who signed in to the pages stays signed in.")
    jwt_issuer: str | None = Field(
        None, description="Who signs the tokens of the host application, as their iss claim says; needed for tokens."
    )
    jwt_audience: str | None = Field(None, description="For whom the tokens must be meant, as their aud claim says; needed for tokens.")
    jwt_secret: SecretStr | None = Field(
        None, description="Secret shared with the host application, for tokens signed by HS256; at least 32 bytes."
    )
    jwt_keys: str | None = Field(
        None, description="URL or file of the host application's published keys (JWKS), for tokens signed by RS256 or ES256."
    )
    jwt_leeway_seconds: float = Field(30, ge=0, le=300, description="How far the clock of the host application may differ.")
    jwt_organization_claim: str = Field(
        "organization", description="Claim that names the organization by its external id, or by its slug where it has none; a.b is b in a."
    )
    jwt_subject_claim: str = Field("sub", description="Claim that names the person for good.")
    jwt_email_claim: str = Field("email", description="Claim with the person's e-mail address.")
    jwt_role_claim: str = Field("role", description="Claim with the person's role; without it the role is the one set in Octavo.")
    jwt_roles: dict[str, str] = Field(
        default_factory=dict, description="The host application's roles as Octavo's viewer, member and admin, as a JSON object."
    )

    @property
    def store_place(self) -> str:
        """The folder or URL of the store."""
        return self.store_url or str(self.data_dir.expanduser().absolute() / "files")


@cache
def settings() -> Settings:
    """The settings of this process. Raises UsageError naming the variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "OCTAVO_" + "_".join(str(part) for part in first["loc"]).upper()
        raise UsageError(f"{name} is set wrongly: {first['msg']}") from error

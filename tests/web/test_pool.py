"""A server that has no connection to spare says so, and says when to come again."""

from pathlib import Path

from fastapi.testclient import TestClient

from octavo import app
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.settings import Settings


def test_when_every_connection_is_in_use_the_answer_is_503_with_retry_after(database: Database, tmp_path: Path) -> None:
    given = Settings(data_dir=tmp_path)
    with database.pooled(1, wait_seconds=0.1) as pooled, TestClient(app.web(pooled, catalog.installed(), given)) as client:
        assert client.get("/ready").status_code == 200
        with pooled.connect():
            refused = client.get("/api/me", headers={"Authorization": f"Bearer oct_{'a' * 12}1_{'b' * 43}"})
        assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
        assert int(refused.headers["retry-after"]) > 0
        assert "in use" in refused.json()["detail"]
        assert client.get("/ready").status_code == 200

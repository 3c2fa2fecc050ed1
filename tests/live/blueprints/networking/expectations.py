"""The web server hands requests of this machine to the API, and the API's user can use the database."""

import urllib.request
from functools import partial

from harness.deployment import Deployment
from harness.expectations import Expectations, Sabotage, Work
from harness.shell import expect


class Networking(Expectations):
    server = "api"
    kept = frozenset({"DB_ADMIN_PASSWORD", "APP_DB_PASSWORD"})
    changed = frozenset({"APP_DB_PASSWORD"})
    file = ("uses: [api], publish: 8080", "uses: [api], routes: { /: api, /again/: api }, publish: 8080")
    sabotages = (
        Sabotage(
            name="a broken network: the database is on the one of the web server, too",
            file="docker-compose.yml",
            service="db",
            old="- backend",
            new="- backend\n      - frontend",
            step="verify-network.sh",
            says=r"FAIL  deny   web -> db:5432 \(it connects\)",
        ),
    )

    def work(self, deployment: Deployment) -> list[Work]:
        return [
            ("the web server hands a request on", partial(self.ask_web, deployment)),
            ("the user of the API writes to its database", partial(self.write, deployment)),
        ]

    def ask_web(self, deployment: Deployment) -> str:
        """Python's server lists the folder that it runs in; nginx alone would not."""
        address = deployment.published("web")
        with urllib.request.urlopen(f"http://{address}/", timeout=10) as answer:
            expect(b"Directory listing for /" in answer.read(), f"{address} answers something else")
        return address

    def write(self, deployment: Deployment) -> str:
        rows = self.query(
            deployment, "CREATE TABLE IF NOT EXISTS seen (at timestamptz DEFAULT now()); INSERT INTO seen DEFAULT VALUES RETURNING 1"
        )
        expect(rows == "1", f"the database said {rows}")
        return self.data(deployment)

    def data(self, deployment: Deployment) -> str:
        return f"seen has {self.query(deployment, 'SELECT count(*) FROM seen')} rows"

    def file_is_new(self, deployment: Deployment) -> bool:
        return "location /again/ {" in deployment.execute("web", "nginx", "-T")

    def old_secrets_fail(self, deployment: Deployment, old: dict[str, str]) -> str:
        said = deployment.refuses("db", *self.PSQL, "-c", "SELECT 1", PGPASSWORD=old["APP_DB_PASSWORD"])
        expect("password authentication failed" in said, f"db refused otherwise: {said}")
        return "APP_DB_PASSWORD"

    PSQL = ("psql", "-h", "db", "-U", "app", "-qtA", "-v", "ON_ERROR_STOP=1", "app")

    def query(self, deployment: Deployment, sql: str) -> str:
        """Rows, as the user of the API and with its password."""
        return deployment.execute("db", *self.PSQL, stdin=sql, PGPASSWORD=deployment.secret("APP_DB_PASSWORD"))


EXPECTATIONS = Networking()

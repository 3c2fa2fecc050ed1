"""Messages reach `transactions_sink` from inside and from this machine, and a DAG sums them up."""

import ast
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path

from harness.deployment import Deployment
from harness.expectations import Expectations, Sabotage, Work
from harness.shell import Failure, expect, until
from harness.venv import python_with

from .airflow import Api, Refused

DAG = "batch_data_ingestion"
INSIDE, HOST = 20, 5
SINK_SECONDS = 60


class Capstone(Expectations):
    profiles = ("app",)
    alone = {"airflow-docker-compose.yml": "network capstone_kafka_network declared as external, but could not be found"}
    server = "kafka"
    kept = frozenset(
        {"KAFKA_POSTGRES_ADMIN_PASSWORD", "AIRFLOW_POSTGRES_ADMIN_PASSWORD", "TRANSACTIONS_DB_PASSWORD", "METADATA_DB_PASSWORD"}
    )
    changed = frozenset({"TRANSACTIONS_DB_PASSWORD", "METADATA_DB_PASSWORD", "REDIS_PASSWORD", "AIRFLOW_ADMIN_PASSWORD"})
    file = ("redis: { component: redis, stack: airflow }", "redis: { component: redis, stack: airflow, persistence: append_only }")
    sabotages = (
        Sabotage(
            name="a broken network: the producer is on another one",
            file="kafka-docker-compose.yml",
            service="producer",
            old="networks:\n      - kafka_network",
            new="network_mode: bridge",
            step="verify-network.sh",
            says=r"FAIL  allow  producer -> kafka:9092 \(the name is not known\)",
        ),
        Sabotage(
            name="a broken health check: pg_isready with an option that it does not have",
            file="kafka-docker-compose.yml",
            service="kafka-postgres",
            old="pg_isready, --quiet",
            new="pg_isready, --no-such-option",
            step="up",
            says=r"container capstone-kafka-kafka-postgres-1 is unhealthy",
        ),
        Sabotage(
            name="a wrong password: that of the superuser, in the job that makes the database",
            file="kafka-docker-compose.yml",
            service="kafka-postgres-init",
            old="PGPASSWORD: ${KAFKA_POSTGRES_ADMIN_PASSWORD:?run pipegen secrets init}",
            new="PGPASSWORD: wrong",
            step="up",
            says=r'kafka-postgres-init failed(?s:.*)password authentication failed for user "postgres"',
        ),
        Sabotage(
            name="a wrong listener: clients of this machine are sent to a name that only containers know",
            file="kafka-docker-compose.yml",
            service="kafka",
            old="EXTERNAL://localhost:9092",
            new="EXTERNAL://kafka:9092",
            step="messages from this machine reach the table",
            says=r"kafka at 127\.0\.0\.1:9092: .*kafka:9092",
        ),
    )

    def __init__(self) -> None:
        # Every round of work has a day of its own, so that its numbers are known exactly.
        self.days = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in count(1))
        self.done: list[datetime] = []

    def work(self, deployment: Deployment) -> list[Work]:
        day = next(self.days)
        self.done.append(day)
        return [
            ("messages from inside reach the table", partial(self.send_from_inside, deployment, day)),
            ("messages from this machine reach the table", partial(self.send_from_host, deployment, day)),
            ("the DAG sums them up on the Celery worker", partial(self.run_dag, deployment, day)),
        ]

    def send_from_inside(self, deployment: Deployment, day: datetime) -> str:
        """The producer's own image, twice the same messages: the table has each once."""
        variables = {"PRODUCER_COUNT": str(INSIDE), "PRODUCER_START": day.isoformat()}
        for _ in range(2):
            deployment.run_once("producer", "python", "producer.py", **variables)
        self.expect_rows(deployment, day, INSIDE)
        return f"{INSIDE} messages, sent twice, are {INSIDE} rows"

    def send_from_host(self, deployment: Deployment, day: datetime) -> str:
        """A client of this machine, through the published ports of Kafka and PostgreSQL."""
        python = python_with(deployment.blueprint.parent / "capstone/requirements-consumer.txt", deployment.home, deployment.shell)
        client = str(Path(__file__).with_name("kafka_client.py"))
        first = (day + timedelta(hours=12)).isoformat()
        said = deployment.shell.run(python, client, deployment.published("kafka"), first, str(HOST)).strip()
        self.expect_rows(deployment, day, INSIDE + HOST)
        return f"{said} through {deployment.published('kafka')}"

    def run_dag(self, deployment: Deployment, day: datetime) -> str:
        """A run for the day, and what it says of it."""
        logical_date = (day + timedelta(days=1)).isoformat()
        task = self.api(deployment).run(DAG, f"live-{day.date()}", logical_date)
        worker = deployment.container("airflow-worker")
        expect(worker.startswith(task["hostname"]), f"the task ran on {task['hostname']}, and the worker is {worker[:12]}")
        returned = ast.literal_eval(task["returned"]) if isinstance(task["returned"], str) else task["returned"]
        wanted = self.totals(deployment, day)
        expect(returned["transactions"] == INSIDE + HOST, f"the DAG counted {returned['transactions']} of {INSIDE + HOST} transactions")
        expect(returned["totals"] == wanted, f"the DAG says {returned['totals']}, and the table {wanted}")
        return f"success on {task['hostname']}: {returned['transactions']} transactions of {returned['day']}"

    def data(self, deployment: Deployment) -> str:
        last = (self.done[-1] + timedelta(days=1)).isoformat()
        sink = self.query(deployment, f"SELECT count(*), sum(amount) FROM transactions_sink WHERE created_at < '{last}'")
        daily = self.query(deployment, f"SELECT count(*), sum(total) FROM transactions_daily WHERE day < '{last}'")
        return f"transactions_sink {sink}, transactions_daily {daily}"

    def file_is_new(self, deployment: Deployment) -> bool:
        return deployment.execute("redis", "redis-cli", "config", "get", "appendonly").split() == ["appendonly", "yes"]

    def old_secrets_fail(self, deployment: Deployment, old: dict[str, str]) -> str:
        checks = {
            "TRANSACTIONS_DB_PASSWORD": partial(self.postgres_refuses, deployment, "kafka-postgres", "capstone", "DB_T0"),
            "METADATA_DB_PASSWORD": partial(self.postgres_refuses, deployment, "airflow-postgres", "airflow", "airflow"),
            "REDIS_PASSWORD": lambda value: deployment.refuses("redis", "redis-cli", "-e", "ping", REDISCLI_AUTH=value),
            "AIRFLOW_ADMIN_PASSWORD": partial(self.airflow_refuses, deployment),
        }
        for name, value in old.items():
            checks[name](value)
        return ", ".join(old)

    def postgres_refuses(self, deployment: Deployment, server: str, user: str, database: str, password: str) -> None:
        said = deployment.refuses(server, "psql", "-h", server, "-U", user, database, "-c", "SELECT 1", PGPASSWORD=password)
        expect("password authentication failed" in said, f"{server} refused otherwise: {said}")

    def airflow_refuses(self, deployment: Deployment, password: str) -> None:
        try:
            Api(deployment.published("airflow-apiserver"), "admin", password)
        except Refused as error:
            expect(error.status == 401, str(error))
            return
        raise Failure("Airflow takes the old password of admin")

    def api(self, deployment: Deployment) -> Api:
        return Api(deployment.published("airflow-apiserver"), "admin", deployment.secret("AIRFLOW_ADMIN_PASSWORD"))

    def totals(self, deployment: Deployment, day: datetime) -> dict[str, str]:
        """The sums of a day by currency, from the table."""
        rows = self.query(deployment, f"SELECT currency, sum(amount) FROM transactions_sink WHERE {on(day)} GROUP BY currency ORDER BY 1")
        return dict(row.split("|") for row in rows.splitlines())

    def expect_rows(self, deployment: Deployment, day: datetime, wanted: int) -> None:
        def rows() -> int:
            return int(self.query(deployment, f"SELECT count(*) FROM transactions_sink WHERE {on(day)}"))

        def message() -> str:
            return f"transactions_sink has {rows()} of {wanted} rows of {day.date()}; the consumer says:\n{deployment.log('consumer')}"

        until(lambda: rows() >= wanted, SINK_SECONDS, message)
        expect(rows() == wanted, f"transactions_sink has {rows()} rows of {day.date()}, more than the {wanted} that were sent")

    def query(self, deployment: Deployment, sql: str) -> str:
        """Rows, as the user of the applications and with its password."""
        words = ("psql", "-h", "kafka-postgres", "-U", "capstone", "-tA", "-v", "ON_ERROR_STOP=1", "DB_T0")
        return deployment.execute("kafka-postgres", *words, stdin=sql, PGPASSWORD=deployment.secret("TRANSACTIONS_DB_PASSWORD"))


def on(day: datetime) -> str:
    """The condition for the transactions of a day."""
    return f"created_at >= '{day.isoformat()}' AND created_at < '{(day + timedelta(days=1)).isoformat()}'"


EXPECTATIONS = Capstone()

"""Sums up the transactions of one day from `transactions_sink` into `transactions_daily`, by currency."""

import logging
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, task

CONNECTION = "postgres_kafka_default"

CREATE_TABLE = """
CREATE TABLE IF NOT EXISTS transactions_daily (
    day          date NOT NULL,
    currency     text NOT NULL,
    transactions bigint NOT NULL,
    total        numeric NOT NULL,
    PRIMARY KEY (day, currency)
)
"""

# A later run of the same day replaces the numbers, so late transactions only need the run to be cleared.
SUMMARIZE = """
INSERT INTO transactions_daily (day, currency, transactions, total)
SELECT %(day)s, currency, count(*), sum(amount)
FROM transactions_sink
WHERE created_at >= %(start)s AND created_at < %(end)s
GROUP BY currency
ON CONFLICT (day, currency) DO UPDATE SET transactions = excluded.transactions, total = excluded.total
RETURNING currency, transactions, total
"""

log = logging.getLogger(__name__)


def day_of(end: datetime) -> datetime:
    """The start (midnight UTC) of the last day that began before `end`.

    `end` is midnight for a scheduled run, which gives the day that is over; a manual run gives its own day so far.
    """
    last = end.astimezone(UTC) - timedelta(microseconds=1)
    return last.replace(hour=0, minute=0, second=0, microsecond=0)


@dag(
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1)},
    tags=["capstone", "transactions"],
    doc_md=__doc__,
)
def batch_data_ingestion():
    @task
    def summarize_day(data_interval_end=None, dag_run=None) -> dict:
        from airflow.providers.postgres.hooks.postgres import PostgresHook  # slow to import, so not at every parse

        # since Airflow 3.0 "@daily" gives an interval of no length, and a run without a logical date gives none
        start = day_of(data_interval_end or dag_run.run_after)
        day = start.date().isoformat()
        hook = PostgresHook(postgres_conn_id=CONNECTION)
        hook.run(CREATE_TABLE)
        parameters = {"day": day, "start": start, "end": start + timedelta(days=1)}
        rows = hook.run(SUMMARIZE, parameters=parameters, handler=lambda cursor: cursor.fetchall())

        transactions = sum(count for _, count, _ in rows)
        totals = {currency: str(total) for currency, _, total in sorted(rows)}
        log.info("%s: %d transactions, totals %s", day, transactions, totals)
        return {"day": day, "transactions": transactions, "totals": totals}

    summarize_day()


batch_data_ingestion()

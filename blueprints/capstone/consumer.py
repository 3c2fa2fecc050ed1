"""Copies the Kafka topic `transactions` into the Postgres table `transactions_sink`.

At least once from Kafka, exactly once in the table: an offset is committed only after its rows are, and a row
that is already there is left alone. Nothing is ever deleted. So a failure needs no handling here: the process
ends, its restart policy starts it again, and Kafka hands out what was not committed.

Environment: KAFKA_BOOTSTRAP_SERVERS, POSTGRES_HOST, POSTGRES_PORT, POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB
"""

import logging
import os
import signal

import psycopg
from confluent_kafka import Consumer, KafkaException, Message

TOPIC = "transactions"
GROUP = "transactions-sink"
BATCH_MESSAGES = 500
BATCH_SECONDS = 1.0

CREATE_TABLE = """
CREATE TABLE IF NOT EXISTS transactions_sink (
    id          uuid PRIMARY KEY,
    user_id     bigint NOT NULL,
    merchant    text NOT NULL,
    amount      numeric(12, 2) NOT NULL CHECK (amount <> 'NaN'),  -- one NaN would spoil every sum
    currency    text NOT NULL,
    created_at  timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS transactions_sink_created_at ON transactions_sink (created_at);
"""

# Postgres reads the message itself, so that there is one place where a column has a type.
INSERT = """
INSERT INTO transactions_sink (id, user_id, merchant, amount, currency, created_at)
SELECT id, user_id, merchant, amount, currency, created_at
FROM jsonb_to_record(convert_from(%s, 'UTF8')::jsonb)
    AS t (id uuid, user_id bigint, merchant text, amount numeric(12, 2), currency text, created_at timestamptz)
ON CONFLICT (id) DO NOTHING
"""

# What Postgres raises where a message is no transaction: not JSON, a wrong type, a missing key, nested too deeply.
UNREADABLE = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.StatementTooComplex)

log = logging.getLogger("consumer")


class Stop:
    """Becomes true on SIGTERM or SIGINT."""

    def __init__(self) -> None:
        self.requested = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request)

    def _request(self, _number, _frame) -> None:
        self.requested = True


def insert(connection: psycopg.Connection, messages: list[Message]) -> int:
    """Inserts all messages or none; returns how many rows are new."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(INSERT, [(message.value() or b"",) for message in messages])
        return cursor.rowcount


def store(connection: psycopg.Connection, messages: list[Message]) -> int:
    """Inserts the messages, without those that are no transaction; returns how many rows are new."""
    try:
        return insert(connection, messages)
    except UNREADABLE as error:
        if len(messages) > 1:
            return sum(store(connection, [message]) for message in messages)
        # Waiting for it would stop everything behind it. The log names the place, not the content.
        place = f"{messages[0].topic()}[{messages[0].partition()}]@{messages[0].offset()}"
        log.warning("skipped %s: not a transaction (SQLSTATE %s)", place, error.sqlstate)
        return 0


def is_data(message: Message) -> bool:
    """Whether this is a message and not an event, such as a topic that does not exist yet (librdkafka keeps trying)."""
    error = message.error()
    if error is None:
        return True
    if error.fatal():
        raise KafkaException(error)
    log.warning("kafka: %s", error.str())
    return False


def run(consumer: Consumer, connection: psycopg.Connection, stop: Stop) -> None:
    """Copies batch by batch; a stop takes effect between two of them."""
    while not stop.requested:
        messages = [message for message in consumer.consume(BATCH_MESSAGES, BATCH_SECONDS) if is_data(message)]
        if messages:
            new = store(connection, messages)
            consumer.commit(asynchronous=False)
            log.info("read %d transactions, %d of them new", len(messages), new)


def connect_postgres() -> psycopg.Connection:
    return psycopg.connect(
        host=os.environ["POSTGRES_HOST"],
        port=os.environ["POSTGRES_PORT"],
        user=os.environ["POSTGRES_USER"],
        password=os.environ["POSTGRES_PASSWORD"],
        dbname=os.environ["POSTGRES_DB"],
        application_name="consumer",
        connect_timeout=10,
        autocommit=True,  # transactions are opened where they are needed, by name
    )


def connect_kafka() -> Consumer:
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
            "client.id": "consumer",
            "reconnect.backoff.ms": 1000,  # its default fills the log while Kafka is down
            "group.id": GROUP,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([TOPIC])
    return consumer


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    stop = Stop()
    with connect_postgres() as connection:
        connection.execute(CREATE_TABLE)
        consumer = connect_kafka()
        log.info("reading topic %s", TOPIC)
        try:
            run(consumer, connection, stop)
        finally:
            consumer.close()  # leaves the group at once instead of after the session timeout
    log.info("stopped")


if __name__ == "__main__":
    main()

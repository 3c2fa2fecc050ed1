"""Writes plausible card transactions to the Kafka topic `transactions`, at a modest and steady rate.

A transaction is a function of its instant alone, its id included: two runs with the same PRODUCER_START
and PRODUCER_RATE send the same messages, which is how the consumer's idempotence can be tried.

Environment:
  KAFKA_BOOTSTRAP_SERVERS  required
  PRODUCER_RATE            transactions per second (2)
  PRODUCER_COUNT           stop with exit status 0 after this many (never)
  PRODUCER_START           instant of the first one, ISO 8601 with an offset (now); a past one is caught up with at once
"""

import json
import logging
import os
import random
import signal
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from itertools import count

from confluent_kafka import KafkaException, Producer

TOPIC = "transactions"
CURRENCIES = {"THB": 70, "USD": 15, "EUR": 10, "JPY": 5}
MERCHANTS = ("bakery", "bookshop", "cinema", "fuel", "grocery", "pharmacy", "railway", "restaurant")
USERS = 500
FLUSH_SECONDS = 8  # less than the 10 s that Docker waits between SIGTERM and SIGKILL

log = logging.getLogger("producer")


class Stop:
    """Becomes true on SIGTERM or SIGINT."""

    def __init__(self) -> None:
        self.requested = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request)

    def _request(self, _number, _frame) -> None:
        self.requested = True


def transaction(instant: datetime) -> dict:
    """The transaction of this instant, always the same one."""
    dice = random.Random(instant.isoformat())
    return {
        "id": str(uuid.UUID(int=dice.getrandbits(128), version=4)),
        "user_id": dice.randint(1, USERS),
        "merchant": dice.choice(MERCHANTS),
        # money travels as text: a float would lose cents
        "amount": f"{dice.lognormvariate(3.2, 0.9):.2f}",
        "currency": dice.choices(list(CURRENCIES), weights=list(CURRENCIES.values()))[0],
        "created_at": instant.isoformat(),
    }


def instants(start: datetime, rate: float, limit: int | None):
    """The instants of the transactions: `limit` of them, or no end."""
    for number in count() if limit is None else range(limit):
        yield start + timedelta(seconds=number / rate)


def positive(name: str, default: str, parse):
    """The environment variable as a number above zero."""
    text = os.environ.get(name) or default
    try:
        value = parse(text)
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        sys.exit(f"{name}: expected a number above zero, got {text!r}")
    return value


def first_instant() -> datetime:
    """PRODUCER_START, or the current second."""
    text = os.environ.get("PRODUCER_START")
    if not text:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        sys.exit(f"PRODUCER_START: expected an instant like 2026-01-31T00:00:00+00:00, got {text!r}")
    return instant.astimezone(UTC)


def delivered(error, _message) -> None:
    """Ends the run when Kafka gave up on a message; confluent_kafka raises it again from poll() and flush()."""
    if error is not None:
        raise KafkaException(error)


def wait_until(instant: datetime, producer: Producer, stop: Stop) -> None:
    """Waits for the instant, or for a stop, and serves delivery reports meanwhile."""
    producer.poll(0)
    while not stop.requested and (left := instant.timestamp() - time.time()) > 0:
        producer.poll(min(left, 0.5))


def send(instant: datetime, producer: Producer) -> None:
    """Queues the transaction of the instant; those of one user keep their order."""
    body = transaction(instant)
    message = {"topic": TOPIC, "key": str(body["user_id"]), "value": json.dumps(body), "on_delivery": delivered}
    while True:
        try:
            return producer.produce(**message)
        except BufferError:  # the local queue is full, which only happens while catching up
            producer.poll(0.5)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    rate = positive("PRODUCER_RATE", "2", float)
    limit = positive("PRODUCER_COUNT", "0", int) if os.environ.get("PRODUCER_COUNT") else None
    start = first_instant()
    stop = Stop()
    producer = Producer(
        {
            "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
            "client.id": "producer",
            "reconnect.backoff.ms": 1000,  # its default fills the log while Kafka is down
            "enable.idempotence": True,  # its own retries neither lose nor double a message
        }
    )

    sent = 0
    log.info("sending to topic %s from %s on", TOPIC, start.isoformat())
    for instant in instants(start, rate, limit):
        wait_until(instant, producer, stop)
        if stop.requested:
            break
        send(instant, producer)
        sent += 1

    lost = producer.flush(FLUSH_SECONDS)
    log.info("sent %d transactions", sent - lost)
    if lost:
        sys.exit(f"{lost} transactions were not delivered")


if __name__ == "__main__":
    main()

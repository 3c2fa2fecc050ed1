"""Sends transactions to Kafka and reads them back, from wherever it runs.

Usage: kafka_client.py BOOTSTRAP FIRST COUNT, where FIRST is the instant of the first one. Exits with a message that names
the bootstrap address if the broker, or any address that it names, does not answer.
"""

import json
import sys
import time
import uuid
from datetime import datetime, timedelta

from confluent_kafka import Consumer, Producer

TOPIC = "transactions"
SECONDS = 20


def transactions(first: datetime, count: int) -> dict[str, bytes]:
    """Messages by identity."""
    made = {}
    for number in range(count):
        identity = str(uuid.uuid4())
        body = {"id": identity, "user_id": 1, "merchant": "live", "amount": "1.25", "currency": "EUR"}
        made[identity] = json.dumps(body | {"created_at": (first + timedelta(seconds=number)).isoformat()}).encode()
    return made


def settings(bootstrap: str, errors: list[str]) -> dict:
    """What both clients have in common. Errors are collected: the library's own log would repeat them ten times a second."""
    return {"bootstrap.servers": bootstrap, "log_level": 0, "error_cb": lambda error: errors.append(error.str())}


def send(bootstrap: str, messages: dict[str, bytes]) -> None:
    """Sends them all, or exits."""
    errors: list[str] = []
    refused: list[str] = []
    producer = Producer(settings(bootstrap, errors) | {"message.timeout.ms": SECONDS * 1000})
    for identity, body in messages.items():
        producer.produce(TOPIC, body, on_delivery=lambda error, _, identity=identity: refused.append(identity) if error else None)
    left = producer.flush(2 * SECONDS) + len(refused)
    if left:
        sys.exit(f"kafka at {bootstrap}: {left} of {len(messages)} messages were not taken: {', '.join(dict.fromkeys(errors))}")


def read_back(bootstrap: str, wanted: set[str]) -> None:
    """Waits until every one was read, or exits."""
    errors: list[str] = []
    consumer = Consumer(settings(bootstrap, errors) | {"group.id": f"live-{uuid.uuid4()}", "auto.offset.reset": "earliest"})
    consumer.subscribe([TOPIC])
    deadline = time.monotonic() + SECONDS
    while wanted and time.monotonic() < deadline:
        for message in consumer.consume(500, 1):
            if message.error() is None:
                wanted.discard(json.loads(message.value())["id"])
    consumer.close()
    if wanted:
        sys.exit(f"kafka at {bootstrap}: {len(wanted)} messages that were sent cannot be read: {', '.join(dict.fromkeys(errors))}")


def main(bootstrap: str, first: str, count: str) -> None:
    messages = transactions(datetime.fromisoformat(first), int(count))
    send(bootstrap, messages)
    read_back(bootstrap, set(messages))
    print(f"{count} messages sent and read back")


if __name__ == "__main__":
    main(*sys.argv[1:])

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
SECONDS = 30


def transactions(first: datetime, count: int) -> dict[str, bytes]:
    """Messages by identity."""
    made = {}
    for number in range(count):
        identity = str(uuid.uuid4())
        body = {"id": identity, "user_id": 1, "merchant": "live", "amount": "1.25", "currency": "EUR"}
        made[identity] = json.dumps(body | {"created_at": (first + timedelta(seconds=number)).isoformat()}).encode()
    return made


def send(bootstrap: str, messages: dict[str, bytes], errors: list[str]) -> None:
    """Sends them all, or exits."""
    settings = {"bootstrap.servers": bootstrap, "message.timeout.ms": SECONDS * 1000, "error_cb": lambda error: errors.append(error.str())}
    producer = Producer(settings)
    for body in messages.values():
        producer.produce(TOPIC, body)
    left = producer.flush(SECONDS)
    if left:
        sys.exit(f"kafka at {bootstrap}: {left} of {len(messages)} messages were not taken: {', '.join(dict.fromkeys(errors))}")


def read_back(bootstrap: str, wanted: set[str]) -> None:
    """Waits until every one was read, or exits."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"live-{uuid.uuid4()}", "auto.offset.reset": "earliest"})
    consumer.subscribe([TOPIC])
    deadline = time.monotonic() + SECONDS
    while wanted and time.monotonic() < deadline:
        for message in consumer.consume(500, 1):
            if message.error() is None:
                wanted.discard(json.loads(message.value())["id"])
    consumer.close()
    if wanted:
        sys.exit(f"kafka at {bootstrap}: {len(wanted)} messages that were sent cannot be read")


def main(bootstrap: str, first: str, count: str) -> None:
    messages = transactions(datetime.fromisoformat(first), int(count))
    send(bootstrap, messages, [])
    read_back(bootstrap, set(messages))
    print(f"{count} messages sent and read back")


if __name__ == "__main__":
    main(*sys.argv[1:])

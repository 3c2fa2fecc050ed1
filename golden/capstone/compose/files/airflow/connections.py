"""Stores the connections of a JSON file in Airflow's metadata database, replacing those of the same name.

Usage: connections.py FILE, in the format of `airflow connections import`. Prints the names, never a value.

Not `airflow connections import --overwrite`: it decrypts the row that it is about to overwrite, so it fails once the Fernet
key has changed, and so does `airflow connections delete`. It also reports success after it refused a name.
"""

import sys

from airflow.models.connection import Connection
from airflow.secrets.local_filesystem import load_connections_dict
from airflow.utils.helpers import validate_key
from airflow.utils.session import create_session
from sqlalchemy import delete


def store(connections: dict[str, Connection]) -> None:
    """Replaces the rows in one transaction, so that a running task never finds a connection missing."""
    with create_session() as session:
        # As a statement, which reads no row and therefore decrypts none.
        session.execute(delete(Connection).where(Connection.conn_id.in_(list(connections))))
        session.add_all(connections.values())


def main(path: str) -> None:
    connections = load_connections_dict(path)
    for name in connections:
        validate_key(name, max_length=200)
    store(connections)
    for name in sorted(connections):
        print(f"stored connection {name}")


if __name__ == "__main__":
    main(sys.argv[1])

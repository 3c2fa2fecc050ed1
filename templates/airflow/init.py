"""Prepares the metadata database: its schema, and an administrator who can log in.

Every start runs it again, so it changes only what differs. It replaces the image's own `_AIRFLOW_DB_MIGRATE` and
`_AIRFLOW_WWW_USER_CREATE`: those carry on after a failed migration (`|| true`), pass the password as an argument, and never
change the password of a user who exists (apache/airflow, scripts/docker/entrypoint_prod.sh).

Reads `ADMIN_USERNAME` and `ADMIN_PASSWORD` from the environment. Arguments are the command that sees to the schema instead,
such as one that waits until another job has made it.
"""

import os
import subprocess
import sys

# Else the first start logs one line for each of about 500 permissions. Read when Airflow is imported, so set before.
os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "WARNING"


def set_administrator(username: str, password: str) -> str:
    """Creates the user, or gives the existing one this password; returns what was done."""
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
    from airflow.providers_manager import ProvidersManager
    from werkzeug.security import check_password_hash

    # Where an `airflow.cfg` is there already, the defaults of providers are missing until somebody asks for them.
    ProvidersManager().initialize_providers_configuration()
    with get_application_builder() as builder:
        security = builder.sm
        admin = security.find_role("Admin")
        user = security.find_user(username=username)
        if user is None:
            # The e-mail address is a required and unique column; nothing is ever sent to it.
            email = f"{username}@localhost.invalid"
            if not security.add_user(username, "Airflow", "Admin", email, admin, password):
                sys.exit(f"cannot create the user {username}: the log above says why")
            return "created"
        # Only when it differs: a reset ends the sessions of everyone who is logged in under this name.
        if not check_password_hash(user.password or "", password):
            if not security.reset_password(user.id, password):
                sys.exit(f"cannot change the password of {username}: the log above says why")
            return "password changed"
        return "unchanged"


def main() -> None:
    username, password = os.environ["ADMIN_USERNAME"], os.environ["ADMIN_PASSWORD"]
    # Also makes the tables of the FAB auth manager, provided that it is configured as the auth manager.
    subprocess.run(sys.argv[1:] or ["airflow", "db", "migrate"], check=True)
    print(f"administrator {username}: {set_administrator(username, password)}")


if __name__ == "__main__":
    main()

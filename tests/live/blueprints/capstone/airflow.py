"""Airflow's public API, as far as the expectations need it."""

import json
import time
import urllib.error
import urllib.request

from harness.shell import Failure

RUN_SECONDS = 180


class Api:
    """Logged in as a user."""

    def __init__(self, address: str, username: str, password: str) -> None:
        self.address = address
        self.token = ""
        self.token = self.call("POST", "/auth/token", {"username": username, "password": password})["access_token"]

    def call(self, method: str, path: str, body: dict | None = None) -> dict:
        """An answer; any other status than that of success is a Failure with its number."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.address}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Refused(error.code, f"{method} {path} of Airflow at {self.address}: {error.code} {error.reason}") from error

    def run(self, dag: str, run: str, logical_date: str) -> dict:
        """Triggers a DAG, waits until it is over, and returns its one task instance, with what it returned."""
        path = f"/api/v2/dags/{dag}"
        self.call("PATCH", path, {"is_paused": False})
        self.call("POST", f"{path}/dagRuns", {"dag_run_id": run, "logical_date": logical_date})
        deadline = time.monotonic() + RUN_SECONDS
        while (state := self.call("GET", f"{path}/dagRuns/{run}")["state"]) not in ("success", "failed"):
            if time.monotonic() > deadline:
                break
            time.sleep(1)
        (task,) = self.call("GET", f"{path}/dagRuns/{run}/taskInstances")["task_instances"]
        if state != "success":
            raise Failure(f"the run {run} of {dag} is {state}, its task {task['task_id']} {task['state']} after try {task['try_number']}")
        returned = self.call("GET", f"{path}/dagRuns/{run}/taskInstances/{task['task_id']}/xcomEntries/return_value")
        return task | {"returned": returned["value"]}


class Refused(Failure):
    """The API answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

"""Puts the posts and users of a Stack Exchange site into the lake, and says so by updating two assets."""

import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.sdk import Asset, dag, task

SITE = "ai.meta.stackexchange.com"
ARCHIVE = f"https://archive.org/download/stackexchange/{SITE}.7z"
CONNECTION = "aws_conn"
BUCKET = os.environ["LAKE_BUCKET"]

posts = Asset(name="posts", uri=f"s3://{BUCKET}/raw/Posts.xml")
users = Asset(name="users", uri=f"s3://{BUCKET}/raw/Users.xml")


def download(url: str, target: Path) -> None:
    """Streams a file to the disk: an archive of a large site does not fit into memory."""
    import requests

    with requests.get(url, stream=True, timeout=60) as answer:
        answer.raise_for_status()
        with target.open("wb") as file:
            for chunk in answer.iter_content(chunk_size=1 << 20):
                file.write(chunk)


@dag(
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
    tags=["stackexchange"],
    doc_md=__doc__,
)
def produce_data_asset():
    # One task: the next one would run in another pod, which does not see this one's disk.
    @task(outlets=[posts, users])
    def upload_raw_data() -> list[str]:
        import py7zr
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        lake = S3Hook(aws_conn_id=CONNECTION)
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "site.7z"
            download(ARCHIVE, archive)
            names = ["Posts.xml", "Users.xml"]
            with py7zr.SevenZipFile(archive) as packed:
                packed.extract(path=folder, targets=names)
            for name in names:
                # A repeated run replaces the objects with the same ones.
                lake.load_file(Path(folder) / name, key=f"raw/{name}", bucket_name=BUCKET, replace=True)
        return [f"s3://{BUCKET}/raw/{name}" for name in names]

    upload_raw_data()


produce_data_asset()

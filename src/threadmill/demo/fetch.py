"""The job fetch: documents over HTTP."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import requests

from threadmill.demo import documents
from threadmill.demo.job import Job
from threadmill.demo.resources import PerWorker
from threadmill.demo.server_process import document_server

TIMEOUT = 10  # seconds, to connect and between any two parts of an answer


@dataclass(frozen=True)
class Fetched:
    url: str
    digest: str = ""  # SHA-256 of the body, in hexadecimal
    error: str = ""


def fetch(url: str, session: requests.Session) -> Fetched:
    try:
        response = session.get(url, timeout=TIMEOUT)
        response.raise_for_status()
    except (requests.RequestException, ValueError) as error:  # ValueError: of some malformed URLs
        return Fetched(url, error=f"{type(error).__name__}: {error}")
    return Fetched(url, digest(response.content))


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


class FetchUrls(Job[str, Fetched]):
    """Fetches any URLs. What they contain may change, so only completeness and order are checked."""

    def __init__(self, urls: Sequence[str]) -> None:
        super().__init__()
        self.title = f"{len(urls):,} URLs with requests, a Session per worker"
        self.items = urls
        self.known = [Fetched(url) for url in urls]

    def session(self) -> requests.Session:
        return requests.Session()

    @contextmanager
    def task(self) -> Iterator[Callable[[str], Fetched]]:
        with PerWorker(self.session) as session:
            yield lambda url: fetch(url, session())

    def check(self, results: list[Fetched], expected: list[Fetched]) -> str | None:
        self.failures |= {result.url: result.error for result in results if result.error}
        return super().check([replace(result, digest="", error="") for result in results], expected)


class FetchDocuments(FetchUrls):
    """Fetches the embedded server's documents."""

    def __init__(self, base: str, count: int) -> None:
        super().__init__([f"{base}{index}" for index in range(count)])
        self.known = [Fetched(url, digest(documents.content(index))) for index, url in enumerate(self.items)]
        self.title = f"{count:,} documents over HTTP with requests, a Session per worker"

    def session(self) -> requests.Session:
        session = super().session()
        session.trust_env = False  # no proxy
        return session

    def check(self, results: list[Fetched], expected: list[Fetched]) -> str | None:
        return Job.check(self, results, expected)


@contextmanager
def documents_job(count: int) -> Iterator[FetchDocuments]:
    """With the server that the job needs."""
    with document_server() as base:
        yield FetchDocuments(base, count)

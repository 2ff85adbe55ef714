"""The user's own URLs, from a file."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path
from urllib.parse import urlsplit


def url_list(file: str) -> list[str]:
    """The http and https URLs in `file`, one a line; empty lines and those that begin with # do not count."""
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ArgumentTypeError(f"cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ArgumentTypeError(f"{file} is not a text file in UTF-8") from None
    urls = []
    for number, line in enumerate(map(str.strip, lines), 1):
        if not line or line.startswith("#"):
            continue
        if not _is_http(line):
            raise ArgumentTypeError(f"{file}, line {number}: not an http or https URL: {line}")
        urls.append(line)
    if not urls:
        raise ArgumentTypeError(f"there are no URLs in {file}")
    return urls


def _is_http(line: str) -> bool:
    try:
        parts = urlsplit(line)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)

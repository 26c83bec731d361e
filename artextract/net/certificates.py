"""The certificate authorities that TLS trusts.

As in OpenSSL, $SSL_CERT_FILE is a file of certificates (PEM), and $SSL_CERT_DIR a folder of files
named by the hash of their certificate (``openssl rehash``). Without either, both httpx and gRPC
trust Mozilla's list.
"""

import os
import re
import ssl
from pathlib import Path

import httpx

from artextract.errors import InputError


def create_ssl_context() -> ssl.SSLContext:
    """Return a TLS context for clients.

    Raises:
        InputError: the file of $SSL_CERT_FILE can't be read, or holds no certificate.
    """
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        if not (file := os.environ.get("SSL_CERT_FILE")):
            raise
        why = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise InputError(
            f"$SSL_CERT_FILE names {file!r}, which can't be used ({why}); name a file with the "
            "certificates of the authorities that you trust (PEM), or unset $SSL_CERT_FILE"
        ) from error


def read_authorities() -> bytes | None:
    """Return the certificates of $SSL_CERT_FILE or $SSL_CERT_DIR (PEM); None without either.

    :func:`create_ssl_context` checks $SSL_CERT_FILE and is to be called first.

    Raises:
        InputError: $SSL_CERT_DIR holds no certificate.
    """
    if file := os.environ.get("SSL_CERT_FILE"):
        return Path(file).read_bytes()
    if not (folders := os.environ.get("SSL_CERT_DIR")):
        return None
    found = [
        path.read_bytes()
        for folder in folders.split(os.pathsep)
        for path in Path(folder).glob("*.*")
        if re.fullmatch(r"[0-9a-f]{8}\.\d+", path.name)
    ]
    if not found:
        raise InputError(
            f"$SSL_CERT_DIR names {folders!r}, which holds no certificate under the name of its "
            "hash; run `openssl rehash` on it, or name a file of certificates as $SSL_CERT_FILE"
        )
    return b"\n".join(found)

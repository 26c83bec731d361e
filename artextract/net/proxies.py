"""The HTTP proxies of this machine: those of the environment, else of the system's settings.

``$HTTPS_PROXY``, ``$HTTP_PROXY`` and ``$ALL_PROXY`` name them, in capitals or small letters, and
``$NO_PROXY`` the hosts that are reached without one.
"""

import contextlib
import ipaddress
from urllib.request import getproxies, proxy_bypass

import httpx

from artextract.errors import ProxyError

_NEVER_PUBLIC = {"localhost", "local", "internal", "arpa", "lan", "intranet"}
_PORTS = {"http": 80, "https": 443}


def find_proxy(url: httpx.URL) -> httpx.Proxy | None:
    """Return the proxy for an http or https URL; None where there is none.

    Raises:
        ProxyError: what names the proxy is not the address of one.
    """
    proxies = getproxies()
    address = (proxies.get(url.scheme) or proxies.get("all") or "").strip()
    if not address or _is_exempt(url, proxies.get("no", "")) or proxy_bypass(url.host):
        return None
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
        if proxy.url.scheme in _PORTS and proxy.url.host:
            return proxy
    except (httpx.InvalidURL, ValueError):
        pass
    shown = address.rpartition("@")[2]  # without a password
    raise ProxyError(
        f"{url} can't be fetched: the proxy {shown!r} of the environment is not the address of an "
        f"HTTP proxy; set ${url.scheme.upper()}_PROXY to http://HOST:PORT, or name the host in "
        "$NO_PROXY"
    )


def _is_exempt(url: httpx.URL, no_proxy: str) -> bool:
    """Return whether ``$NO_PROXY`` names the URL's host, a domain or network of it, or "*"."""
    host = url.host.lower().rstrip(".")
    port = str(url.port or _PORTS[url.scheme])
    for entry in no_proxy.lower().replace(",", " ").split():
        with contextlib.suppress(ValueError):
            network = ipaddress.ip_network(entry.strip("[]"), strict=False)
            if ipaddress.ip_address(host) in network:
                return True
        name, _, only_port = entry.partition(":")
        domain = name.lstrip("*").lstrip(".")
        named = not domain or f".{host}".endswith(f".{domain}")
        if name and named and only_port in ("", port):
            return True
    return False


def is_private_name(host: str) -> bool:
    """Return whether a name that is not known here may be one of the own network.

    These are names without a dot, those of domains that are never public (RFC 6761, RFC 6762,
    RFC 8375, and ICANN's "internal"), and numbers, which a proxy might take for an address.
    """
    *before, last = host.lower().rstrip(".").split(".")
    return not before or last in _NEVER_PUBLIC or last[:1].isdigit()

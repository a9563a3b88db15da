"""HTTP to hosts that the host rules allow: a name is resolved once, its addresses are checked, and the connection goes
to a checked address."""

import ssl
from types import TracebackType
from urllib.request import getproxies, proxy_bypass

import httpx

from models.access.hosts import HostRules
from runner.isolation.host_guard import (
    HostRefused,
    addresses_of,
    check_address,
    with_resolved_names,
)

_PORTS = {"http": 80, "https": 443}


class GuardedTransport(httpx.AsyncBaseTransport):
    """Handles every request of a client, also those after redirects. A proxy from the worker's environment resolves
    names itself: then the name is checked, and the addresses that it has here, if any."""

    def __init__(self, rules: HostRules, tls: ssl.SSLContext) -> None:
        self._rules, self._tls = rules, tls
        self._direct = httpx.AsyncHTTPTransport(verify=tls)
        self._proxied: dict[str, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme not in _PORTS or not request.url.host:
            return await self._direct.handle_async_request(request)  # raises a good error
        host = request.url.raw_host.decode().strip("[]")
        port = request.url.port or _PORTS[request.url.scheme]
        rules = await with_resolved_names(self._rules)
        proxy = None if proxy_bypass(host) else _proxy(request.url.scheme)
        try:
            addresses = await addresses_of(host, port)
        except (OSError, UnicodeError) as error:
            if proxy is None:
                raise httpx.ConnectError(f"{host}: {error}", request=request) from error
            addresses = [(host, port)]
        for address in addresses:
            check_address(rules, address, {address[0]: host})
        if proxy:
            return await self._through(proxy).handle_async_request(request)
        return await self._connect(request, host, [at for at, _ in addresses])

    async def _connect(
        self, request: httpx.Request, host: str, addresses: list[str]
    ) -> httpx.Response:
        """Connects to the first address that accepts the connection."""
        for at in addresses:
            try:
                return await self._direct.handle_async_request(_to(request, host, at))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if at == addresses[-1]:
                    raise
        raise HostRefused(f"{host} has no address")

    def _through(self, proxy: str) -> httpx.AsyncHTTPTransport:
        if proxy not in self._proxied:
            self._proxied[proxy] = httpx.AsyncHTTPTransport(verify=self._tls, proxy=proxy)
        return self._proxied[proxy]

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        for transport in (self._direct, *self._proxied.values()):
            await transport.aclose()


def _to(request: httpx.Request, host: str, address: str) -> httpx.Request:
    """Returns the same request, but connecting to `address`. Headers and TLS still use the name of the host."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address.partition("%")[0]),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )


def _proxy(scheme: str) -> str | None:
    found = getproxies()
    proxy = found.get(scheme) or found.get("all")
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"

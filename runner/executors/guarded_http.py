"""HTTP to where the rules on hosts allow it: a name is resolved once, judged, and connected to by that address."""

import ssl
from types import TracebackType
from urllib.request import getproxies, proxy_bypass

import httpx

from models.access.hosts import HostRules
from runner.isolation.host_guard import HostRefused, addresses_of, refuse, settled

_PORTS = {"http": 80, "https": 443}


class GuardedTransport(httpx.AsyncBaseTransport):
    """Each request of a client comes here, those that follow a redirect too. A proxy of the worker's environment
    resolves names itself: then names are judged, and the addresses that they have here, if any."""

    def __init__(self, rules: HostRules, tls: ssl.SSLContext) -> None:
        self._rules, self._tls = rules, tls
        self._direct = httpx.AsyncHTTPTransport(verify=tls)
        self._proxied: dict[str, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme not in _PORTS or not request.url.host:
            return await self._direct.handle_async_request(request)  # which says that it cannot
        host = request.url.raw_host.decode().strip("[]")
        port = request.url.port or _PORTS[request.url.scheme]
        rules = await settled(self._rules)
        proxy = None if proxy_bypass(host) else _proxy(request.url.scheme)
        try:
            addresses = await addresses_of(host, port)
        except (OSError, UnicodeError) as error:
            if proxy is None:
                raise httpx.ConnectError(f"{host}: {error}", request=request) from error
            addresses = [(host, port)]
        for address in addresses:
            refuse(rules, address, {address[0]: host})
        if proxy:
            return await self._through(proxy).handle_async_request(request)
        return await self._connect(request, host, [at for at, _ in addresses])

    async def _connect(
        self, request: httpx.Request, host: str, addresses: list[str]
    ) -> httpx.Response:
        """To the first of them that answers."""
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
    """The same request, whose connection goes to the address. Its headers and certificate are of the host."""
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

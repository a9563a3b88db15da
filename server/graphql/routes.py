"""The routes of GraphQL."""

from dataclasses import dataclass, field

from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from server.auth.auth import Door
from server.graphql.fanout import Fanout
from server.graphql.http import MAX_BODY, GraphQLOverHttp
from server.graphql.operations import Operations
from server.graphql.running import SocketLimits
from server.graphql.socket import Sockets
from server.graphql.sse import EventStreams, StreamLimits
from server.http.concurrency_limit import ConcurrencyLimit


@dataclass(frozen=True, slots=True)
class TransportSettings:
    """`max_body` is in bytes. `connections` limits one user's open WebSockets and event streams."""

    max_body: int = MAX_BODY
    connections: int = 200
    sockets: SocketLimits = field(default_factory=SocketLimits)
    streams: StreamLimits = field(default_factory=StreamLimits)


def graphql_routes(
    operations: Operations,
    fanout: Fanout,
    door: Door,
    settings: TransportSettings | None = None,
    page: ASGIApp | None = None,
) -> list[BaseRoute]:
    """`page` is served to browsers for GET /graphql. `fanout` must be entered while the routes are served."""
    settings = settings or TransportSettings()
    connected = ConcurrencyLimit(
        "sockets and event streams", "connections_at_once", settings.connections
    )
    return [
        WebSocketRoute("/graphql", Sockets(operations, fanout, door, connected, settings.sockets)),
        Route("/graphql", GraphQLOverHttp(operations, page, settings.max_body)),
        Route(
            "/graphql/stream",
            EventStreams(operations, fanout, door, connected, settings.streams, settings.max_body),
        ),
    ]

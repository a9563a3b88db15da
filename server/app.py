"""Wires the API of a process."""

from dataclasses import replace
from importlib.metadata import version

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from models.access.viewer import Viewer
from runner.denials import Denials
from runner.engine.quotas import Quotas, RecordedBytes
from schema import build_schema
from schema.context import Context, Services
from schema.lists.bounds import priced_lists
from server.auth.auth import Door
from server.auth.guard import guarded
from server.auth.login import Login
from server.document_policy import DocumentPolicy
from server.exports import DownloadSlots, export_routes
from server.files.files import FileRoom, file_routes
from server.files.places import Places
from server.graphql.allowance import Allowance
from server.graphql.documents import Documents
from server.graphql.fanout import Fanout, Policy
from server.graphql.operations import Operations
from server.graphql.routes import graphql_routes
from server.http.compression import Compression
from server.http.pages import absent, graphiql_page, page_routes
from server.http.rates import Rates
from server.http.refusals import RETRY_AFTER
from server.process.readiness import Readiness
from server.process.runtime import Runtime
from server.settings.introspection import Introspection

POLICIES = {
    "executionEvents": Policy.resume(lambda event: event.seq),
    "executionChanges": Policy.resume(lambda change: change.cursor),
    "logs": Policy.resume(lambda batch: batch.cursor),
    "execution": Policy.latest(),
    "executionList": Policy.resume(lambda change: change.cursor),
    "approvals": Policy.reset(),
    "bulk": Policy.latest(),
    "stats": Policy.latest(),
}


def create_operations(
    parts: Runtime,
    places: Places | None = None,
    allowance: Allowance | None = None,
    rates: Rates | None = None,
    denials: Denials | None = None,
    policy: DocumentPolicy | None = None,
    quotas: Quotas | None = None,
) -> Operations:
    policy = policy or DocumentPolicy()
    schema, places = build_schema()._schema, places or Places()
    services = Services(
        parts.database.reads,
        parts.engine,
        parts.feed,
        parts.changes,
        parts.evaluator,
        parts.vault,
        version("headway"),
        parts.debugger,
        parts.artifacts,
        places.shown_text,
        denials=denials or Denials(parts.database.reads),
        recorded_bytes=RecordedBytes(quotas),
    )

    def context(viewer: Viewer) -> Context:
        return Context(services, viewer)

    live = replace(services, pool=parts.database.streams)

    def live_context(viewer: Viewer) -> Context:
        return Context(live, viewer)

    documents = Documents(
        schema,
        bounds=priced_lists(schema),
        introspection=policy.introspection is not Introspection.OFF,
        suggestions=policy.suggestions,
        persisted=policy.persisted,
    )
    return Operations(
        schema, context, documents, places, allowance, rates, live_context, policy.may_introspect
    )


def create_app(
    parts: Runtime,
    operations: Operations,
    fanout: Fanout,
    door: Door,
    login: Login,
    room: FileRoom,
    readiness: Readiness,
) -> Starlette:
    """The caller must enter `fanout` before the app is served."""
    routes: list[BaseRoute] = [
        *health_routes(readiness),
        *login.routes(),
        *graphql_routes(operations, fanout, door, page=graphiql_page()),
        *file_routes(room),
        *export_routes(
            parts.database.exports,
            DownloadSlots(parts.database.sizes.exports),
            room.places,
            room.rates,
            door.presence,
            login.denials,
        ),
        *page_routes(),
    ]
    return Starlette(
        routes=routes,
        middleware=[*guarded(door), Middleware(Compression)],
        exception_handlers={404: absent},
    )


def health_routes(readiness: Readiness) -> list[BaseRoute]:
    """Returns `/healthz` (the process responds) and `/readyz` (the database is reachable and writable, its tables are
    current, the feed is fresh, and the process is not draining)."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(_: Request) -> Response:
        found = await readiness.found()
        if all(found.values()):
            return JSONResponse(found)
        return JSONResponse(found, 503, {"retry-after": str(RETRY_AFTER)})

    return [Route("/healthz", healthz), Route("/readyz", readyz)]

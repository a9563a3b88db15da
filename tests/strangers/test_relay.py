"""The contract with the tools of Relay: its lint rules, its compiler, and its store."""

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from starlette.applications import Starlette

from schema import COMMITTED
from server.app import POLICIES, create_operations
from server.auth.auth import Door
from server.auth.guard import guarded
from server.graphql.fanout import Fanout
from server.graphql.routes import graphql_routes
from tests.schema.test_both_ways import CONNECTIONS, filled
from tests.schema.test_bulk import Asker, asker
from tests.server.graphql.serving import KEY, TOKEN, MemoryHolders, running
from tests.strangers.test_strangers import HERE, output

__all__ = ["asker"]
BROKEN: Final = {
    "relay-arguments": ("    last: Int = null", "    newest: Int = null"),
    "relay-edge-types": ("type LogLine implements Node {", "type LogLine {"),
    "relay-page-info": ("  hasPreviousPage: Boolean!", "  hasEarlierPage: Boolean!"),
}
LINT: Final = """import("eslint").then(async ({ ESLint }) => {
  const [config, file] = process.argv.slice(1);
  const [{ messages }] = await new ESLint({ cwd: "/", overrideConfigFile: config }).lintFiles(file);
  console.log(JSON.stringify(messages)); })"""
FRAGMENT: Final = """graphql`fragment {name} on {kind}
@refetchable(queryName: "{name}PaginationQuery")
@argumentDefinitions(
  first: {{type: "Int"}}, after: {{type: "String"}}, last: {{type: "Int"}}, before: {{type: "String"}}) {{
  {field}(first: $first, after: $after, last: $last, before: $before) @connection(key: "{name}_{field}") {{
    edges {{ node {{ id }} }} }} }}`;
"""
SCREEN: Final = """graphql`query PagedScreenQuery($id: ID!) {{ {roots} node(id: $id) {{ id {others} }} }}`;
graphql`mutation PagedCancelMutation($input: CancelExecutionInput!) {{
  cancelExecution(input: $input) {{ execution {{ id state }} problems {{ code message }} }} }}`;
graphql`subscription PagedEventsSubscription($id: ID!) {{ executionEvents(id: $id) {{ id seq }} }}`;
"""


async def lint(schema: Path) -> set[str]:
    """Returns the names of broken rules; checks that every file could be read."""
    config = str(HERE / "eslint.config.mjs")
    found = await output("env", f"SCHEMA={schema}", "node", "-e", LINT, config, str(schema))
    return {str(message["ruleId"]).partition("/")[2] for message in json.loads(found)}


async def test_the_rules_of_relay_hold(tmp_path: Path) -> None:
    copy = Path(shutil.copy(COMMITTED, tmp_path / "schema.graphql"))
    assert await lint(copy) == set()


async def test_the_rules_are_checked(tmp_path: Path) -> None:
    text = COMMITTED.read_text()
    for good, bad in BROKEN.values():
        assert good in text
        text = text.replace(good, bad)
    copy = tmp_path / "schema.graphql"
    copy.write_text(text)
    assert await lint(copy) == BROKEN.keys()


def name_of(kind: str, field: str) -> str:
    return f"Paged{kind}{field[0].upper()}{field[1:]}"


async def compiled(folder: Path) -> Path:
    """Compiles a fragment for every connection, with its pagination query, with relay-compiler."""
    source = folder / "source"
    source.mkdir()
    (folder / "package.json").write_text('{"type": "commonjs"}')
    shutil.copy(COMMITTED, folder / "schema.graphql")
    config = {
        "src": "./source",
        "schema": "./schema.graphql",
        "language": "javascript",
        "eagerEsModules": False,
    }
    (folder / "relay.config.json").write_text(json.dumps(config))
    parts = [
        FRAGMENT.format(name=name_of(kind, field), kind=kind, field=field)
        for kind, field in CONNECTIONS
    ]
    spread = {kind: "" for kind in ("root", "other")}
    for kind, field in CONNECTIONS:
        spread["root" if kind == "Query" else "other"] += f"...{name_of(kind, field)} @alias "
    parts.append(SCREEN.format(roots=spread["root"], others=spread["other"]))
    (source / "Paged.js").write_text("".join(parts))
    compiler = HERE / "node_modules/.bin/relay-compiler"
    await output("env", "-C", str(folder), str(compiler), "relay.config.json")
    return source


@asynccontextmanager
async def served(asker: Asker) -> AsyncIterator[str]:
    """Returns the URL of the real API over the database of the test."""
    operations, tokens = create_operations(asker.parts), MemoryHolders()
    tokens.add("admin", TOKEN)
    door = Door(tokens, KEY)
    async with Fanout(operations, POLICIES) as fanout:
        routes = graphql_routes(operations, fanout, door)
        async with running(Starlette(routes=routes, middleware=guarded(door))) as port:
            yield f"http://127.0.0.1:{port}/graphql"


async def test_relay_pages_over_every_connection_both_ways(asker: Asker, tmp_path: Path) -> None:
    source = await compiled(tmp_path)
    ids = await filled(asker)
    async with served(asker) as url:
        found = json.loads(
            await output("node", "relay.mjs", url, TOKEN, str(source), json.dumps(ids))
        )
    assert found.keys() == {name_of(kind, field) for kind, field in CONNECTIONS}
    for name, walked in found.items():
        assert len(walked["whole"]) > 3, name
        pages = (len(walked["whole"]) + 1) // 2
        for way in ("forwards", "backwards"):
            assert walked[way] == {"ids": walked["whole"], "pages": pages}, (name, way)

import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "@/graphiql/graphiql.css";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { createClient } from "graphql-ws";
import { createRoot } from "react-dom/client";

const socket = new URL("/graphql", window.location.href);
socket.protocol = socket.protocol.replace("http", "ws");

const fetcher = createGraphiQLFetcher({
  url: "/graphql",
  headers: { "X-Headway-Channel": "ui" },
  wsClient: createClient({ url: socket.href, connectionParams: { channel: "ui" }, lazy: true }),
});

const welcome = `# All data of the page comes from this API. Ctrl-Enter runs the operation under the cursor.

query LatestExecutions {
  executions(first: 10) {
    nodes {
      id
      name
      state
      startedAt
      duration
    }
  }
}

subscription Live {
  executionList(first: 10) {
    reset
    enter {
      node {
        id
        name
        state
      }
    }
    update {
      id
      state
      progress
    }
    leave {
      id
      reason
    }
  }
}
`;

createRoot(document.getElementById("root")!).render(<GraphiQL fetcher={fetcher} defaultQuery={welcome} />);

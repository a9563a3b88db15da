import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { RouterProvider } from "@tanstack/react-router";
import { Provider } from "urql";
import { makeClient } from "@/shared/graphql/client";
import { link } from "@/shared/graphql/link";
import { openSocket } from "@/shared/graphql/socket";
import { makeRouter } from "./router";
import { theme } from "./theme";

const router = makeRouter();
const endpoint = new URL("/graphql", window.location.href);
endpoint.protocol = endpoint.protocol.replace("http", "ws");
const client = makeClient(openSocket(endpoint.href, link), link);

export function App() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <Notifications position="bottom-right" />
      <Provider value={client}>
        <RouterProvider router={router} />
      </Provider>
    </MantineProvider>
  );
}

import { expect, it } from "vitest";
import { readError } from "./traceback";

const INNER = `Traceback (most recent call last):
  File "/x/site-packages/urllib3/connection.py", line 174, in _new_conn
    conn = connect()
ConnectionRefusedError: [Errno 111] db-2:5432`;
const OUTER = `Traceback (most recent call last):
  File "flows/load.py", line 88, in main
    get(url)
  File "/x/site-packages/urllib3/pool.py", line 2, in urlopen
    raise MaxRetryError
MaxRetryError: retries exceeded`;
const DURING = "\n\nDuring handling of the above exception, another exception occurred:\n\n";
const DIRECT = "\n\nThe above exception was the direct cause of the following exception:\n\n";
const NODE = `/app/load.js:88
    throw new Error("no rows")
    ^

Error: load failed
    at Object.run (/app/node_modules/queue/index.js:7:9)
    at main (file:///app/main.js:12:3) {
  code: 'E_LOAD',
  [cause]: TypeError: rows is undefined
  in part 3
      at read (node:fs:1:1)
      at /app/load.js:88:11 {
    errno: -2
  }
}

Node.js v20.20.2`;
const JAVA = `12:00 ERROR
Exception in thread "main" acme.LoadException: load failed
\tat acme.Load.run(Load.java:88)
\tSuppressed: java.io.IOException: close
\t\tat acme.Load.close(Load.java:99)
\tCaused by: java.io.EOFException: suppressed
\t\tat acme.Load.close(Load.java:98)
Caused by: java.net.ConnectException: Connection refused
\tat java.base/sun.nio.ch.Net.connect(Native Method)
\tat java.net.Socket.connect(Socket.java:6)
\t... 5 more`;

it.each([
  ["a context", INNER + DURING + OUTER],
  ["a cause", INNER + DIRECT + OUTER],
  ["a worker's traceback", `RemoteTraceback:\n"""\n${INNER}\n"""${DIRECT}${OUTER}`],
  ["an earlier one that was only logged", `${OUTER}\nnext try\n${INNER}${DURING}${OUTER}`],
])("of %s the innermost exception is the cause, and the author's frame comes first", (_, message) => {
  const { sentence, place, led } = readError(message);
  expect(sentence).toBe("ConnectionRefusedError: [Errno 111] db-2:5432");
  expect([place?.file, place?.line]).toEqual(["flows/load.py", 88]);
  expect(led).toBe("MaxRetryError: retries exceeded");
});

it.each(["caused by", "while handling"])("parses a chain that the server has shortened: %s", (how) => {
  const { sentence, led } = readError(`MaxRetryError: retries exceeded (${how} KeyError: 'db-2 (old)')`);
  expect([sentence, led]).toEqual(["KeyError: 'db-2 (old)'", "MaxRetryError: retries exceeded"]);
  expect(readError("it stopped (caused by hand").led).toBeNull();
});

it("uses the last exception of several that are not a chain", () => {
  const { sentence, led } = readError(`${INNER}\nnext try\n${OUTER}`);
  expect([sentence, led]).toEqual(["MaxRetryError: retries exceeded", null]);
});

it("parses the output of Node.js", () => {
  const { sentence, place, others, led } = readError(NODE);
  expect(sentence).toBe("TypeError: rows is undefined\n  in part 3");
  expect(place).toEqual({ file: "/app/load.js", line: 88, name: "", code: null, own: true });
  expect(others.map(({ file }) => file)).toEqual([
    "node:fs",
    "/app/node_modules/queue/index.js",
    "/app/main.js",
  ]);
  expect(led).toBe("Error: load failed");
});

it("parses the output of a JVM", () => {
  const { sentence, place, led } = readError(JAVA);
  expect(sentence).toBe("java.net.ConnectException: Connection refused");
  expect(place).toEqual({ file: "Load.java", line: 88, name: "acme.Load.run", code: null, own: true });
  expect(led).toBe("acme.LoadException: load failed");
});

it("does not mistake a sentence for a call stack", () =>
  expect(readError("it stopped\n  at noon, in part 3").sentence).toBe("it stopped\n  at noon, in part 3"));

/** The flows that the specs run, each as small as its test allows. */
export const FLOWS = {
  quick: `
id: quick
namespace: e2e
kind: etl
tasks:
  - {id: only, type: shell, run: echo done}
`,
  slow: `
id: slow
namespace: e2e
tasks:
  - {id: first, type: shell, run: echo started; sleep 600}
  - {id: second, type: shell, needs: [first], run: echo never}
`,
  // One at a time; the next waits for its slot.
  single: `
id: single
namespace: e2e
concurrency: {limit: 1, behavior: QUEUE}
tasks:
  - {id: only, type: shell, run: sleep 600}
`,
  // Fails while a file is missing; a second task runs until another file exists, so that it stays FAILED_FINISHING.
  failing: `
id: failing
namespace: e2e
on_failure: FINISH_POSSIBLE
inputs:
  - {id: marker, type: STRING, required: true}
tasks:
  - id: extract
    type: shell
    env: {MARKER: "{{ inputs.marker }}"}
    retry: {max_attempts: 2, backoff: constant, delay: 0s}
    run: |
      for i in $(seq 1 40); do echo "read batch $i"; done
      if [ ! -e "$MARKER" ]; then echo "connection to db-2 refused" >&2; exit 3; fi
      echo recovered
  - {id: load, type: shell, needs: [extract], run: echo loaded}
  - id: sibling
    type: shell
    env: {MARKER: "{{ inputs.marker }}"}
    run: while [ ! -e "$MARKER.end" ]; do read -rt 0.2 <> <(:) || true; done
`,
  asking: `
id: asking
namespace: e2e
tasks:
  - {id: release, type: approval, message: "Release it to everyone?", comment: always}
  - {id: after, type: shell, needs: [release], run: echo released}
`,
  gate: `
id: gate
namespace: e2e
tasks:
  - {id: go, type: approval, message: "Go on?"}
`,
  others: `
id: others
namespace: e2e
tasks:
  - {id: sign, type: approval, message: "Sign it?", users: [maria]}
`,
  once: `
id: once
namespace: e2e
tasks:
  - {id: good, type: return, outputs: {rows: 7}}
  - {id: bad, type: shell, needs: [good], run: exit 3}
  - {id: last, type: log, needs: [good], run_if: always, message: "{{ outputs.good.rows }} rows"}
`,
  typed: `
id: typed
namespace: e2e
inputs:
  - {id: size, type: INT, default: 500, min: 1, max: 1000, description: Rows at once}
  - {id: region, type: SELECT, options: [eu, us], default: eu}
tasks:
  - {id: only, type: log, message: "{{ inputs.size }} of {{ inputs.region }}"}
`,
  // A first page and more at once, then a line fifty times a second.
  chatty: `
id: chatty
namespace: e2e
tasks:
  - {id: talk, type: shell, run: "for i in $(seq 1 300); do echo \\"early $i\\"; done; for i in $(seq 1 4000); do echo \\"late $i\\"; sleep 0.02; done"}
`,
  // Makes files and values; fails on every day but monday, after two attempts.
  delivery: `
id: delivery
namespace: e2e
labels: {team: data}
inputs:
  - {id: day, type: STRING, default: monday}
tasks:
  - id: extract
    type: python
    script: |
      import headway
      with open("orders.csv", "w") as file:
          file.write("id,region\\n1,eu\\n2,us\\n")
      with open("report.md", "w") as file:
          file.write("# Orders\\n\\nAll **good**.\\n")
      headway.artifact("orders.csv", type="Dataset")
      headway.artifact("report.md", type="Report")
      headway.output(rows=2, regions=["eu", "us"])
  - id: load
    type: shell
    needs: [extract]
    env: {DAY: "{{ inputs.day }}"}
    retry: {max_attempts: 2, backoff: constant, delay: 0s}
    run: |
      if [ "$DAY" != monday ]; then echo "the warehouse is closed on $DAY" >&2; exit 3; fi
  - {id: publish, type: log, needs: [load], message: "{{ outputs.extract.rows }} rows"}
outputs:
  rows: "{{ outputs.extract.rows }}"
`,
  outer: `
id: outer
namespace: e2e
tasks:
  - {id: call, type: subflow, flow: quick}
  - {id: sign, type: approval, needs: [call], message: "Publish it?"}
`,
  // Fails as pipelines do: a retried task, a few iterations, many successful tasks, and tasks that never run.
  orders: `
id: orders
namespace: e2e
on_failure: FINISH_POSSIBLE
tasks:
  - {id: extract, type: shell, run: sleep 0.6}
  - {id: validate, type: shell, needs: [extract], run: sleep 0.8}
  - id: each
    type: foreach
    needs: [extract]
    items: [${Array.from({ length: 24 }, (_, index) => `region-${index}`).join(", ")}]
    tasks:
      - {id: fetch, type: shell, run: "sleep 0.05; test {{ index }} != 3 && test {{ index }} != 7 && test {{ index }} != 11"}
  - id: load
    type: shell
    needs: [validate]
    retry: {max_attempts: 3, backoff: constant, delay: 1s}
    run: "sleep 0.4; echo connection to db-2 refused >&2; exit 3"
${Array.from({ length: 30 }, (_, index) => `  - {id: check_${index}, type: log, needs: [extract], message: fine}`).join("\n")}
  - {id: transform, type: subflow, needs: [load], flow: quick}
${["mart_orders", "mart_returns", "mart_margin", "quality"].map((id) => `  - {id: ${id}, type: log, needs: [transform], message: never}`).join("\n")}
  - {id: publish_to_the_warehouse_with_a_very_long_name_that_nobody_can_read, type: log, needs: [quality], message: never}
  - {id: notify, type: log, needs: [each], message: never}
`,
  // A training with an approval in the middle, and a foreach of several tasks.
  sweep: `
id: sweep
namespace: e2e
tasks:
  - {id: snapshot, type: shell, run: sleep 0.3}
  - {id: review, type: approval, needs: [snapshot], message: "Train on these features?"}
  - {id: nested, type: subflow, needs: [snapshot], flow: slow}
  - id: runs
    type: foreach
    needs: [snapshot]
    max_parallel: 3
    items: [3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1]
    tasks:
      - {id: train, type: shell, run: "sleep {{ 1 if index < 4 else 600 }}"}
      - {id: score, type: log, needs: [train], message: "{{ item }}"}
  - {id: hold, type: wait, needs: [snapshot], duration: 600}
  - {id: final, type: log, needs: [runs, review], message: done}
  - {id: register, type: log, needs: [final], message: done}
`,
  // One of its iterations fails, so that the tasks that need them do not run.
  parts: `
id: parts
namespace: e2e
tasks:
  - id: each
    type: foreach
    items: [eu, us, asia]
    tasks:
      - {id: fetch, type: shell, run: "echo part {{ index }} is read; test {{ index }} != 1"}
  - {id: load, type: log, needs: [each], message: never}
errors:
  - {id: print, type: log, message: printed}
finally:
  - {id: clean, type: log, message: cleaned}
`,
  // 500 iterations of two tasks each.
  fan: `
id: fan
namespace: e2e
tasks:
  - id: each
    type: foreach
    max_parallel: 3
    items: "{{ range(500) }}"
    tasks:
      - {id: fetch, type: shell, run: sleep 0.2}
      - {id: load, type: log, needs: [fetch], message: "{{ item }}"}
`,
  // A realistic pipeline for the screenshots.
  warehouse: `
id: orders-etl
namespace: acme.data
kind: etl
labels: {team: data}
on_failure: FINISH_POSSIBLE
inputs:
  - {id: day, type: STRING, required: true}
  - {id: database, type: STRING, required: true}
tasks:
  - {id: extract, type: shell, run: "echo 1 204 117 rows in 24 parts; sleep 0.6"}
  - {id: validate, type: shell, needs: [extract], run: "echo checked; sleep 0.4"}
  - {id: schema, type: shell, needs: [extract], run: "echo unchanged; sleep 0.2"}
  - id: each
    type: foreach
    needs: [extract]
    items: [eu-north, eu-south, nordics, iberia, dach, uk, benelux, italy]
    tasks:
      - {id: fetch, type: shell, env: {ITEM: "{{ item }}"}, run: 'echo "$ITEM"; sleep 0.2'}
  - id: load
    type: shell
    needs: [validate, schema]
    env: {DB: "{{ inputs.database }}", DAY: "{{ inputs.day }}"}
    retry: {max_attempts: 3, backoff: constant, delay: 1s}
    run: |
      echo "copying stage.orders of $DAY to $DB:5432/warehouse"
      for part in $(seq 1 40); do echo "part $part of 40, 8 MiB"; done
      case "$DB" in db-1.*) exit 0;; esac
      echo "WARN connect to 10.4.7.19:5432 timed out after 3.0s, trying the next address" >&2
      python3 - <<'END'
      import os
      def connect(host):
          raise ConnectionRefusedError(f"[Errno 111] {host}:5432 refused the connection")
      connect(os.environ["DB"])
      END
  - {id: transform, type: shell, needs: [load], run: "echo done"}
  - {id: mart_orders, type: shell, needs: [transform], run: "echo done"}
  - {id: mart_returns, type: shell, needs: [transform], run: "echo done"}
  - {id: notify, type: log, needs: [mart_orders, mart_returns, each], message: "done"}
`,
  // Succeeds once a file exists; fails as soon as another one exists.
  breaks: `
id: breaks
namespace: e2e
kind: etl
inputs:
  - {id: marker, type: STRING, required: true}
tasks:
  - id: load
    type: shell
    env: {MARKER: "{{ inputs.marker }}"}
    run: |
      while [ ! -e "$MARKER" ]; do read -rt 0.2 <> <(:) || true; done
      if grep -q good "$MARKER"; then exit 0; fi
      echo "table orders is locked" >&2
      exit 4
  - {id: publish, type: shell, needs: [load], run: echo published}
`,
  parent: `
id: parent
namespace: e2e
tasks:
  - {id: below, type: subflow, flow: slow}
`,
  // 200 000 lines of one task; a few on stderr and a long one among them.
  lengthy: `
id: lengthy
namespace: e2e
tasks:
  - id: count
    type: shell
    run: |
      seq -f 'row %.0f' 1 120000
      echo 'slow disk' >&2
      head -c 12000 /dev/zero | tr '\\0' 'x'; echo
      seq -f 'row %.0f' 120003 200000
`,
  // Fails at its third attempt, while another task runs; each attempt writes some lines, the last ones to stderr.
  thrice: `
id: thrice
namespace: e2e
on_failure: FINISH_POSSIBLE
tasks:
  - {id: extract, type: shell, run: "for i in 1 2 3; do echo read $i; done"}
  - id: load
    type: shell
    needs: [extract]
    retry: {max_attempts: 3, backoff: constant, delay: 0s}
    run: |
      echo copying stage.orders_2026_11_27 to db-2.eu-central-1.internal:5432/warehouse
      printf 'source: \\033[32m1 204 117 rows\\033[0m in 24 parts\\n'
      for i in $(seq 1 60); do echo "part $i of 60 is read"; done
      echo 'ConnectionRefusedError: [Errno 111] connection to db-2 refused' >&2
      exit 1
  - {id: warn, type: log, needs: [extract], level: WARN, message: "the pool is small"}
`,
} as const;

export type FlowName = keyof typeof FLOWS;

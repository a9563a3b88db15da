/** The flows that the specs run, each as small as its story allows. */
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
  // Fails while a file is missing; goes on beside it, until a second file is there, so that it stays FAILED_FINISHING.
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
  - id: beside
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
  many: `
id: many
namespace: e2e
on_failure: FINISH_POSSIBLE
tasks:
  - id: each
    type: foreach
    items: [${Array.from({ length: 60 }, (_, index) => index).join(", ")}]
    tasks:
      - {id: check, type: shell, run: "test {{ item }} != 17"}
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
  // Fails at its third try, beside a task that is well; each try writes some lines, the last ones on stderr.
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

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
  // Makes files and values; fails on every day but one, after two attempts.
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
} as const;

export type FlowName = keyof typeof FLOWS;

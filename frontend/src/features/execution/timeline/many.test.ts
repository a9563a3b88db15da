import { expect, it } from "vitest";
import { countStateGroups } from "@/entities/taskRun/stateGroup";
import { aRun, done, failed } from "@/testing/taskRuns";
import { criticalPath } from "./critical";
import { type Row, rowsOf } from "./rows";
import { reused } from "./steady";

const TURNS = 5_000;
const ROUNDS = 12;
/** CPU time in milliseconds, independent of the load of the machine. */
const WITHIN = 150;

const spent = (since?: NodeJS.CpuUsage) => process.cpuUsage(since);

it("the lines of 10 000 task runs are updated fast enough not to be noticed", () => {
  const each = aRun("each", [["RUNNING", 0]], { type: "foreach" });
  const tasks = Array.from({ length: TURNS }, (_, index) => [
    (index % 97 ? done : failed)(`each[${index}].fetch`, index, index + 1),
    aRun(`each[${index}].load`, [["RUNNING", index]], { needs: ["fetch"] }),
  ]).flat();
  const view = {
    over: false,
    toggled: new Map([["fold:run_each", true]]),
    keep: new Set<string>(),
    selected: undefined,
    children: new Map(),
    cause: undefined,
    critical: new Set<string>(),
  };
  let known: ReadonlyMap<string, Row> = new Map();
  const times = Array.from({ length: ROUNDS }, (_, round) => {
    tasks[2 * round + 1] = done(`each[${round}].load`, round, round + 2, { needs: ["fetch"] });
    const all = [each, ...tasks];
    const start = spent();
    criticalPath(all);
    countStateGroups(all, false);
    const rows = reused(known, rowsOf(all, view));
    known = new Map(rows.map((row) => [row.id, row]));
    return spent(start).user / 1000;
  }).sort((one, other) => one - other);
  expect(known.size).toBe(TURNS + 2);
  const median = times[ROUNDS >> 1]!;
  console.log(`10 000 task runs: ${median.toFixed(1)} ms of the processor a change`);
  expect(median).toBeLessThan(WITHIN);
}, 60_000);

/** The name of a worker: `vm-27312` of `worker:vm-27312`. */
export function workerName(worker: string): string {
  return worker.replace(/^worker:/, "");
}

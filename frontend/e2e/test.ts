import { expect, test as plain } from "@playwright/test";
import { FLOWS, type FlowName } from "./flows";
import { Server } from "./server";

type Run = { id: string; name: string };

/** The namespace and key of a test flow, from its document. */
function addressOf(name: FlowName): { namespace: string; flow: string } {
  const [, flow] = /^id: (\S+)/m.exec(FLOWS[name])!;
  const [, namespace] = /^namespace: (\S+)/m.exec(FLOWS[name])!;
  return { namespace: namespace!, flow: flow! };
}

export class Headway {
  constructor(readonly server: Server) {}

  async saveFlows(): Promise<void> {
    for (const source of Object.values(FLOWS)) {
      const { saveFlow } = await this.server.graphql<{ saveFlow: { problems: { message: string }[] } }>(
        "mutation ($source: String!) { saveFlow(input: { source: $source }) { problems { message } } }",
        { source },
      );
      if (saveFlow.problems.length)
        throw new Error(saveFlow.problems.map((problem) => problem.message).join("; "));
    }
  }

  async run(flow: FlowName, inputs: Record<string, unknown> = {}): Promise<Run> {
    const { createExecution } = await this.server.graphql<{
      createExecution: { execution: Run | null; problems: { message: string }[] };
    }>(
      `mutation ($input: CreateExecutionInput!) {
        createExecution(input: $input) { execution { id name } problems { message } }
      }`,
      { input: { ...addressOf(flow), inputs } },
    );
    if (!createExecution.execution)
      throw new Error(createExecution.problems.map((problem) => problem.message).join("; "));
    return createExecution.execution;
  }

  /** Decides the execution's first approval through the API, as another person would. */
  async decide(id: string, decision: "approve" | "reject", comment: string): Promise<void> {
    const { execution } = await this.server.graphql<{ execution: { approvals: { id: string }[] } }>(
      "query ($id: ID!) { execution(id: $id) { approvals { id } } }",
      { id },
    );
    const answer = await this.server.graphql<Record<typeof decision, { problems: { message: string }[] }>>(
      `mutation ($input: DecideInput!) { ${decision}(input: $input) { problems { message } } }`,
      { input: { approvalId: execution.approvals[0]!.id, comment } },
    );
    const { problems } = answer[decision];
    if (problems.length) throw new Error(problems.map((problem) => problem.message).join("; "));
  }

  /** The comments of the execution's votes. */
  async commentsOf(id: string): Promise<(string | null)[]> {
    const { execution } = await this.server.graphql<{
      execution: { approvals: { votes: { comment: string | null }[] }[] };
    }>("query ($id: ID!) { execution(id: $id) { approvals { votes { comment } } } }", { id });
    return execution.approvals.flatMap(({ votes }) => votes.map(({ comment }) => comment));
  }

  /** Waits until the execution has ended. */
  async ended(id: string): Promise<void> {
    const document = "query ($id: ID!) { execution(id: $id) { endedAt } }";
    const endedAt = async () =>
      (await this.server.graphql<{ execution: { endedAt: string | null } }>(document, { id })).execution
        .endedAt;
    await expect.poll(endedAt, { timeout: 30_000 }).not.toBeNull();
  }

  /** Cancels the executions that earlier specs left waiting for approvals. */
  async cancelAllThatWait(): Promise<void> {
    const { approvals } = await this.server.graphql<{
      approvals: { nodes: { execution: { id: string } }[] };
    }>("{ approvals(where: { state: [PENDING] }) { nodes { execution { id } } } }");
    for (const { execution } of approvals.nodes) await this.cancel(execution.id);
  }

  async cancel(id: string): Promise<void> {
    await this.server.graphql(
      "mutation ($id: ID!) { cancelExecution(input: { id: $id, force: true }) { problems { message } } }",
      { id },
    );
  }
}

export const test = plain.extend<{ signedIn: undefined }, { headway: Headway }>({
  headway: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of this parameter
    async ({}, use) => {
      const server = new Server();
      await server.start();
      const headway = new Headway(server);
      await headway.saveFlows();
      await use(headway);
      await server.stop();
    },
    { scope: "worker", timeout: 90_000 },
  ],
  signedIn: [
    async ({ page, headway }, use) => {
      await headway.server.signIn(page);
      await use(undefined);
    },
    { auto: true },
  ],
});

export { expect } from "@playwright/test";

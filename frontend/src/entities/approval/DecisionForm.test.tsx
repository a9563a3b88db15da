import { MantineProvider } from "@mantine/core";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Provider } from "urql";
import { expect, it, vi } from "vitest";
import { theme } from "@/app/theme";
import type { ApprovalViewFragment } from "@/shared/graphql/gen/graphql";
import { anApproval } from "@/testing/fixtures";
import { clientOf } from "@/testing/world";
import { DecisionForm } from "./DecisionForm";

/** Mocks of the mutations the form sends, by name; the server accepts all. */
function rendered(over: Partial<ApprovalViewFragment>) {
  const accepted = () => ({ execution: null, problems: [] });
  const approve = vi.fn((_: unknown) => accepted());
  const reject = vi.fn((_: unknown) => accepted());
  render(
    <MantineProvider theme={theme} env="test">
      <Provider value={clientOf({ approve, reject })}>
        <DecisionForm approval={anApproval(over)} />
      </Provider>
    </MantineProvider>,
  );
  return { approve, reject };
}

it("says why the viewer may not decide, and shows no buttons", () => {
  rendered({ canDecide: false, cannotDecideReason: "only maria may decide this" });
  expect(screen.getByText("You cannot decide this request: only maria may decide this.")).toBeTruthy();
  expect(screen.queryByRole("button")).toBeNull();
  expect(screen.queryByRole("checkbox")).toBeNull();
});

it("lets an admin override with a reason, and only with one", async () => {
  const user = userEvent.setup();
  const { approve: sent } = rendered({
    canDecide: false,
    cannotDecideReason: "only maria may decide this",
    canOverride: true,
    comment: "NEVER",
  });
  await user.click(screen.getByRole("checkbox", { name: /^Override/ }));
  const approve = screen.getByRole("button", { name: "Override and approve" });
  expect(approve.getAttribute("aria-disabled")).toBe("true");
  const after = approve.compareDocumentPosition(screen.getByRole("checkbox", { name: /^Override/ }));
  expect(after & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
  await user.type(screen.getByLabelText(/^Reason/), "maria is away");
  await user.click(approve);
  await waitFor(() => expect(sent).toHaveBeenCalledOnce());
  expect(sent.mock.calls[0]![0]).toMatchObject({
    input: { approvalId: "appr_1", comment: "maria is away", override: true },
  });
});

it("confirms a rejection that needs no comment, and offers an optional one", async () => {
  const user = userEvent.setup();
  const { reject: sent } = rendered({ comment: "NEVER", onReject: "SKIP_DOWNSTREAM" });
  await user.click(screen.getByRole("button", { name: "Reject" }));
  const first = await screen.findByRole("dialog", { name: "Reject it?" });
  expect(first.textContent).toContain("The task and its dependents are skipped");
  await user.click(within(first).getByRole("button", { name: "Leave it open" }));
  expect(sent).not.toHaveBeenCalled();
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  await user.click(screen.getByRole("button", { name: "Reject" }));
  const again = await screen.findByRole("dialog", { name: "Reject it?" });
  await user.type(within(again).getByLabelText("Comment"), "wrong day");
  await user.click(within(again).getByRole("button", { name: "Reject it" }));
  await waitFor(() => expect(sent).toHaveBeenCalledOnce());
  expect(sent.mock.calls[0]![0]).toMatchObject({ input: { comment: "wrong day" } });
});

it("rejects at once where a comment is required and written", async () => {
  const user = userEvent.setup();
  const { reject: sent } = rendered({ comment: "ON_REJECT" });
  await user.type(screen.getByLabelText("Comment"), "wrong day");
  await user.click(screen.getByRole("button", { name: "Reject" }));
  await waitFor(() => expect(sent).toHaveBeenCalledOnce());
});

it("focuses a required comment, and says why", async () => {
  const user = userEvent.setup();
  const { approve: sent } = rendered({ comment: "ALWAYS" });
  const approve = screen.getByRole("button", { name: "Approve" });
  expect(approve.getAttribute("aria-disabled")).toBe("true");
  expect(screen.queryByText(/^Write a comment first/)).toBeNull();
  await user.click(approve);
  const comment = screen.getByLabelText(/^Comment/);
  expect(document.activeElement).toBe(comment);
  expect(comment.getAttribute("aria-describedby")).toContain("error");
  expect(screen.getAllByText(/^Write a comment first/).length).toBeGreaterThan(0);
  expect(sent).not.toHaveBeenCalled();
  await user.type(comment, "fine");
  await user.click(approve);
  await waitFor(() => expect(sent).toHaveBeenCalledOnce());
});

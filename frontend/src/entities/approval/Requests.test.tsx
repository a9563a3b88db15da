import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import { Provider } from "urql";
import { expect, it } from "vitest";
import { theme } from "@/app/theme";
import type { ApprovalViewFragment } from "@/shared/graphql/gen/graphql";
import { anApproval } from "@/testing/fixtures";
import { clientOf } from "@/testing/world";
import { Requests } from "./Requests";

const request = (key: string, over: Partial<ApprovalViewFragment> = {}) =>
  anApproval({ id: `appr_${key}`, taskRun: { id: `run_${key}`, key }, ...over });

it("keeps a request in its place when it is decided", () => {
  const client = clientOf({});
  const shown = (approvals: ApprovalViewFragment[]) => (
    <MantineProvider theme={theme} env="test">
      <Provider value={client}>
        <Requests approvals={approvals} />
      </Provider>
    </MantineProvider>
  );
  const titles = () => screen.getAllByRole("heading").map((heading) => heading.textContent);
  const old = request("old", { state: "APPROVED" });
  const { rerender } = render(shown([old, request("a"), request("b")]));
  expect(titles()).toEqual(["Approval needed: a", "Approval needed: b", "Approval of old"]);
  rerender(shown([old, request("a", { state: "APPROVED" }), request("b")]));
  expect(titles()).toEqual(["Approval of a", "Approval needed: b", "Approval of old"]);
});

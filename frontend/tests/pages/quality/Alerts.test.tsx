import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { AlertFragment, SessionQuery } from "../../../src/api/generated/operations.ts";
import { Alerts } from "../../../src/pages/quality/Alerts.tsx";
import { browserSession } from "../../../src/state/browserSession.ts";

const STANDING: AlertFragment = {
  id: "QWxlcnQ6MQ",
  dataset: "ecb-reference-rates",
  metric: "freshness",
  status: "FAIL",
  openedAt: "2026-11-03T20:00:00Z",
  quiet: false,
  acknowledgedBy: null,
  acknowledgedAt: null,
  mutedBy: null,
  mutedUntil: null,
  note: "asked the bank",
};
let root: HTMLElement;
const answered = vi.fn();
const sent = vi.fn();

beforeEach(() => {
  root = document.createElement("div");
  document.body.append(root);
});
afterEach(() => {
  render(null, root);
  root.remove();
  answered.mockReset();
  sent.mockReset();
  vi.unstubAllGlobals();
});

async function shown(canOperate: boolean, alerts: readonly AlertFragment[]): Promise<string> {
  const viewer = { role: "OPERATOR", name: "ada", canRead: true, canRequestReports: true, canOperate };
  await act(async () => {
    await browserSession.show(`session ${canOperate}`, async () => ({
      data: { viewer } as unknown as SessionQuery,
      problems: [],
    }));
    render(<Alerts alerts={alerts} answered={answered} />, root);
  });
  return root.textContent ?? "";
}

function server(answer: object): void {
  vi.stubGlobal("fetch", async (_: unknown, init: { body: string }) => {
    sent(JSON.parse(init.body).variables);
    return Response.json({ data: { answer } });
  });
}

const press = (name: string): Promise<void> =>
  act(async () => {
    [...root.querySelectorAll("button")].find((one) => one.textContent === name)?.click();
    await new Promise((resolve) => setTimeout(resolve));
  });

test("a reader sees what stands and what is known of it, and no buttons", async () => {
  const text = await shown(false, [STANDING]);

  expect(text).toContain("1 open alert");
  expect(text).toContain("asked the bank");
  expect(root.querySelector("button")).toBeNull();
});

test("nothing is shown where nothing stands, and what was answered is folded away", async () => {
  expect(await shown(false, [])).toBe("");
  expect(await shown(false, [{ ...STANDING, quiet: true, acknowledgedBy: "ada" }])).toContain(
    "acknowledged by ada",
  );
  expect(root.querySelector("details")?.open).toBe(false);
});

test("an operator acknowledges an alert and the page asks again", async () => {
  server({ __typename: "Alert" });
  await shown(true, [STANDING]);

  await press("Acknowledge");

  expect(sent).toHaveBeenCalledWith({ id: STANDING.id });
  expect(answered).toHaveBeenCalledOnce();
});

test("a mute ends in a day, and a refusal is told in the server's words", async () => {
  server({ __typename: "AnswerRefused", message: "alert 1 closed" });
  await shown(true, [STANDING]);

  await press("Mute for a day");

  const until = Date.parse(sent.mock.calls[0]?.[0].until);
  expect(Math.abs(until - Date.now() - 86_400_000)).toBeLessThan(60_000);
  expect(root.querySelector("[role=alert]")?.textContent).toBe("alert 1 closed");
  expect(answered).not.toHaveBeenCalled();
});

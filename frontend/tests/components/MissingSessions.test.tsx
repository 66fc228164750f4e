import { render } from "preact";
import { expect, test } from "vitest";
import type { QualityStatus } from "../../src/api/generated/operations.ts";
import { MissingSessions } from "../../src/components/MissingSessions.tsx";

function said(status: QualityStatus | null): string {
  const root = document.createElement("div");
  render(<MissingSessions missing={[]} symbols judged={status && { status }} />, root);
  return root.textContent ?? "";
}

test("that nothing is missing names its window", () => {
  for (const status of ["PASS", "WARN", "FAIL"] as const)
    expect(said(status)).toContain("in the last 30 days");
});

test("where nobody knows what is due, nothing is called complete", () => {
  for (const status of ["UNKNOWN", null] as const) {
    expect(said(status)).toBe("Expected sessions are not known, so none is counted as missing.");
  }
});

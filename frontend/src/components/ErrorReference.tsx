// What to name when asking about an error: its code, and the request it came from.

import type { Problem } from "../api/errors.ts";

export function ErrorReference({ problem: { code, requestId } }: { problem: Problem }) {
  return (
    <code class="reference">
      {code}
      {requestId && ` · request ${requestId}`}
    </code>
  );
}

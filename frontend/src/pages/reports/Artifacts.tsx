// A report's files.

import type { ReportFormat, RunFragment } from "../../api/generated/operations.ts";
import { Icon } from "../../components/Icon.tsx";
import { bytes } from "../../format/number.ts";

const ORDER: readonly ReportFormat[] = ["PDF", "HTML", "CSV"];

const byUse = (a: { format: ReportFormat }, b: { format: ReportFormat }): number =>
  ORDER.indexOf(a.format) - ORDER.indexOf(b.format);

export function Artifacts({ run, short = false }: { run: RunFragment; short?: boolean }) {
  return (
    <ul class={short ? "artifacts short" : "artifacts"}>
      {[...run.artifacts].sort(byUse).map((file) => (
        <li key={file.format}>
          <a class="button" href={file.url} target="_blank" rel="noreferrer">
            <Icon name="download" /> {file.format}
            {!short && <span class="quiet">{bytes(file.bytes)}</span>}
          </a>
          {!short && <code class="break">sha256 {file.sha256}</code>}
        </li>
      ))}
    </ul>
  );
}

// Request a report, and the reports requested so far.

import { Panels } from "../../components/Panels.tsx";
import { useTitle } from "../../state/useTitle.ts";
import { PANELS } from "./panels.ts";

export function ReportsPage() {
  useTitle("Reports");
  return <Panels list={PANELS} view={{}} class="reports-page" />;
}

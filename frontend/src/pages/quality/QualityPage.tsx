// How far the data can be trusted.

import { Panels } from "../../components/Panels.tsx";
import { useTitle } from "../../state/useTitle.ts";
import { PANELS } from "./panels.ts";

export function QualityPage() {
  useTitle("Quality");
  return <Panels list={PANELS} view={{}} />;
}

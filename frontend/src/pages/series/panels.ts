// The panels beside the chart, in their order. Their code comes after the chart, so that this comes first.

import { lazy } from "../../components/lazy.tsx";
import type { PanelList } from "../../components/Panels.tsx";
import type { SeriesView } from "./view.ts";

export const PANELS: PanelList<SeriesView> = {
  provenance: lazy(() => import("./Provenance.tsx").then((module) => module.Provenance)),
  quality: lazy(() => import("./SeriesQuality.tsx").then((module) => module.SeriesQuality)),
};

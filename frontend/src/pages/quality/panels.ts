// The panels of the quality page, in their order.

import type { PanelList } from "../../components/Panels.tsx";
import { DatasetsPanel } from "./DatasetsPanel.tsx";

export const PANELS: PanelList = { datasets: DatasetsPanel };

// The panels of the reports page, in their order.

import type { PanelList } from "../../components/Panels.tsx";
import { RecentReports } from "./RecentReports.tsx";
import { RequestPanel } from "./RequestPanel.tsx";

export const PANELS: PanelList = { request: RequestPanel, recent: RecentReports };

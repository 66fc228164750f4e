// The panels of the watchlist page, in their order.

import type { PanelList } from "../../components/Panels.tsx";
import { WatchlistPanel } from "./WatchlistPanel.tsx";

export const PANELS: PanelList = { watchlist: WatchlistPanel };

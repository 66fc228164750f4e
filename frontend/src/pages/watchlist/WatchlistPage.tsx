// Every series at a glance.

import { Panels } from "../../components/Panels.tsx";
import { useTitle } from "../../state/useTitle.ts";
import { PANELS } from "./panels.ts";

export function WatchlistPage() {
  useTitle("Watchlist");
  return <Panels list={PANELS} view={{}} />;
}

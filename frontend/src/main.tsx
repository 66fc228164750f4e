// The page's entry: start what lives as long as the page, then show it.

import "./styles/index.css";
import { render } from "preact";
import { watchNetwork } from "./api/reachability.ts";
import { watchTime } from "./api/serverTime.ts";
import { App } from "./app/App.tsx";
import { watchAddress } from "./routes.ts";
import { watchBrowserSession } from "./state/browserSession.ts";
import { watchHeartbeat } from "./state/heartbeat.ts";
import { watchTheme } from "./state/preferences.ts";
import { forgetAll } from "./storage.ts";

forgetAll("former");
watchTheme();
watchTime();
watchNetwork();
watchHeartbeat();
watchAddress();
watchBrowserSession();

const root = document.getElementById("page");
if (root) {
  root.replaceChildren();
  render(<App />, root);
}

if (import.meta.env.PROD && "serviceWorker" in navigator) {
  // Without it the page works all the same, only not after a reload offline.
  navigator.serviceWorker
    .register("/sw.js")
    .catch((cause: unknown) => console.warn("No offline shell:", cause));
}

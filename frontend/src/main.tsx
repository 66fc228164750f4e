// The page's entry: start what lives as long as the page, then show it.

import "./styles/index.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { watchAddress } from "./routes.ts";
import { watchTheme } from "./state/choices.ts";
import { forgetAll } from "./state/device.ts";
import { watchNetwork } from "./state/network.ts";
import { watchPulse } from "./state/pulse.ts";
import { watchTime } from "./state/serverTime.ts";
import { watchSession } from "./state/session.ts";

forgetAll("former");
watchTheme();
watchTime();
watchNetwork();
watchPulse();
watchAddress();
watchSession();

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

// What stands around every page: navigation (a rail on a desk, a bar under the thumb on a phone) and the page's state.

import type { ComponentChildren } from "preact";
import { route } from "../routes.ts";
import { nextTheme, theme } from "../state/choices.ts";
import { reachable } from "../state/network.ts";
import { session } from "../state/session.ts";
import { Icon, type IconName } from "./Icon.tsx";

const PLACES: readonly { path: string; name: string; icon: IconName; pages: readonly string[] }[] = [
  { path: "/", name: "Watchlist", icon: "watchlist", pages: ["watchlist", "series"] },
  { path: "/quality", name: "Quality", icon: "quality", pages: ["quality"] },
  { path: "/reports", name: "Reports", icon: "reports", pages: ["reports", "report"] },
];

export function Shell({ children }: { children: ComponentChildren }) {
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <div class="shell">
        <header class="rail">
          <a class="wordmark" href="/" aria-label="mktdash, to the watchlist">
            <img src="/icon.svg" alt="" width="24" height="24" />
            mktdash
          </a>
          <nav aria-label="Pages">
            {PLACES.map((place) => (
              <a
                key={place.path}
                href={place.path}
                aria-current={place.pages.includes(route.value.page) ? "page" : undefined}
              >
                <Icon name={place.icon} />
                <span>{place.name}</span>
              </a>
            ))}
          </nav>
          <ThemeButton />
          <Server />
        </header>
        <main id="content" tabIndex={-1}>
          {!reachable.value && (
            <p class="offline-bar" role="status">
              Offline. Showing what this device has kept.
            </p>
          )}
          {children}
        </main>
      </div>
    </>
  );
}

const THEMES = { system: "System colours", light: "Light colours", dark: "Dark colours" } as const;

function ThemeButton() {
  const text = THEMES[theme.value];
  return (
    <button type="button" class="theme" onClick={nextTheme} aria-label={`${text}: change`}>
      <Icon name={theme.value} />
      <span>{text}</span>
    </button>
  );
}

function Server() {
  const { data } = session.view.value;
  return (
    <p class="server">
      {data && (
        <>
          {data.viewer.role === "ANONYMOUS" ? "Reading without a token" : `${data.viewer.role.toLowerCase()}`}
          <br />
          {data.serverInfo.version} · {data.serverInfo.codeSha.slice(0, 7)}
        </>
      )}
    </p>
  );
}

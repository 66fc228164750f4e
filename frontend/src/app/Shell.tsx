// What stands around every page: navigation (a rail on a desk, a bar under the thumb on a phone) and the page's state.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { connected, heardAt, reachable } from "../api/reachability.ts";
import { now } from "../api/serverTime.ts";
import { Icon, type IconName } from "../components/Icon.tsx";
import { route } from "../routes.ts";
import { browserSession, logOut } from "../state/browserSession.ts";
import { since } from "../state/liveness.ts";
import { nextTheme, theme } from "../state/preferences.ts";
import { feedSilent } from "../state/verdicts.ts";

const PLACES: readonly { path: string; name: string; icon: IconName; pages: readonly string[] }[] = [
  { path: "/", name: "Watchlist", icon: "watchlist", pages: ["watchlist", "series"] },
  { path: "/quality", name: "Quality", icon: "quality", pages: ["quality"] },
  { path: "/reports", name: "Reports", icon: "reports", pages: ["reports", "report"] },
];

export function Shell({ children }: { children: ComponentChildren }) {
  return (
    <>
      <a class="skip" href="#content">
        Skip to content
      </a>
      <div class="shell">
        <header class="rail">
          <a class="wordmark" href="/" aria-label="mktdash, go to the watchlist">
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
          <Trouble />
          {children}
          <LogOut />
        </main>
      </div>
    </>
  );
}

/** What keeps the page from being up to date, as far as is known here. */
function Trouble() {
  const text = troubleText();
  return (
    text && (
      <p class="offline-bar" role="status">
        {text}
      </p>
    )
  );
}

function troubleText(): string | null {
  const when = (at: number | null): string => (at === null ? "" : ` since ${since(at, now.value)}`);
  if (!connected.value) return "Offline. Showing data saved on this device.";
  if (!reachable.value) {
    return `No answer from the server${when(heardAt.value)}. Showing data saved on this device.`;
  }
  if (feedSilent.value === null)
    return "No feed is running: new values arrive only when you run mktdash ingest.";
  if (feedSilent.value === false) return null;
  return `The feed has been silent${when(feedSilent.value)}: no new values and no quality checks.`;
}

const THEMES = { system: "System theme", light: "Light theme", dark: "Dark theme" } as const;

function ThemeButton() {
  const text = THEMES[theme.value];
  return (
    <button type="button" class="theme" onClick={nextTheme} aria-label={`${text}: change`}>
      <Icon name={theme.value} />
      <span>{text}</span>
    </button>
  );
}

function LogOut() {
  const failed = useSignal(false);
  if (!browserSession.view.value.data?.viewer.bySession) return null;
  const end = (): void => {
    failed.value = false;
    logOut().catch(() => {
      failed.value = true;
    });
  };
  return (
    <footer class="account">
      <button type="button" class="log-out" onClick={end}>
        {failed.value ? "Still logged in: retry" : "Log out"}
      </button>
    </footer>
  );
}

function Server() {
  const { data } = browserSession.view.value;
  return (
    <p class="server">
      {data && (
        <>
          {data.viewer.role === "ANONYMOUS" ? "Not logged in" : `Role: ${data.viewer.role.toLowerCase()}`}
          <br />
          {data.serverInfo.version} · {data.serverInfo.codeSha.slice(0, 7)}
        </>
      )}
    </p>
  );
}

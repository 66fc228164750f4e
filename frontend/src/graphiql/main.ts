// GraphiQL at /graphql, for people who write queries: a page of its own, which the dashboard never loads.

import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { createElement, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "graphiql/style.css";
import "./page.css";
import { FIRST_QUERY } from "./firstQuery.ts";

const url = new URL("/graphql", location.href);
const sockets = new URL(url);
sockets.protocol = url.protocol === "https:" ? "wss:" : "ws:";

// Reads and writes go by POST, subscriptions over WebSocket; both carry what the Headers tab says (a token, say),
// beside the cookie of the browser's own session.
const fetcher = createGraphiQLFetcher({ url: url.href, subscriptionUrl: sockets.href });

const place = document.getElementById("graphiql");
if (place) {
  const page = createElement(GraphiQL, {
    fetcher,
    defaultQuery: FIRST_QUERY,
    defaultEditorToolsVisibility: false,
  });
  createRoot(place).render(createElement(StrictMode, null, page));
}

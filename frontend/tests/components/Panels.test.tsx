import { render } from "preact";
import { expect, test } from "vitest";
import { type PanelList, Panels } from "../../src/components/Panels.tsx";

interface View {
  readonly symbol: string;
}

test("panels stand in the order of their list, and each is given what the page shows", () => {
  const list: PanelList<View> = {
    trades: ({ symbol }) => <section>trades of {symbol}</section>,
    news: ({ symbol }) => <section>news of {symbol}</section>,
  };
  const root = document.createElement("div");

  render(<Panels list={list} view={{ symbol: "EURUSD" }} />, root);

  expect([...root.querySelectorAll("section")].map((one) => one.textContent)).toEqual([
    "trades of EURUSD",
    "news of EURUSD",
  ]);
});

// Search, asset classes and stars above the list.

import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../../components/Icon.tsx";
import { assetClass, onlyStars, text } from "./filter.ts";

const CLASSES: Record<string, string> = {
  FX: "FX",
  RATE: "Rates",
  INDEX: "Indices",
  EQUITY: "Equities",
  COMMODITY: "Commodities",
  CRYPTO: "Crypto",
  MACRO: "Macro",
  SIMULATED: "Simulated",
};

export function Filters({ classes, counted }: { classes: readonly string[]; counted: string }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const focus = (event: KeyboardEvent): void => {
      const typing = event.target instanceof Element && event.target.closest("input,select,textarea");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, []);
  return (
    <div class="filters">
      <label class="search">
        <span class="sr">Search symbols and names</span>
        <Icon name="search" />
        <input
          ref={field}
          type="search"
          placeholder="Symbol or name"
          value={text.value}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => {
            text.value = event.currentTarget.value;
          }}
        />
      </label>
      <fieldset class="chips">
        <legend class="sr">Asset class</legend>
        <button
          type="button"
          aria-pressed={onlyStars.value}
          onClick={() => {
            onlyStars.value = !onlyStars.value;
          }}
        >
          <Icon name="star" filled={onlyStars.value} /> Starred
        </button>
        {[null, ...classes].map((one) => (
          <button
            type="button"
            key={one ?? ""}
            aria-pressed={assetClass.value === one}
            onClick={() => {
              assetClass.value = one;
            }}
          >
            {one === null ? "All" : (CLASSES[one] ?? one)}
          </button>
        ))}
      </fieldset>
      <span class="counted" role="status">
        {counted}
      </span>
    </div>
  );
}

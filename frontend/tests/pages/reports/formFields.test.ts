import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fieldsOf, parametersOf } from "../../../src/pages/reports/formFields.ts";

const SCHEMA: unknown = JSON.parse(readFileSync("../schema/reports/market-summary.v1.json", "utf8"));

test("the published template makes a form with a field for each parameter", () => {
  const fields = fieldsOf(SCHEMA);

  expect(fields.map((field) => [field.name, field.kind])).toEqual(
    expect.arrayContaining([
      ["title", "text"],
      ["symbols", "list"],
      ["assetClass", "choice"],
      ["days", "number"],
      ["from", "date"],
    ]),
  );
  expect(fields.find((field) => field.name === "assetClass")?.options).toContain("FX");
  expect(fields.find((field) => field.name === "days")).toMatchObject({
    min: 2,
    whole: true,
    required: false,
  });
  expect(fields.find((field) => field.name === "symbols")?.example).toBe("EURUSD, EURGBP");
});

test("another template's list has no example but its own", () => {
  const properties = { columns: { type: "array" }, sizes: { type: "array", examples: [[1, 2], [3]] } };

  expect(fieldsOf({ properties }).map((field) => field.example)).toEqual(["", "1, 2"]);
});

test("what is typed becomes parameters of the right type, blanks are left out", () => {
  const fields = fieldsOf(SCHEMA);
  const typed = new Map([
    ["symbols", " EURUSD, EURGBP;EURJPY "],
    ["days", "30"],
    ["from", ""],
  ]);

  expect(parametersOf(fields, typed)).toMatchObject({ symbols: ["EURUSD", "EURGBP", "EURJPY"], days: 30 });
  expect(parametersOf(fields, typed)).not.toHaveProperty("from");
});

test("a template without parameters, or of a strange shape, has no fields", () => {
  expect(fieldsOf({})).toEqual([]);
  expect(fieldsOf(null)).toEqual([]);
  expect(fieldsOf({ properties: { on: { type: "boolean", default: true } } })).toMatchObject([
    { kind: "boolean", initial: "true" },
  ]);
});

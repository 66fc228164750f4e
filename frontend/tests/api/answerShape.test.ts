import { Kind, parse, type SelectionSetNode } from "graphql";
import { expect, test } from "vitest";
import { fits, shapeOfAnswer } from "../../src/api/answerShape.ts";
import * as operations from "../../src/api/generated/operations.ts";

const texts = Object.entries(operations).filter(([name]) => name.endsWith("Document")) as [string, string][];

test("a shape has the fields that are asked for, through fragments, and not those of certain types", () => {
  const text =
    "query Q($a:[Int!]=[1]){a:one(x:$a){id ...F}two{...on T{only}both}}fragment F on One{name deep{er}}";

  expect(shapeOfAnswer(text)).toEqual({
    a: { id: null, name: null, deep: { er: null } },
    two: { both: null },
  });
});

test.each(texts)("%s: its shape is that of its document", (_, text) => {
  const { definitions } = parse(text);
  const selections = new Map<string, SelectionSetNode>();
  for (const one of definitions) {
    if (one.kind === Kind.FRAGMENT_DEFINITION) selections.set(one.name.value, one.selectionSet);
    if (one.kind === Kind.OPERATION_DEFINITION) selections.set("", one.selectionSet);
  }

  function expected(set: SelectionSetNode | undefined): object {
    return Object.assign(
      {},
      ...(set?.selections ?? []).map((node) => {
        if (node.kind === Kind.FRAGMENT_SPREAD) return expected(selections.get(node.name.value));
        if (node.kind === Kind.INLINE_FRAGMENT) return {};
        return { [(node.alias ?? node.name).value]: node.selectionSet ? expected(node.selectionSet) : null };
      }),
    );
  }

  expect(shapeOfAnswer(text)).toEqual(expected(selections.get("")));
});

test("data of another shape do not fit", () => {
  const shape = shapeOfAnswer("query Q{list{edges{node{id}}}}");

  expect(fits({ list: { edges: [{ node: { id: "1" } }, { node: null }] } }, shape)).toBe(true);
  expect(fits({ list: null }, shape)).toBe(true);
  for (const wrong of [
    {},
    { list: {} },
    { list: 1 },
    { list: { edges: {} } },
    { list: { edges: [{}] } },
    7,
    "x",
    [],
  ]) {
    expect(fits(wrong, shape)).toBe(Array.isArray(wrong));
  }
});

// From a template's JSON Schema to the fields of a form, and from what was typed back to parameters.

import { title } from "../../format/words.ts";

type Json = Record<string, unknown>;

export interface Field {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly kind: "text" | "number" | "date" | "boolean" | "choice" | "list";
  readonly required: boolean;
  readonly options: readonly string[];
  readonly initial: string;
  readonly example: string;
  readonly min: number | null;
  readonly max: number | null;
  readonly whole: boolean;
  readonly maxLength: number | null;
}

const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Follow `$ref` and leave the `null` out of `anyOf`, as pydantic writes an optional value. */
function plain(schema: Json, root: Json): Json {
  const { $ref, anyOf, ...rest } = schema;
  if (typeof $ref === "string") {
    const target = $ref
      .replace(/^#\//, "")
      .split("/")
      .reduce<unknown>((at, part) => (isJson(at) ? at[part] : undefined), root);
    return { ...(isJson(target) ? plain(target, root) : {}), ...rest };
  }
  if (Array.isArray(anyOf)) {
    const one = anyOf.filter(isJson).find((option) => option.type !== "null");
    return { ...(one ? plain(one, root) : {}), ...rest };
  }
  return schema;
}

function kindOf(schema: Json): Field["kind"] {
  if (Array.isArray(schema.enum)) return "choice";
  if (schema.type === "array") return "list";
  if (schema.type === "boolean") return "boolean";
  if (schema.type === "integer" || schema.type === "number") return "number";
  return schema.format === "date" ? "date" : "text";
}

function asText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return Array.isArray(value) ? value.join(", ") : String(value);
}

const numberOr = (value: unknown): number | null => (typeof value === "number" ? value : null);

export function fieldsOf(parameters: unknown): Field[] {
  if (!isJson(parameters) || !isJson(parameters.properties)) return [];
  const required = Array.isArray(parameters.required) ? parameters.required : [];
  return Object.entries(parameters.properties).map(([name, raw]) => {
    const schema = plain(isJson(raw) ? raw : {}, parameters);
    const own = isJson(raw) ? raw : {};
    return {
      name,
      title: title(name),
      description: asText(own.description ?? schema.description).replaceAll("`", ""),
      kind: kindOf(schema),
      required: required.includes(name),
      options: Array.isArray(schema.enum) ? schema.enum.map(String) : [],
      initial: asText(own.default),
      example: asText(Array.isArray(own.examples) ? own.examples[0] : undefined),
      min: numberOr(schema.minimum),
      max: numberOr(schema.maximum),
      whole: schema.type === "integer",
      maxLength: numberOr(schema.maxLength),
    };
  });
}

function typedValue(field: Field, text: string): unknown {
  if (field.kind === "boolean") return text === "true";
  if (field.kind === "number") return Number(text);
  if (field.kind === "list") return text.split(/[\s,;]+/).filter(Boolean);
  return text;
}

/** Parameters to send: what was left blank is left out, so that the template's own default holds. */
export function parametersOf(fields: readonly Field[], typed: ReadonlyMap<string, string>): Json {
  const parameters: Json = {};
  for (const field of fields) {
    const text = (typed.get(field.name) ?? field.initial).trim();
    if (text !== "") parameters[field.name] = typedValue(field, text);
  }
  return parameters;
}

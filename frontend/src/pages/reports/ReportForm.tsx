// Ask for a report: a form made from the template's own description of its parameters.

import type { InputHTMLAttributes } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { mutate } from "../../api/client.ts";
import { type ApiError, asApiError } from "../../api/errors.ts";
import {
  type ReportTemplatesQuery,
  RequestReportDocument,
  type SessionQuery,
} from "../../api/generated/operations.ts";
import { ErrorReference } from "../../components/ErrorReference.tsx";
import { LoginHint } from "../../components/LoginHint.tsx";
import { go, reportPath } from "../../routes.ts";
import { type Field, fieldsOf, parametersOf } from "./formFields.ts";

type Template = ReportTemplatesQuery["reportTemplates"][number];
type Problems = readonly { readonly path: string; readonly message: string }[];

interface ReportFormProps {
  readonly templates: readonly Template[];
  readonly viewer: SessionQuery["viewer"] | null;
}

export function ReportForm({ templates, viewer }: ReportFormProps) {
  const [name, setName] = useState(templates[0]?.name ?? "");
  const template = templates.find((one) => one.name === name) ?? templates[0];
  if (!template) return null;
  return (
    <>
      {templates.length > 1 && (
        <label class="field">
          <span>Template</span>
          <select value={template.name} onChange={(event) => setName(event.currentTarget.value)}>
            {templates.map((one) => (
              <option key={one.name} value={one.name}>
                {one.title}
              </option>
            ))}
          </select>
        </label>
      )}
      <h2>{template.title}</h2>
      <p>{template.description}</p>
      {viewer?.canRequestReports === false ? (
        <p class="notice">
          <b>Requesting a report needs a token.</b> <LoginHint /> Finished reports are listed below.
        </p>
      ) : (
        <Request key={template.name} template={template} />
      )}
    </>
  );
}

function Request({ template }: { template: Template }) {
  const fields = useMemo(() => fieldsOf(template.parameters), [template]);
  const [typed, setTyped] = useState<ReadonlyMap<string, string>>(new Map());
  const [sending, setSending] = useState(false);
  const [problems, setProblems] = useState<Problems>([]);
  const [error, setError] = useState<ApiError | null>(null);
  // The same key until the server has answered: a second press, or a retry after a lost answer, is not a second report.
  const key = useRef<string | null>(null);

  async function send(): Promise<void> {
    setSending(true);
    setError(null);
    setProblems([]);
    key.current ??= randomKey();
    try {
      const parameters = parametersOf(fields, typed);
      const input = { template: template.name, parameters, idempotencyKey: key.current };
      const { requestReport: result } = (await mutate(RequestReportDocument, { input })).data;
      key.current = null;
      if (result.__typename === "ReportRun") go(reportPath(result.id));
      else if (result.__typename === "InvalidParameters")
        setProblems(result.problems.length > 0 ? result.problems : [{ path: "", message: result.message }]);
      else setProblems([{ path: "", message: result.message }]);
    } catch (thrown) {
      setError(asApiError(thrown));
    } finally {
      setSending(false);
    }
  }

  const of = (field: Field): Problems =>
    problems.filter((one) => one.path.split(/[./]/).filter(Boolean)[0] === field.name);
  const rest = problems.filter((one) => !fields.some((field) => of(field).includes(one)));
  return (
    <form
      class="report-form"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {fields.map((field) => (
        <FormField
          key={field.name}
          field={field}
          value={typed.get(field.name) ?? field.initial}
          problems={of(field)}
          onValue={(value) => {
            key.current = null;
            setTyped(new Map(typed).set(field.name, value));
          }}
        />
      ))}
      {(rest.length > 0 || error) && (
        <p class="notice error" role="alert">
          {rest.map((one) => one.message).join(" ")}
          {error && (
            <>
              <b>Not sent.</b> {error.message} <ErrorReference problem={error.problem} />
            </>
          )}
        </p>
      )}
      <button type="submit" class="button primary" disabled={sending}>
        {sending ? "Sending" : "Request report"}
      </button>
    </form>
  );
}

interface FormFieldProps {
  readonly field: Field;
  readonly value: string;
  readonly problems: Problems;
  readonly onValue: (value: string) => void;
}

function FormField({ field, value, problems, onValue }: FormFieldProps) {
  const id = `field-${field.name}`;
  const shared = {
    id,
    value,
    required: field.required,
    "aria-describedby": `${id}-note`,
    "aria-invalid": problems.length > 0,
    onInput: (event: { currentTarget: { value: string } }) => onValue(event.currentTarget.value),
  };
  return (
    <div class="field">
      <label for={id}>{field.title}</label>
      {field.kind === "choice" || field.kind === "boolean" ? (
        <select {...shared}>
          {!field.required && <option value="">–</option>}
          {(field.kind === "boolean" ? ["true", "false"] : field.options).map((option) => (
            <option key={option} value={option}>
              {field.kind === "boolean" ? (option === "true" ? "Yes" : "No") : option}
            </option>
          ))}
        </select>
      ) : (
        <input {...shared} {...inputOf(field)} autocomplete="off" />
      )}
      <p id={`${id}-note`} class={problems.length > 0 ? "wrong" : "quiet"}>
        {problems.length > 0 ? problems.map((one) => one.message).join(" ") : field.description}
      </p>
    </div>
  );
}

function inputOf(field: Field): InputHTMLAttributes<HTMLInputElement> {
  if (field.kind === "number") {
    const bounds = { min: field.min ?? undefined, max: field.max ?? undefined };
    return { type: "number", ...bounds, step: field.whole ? 1 : "any" };
  }
  if (field.kind === "date") return { type: "date" };
  return { type: "text", maxLength: field.maxLength ?? undefined, placeholder: field.example || undefined };
}

function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}

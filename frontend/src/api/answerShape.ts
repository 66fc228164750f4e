// Whether an answer has the fields that its operation asks for: another program's answer, or another version's, must
// become a message and not a failure somewhere inside the page.

/** The fields of a selection with theirs in turn; null for a value without fields. Those asked of certain types only
 *  are left out. */
interface Shape {
  readonly [field: string]: Shape | null;
}

const TOKEN = /\.\.\. ?on \w+|\.\.\.\w+|[{}]|[\w:]+/g;
const known = new Map<string, Shape>();

/** The shape of an operation's answer, read off its text. */
export function shapeOfAnswer(operation: string): Shape {
  const found = known.get(operation);
  if (found) return found;
  const tokens: readonly string[] = operation.replace(/\([^()]*\)/g, "").match(TOKEN) ?? [];
  const fragments: Record<string, () => Shape> = {};
  let at = 0;

  /** Where the selection that begins here ends. */
  function skip(from: number): number {
    let depth = 0;
    let end = from;
    do {
      depth += tokens[end] === "{" ? 1 : tokens[end] === "}" ? -1 : 0;
      end += 1;
    } while (depth > 0);
    return end;
  }

  function selection(): Shape {
    let shape: Shape = {};
    for (at += 1; tokens[at] !== "}"; ) {
      const token = tokens[at] ?? "}";
      at += 1;
      if (/^\.\.\. ?on /.test(token)) at = skip(at);
      else if (token.startsWith("...")) {
        const after = at;
        shape = { ...shape, ...fragments[token.slice(3)]?.() };
        at = after;
      } else {
        const inner = tokens[at] === "{" ? selection() : null;
        shape = { ...shape, [token.split(":")[0] ?? ""]: inner };
      }
    }
    at += 1;
    return shape;
  }

  let body = -1;
  for (let next = 0; next < tokens.length; ) {
    const open = tokens.indexOf("{", next);
    if (open < 0) break;
    if (tokens[next] === "fragment") {
      fragments[tokens[next + 1] ?? ""] = () => {
        at = open;
        return selection();
      };
    } else body = open;
    next = skip(open);
  }
  at = body;
  const shape = body < 0 ? {} : selection();
  known.set(operation, shape);
  return shape;
}

/** Whether data have a shape; null stands for anything, as where a part could not be had. */
export function fits(data: unknown, shape: Shape | null): boolean {
  if (shape === null) return data !== undefined;
  if (data === null) return true;
  if (Array.isArray(data)) return data.every((one) => fits(one, shape));
  return (
    typeof data === "object" &&
    Object.entries(shape).every(([name, inner]) => fits((data as Record<string, unknown>)[name], inner))
  );
}

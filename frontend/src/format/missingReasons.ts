// Why a session has no value, in words.

export const REASONS: Record<string, string> = {
  NOT_YET_DUE: "Not yet due",
  SOURCE_SAYS_NONE: "Source has no value",
  PROVIDER_GAP: "Provider gap",
  QUARANTINED: "Quarantined",
  NEVER_FETCHED: "Never fetched",
};

/** A sentence of the server with the names of reasons put in words. */
export function inWords(text: string): string {
  return text.replace(/\b[A-Z]+(?:_[A-Z]+)+\b|\bQUARANTINED\b/g, (name) =>
    (REASONS[name] ?? name).toLowerCase(),
  );
}

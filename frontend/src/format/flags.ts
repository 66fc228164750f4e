// The flags of a value that are worth a word beside it.

/** The flags that tell of a doubt; that a series is simulated is shown once, not at every value. */
export const doubts = (flags: readonly string[] | undefined): string[] =>
  flags?.filter((flag) => flag !== "SIMULATED") ?? [];

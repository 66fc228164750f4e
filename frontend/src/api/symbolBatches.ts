// The server takes so many symbols in one operation.

const MOST_SYMBOLS = 200;

export function symbolBatches(symbols: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(symbols.length / MOST_SYMBOLS) }, (_, i) =>
    symbols.slice(i * MOST_SYMBOLS, (i + 1) * MOST_SYMBOLS),
  );
}

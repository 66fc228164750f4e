// Names of the server and of parameters, in words.

/** `PROVIDER_GAP`, `asKnownAt` and `flat.run` as `provider gap`, `as known at` and `flat run`. */
export const words = (name: string): string =>
  name
    .replaceAll(/([a-z])([A-Z])/g, "$1 $2")
    .replaceAll(/[._]/g, " ")
    .toLowerCase();

/** The same, to stand alone. */
export const title = (name: string): string => {
  const text = words(name);
  return text.charAt(0).toUpperCase() + text.slice(1);
};

// Takes fonts that stand as data: addresses out of a package's sheet: the content policy would refuse them with an
// error in the console, they are most of the sheet's bytes, and the system's own fonts come next in its lists anyway.

import type { Plugin } from "vite";

const FONT_FACE = /@font-face\s*\{[^}]*url\(["']?data:[^}]*\}/g;

export function withoutFonts(): Plugin {
  return {
    name: "without-fonts",
    enforce: "pre",
    transform(code, id) {
      return id.endsWith(".css") ? code.replace(FONT_FACE, "") : null;
    },
  };
}

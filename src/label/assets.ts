/** The page's own files: templates/label and the compiled src/label/page. They are few and small, and held in memory. */
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { packageRoot } from "../files/package-root.js";

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** By the path they are asked for. */
export async function loadAssets(): Promise<ReadonlyMap<string, Asset>> {
  const assets = new Map<string, Asset>();
  const sources = [
    ["/", join(packageRoot, "templates", "label")],
    ["/page/", join(packageRoot, "dist", "label", "page")],
  ];
  for (const [prefix, folder] of sources) {
    for (const name of await readdir(folder)) {
      const type = TYPES[extname(name)];
      if (type === undefined) continue;
      const path = name === "index.html" ? "/" : `${prefix}${name}`;
      assets.set(path, { type, body: await readFile(join(folder, name)) });
    }
  }
  return assets;
}

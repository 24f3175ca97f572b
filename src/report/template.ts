/** Fills templates/report.html.hbs. Escaping is on; a field the template names and the view lacks is an error. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../files/package-root.js";
import type { SectionView, Tile } from "./sections/view.js";

export interface PageView {
  readonly title: string;
  readonly documentTitle: string;
  readonly toolVersion: string;
  readonly summary: readonly Tile[];
  readonly banner: Readonly<Record<"state" | "title" | "compared" | "words", string>> | null;
  readonly sections: readonly (SectionView & { readonly number: string })[];
  readonly sheetsCss: string;
}

const TEMPLATES = join(packageRoot, "templates");

/** The document; its partials are the sections and pieces in templates/report/. */
export async function fillPage(view: PageView): Promise<string> {
  const { default: Handlebars } = await import("handlebars");
  const handlebars = Handlebars.create();
  const folder = join(TEMPLATES, "report");
  for (const file of (await readdir(folder)).filter((name) => name.endsWith(".hbs")).sort()) {
    handlebars.registerPartial(file.slice(0, -".hbs".length), await readFile(join(folder, file), "utf8"));
  }
  const page = handlebars.compile(await readFile(join(TEMPLATES, "report.html.hbs"), "utf8"), {
    strict: true,
    preventIndent: true,
  });
  return page({ ...view, styleCss: await readFile(join(folder, "report.css"), "utf8") });
}

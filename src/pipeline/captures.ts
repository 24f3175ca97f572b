/** The project's captures, where there are any yet. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CATALOGUE_FILE, Catalogue } from "../captures/catalogue/catalogue.js";
import type { Project } from "./project.js";

/** Undefined before the first `smilec pull-captures`. The caller must close it. */
export function openCaptures({ capturesDir }: Pick<Project, "capturesDir">): Catalogue | undefined {
  if (!existsSync(join(capturesDir, CATALOGUE_FILE))) return undefined;
  return Catalogue.open(capturesDir, { mustExist: true });
}

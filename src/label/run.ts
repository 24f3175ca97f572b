/** `smilec label`: opens the catalogue, measures what is new, serves the page until it is stopped. */
import { setTimeout as delay } from "node:timers/promises";
import { Catalogue } from "../captures/catalogue/catalogue.js";
import { UserError } from "../errors.js";
import type { Project } from "../pipeline/project.js";
import type { StageContext } from "../pipeline/reporter.js";
import { silentReporter } from "../pipeline/reporter.js";
import { Routes } from "./routes.js";
import { modelScales } from "./scores.js";
import { type LabelServer, startServer } from "./server.js";
import { Studio } from "./studio.js";

export interface LabelRequest {
  readonly project: Pick<Project, "capturesDir" | "modelFile" | "config">;
  readonly pass: 1 | 2;
  /** Undefined: the usual one, or any free one. */
  readonly port: number | undefined;
  readonly context: StageContext;
  /** Called once, when the page can be opened. */
  readonly onReady: (server: LabelServer) => Promise<void> | void;
}

/** How often another process's work is looked for, milliseconds. */
const REFRESH_MS = 1000;

/** Serves the label studio until the context's signal is aborted. Throws UserError when there is nothing to label. */
export async function runStudio({ project, pass, port, context, onReady }: LabelRequest): Promise<void> {
  const catalogue = Catalogue.open(project.capturesDir, { mustExist: true });
  try {
    if (catalogue.count({ state: "kept" }) === 0)
      throw new UserError("there are no captures to label", {
        where: project.capturesDir,
        remedy: "Pull some: smilec pull-captures.",
      });
    const scales = await modelScales(project);
    const studio = new Studio({ catalogue, config: project.config, pass, scales });
    await studio.sweep();
    await studio.measure(context);
    const server = await startServer(studio, new Routes(studio, catalogue), port);
    try {
      await onReady(server);
      await followOthers(studio, context);
    } finally {
      await server.close();
    }
  } finally {
    catalogue.close();
  }
}

/** Until the signal: what other processes write is shown. A moment in which the catalogue cannot be read is waited out. */
async function followOthers(studio: Studio, { reporter, signal }: StageContext): Promise<void> {
  const quiet: StageContext = { reporter: silentReporter, signal };
  let told = "";
  while (!signal.aborted) {
    await studio.refresh(quiet).catch((error: Error) => {
      if (!signal.aborted && error.message !== told) reporter.warn(error.message);
      told = error.message;
    });
    await delay(REFRESH_MS, undefined, { signal }).catch(() => undefined);
  }
}

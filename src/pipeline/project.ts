/** A project folder: its configuration, where it keeps things, and its store of finished stages. */
import { join } from "node:path";
import { loadConfig } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { ArtifactStore } from "./store.js";

export interface Project {
  readonly dir: string;
  readonly config: Config;
  readonly store: ArtifactStore;
  /** One folder per import. */
  readonly dataDir: string;
  /** Catalogue and pictures of what the bots captured. */
  readonly capturesDir: string;
  /** The project's own trained model, once `quantize` has made one. */
  readonly modelFile: string;
  readonly reportFile: string;
}

export async function openProject(dir: string): Promise<Project> {
  const config = await loadConfig(dir);
  const store = new ArtifactStore(join(dir, ".smilec"));
  await store.sweep();
  return {
    dir,
    config,
    store,
    dataDir: join(dir, "data"),
    capturesDir: join(dir, "captures"),
    modelFile: join(dir, "models", "model.tflite"),
    reportFile: join(dir, "report", "index.html"),
  };
}

/** Folder of the rendered firmware project for a target. */
export function buildDir(project: Project, target: string): string {
  return join(project.dir, "build", target);
}

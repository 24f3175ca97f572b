/**
 * Content-addressed store of stage results.
 *
 * `<root>/<stage>/<key>/` holds one finished artifact: its files and `artifact.json`. A stage works in `<root>/tmp/...` and the folder is
 * renamed into place when it is complete, so whatever is found under a key is whole, and a run killed at any moment leaves only a
 * temporary folder that the next run sweeps away.
 */
import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { asEnvironmentError } from "../errors.js";
import { toolVersion } from "../files/package-root.js";
import { makeFolder, remove, writeJson } from "../files/write.js";

/** A finished stage result on disk. `meta` is small JSON; big data are files in `dir`. */
export interface Artifact<Meta> {
  readonly stage: string;
  /** SHA-256 (hex, first 32 characters) over stage, tool version, options and input keys. */
  readonly key: string;
  readonly dir: string;
  readonly meta: Meta;
}

export interface StageRequest<Meta> {
  readonly stage: string;
  /** Raise when the stage's code changes what it produces. */
  readonly revision: number;
  /** Everything the result depends on besides inputs; must be JSON. */
  readonly options: unknown;
  /** Keys or content hashes of what the stage reads. */
  readonly inputs: readonly string[];
  /** Writes the artifact's files into `dir` and returns its metadata. */
  readonly produce: (dir: string) => Promise<Meta>;
}

const DAY_MS = 86_400_000;

export class ArtifactStore {
  constructor(readonly root: string) {}

  /** The key a request would be stored under. */
  key(request: Pick<StageRequest<unknown>, "stage" | "revision" | "options" | "inputs">): string {
    const text = JSON.stringify([
      toolVersion,
      request.stage,
      request.revision,
      canonical(request.options),
      request.inputs,
    ]);
    return createHash("sha256").update(text).digest("hex").slice(0, 32);
  }

  /** A folder that survives interruption, for checkpoints of the stage's unfinished work; removed once the artifact is complete. */
  workDir(stage: string, key: string): string {
    return join(this.root, "work", `${stage}-${key}`);
  }

  async find<Meta>(stage: string, key: string): Promise<Artifact<Meta> | undefined> {
    const dir = join(this.root, stage, key);
    const text = await readFile(join(dir, "artifact.json"), "utf8").catch(() => undefined);
    return text === undefined ? undefined : { stage, key, dir, meta: (JSON.parse(text) as { meta: Meta }).meta };
  }

  /** Returns the stored artifact or produces it. `onHit` tells the caller which it was. */
  async obtain<Meta>(request: StageRequest<Meta>): Promise<Artifact<Meta> & { readonly cached: boolean }> {
    const key = this.key(request);
    const found = await this.find<Meta>(request.stage, key);
    if (found !== undefined) return { ...found, cached: true };
    const temporary = join(this.root, "tmp", `${request.stage}-${randomUUID()}`);
    const dir = join(this.root, request.stage, key);
    try {
      await makeFolder(temporary);
      const meta = await request.produce(temporary);
      await writeJson(join(temporary, "artifact.json"), { stage: request.stage, key, meta });
      await makeFolder(join(this.root, request.stage));
      await remove(dir);
      await rename(temporary, dir);
      await remove(this.workDir(request.stage, key));
      return { stage: request.stage, key, dir, meta, cached: false };
    } catch (error) {
      await remove(temporary).catch(() => undefined);
      throw asEnvironmentError(error);
    }
  }

  /** Removes what killed runs left behind more than a day ago. */
  async sweep(now = Date.now()): Promise<void> {
    const folder = join(this.root, "tmp");
    for (const entry of await readdir(folder).catch(() => [])) {
      const path = join(folder, entry);
      const info = await stat(path).catch(() => undefined);
      if (info !== undefined && now - info.mtimeMs > DAY_MS) await remove(path);
    }
  }
}

/** JSON value with object keys sorted, so that equal options give equal keys. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, entry]) => [key, canonical(entry)]));
}

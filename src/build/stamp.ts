/** Remembers what the last successful build was made of, so that nothing is started when nothing changed. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { writeJson } from "../files/write.js";
import type { FirmwareSizes } from "./size.js";

export interface BuildStamp {
  readonly formatVersion: 2;
  /** Hash over every input; see {@link hashInputs}. */
  readonly inputs: string;
  /** Output file (relative to the project) -> SHA-256. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly sizes: FirmwareSizes;
}

/** Made by the build itself. */
const DERIVED_FOLDERS = new Set([".pio", ".git", ".vscode", "managed_components"]);
const DERIVED_FILES = /^(dependencies\.lock|\.smilec-files\.json|compile_commands\.json|sdkconfig\.(?!defaults$).*)$/;

/** Stands for the hash of a file that is not there. */
const MISSING = "missing";

function stampPath(projectDir: string): string {
  return join(projectDir, ".pio", "smilec-build.json");
}

/** SHA-256 over names and contents of the project's files and over `facts` (compiler, versions). */
export async function hashInputs(projectDir: string, facts: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  const add = (bytes: string | Uint8Array) => {
    const data = Buffer.from(bytes);
    hash.update(`${data.length}:`).update(data);
  };
  for (const fact of facts) add(fact);
  for (const path of await inputFiles(projectDir)) {
    add(relative(projectDir, path).split(sep).join("/"));
    add(await readFile(path));
  }
  return hash.digest("hex");
}

async function inputFiles(projectDir: string): Promise<string[]> {
  const found: string[] = [];
  const visit = async (folder: string, top: boolean) => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (top && (DERIVED_FOLDERS.has(entry.name) || DERIVED_FILES.test(entry.name))) continue;
      if (entry.isDirectory()) await visit(join(folder, entry.name), false);
      else if (entry.isFile() || entry.isSymbolicLink()) found.push(join(folder, entry.name));
    }
  };
  await visit(projectDir, true);
  return found.sort();
}

/** The stamp if its inputs are these and its outputs are still what was built. */
export async function matchingStamp(projectDir: string, inputs: string): Promise<BuildStamp | undefined> {
  const text = await readFile(stampPath(projectDir), "utf8").catch(() => undefined);
  const stamp = text === undefined ? undefined : parseStamp(text);
  if (stamp === undefined || stamp.inputs !== inputs) return undefined;
  for (const [path, expected] of Object.entries(stamp.outputs)) {
    if (((await hashFile(join(projectDir, path))) ?? MISSING) !== expected) return undefined;
  }
  return stamp;
}

function parseStamp(text: string): BuildStamp | undefined {
  try {
    const stamp = JSON.parse(text) as BuildStamp;
    return stamp.formatVersion === 2 ? stamp : undefined;
  } catch {
    return undefined;
  }
}

export async function writeStamp(
  projectDir: string,
  inputs: string,
  outputs: readonly string[],
  sizes: FirmwareSizes,
): Promise<void> {
  const hashes = await Promise.all(
    outputs.map(async (path) => [path, (await hashFile(join(projectDir, path))) ?? MISSING] as const),
  );
  const stamp: BuildStamp = { formatVersion: 2, inputs, outputs: Object.fromEntries(hashes), sizes };
  await writeJson(stampPath(projectDir), stamp);
}

async function hashFile(path: string): Promise<string | undefined> {
  const contents = await readFile(path).catch(() => undefined);
  return contents === undefined ? undefined : createHash("sha256").update(contents).digest("hex");
}

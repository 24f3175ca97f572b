/**
 * ChaN's FatFs R0.15, the FAT file system of ESP-IDF 5.5, for cards that are image files: C sources out of the source distribution of the Python package
 * `fatfs`, pinned by version and hash. Fetched once into smilec's own folder; nothing of the package is run or installed there.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, readFile, rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { text } from "node:stream/consumers";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { asEnvironmentError, ToolError } from "../errors.js";
import { makeFolder, remove, writeFile } from "../files/write.js";
import type { StageContext } from "../pipeline/reporter.js";
import { templatesDir } from "../template/render.js";
import { withLock } from "./lock.js";
import { runPip } from "./pip.js";
import { ensurePythonEnv, smilecHome } from "./python-env.js";

/** What is kept, and where the package has it. */
const FOLDER = /^[^/]+\/foreign\/fatfs\/source\/([^/]+)$/;
const SOURCES = ["ff.c", "ffunicode.c", "ff.h", "diskio.h"] as const;

/** Others' code keeps its own style: what our own flags and those of our tests would complain of. */
const QUIET = ["-Wconversion", "-Wsign-conversion", "-Wundef", "-Wshadow", "-Wunused-parameter"]
  .map((warning) => `#pragma GCC diagnostic ignored "${warning}"\n`)
  .join("");

/** The sources by name, without a configuration (firmware/hal/host/image/ffconf.h). Throws ToolError when they can't be had. */
export async function obtainFatFs(context: StageContext): Promise<Record<string, string>> {
  const requirements = join(templatesDir, "fatfs", "requirements.txt");
  const hash = createHash("sha256")
    .update(await readFile(requirements))
    .digest("hex");
  const dir = join(smilecHome(), `fatfs-${hash.slice(0, 8)}`);
  const found = await readSources(dir);
  if (found !== undefined) return found;
  const { reporter, signal } = context;
  const onWait = () => reporter.info("waiting for another smilec that fetches FatFs");
  const fetchOnce = async () => (await readSources(dir)) ?? (await fetchSources(dir, requirements, context));
  return withLock(join(smilecHome(), "fatfs.lock"), fetchOnce, { signal, onWait });
}

async function readSources(dir: string): Promise<Record<string, string> | undefined> {
  try {
    const entries = SOURCES.map(async (name) => [name, await readFile(join(dir, name), "utf8")] as const);
    return withoutComplaints(Object.fromEntries(await Promise.all(entries)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw asEnvironmentError(error, dir);
  }
}

function withoutComplaints(sources: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(sources);
  return Object.fromEntries(entries.map(([name, code]) => [name, name.endsWith(".c") ? QUIET + code : code]));
}

/** pip checks the hash. The folder appears with all files in it, or not at all. */
async function fetchSources(dir: string, requirements: string, context: StageContext): Promise<Record<string, string>> {
  const { python } = await ensurePythonEnv(context);
  context.reporter.stage("setup", `FatFs in ${dir}`);
  await makeFolder(smilecHome());
  const work = await mkdtemp(join(smilecHome(), "fatfs-new-")).catch((error: unknown) => {
    throw asEnvironmentError(error, smilecHome());
  });
  try {
    const only = ["--no-deps", "--no-binary", "fatfs", "--require-hashes"];
    const request = { what: "FatFs, which cards that are image files need,", place: smilecHome(), context };
    await runPip(python, ["download", ...only, "-d", work, "-r", requirements], request);
    const sources = await unpack(await archiveIn(work));
    const unpacked = join(work, "sources");
    for (const [name, code] of Object.entries(sources)) await writeFile(join(unpacked, name), code);
    await rename(unpacked, dir);
    return withoutComplaints(sources);
  } finally {
    await remove(work);
  }
}

async function archiveIn(folder: string): Promise<string> {
  const name = (await readdir(folder)).find((file) => file.endsWith(".tar.gz"));
  if (name === undefined) throw new ToolError("pip reported success but downloaded no FatFs", { where: folder });
  return join(folder, name);
}

async function unpack(archive: string): Promise<Record<string, string>> {
  const sources: Record<string, string> = {};
  const entries = createReadStream(archive).pipe(createGunzip()).pipe(extract());
  for await (const entry of entries) {
    const name = FOLDER.exec(entry.header.name)?.[1];
    const wanted = SOURCES.find((source) => source === name);
    if (wanted === undefined) entry.resume();
    else sources[wanted] = await text(entry);
  }
  const missing = SOURCES.filter((name) => sources[name] === undefined);
  if (missing.length === 0) return sources;
  throw new ToolError(`the package of FatFs lacks ${missing.join(", ")}`, { where: basename(archive) });
}

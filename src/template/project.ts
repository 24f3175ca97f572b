/** Renders the PlatformIO project `<project>/build/<target>/`: firmware sources, generated headers and build files, written only where they differ. */
import { createHash } from "node:crypto";
import { readdir, readFile, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Board } from "../board/types.js";
import type { Config } from "../config/schema.js";
import { asEnvironmentError, UserError } from "../errors.js";
import { remove, writeFileIfChanged } from "../files/write.js";
import {
  boardHeaderValues,
  configHeaderValues,
  type DeployedModel,
  espProjectValues,
  firmwareSettings,
  hostProjectValues,
} from "./context.js";
import { firmwareFiles } from "./firmware-files.js";
import { renderTemplate, templatesDir } from "./render.js";

export interface RenderRequest {
  /** Folder of the PlatformIO project; created if needed. */
  readonly dir: string;
  /** "host" or the board's id. */
  readonly target: string;
  readonly config: Config;
  readonly board: Board;
  /** Absent for engine coin. */
  readonly model?: DeployedModel;
  /** What the emitter made (`model.h`, `model.c`, ...): name -> contents, for src/generated/. */
  readonly engineFiles: Readonly<Record<string, string>>;
  /** The folder with core/, kernels/ and hal/; default: the installed package's. */
  readonly firmwareRoot?: string;
}

/** Paths relative to the project's folder, sorted. */
export interface RenderedProject {
  readonly written: readonly string[];
  readonly unchanged: readonly string[];
  /** Files of an earlier rendering that no longer belong to the project. */
  readonly removed: readonly string[];
  /** As `removed`, but somebody changed them since: they stay. */
  readonly kept: readonly string[];
}

/** What smilec wrote: path -> SHA-256. Lets the next rendering tell its own files from the user's. */
const MANIFEST = ".smilec-files.json";

type Manifest = Readonly<Record<string, string>>;

/** The files of a project without writing them: path -> contents. */
export async function projectFiles(request: Omit<RenderRequest, "dir">): Promise<Record<string, string>> {
  const { config, board, model, engineFiles, target } = request;
  for (const name of Object.keys(engineFiles)) {
    if (!/^[A-Za-z0-9_]+\.(c|h|cc)$/.test(name)) throw new Error(`not the name of a generated source: ${name}`);
  }
  if (target !== "host" && target !== board.id) throw new Error(`target ${target} is not the board ${board.id}`);
  const hal = target === "host" ? "host" : "esp32";
  const engine = config.engine === "tflm" && target === "host" ? "aot" : config.engine;
  const sources = await firmwareFiles({
    hal,
    engine,
    generated: engineFiles,
    ...(request.firmwareRoot === undefined ? {} : { root: request.firmwareRoot }),
  });
  const settings = firmwareSettings(config, board, model);
  const generated: Record<string, string> = {
    ...engineFiles,
    "smilec_config.h": await renderTemplate(
      "generated/smilec_config.h",
      configHeaderValues(settings, { name: config.name, target, model }),
    ),
  };
  if (target !== "host") {
    generated["smilec_board.h"] = await renderTemplate("generated/smilec_board.h", boardHeaderValues(board));
  }
  const files = { ...prefixed("src/", sources), ...prefixed("src/generated/", generated) };
  return { ...files, ...(target === "host" ? await hostBuildFiles() : await espBuildFiles(config, board, files)) };
}

async function hostBuildFiles(): Promise<Record<string, string>> {
  const platform = async (name: string) => readFile(join(templatesDir, "host-platform", name), "utf8");
  return {
    "platformio.ini": await renderTemplate("host/platformio.ini", hostProjectValues()),
    "platform/platform.json": await platform("platform.json"),
    "platform/builder/main.py": await platform("builder/main.py"),
  };
}

const ESP_TEMPLATES = [
  "platformio.ini",
  "sdkconfig.defaults",
  "partitions.csv",
  "CMakeLists.txt",
  "src/CMakeLists.txt",
  "src/idf_component.yml",
] as const;

async function espBuildFiles(
  config: Config,
  board: Board,
  files: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const sources = Object.keys(files)
    .filter((path) => /\.(c|cc|S)$/.test(path))
    .map((path) => path.replace(/^src\//, ""))
    .sort();
  const values = espProjectValues(config, board, sources);
  const rendered = ESP_TEMPLATES.map(async (name) => [name, await renderTemplate(`esp32/${name}`, values)] as const);
  return Object.fromEntries(await Promise.all(rendered));
}

/**
 * Brings the folder up to date. Files that are as they should be keep their time stamps; files that smilec wrote earlier and no longer needs are
 * removed; other files are never touched. Throws UserError when a user's file is in the way, before anything is written.
 */
export async function renderProject(request: RenderRequest): Promise<RenderedProject> {
  const files = await projectFiles(request);
  const { dir } = request;
  const before = await readManifest(dir);
  const wanted: Manifest = Object.fromEntries(
    Object.entries(files).map(([path, contents]) => [path, sha256(contents)] as const),
  );
  await refuseForeignFiles(dir, wanted, before);
  // The manifest first, with old and new paths: whatever a killed run leaves is known to be smilec's own.
  await writeManifest(dir, { ...wanted, ...before });
  const written: string[] = [];
  const unchanged: string[] = [];
  for (const path of Object.keys(files).sort()) {
    ((await writeFileIfChanged(join(dir, path), files[path])) ? written : unchanged).push(path);
  }
  const stale = await removeStale(dir, before, wanted);
  if (Object.hasOwn(before, "sdkconfig.defaults") && written.includes("sdkconfig.defaults")) {
    // PlatformIO makes sdkconfig.<environment> from the defaults once and then never looks at them again.
    await remove(join(dir, `sdkconfig.${request.board.id}`));
  }
  await writeManifest(dir, wanted);
  return { written, unchanged, ...stale };
}

async function refuseForeignFiles(dir: string, wanted: Manifest, before: Manifest): Promise<void> {
  for (const path of Object.keys(wanted)) {
    if (Object.hasOwn(before, path)) continue;
    const present = await contentsOf(join(dir, path));
    if (present !== undefined && sha256(present) !== wanted[path]) throw inTheWay(join(dir, path));
  }
}

function inTheWay(path: string): UserError {
  return new UserError("something that smilec did not write is in the way", {
    where: path,
    remedy: "Move it away; build folders are smilec's own.",
  });
}

async function removeStale(
  dir: string,
  before: Manifest,
  wanted: Manifest,
): Promise<{ removed: string[]; kept: string[] }> {
  const removed: string[] = [];
  const kept: string[] = [];
  for (const path of Object.keys(before).sort()) {
    if (Object.hasOwn(wanted, path)) continue;
    const present = await contentsOf(join(dir, path));
    if (present === undefined) continue;
    if (sha256(present) !== before[path]) {
      kept.push(path);
      continue;
    }
    await remove(join(dir, path));
    await removeEmptyFolders(dir, dirname(path));
    removed.push(path);
  }
  return { removed, kept };
}

async function removeEmptyFolders(dir: string, folder: string): Promise<void> {
  if (folder === "." || (await readdir(join(dir, folder))).length > 0) return;
  await rmdir(join(dir, folder));
  await removeEmptyFolders(dir, dirname(folder));
}

async function contentsOf(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (code === "EISDIR" || code === "ENOTDIR") throw inTheWay(path);
    throw asEnvironmentError(error, path);
  }
}

async function readManifest(dir: string): Promise<Manifest> {
  const text = await contentsOf(join(dir, MANIFEST));
  if (text === undefined) return {};
  try {
    const entries = Object.entries((JSON.parse(text.toString("utf8")) as { files: Record<string, unknown> }).files);
    return Object.fromEntries(entries.filter(isOwnEntry));
  } catch {
    throw new UserError("the list of generated files is damaged", {
      where: join(dir, MANIFEST),
      remedy: "Remove this build folder; it is made again.",
    });
  }
}

/** A manifest is only a file: a path that leads out of the folder is not followed. */
function isOwnEntry(entry: [string, unknown]): entry is [string, string] {
  const [path, hash] = entry;
  return typeof hash === "string" && !path.startsWith("/") && !path.split("/").includes("..");
}

async function writeManifest(dir: string, files: Manifest): Promise<void> {
  const sorted = Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeFileIfChanged(join(dir, MANIFEST), `${JSON.stringify({ files: sorted }, null, 2)}\n`);
}

function prefixed(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, contents]) => [`${folder}${name}`, contents]));
}

function sha256(contents: string | Uint8Array): string {
  return createHash("sha256").update(contents).digest("hex");
}

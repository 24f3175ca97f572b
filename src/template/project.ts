/** Renders the PlatformIO project `<project>/build/<target>/`: firmware sources, generated headers and build files, written only where they differ. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Board } from "../board/types.js";
import type { Config } from "../config/schema.js";
import { type FolderChange, updateOwnedFolder } from "../files/owned-folder.js";
import { remove } from "../files/write.js";
import { CARD_SETTINGS_FILE, cardSettingsFile } from "./card-settings.js";
import {
  boardHeaderValues,
  configHeaderValues,
  type DeployedDetector,
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
  /** Absent with locator `center`. */
  readonly detector?: DeployedDetector;
  /** What the emitter made (`model.h`, `model.c`, ...): name -> contents, for src/generated/. */
  readonly engineFiles: Readonly<Record<string, string>>;
  /** FatFs' sources, for image files as cards; host only. */
  readonly fatFs?: Readonly<Record<string, string>>;
  /** The folder with core/, kernels/ and hal/; default: the installed package's. */
  readonly firmwareRoot?: string;
}

/** Paths relative to the project's folder, sorted. */
export type RenderedProject = FolderChange;

/** What smilec wrote: path -> SHA-256. Lets the next rendering tell its own files from the user's. */
const MANIFEST = ".smilec-files.json";

/** The files of a project without writing them: path -> contents. */
export async function projectFiles(request: Omit<RenderRequest, "dir">): Promise<Record<string, string>> {
  const { config, board, model, engineFiles, target, fatFs } = request;
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
    cardImages: fatFs !== undefined,
    ...(request.firmwareRoot === undefined ? {} : { root: request.firmwareRoot }),
  });
  const settings = firmwareSettings(config, board, model, request.detector);
  const generated: Record<string, string> = {
    ...engineFiles,
    "smilec_config.h": await renderTemplate(
      "generated/smilec_config.h",
      configHeaderValues(settings, { name: config.name, target, model, serial: config.firmware.serial }),
    ),
  };
  if (target !== "host") {
    generated["smilec_board.h"] = await renderTemplate("generated/smilec_board.h", boardHeaderValues(board));
  }
  const files = { ...prefixed("src/", { ...sources, ...fatFs }), ...prefixed("src/generated/", generated) };
  const builtIn = { ...settings, brightness: settings.lights.brightness };
  const card = { [CARD_SETTINGS_FILE]: cardSettingsFile(builtIn) };
  return {
    ...files,
    ...card,
    ...(target === "host" ? await hostBuildFiles() : await espBuildFiles(config, board, files)),
  };
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

/** Brings the folder up to date (see {@link updateOwnedFolder}). Throws UserError when a user's file is in the way, before anything is written. */
export async function renderProject(request: RenderRequest): Promise<RenderedProject> {
  const { dir, board } = request;
  const files = await projectFiles(request);
  const folder = { dir, manifest: MANIFEST, remedy: "Move it away; build folders are smilec's own." };
  return updateOwnedFolder(folder, files, async (written, before) => {
    if (before.has("sdkconfig.defaults") && written.includes("sdkconfig.defaults")) {
      // PlatformIO makes sdkconfig.<environment> from the defaults once and then never looks at them again.
      await remove(join(dir, `sdkconfig.${board.id}`));
    }
  });
}

function prefixed(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, contents]) => [`${folder}${name}`, contents]));
}

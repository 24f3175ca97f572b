/** `smilec init`: writes a project's configuration, its JSON Schema, folders, .gitignore and README; never overwrites a file. */
import { readFile, stat } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { boards } from "../board/boards.js";
import { CONFIG_FILE, configJsonSchema } from "../config/load.js";
import { suggestion } from "../config/problems.js";
import { type Config, configSchema } from "../config/schema.js";
import { faultTable } from "../device/faults.js";
import { InterruptedError, UserError } from "../errors.js";
import { packageRoot, toolVersion } from "../files/package-root.js";
import { makeFolder, writeFile } from "../files/write.js";
import { cardSettingsTable } from "../template/card-settings.js";
import { renderText } from "../template/render.js";
import type { CommandContext } from "./context.js";

export interface InitOptions {
  readonly yes: boolean;
  readonly name?: string;
  readonly board?: string;
}

/** Where a project keeps what. */
const FOLDERS = ["data", "models"];

const SCHEMA_FILE = "smilec.schema.json";

export async function initCommand(
  context: CommandContext,
  dir: string | undefined,
  options: InitOptions,
): Promise<void> {
  const folder = dir === undefined ? context.project : resolve(dir);
  await refuseExisting(folder);
  const answers = await ask(context, folder, options);
  const written = await writeProject(folder, answers);
  const here = relative(process.cwd(), folder);
  context.result({ project: folder, written }, () =>
    [
      `Made ${answers.name} in ${folder}:`,
      ...written.map((file) => `  ${file}`),
      "",
      "Next:",
      ...(here === "" ? [] : [`  cd ${here}`]),
      "  smilec build --target host     # works at once with the model that comes with smilec",
      "  smilec data import PATH        # then train your own",
    ].join("\n"),
  );
}

async function refuseExisting(folder: string): Promise<void> {
  const path = join(folder, CONFIG_FILE);
  const present = await stat(path).catch(() => undefined);
  if (present === undefined) return;
  throw new UserError("there is a project here already", {
    where: path,
    remedy: "Edit that file, or choose another folder: `smilec init DIR`.",
  });
}

type Answers = Pick<Config, "name" | "board">;

async function ask(context: CommandContext, folder: string, options: InitOptions): Promise<Answers> {
  const suggested = options.name ?? nameFrom(folder);
  const asks = !options.yes && !context.json && process.stdin.isTTY === true && process.stderr.isTTY === true;
  const name = asks && options.name === undefined ? await askName(suggested) : suggested;
  const board = options.board ?? configSchema.shape.board.parse(undefined);
  const parsed = { name: configSchema.shape.name.safeParse(name), board: configSchema.shape.board.safeParse(board) };
  if (!parsed.name.success)
    throw new UserError(`${JSON.stringify(name)} cannot be a bot's name`, {
      remedy: parsed.name.error.issues[0].message,
    });
  if (!parsed.board.success) {
    const known = Object.keys(boards);
    throw new UserError(`unknown board ${JSON.stringify(board)}${suggestion(board, known)}`, {
      remedy: `Boards: ${known.join(", ")}.`,
    });
  }
  return { name: parsed.name.data, board: parsed.board.data };
}

async function askName(suggested: string): Promise<string> {
  const { input } = await import("@inquirer/prompts");
  const validate = (text: string) =>
    configSchema.shape.name.safeParse(text).success || "1 to 32 of a-z, 0-9 and -, starting with a letter";
  try {
    return await input({ message: "Name of the bot", default: suggested, validate }, { output: process.stderr });
  } catch {
    throw new InterruptedError("nothing was written");
  }
}

/** The folder's name made into a valid bot name. */
function nameFrom(folder: string): string {
  const clean = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^[^a-z]+|-+$/g, "");
  return clean === "" ? "smile-bot" : clean.slice(0, 32);
}

async function writeProject(folder: string, answers: Answers): Promise<string[]> {
  const tables = { faultTable: faultTable(), cardSettingsTable: cardSettingsTable() };
  const context = { ...answers, version: toolVersion, boardTitle: boards[answers.board].title, ...tables };
  const template = async (name: string) =>
    renderText(await readFile(join(packageRoot, "templates/project", name), "utf8"), context, name);
  const config = {
    $schema: `./${SCHEMA_FILE}`,
    ...answers,
    labels: ["neutral", "smile"],
    positive: "smile",
    engine: "aot",
  };
  const files: [string, string][] = [
    [SCHEMA_FILE, `${JSON.stringify(configJsonSchema(), null, 2)}\n`],
    ["README.md", await template("README.md.hbs")],
    [".gitignore", await template("gitignore.hbs")],
  ];
  const written: string[] = [];
  for (const name of FOLDERS) await makeFolder(join(folder, name));
  for (const [name, text] of files) if (await writeNew(join(folder, name), text)) written.push(name);
  // Last: its presence makes the folder a project.
  await writeFile(join(folder, CONFIG_FILE), `${JSON.stringify(config, null, 2)}\n`);
  return [CONFIG_FILE, ...written];
}

async function writeNew(path: string, text: string): Promise<boolean> {
  if ((await stat(path).catch(() => undefined)) !== undefined) return false;
  await writeFile(path, text);
  return true;
}

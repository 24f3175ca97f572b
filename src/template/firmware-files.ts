/** Which of the package's C sources a project needs. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../files/package-root.js";

const SOURCE = /\.(c|h|cc|S)$/;
const INCLUDE = /^[ \t]*#[ \t]*include[ \t]+"([^"]+)"/gm;

export interface FirmwareSelection {
  readonly hal: "host" | "esp32";
  /** With what image files as the host's card need besides FatFs itself; default false. */
  readonly cardImages?: boolean;
  /** The C++ glue of TFLite Micro (`*_tflm.cc`) is left out unless this is the engine. */
  readonly engine: "aot" | "tflm" | "coin";
  /** Generated sources, whose includes decide which kernels are copied. */
  readonly generated: Readonly<Record<string, string>>;
  /** The folder with core/, kernels/ and hal/; default: the installed package's. */
  readonly root?: string;
}

/**
 * Name -> contents of everything that goes into the project's flat src/: all of core/, hal/<hal>/ and, where there is FatFs, hal/fat/, and of kernels/ what
 * the rest includes, with what that includes in turn (an included `x.h` brings `x.c` and `x.S`). Throws Error when two folders have a file of the same name.
 */
export async function firmwareFiles(selection: FirmwareSelection): Promise<Record<string, string>> {
  const root = selection.root ?? join(packageRoot, "firmware");
  const files: Record<string, string> = {};
  const add = (name: string, text: string) => {
    if (Object.hasOwn(files, name)) throw new Error(`firmware has two files named ${name}`);
    files[name] = text;
  };
  for (const folder of foldersOf(selection)) {
    for (const [name, text] of Object.entries(await sourcesIn(join(root, folder)))) {
      if (selection.engine === "tflm" || !name.endsWith("_tflm.cc")) add(name, text);
    }
  }
  const kernels = { ...(await sourcesIn(join(root, "kernels"))), ...(await sourcesIn(join(root, "kernels", "lx6"))) };
  const texts = [...Object.values(files), ...Object.values(selection.generated)];
  for (const name of [...includedKernels(kernels, texts)].sort()) add(name, kernels[name]);
  return files;
}

function foldersOf({ hal, cardImages = false }: FirmwareSelection): string[] {
  if (hal === "esp32") return ["core", "hal/esp32", "hal/fat"];
  return ["core", "hal/host", ...(cardImages ? ["hal/host/image", "hal/fat"] : [])];
}

async function sourcesIn(folder: string): Promise<Record<string, string>> {
  const names = (await entriesOf(folder)).filter((name) => SOURCE.test(name)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), "utf8")])),
  );
}

/** None where the folder is not there: not every machine has kernels of its own. */
async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function includedKernels(kernels: Readonly<Record<string, string>>, texts: readonly string[]): Set<string> {
  const needed = new Set<string>();
  const pending = [...texts];
  for (let text = pending.pop(); text !== undefined; text = pending.pop()) {
    for (const [, header] of text.matchAll(INCLUDE)) {
      for (const name of [header, header.replace(/\.h$/, ".c"), header.replace(/\.h$/, ".S")]) {
        if (!Object.hasOwn(kernels, name) || needed.has(name)) continue;
        needed.add(name);
        pending.push(kernels[name]);
      }
    }
  }
  return needed;
}

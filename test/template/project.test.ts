import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { esp32cam } from "#smilec/board/esp32cam.js";
import { configSchema } from "#smilec/config/schema.js";
import { UserError } from "#smilec/errors.js";
import { projectFiles, type RenderRequest, renderProject } from "#smilec/template/project.js";
import { errorOf } from "../support/environment.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const temporaryFolder = temporaryFolders();

const FIRMWARE = {
  "core/sm_core.c": '#include "sm_core.h"\n#include "smk_conv.h"\n',
  "core/sm_core.h": "#define CORE 1\n",
  "core/NOTES.md": "not a source",
  "kernels/smk_conv.h": '#include "smk_math.h"\n',
  "kernels/smk_math.h": "#define MATH 1\n",
  "kernels/smk_math.c": '#include "smk_math.h"\n',
  "kernels/smk_pool.h": "#define POOL 1\n",
  "kernels/smk_unused.h": "#define UNUSED 1\n",
  "hal/host/main.c": "int main(void) { return 0; }\n",
  "hal/esp32/app_main.c": "void app_main(void) {}\n",
  "hal/esp32/engine_tflm.cc": "// tflm\n",
};

const MODEL_C = { "model.c": '#include "model.h"\n', "model.h": '#  include "smk_pool.h"\n' };

function tree(root: string, files: Readonly<Record<string, string>>): string {
  for (const [path, contents] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), contents);
  }
  return root;
}

/** Every file below the folder -> contents and time stamp. */
function snapshot(dir: string): Record<string, string> {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [path, `${statSync(path).mtimeMs} ${readFileSync(path, "utf8")}`]));
}

/** Time stamps far in the past, so that any later write shows. */
function age(dir: string): void {
  for (const path of Object.keys(snapshot(dir))) utimesSync(path, 1, 1);
}

describe("rendering a project", () => {
  let dir: string;
  let firmwareRoot: string;
  const request = (changes: Partial<RenderRequest> = {}): RenderRequest => ({
    dir,
    target: "host",
    config: configSchema.parse({ engine: "coin" }),
    board: esp32cam,
    engineFiles: MODEL_C,
    firmwareRoot,
    ...changes,
  });

  beforeEach(() => {
    dir = join(temporaryFolder("project-"), "build", "host");
    firmwareRoot = tree(temporaryFolder("firmware-"), FIRMWARE);
  });

  it("holds the core, the target's hardware layer, the generated files and the kernels that these include", async () => {
    const files = Object.keys(await projectFiles(request())).sort();
    expect(files).toEqual([
      "SMILEC.CFG",
      "platform/builder/main.py",
      "platform/platform.json",
      "platformio.ini",
      "src/generated/model.c",
      "src/generated/model.h",
      "src/generated/smilec_config.h",
      "src/main.c",
      "src/sm_core.c",
      "src/sm_core.h",
      "src/smk_conv.h",
      "src/smk_math.c",
      "src/smk_math.h",
      "src/smk_pool.h",
    ]);
    const { written, removed } = await renderProject(request());
    expect([...written]).toEqual(files);
    expect(removed).toEqual([]);
    expect(readFileSync(join(dir, "src/sm_core.c"), "utf8")).toBe(FIRMWARE["core/sm_core.c"]);
  });

  it("gives a board its pins and ESP-IDF's files, and the TFLite Micro glue to engine tflm only", async () => {
    const board = { target: "esp32cam" };
    const aot = await projectFiles(request({ ...board, config: configSchema.parse({}) }));
    expect(Object.keys(aot)).toEqual(
      expect.arrayContaining(["partitions.csv", "sdkconfig.defaults", "src/idf_component.yml", "CMakeLists.txt"]),
    );
    expect(Object.keys(aot)).toContain("src/generated/smilec_board.h");
    expect(Object.keys(aot)).not.toContain("src/engine_tflm.cc");
    expect(aot["src/CMakeLists.txt"]).toMatch(/"app_main\.c"\s+"generated\/model\.c"\s+"sm_core\.c"\s+"smk_math\.c"\n/);
    expect(aot["src/idf_component.yml"]).toContain('espressif/esp32-camera: "^2.1.5"');
    expect(aot["src/idf_component.yml"]).not.toContain("tflite");
    const tflm = await projectFiles(request({ ...board, config: configSchema.parse({ engine: "tflm" }) }));
    expect(Object.keys(tflm)).toContain("src/engine_tflm.cc");
    expect(tflm["src/idf_component.yml"]).toContain('espressif/esp-tflite-micro: "1.4.0"');
    expect(tflm["src/idf_component.yml"]).toContain('espressif/esp-nn: "1.2.3"');
    expect(tflm["src/CMakeLists.txt"]).toContain('"engine_tflm.cc"');
  });

  it("writes the same bytes every time", async () => {
    const board = request({ target: "esp32cam" });
    expect(await projectFiles(board)).toEqual(await projectFiles(board));
  });

  it("touches nothing when nothing changed", async () => {
    await renderProject(request());
    age(dir);
    const before = snapshot(dir);
    const { written, unchanged, removed } = await renderProject(request());
    expect(written).toEqual([]);
    expect(removed).toEqual([]);
    expect(unchanged.length).toBe(14);
    expect(snapshot(dir)).toEqual(before);
  });

  it("rewrites only what changed", async () => {
    await renderProject(request());
    age(dir);
    const changed = { ...MODEL_C, "model.c": "int x;\n" };
    expect((await renderProject(request({ engineFiles: changed }))).written).toEqual(["src/generated/model.c"]);
    const rewritten = Object.entries(snapshot(dir)).filter(([, state]) => !state.startsWith("1000 "));
    expect(rewritten.map(([path]) => path)).toEqual([
      join(dir, ".smilec-files.json"),
      join(dir, "src/generated/model.c"),
    ]);
  });

  it("repairs a generated file that was changed or deleted", async () => {
    await renderProject(request());
    writeFileSync(join(dir, "src/main.c"), "broken");
    expect((await renderProject(request())).written).toEqual(["src/main.c"]);
    expect(readFileSync(join(dir, "src/main.c"), "utf8")).toBe(FIRMWARE["hal/host/main.c"]);
  });

  it("removes files that an earlier rendering needed, with folders that become empty", async () => {
    await renderProject(request());
    const second = await renderProject(request({ engineFiles: {} }));
    expect(second.removed).toEqual(["src/generated/model.c", "src/generated/model.h", "src/smk_pool.h"]);
    for (const path of second.removed) expect(existsSync(join(dir, path))).toBe(false);
    const host = await renderProject(request({ target: "esp32cam" }));
    expect(host.removed).toContain("platform/builder/main.py");
    expect(existsSync(join(dir, "platform"))).toBe(false);
  });

  it("never touches a user's file, also beside its own", async () => {
    await renderProject(request());
    tree(dir, { "src/mine.c": "mine", "notes.txt": "mine", "src/generated/mine.h": "mine" });
    await renderProject(request({ engineFiles: {} }));
    for (const path of ["src/mine.c", "notes.txt", "src/generated/mine.h"]) {
      expect(readFileSync(join(dir, path), "utf8")).toBe("mine");
    }
  });

  it("keeps a file it no longer needs when somebody has edited it, and says so", async () => {
    await renderProject(request());
    writeFileSync(join(dir, "src/smk_pool.h"), "edited");
    const { removed, kept } = await renderProject(request({ engineFiles: {} }));
    expect(kept).toEqual(["src/smk_pool.h"]);
    expect(removed).not.toContain("src/smk_pool.h");
    expect(readFileSync(join(dir, "src/smk_pool.h"), "utf8")).toBe("edited");
  });

  it.each<[string, Record<string, string>]>([
    ["a file", { "src/main.c": "the user's" }],
    ["a folder where a file belongs", { "src/main.c/x": "the user's" }],
    ["a file where a folder belongs", { src: "the user's" }],
  ])("stops before writing anything when %s of the user's is in the way", async (_, files) => {
    tree(dir, files);
    const before = snapshot(dir);
    const error = await errorOf(renderProject(request()));
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).where).toContain(join(dir, "src"));
    expect(snapshot(dir)).toEqual(before);
  });

  it("takes over what a killed run left behind", async () => {
    await renderProject(request());
    // Killed after some files of another configuration were written: the list names old and new files, some are missing.
    writeFileSync(join(dir, "src/main.c"), "half");
    expect((await renderProject(request())).written).toEqual(["src/main.c"]);
  });

  it("asks for help when its own list is damaged, and follows no path out of the folder", async () => {
    await renderProject(request());
    const outside = join(dirname(dir), "precious.txt");
    writeFileSync(outside, "x");
    const hash = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
    const list = join(dir, ".smilec-files.json");
    writeFileSync(list, JSON.stringify({ files: { "../precious.txt": hash, [outside]: hash } }));
    await renderProject(request());
    expect(existsSync(outside)).toBe(true);
    writeFileSync(list, "{ not json");
    expect(await errorOf(renderProject(request()))).toBeInstanceOf(UserError);
  });

  it("lets PlatformIO make a new sdkconfig when the defaults change", async () => {
    const board = request({ target: "esp32cam" });
    await renderProject(board);
    writeFileSync(join(dir, "sdkconfig.esp32cam"), "made by PlatformIO");
    await renderProject(board);
    expect(existsSync(join(dir, "sdkconfig.esp32cam"))).toBe(true);
    await renderProject({ ...board, board: { ...esp32cam, cpuHz: 160_000_000 } });
    expect(existsSync(join(dir, "sdkconfig.esp32cam"))).toBe(false);
  });

  it("refuses generated files whose names could leave their folder", async () => {
    for (const name of ["../x.c", "a/b.c", "x.sh", ".c", "a b.c"]) {
      await expect(projectFiles(request({ engineFiles: { [name]: "" } }))).rejects.toThrow("not the name");
    }
  });

  it("refuses two firmware files of one name", async () => {
    tree(firmwareRoot, { "hal/host/sm_core.c": "" });
    await expect(projectFiles(request())).rejects.toThrow("two files named sm_core.c");
  });
});

describe("partitions.csv", () => {
  it("divides the flash without overlap, aligned as ESP-IDF demands", async () => {
    const files = await projectFiles({
      target: "esp32cam",
      config: configSchema.parse({ engine: "coin" }),
      board: esp32cam,
      engineFiles: {},
      firmwareRoot: tree(temporaryFolder("firmware-"), FIRMWARE),
    });
    const rows = files["partitions.csv"].split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    const partitions = rows.map((row) => row.split(",").map((field) => field.trim()));
    let end = 0x9000;
    for (const [, type, , offset, size] of partitions) {
      expect(Number(offset)).toBeGreaterThanOrEqual(end);
      expect(Number(offset) % (type === "app" ? 0x10000 : 0x1000)).toBe(0);
      expect(Number(size) % 0x1000).toBe(0);
      end = Number(offset) + Number(size);
    }
    expect(partitions.map(([name]) => name)).toEqual(["nvs", "phy_init", "factory"]);
    expect(end).toBe(esp32cam.flashBytes);
  });
});

describe("the package's own firmware", () => {
  const fatFs = { "ff.h": "", "diskio.h": "", "ff.c": "", "ffunicode.c": "" };
  it.each([
    ["without image files as cards", {}, ["host_image.h"]],
    ["with image files as cards", { fatFs }, []],
  ])("renders, %s, with every quoted include of the host project inside the project", async (_, changes, optional) => {
    const engineFiles = { "model.h": "" };
    const files = await projectFiles({
      target: "host",
      config: configSchema.parse({ engine: "coin" }),
      board: esp32cam,
      engineFiles,
      ...changes,
    });
    const names = new Set(Object.keys(files).map((path) => path.split("/").at(-1)));
    const includes = Object.entries(files).flatMap(([path, text]) =>
      [...text.matchAll(/^#include "(.+)"/gm)].map((match) => ({ path, header: match[1] })),
    );
    expect(includes.flatMap(({ header }) => (names.has(header) ? [] : [header]))).toEqual(optional);
    expect(includes.length).toBeGreaterThan(10);
  });
});

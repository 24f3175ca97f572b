/** What `smilec compile` refuses: what it says, with which exit code, and that nothing is left behind. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { compileModel, LIBRARY_MANIFEST } from "#smilec/compile/compile.js";
import { checkedName, suggestedName } from "#smilec/compile/name.js";
import { isCIdentifier } from "#smilec/emit/c/escape.js";
import { UserError } from "#smilec/errors.js";
import { smilec } from "../support/cli.js";
import { errorOf } from "../support/environment.js";
import { temporaryFolders } from "../support/temporary-folder.js";
import { shippedModelPath, withInputType, withOperatorCode } from "../support/tflite-models.js";

jest.setTimeout(60_000);
const folder = temporaryFolders();

const CONV_2D = 3;
const MEAN = 40;
const ARG_MAX = 56;
const CUSTOM = 32;
const [FLOAT32, UINT8] = [0, 3];

describe("smilec compile and smilec inspect, given what is no int8 model", () => {
  it.each<[what: string, make: (path: string) => void, message: RegExp]>([
    ["a missing file", () => undefined, /there is no such file/],
    ["a folder", (path) => mkdirSync(path), /this is a folder/],
    ["a picture", (path) => writeFileSync(path, "GIF89a, and some more"), /not a TFLite model/],
    ["an empty file", (path) => writeFileSync(path, ""), /not a TFLite model/],
    ["a truncated model", (path) => writeFileSync(path, readFileSync(shippedModelPath).subarray(0, 5000)), /./],
    [
      "an unsupported operator",
      (path) => writeFileSync(path, withOperatorCode(MEAN, ARG_MAX)),
      /operator \d+ \(ARG_MAX\)/,
    ],
    [
      "a custom operator",
      (path) => writeFileSync(path, withOperatorCode(CONV_2D, CUSTOM)),
      /operator 0 \(custom operator/,
    ],
    ["a float input", (path) => writeFileSync(path, withInputType(FLOAT32)), /float32|FLOAT32/],
    ["a uint8 input", (path) => writeFileSync(path, withInputType(UINT8)), /uint8|UINT8/],
  ])("say so for %s with exit code 2, and write nothing", async (_, make, message) => {
    const cwd = folder();
    const path = join(cwd, "model.tflite");
    make(path);
    const before = readdirSync(cwd);
    for (const command of [
      ["compile", "model.tflite", "--out", "lib"],
      ["inspect", "model.tflite", "--svg", "a.svg"],
    ]) {
      const { exitCode, stderr, stdout } = await smilec(command, { cwd });
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
      expect(stderr).toMatch(/^smilec: model\.tflite: /);
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/^\s+at |internal error/m);
      expect(readdirSync(cwd)).toEqual(before);
    }
  });
});

describe("smilec compile", () => {
  it("says what it made, as text and as JSON", async () => {
    const cwd = folder();
    const text = await smilec(["compile", shippedModelPath, "--out", "lib", "--name", "Smile"], { cwd });
    expect(text).toMatchObject({ exitCode: 0, stderr: "" });
    expect(text.stdout).toMatch(/^lib: library smile, \d+ files written, 0 unchanged\narena [\d,]+ bytes/);
    const json = await smilec(["compile", shippedModelPath, "--out", "lib", "--name", "smile", "--json"], { cwd });
    const result = JSON.parse(json.stdout);
    expect(result).toMatchObject({
      name: "smile",
      target: "portable",
      dir: join(cwd, "lib"),
      written: [],
      removed: [],
    });
    expect(result.unchanged).toHaveLength(11);
    expect(readFileSync(join(cwd, "lib/include/smile.h"), "utf8")).toContain(
      `#define SMILE_ARENA_BYTES ${result.arenaBytes} `,
    );
  });

  it.each([
    [["compile", "--out", "x"], /missing required argument 'model'/],
    [["compile", "m.tflite"], /required option '--out <dir>'/],
    [["compile", "m.tflite", "--out", "x", "--target", "avr"], /Allowed choices are portable, esp32/],
    [["compile", shippedModelPath, "--out", "x", "--name", "9 lives"], /Use --name lives\./],
  ])("answers %j with exit code 2", async (args, message) => {
    const cwd = folder();
    const { exitCode, stderr } = await smilec(args, { cwd });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it("leaves a folder alone that it did not make, a firmware project too", async () => {
    for (const name of ["precious.c", ".smilec-files.json"]) {
      const dir = folder();
      writeFileSync(join(dir, name), '{"files":{}}');
      const error = await errorOf(compile(dir));
      expect(error).toBeInstanceOf(UserError);
      expect(String(error)).toContain("holds files that smilec compile did not make");
      expect(readdirSync(dir)).toEqual([name]);
    }
  });

  it("names a file in the way", async () => {
    const path = join(folder(), "file");
    writeFileSync(path, "mine");
    expect(String(await errorOf(compile(path)))).toContain("this is not a folder");
    expect(String(await errorOf(compile(join(path, "below"))))).toContain("not a folder");
    expect(readFileSync(path, "utf8")).toBe("mine");
  });

  it("replaces its own library by another, and keeps what the user put beside it", async () => {
    const dir = join(folder(), "lib");
    await compile(dir, "first");
    writeFileSync(join(dir, "notes.txt"), "mine");
    const change = await compile(dir, "second");
    expect(change.removed).toEqual(["include/first.h", "src/first.c"]);
    expect(readdirSync(join(dir, "include"))).toEqual(["second.h"]);
    expect(readFileSync(join(dir, "notes.txt"), "utf8")).toBe("mine");
  });

  it("does not overwrite a file of the user's that gets in the way later", async () => {
    const dir = join(folder(), "lib");
    await compile(dir, "first");
    writeFileSync(join(dir, "src/second.c"), "mine");
    expect(String(await errorOf(compile(dir, "second")))).toContain(
      "something that smilec did not write is in the way",
    );
    expect(readdirSync(join(dir, "include"))).toEqual(["first.h"]);
    expect(readFileSync(join(dir, "src/second.c"), "utf8")).toBe("mine");
  });

  it("writes again what was changed or lost", async () => {
    const dir = join(folder(), "lib");
    await compile(dir, "net");
    writeFileSync(join(dir, "src/net.c"), "edited");
    expect((await compile(dir, "net")).written).toEqual(["src/net.c"]);
    expect(readFileSync(join(dir, "src/net.c"), "utf8")).toContain("net_invoke");
  });

  it("says where it may not write, with exit code 4, and leaves no trace", async () => {
    const cwd = folder();
    if (process.getuid?.() === 0) {
      // Permissions don't stop root; a file system without folders to make does.
      const { exitCode, stderr } = await smilec(["compile", shippedModelPath, "--out", "/proc/smilec/lib"], { cwd });
      expect({ exitCode, stderr }).toMatchObject({
        exitCode: 4,
        stderr: expect.stringContaining("no folder can be made here"),
      });
      return;
    }
    chmodSync(cwd, 0o555);
    const { exitCode, stderr } = await smilec(["compile", shippedModelPath, "--out", join(cwd, "lib")], { cwd });
    chmodSync(cwd, 0o755);
    expect(exitCode).toBe(4);
    expect(stderr).toContain("permission denied");
    expect(existsSync(join(cwd, "lib"))).toBe(false);
  });

  it("refuses a damaged list of its files", async () => {
    const dir = join(folder(), "lib");
    await compile(dir);
    writeFileSync(join(dir, LIBRARY_MANIFEST), "{");
    expect(String(await errorOf(compile(dir)))).toContain("the list of generated files is damaged");
  });
});

describe("the library's name", () => {
  it.each([
    ["kws_ref_model.tflite", "kws_ref_model"],
    ["My Model-v2.TFLITE", "my_model_v2"],
    ["42.tflite", "model"],
    ["été.tflite", "ete"],
    ["笑.tflite", "model"],
    ["string.tflite", "string_model"],
    ["test.tflite", "test_model"],
    ["esp.tflite", "esp_model"],
    [`${"long".repeat(40)}.tflite`, "long".repeat(10)],
  ])("comes from the file: %s", (file, name) => {
    expect(suggestedName(file)).toBe(name);
    expect(checkedName(name)).toBe(name);
  });

  it.each([
    "",
    "9a",
    "a-b",
    "a b",
    "_a",
    "é",
    "int main(void)",
    "string",
    "STDIO",
    "all",
    "smk_conv",
    "esp",
    "x".repeat(64),
    "../up",
  ])("cannot be %j, and a name that can is suggested", (name) => {
    expect.assertions(3);
    try {
      checkedName(name);
    } catch (error) {
      const { remedy, message } = error as UserError;
      expect(message).toContain(`${JSON.stringify(name)} cannot be the library's name`);
      const suggestion = /^Use --name (\w+)\.$/.exec(remedy ?? "")?.[1] ?? "";
      expect(isCIdentifier(suggestion)).toBe(true);
      expect(checkedName(suggestion)).toBe(suggestion);
    }
  });
});

function compile(outDir: string, name?: string) {
  return compileModel({ modelPath: shippedModelPath, outDir, name, target: "portable" });
}

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { smilec } from "../support/cli.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const folder = temporaryFolders();

const VERBS =
  "loop init data train augment quantize eval compile inspect boards build simulate flash monitor pull-captures captures report doctor".split(
    " ",
  );

/** What every error a user can meet must be: a sentence, no stack. */
function expectFriendly(stderr: string): void {
  expect(stderr).not.toMatch(/^\s+at .*\(?file:|node:internal|dist\//m);
  expect(stderr.trim()).not.toBe("");
}

describe("smilec on the command line", () => {
  it("lists every command of the README in its help", async () => {
    const { stdout, exitCode } = await smilec(["--help"], { cwd: folder() });
    expect(exitCode).toBe(0);
    for (const verb of VERBS) {
      expect(stdout).toMatch(new RegExp(`^ {2}${verb}\\b`, "m"));
    }
  });

  it.each([
    [["trian"], "Did you mean train?"],
    [["build", "--target", "esp32camm"], 'unknown target "esp32camm" (did you mean "esp32cam"?)'],
    [["boards", "xiao"], 'unknown board "xiao"'],
    [["boards", "--svg", "pins.svg"], "--svg draws one board"],
    [["simulate"], "--images"],
    [["train", "--epochs"], "unknown option '--epochs'"],
    [["data", "import"], "missing required argument"],
    [["flash", "--baud", "fast"], "no baud rate for flashing"],
    [["flash", "--firmware", "nowhere"], "there is no such folder"],
    [["monitor", "--port", "/dev/null"], "this is no serial port"],
    [["pull-captures", "--from", "card", "--image", "card.img"], "cannot be used with option '--from"],
    [["pull-captures", "--from", "card"], "there is no smilec.config.json here"],
    [["train"], "there is no smilec.config.json here"],
  ])("answers %j with exit code 2 and what to do", async (args, message) => {
    const result = await smilec(args, { cwd: folder() });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(message);
    expect(result.stdout).toBe("");
    expectFriendly(result.stderr);
  });

  it("reports everything wrong with a configuration before doing anything", async () => {
    const cwd = folder();
    writeFileSync(join(cwd, "smilec.config.json"), '{"boord": 1,\n"input": {"size": "big"}}');
    const result = await smilec(["train"], { cwd });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain("smilec.config.json:1:2 boord: unknown key");
    expect(result.stderr).toContain("smilec.config.json:2:11 input.size:");
    expectFriendly(result.stderr);
  });

  it("does not end in a stack trace when its reader goes away", async () => {
    const result = await smilec(["--help"], { cwd: folder() });
    expect(result.stderr).toBe("");
  });
});

describe("smilec boards", () => {
  it("lists every board with what the firmware is wired to", async () => {
    const { stdout, exitCode } = await smilec(["boards", "--json"], { cwd: folder() });
    expect(exitCode).toBe(0);
    const listed = JSON.parse(stdout) as { id: string; button: number; pinMap: object; wiring: string[] }[];
    const ids = ["esp32cam", "esp32s3eye", "freenove-s3", "xiao-s3-sense", "wrover-kit"];
    expect(listed.map(({ id }) => id)).toEqual(ids);
    expect(listed.every(({ button, wiring }) => wiring[0]?.includes(`GPIO${button} `))).toBe(true);
  });

  it("draws one, as text and as a picture", async () => {
    const cwd = folder();
    const { stdout, exitCode } = await smilec(["boards", "xiao-s3-sense", "--svg", "pins.svg"], { cwd });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/GPIO7 o \| SD SCK/);
    expect(readFileSync(join(cwd, "pins.svg"), "utf8")).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    const taken = await smilec(["boards", "esp32cam", "--svg", "."], { cwd });
    expect(taken.exitCode).toBe(2);
    expectFriendly(taken.stderr);
  });
});

describe("smilec init", () => {
  it("makes a project that builds a valid configuration, and never overwrites one", async () => {
    const cwd = folder();
    const made = await smilec(["init", "nose bot", "--yes", "--json"], { cwd });
    expect(made.exitCode).toBe(0);
    expect(JSON.parse(made.stdout).written).toEqual([
      "smilec.config.json",
      "smilec.schema.json",
      "README.md",
      ".gitignore",
    ]);
    const again = await smilec(["init", "nose bot", "--yes"], { cwd });
    expect(again.exitCode).toBe(2);
    expect(again.stderr).toContain("there is a project here already");
  });

  it("keeps a README that is there", async () => {
    const cwd = folder();
    writeFileSync(join(cwd, "README.md"), "mine");
    expect((await smilec(["init", "--yes"], { cwd })).stdout).not.toContain("README.md");
  });

  it.each([
    [["--name", "Bad Name!"], "cannot be a bot's name"],
    [["--board", "esp33cam"], 'did you mean "esp32cam"?'],
  ])("refuses %j", async (options, message) => {
    const result = await smilec(["init", "--yes", ...options], { cwd: folder() });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(message);
    expectFriendly(result.stderr);
  });
});

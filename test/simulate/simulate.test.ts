/** Films, scripts and cards through the stage behind `smilec simulate`. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { ExitCode } from "#smilec/errors.js";
import type { Model } from "#smilec/pipeline/model.js";
import { type SimulateRequest, simulate } from "#smilec/simulate/simulate.js";
import { OPTIMIZED } from "../support/compile.js";
import { errorOf } from "../support/environment.js";
import { generatedModel, HostBot, randomPictures, smallBundle } from "../support/host-bot.js";
import { Random } from "../support/random.js";
import { recordingContext } from "../support/recording-reporter.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const folder = temporaryFolders();
const [WIDTH, HEIGHT] = [40, 30];
const bundle = smallBundle(39);
let bot: HostBot;
beforeAll(async () => {
  bot = await HostBot.build({ flags: OPTIMIZED, model: await generatedModel(bundle) });
}, 120_000);
afterAll(() => bot?.dispose());

/** Frames of noise, as a file. */
function film(frames: number, bytes = frames * WIDTH * HEIGHT): string {
  const random = new Random(5);
  const path = join(folder(), "film.gray");
  writeFileSync(path, Buffer.from(Array.from({ length: bytes }, () => random.integer(0, 255))));
  return path;
}

function script(...lines: string[]): string {
  const path = join(folder(), "presses.txt");
  writeFileSync(path, lines.join("\n"));
  return path;
}

function request(changes: Partial<SimulateRequest> & Pick<SimulateRequest, "scene">): SimulateRequest {
  // The program was built with this hash.
  const model = { ...bundle, sha256: "0123456789abcdef".padEnd(64, "0") } as unknown as Model;
  return { program: bot.path, model, whole: false, golden: true, context: recordingContext(), ...changes };
}

describe("simulate", () => {
  const raw = (path: string) => ({ raw: path, width: WIDTH, height: HEIGHT });

  it("plays a film, and every press of it is equal to the reference", async () => {
    const result = await simulate(request({ scene: raw(film(60)) }));
    expect(result.presses.length).toBeGreaterThan(1);
    expect(result.golden).toMatchObject({ captures: 3 * result.presses.length, differences: [] });
    expect(result.presses[0].name).toMatch(/^frame \d+$/);
  });

  it("presses as a script says; what was withdrawn is accounted for", async () => {
    const button = script("100 down", "220 up", "2000 down", "2120 up", "5000 down", "8200 up");
    const result = await simulate(request({ scene: raw(film(250)), button }));
    expect(result).toMatchObject({ withdrawn: 3, failed: 0, presses: [{ logged: true }, { logged: true }] });
    expect(result.golden).toMatchObject({ captures: 3, differences: [] });
  });

  it("counts presses for which the film had no frames left", async () => {
    const button = script("100 down", "220 up", "60000 down", "60120 up");
    expect(await simulate(request({ scene: raw(film(50)), button }))).toMatchObject({ failed: 1, presses: [{}] });
  });

  it("shows pictures in turn to a script, by their names", async () => {
    const images = folder();
    for (const [i, picture] of randomPictures(new Random(6), 2, true).entries()) {
      writeFileSync(join(images, `face${i}.pgm`), picture);
    }
    const button = script(...[1, 2, 3].flatMap((second) => [`${second}000 down`, `${second}120 up`]));
    const { presses, golden } = await simulate(request({ scene: { images }, button }));
    expect(presses.map(({ name }) => name)).toEqual(["face0.pgm", "face1.pgm", "face0.pgm"]);
    expect(golden?.differences).toEqual([]);
  });

  it("keeps the card that it is given", async () => {
    const path = join(folder(), "card");
    await simulate(request({ scene: raw(film(60)), card: { kind: "folder", path } }));
    expect(readdirSync(path)).toContain("SEG00001.TAR");
  });

  it.each([
    ["a script with a mistake", () => ({ button: script("10 down", "20 upp") }), /presses.txt, line 2: says neither/],
    ["a script that is not there", () => ({ button: "/nonexistent" }), /\/nonexistent: cannot be opened/],
    [
      "a film that ends inside a frame",
      () => ({ scene: raw(film(9, 9 * 1200 + 1)) }),
      /inside frame 10: 1 of 1200 bytes/,
    ],
    ["a film that is not there", () => ({ scene: raw("/nonexistent") }), /\/nonexistent: cannot be opened/],
  ])("refuses %s with its place and exit code 2", async (_, changes, message) => {
    expect(await errorOf(simulate(request({ scene: raw(film(20)), ...changes() })))).toMatchObject({
      exitCode: ExitCode.User,
      message: expect.stringMatching(message),
      remedy: expect.stringContaining("docs/simulation.md"),
    });
  });
});

/** `smilec train --search` as a user meets it: a table and a picture, killed and continued, limits that nothing fits. */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { smilec, smilecKilledAfter } from "../support/cli.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const folder = temporaryFolders();
const CONFIG = {
  name: "search-bot",
  input: { size: 24 },
  data: { synthetic: { count: 240, seed: 4 } },
  train: { architecture: "tiny", epochs: 4, batchSize: 32, backend: "wasm" },
  search: { inputSizes: [16, 24], modelBytes: 40_000, deviceMs: 40 },
};
const SEARCH = ["train", "--search", "--budget", "11"];

function project(search: object = CONFIG.search): string {
  const cwd = folder();
  writeFileSync(join(cwd, "smilec.config.json"), JSON.stringify({ ...CONFIG, search }));
  return cwd;
}

describe("smilec train --search", () => {
  let cwd: string;
  let found: { stdout: string; exitCode: number | undefined };
  beforeAll(async () => {
    cwd = project();
    found = await smilec([...SEARCH, "--json"], { cwd });
  }, 600_000);

  it("keeps to the limits and prints the configuration to adopt", async () => {
    expect(found.exitCode).toBe(0);
    const { trials, front, adopt } = JSON.parse(found.stdout);
    expect(trials).toHaveLength(11);
    expect(trials[0].name).toBe("tiny at 24");
    for (const { network } of trials) {
      expect(network.modelBytes).toBeLessThanOrEqual(40_000);
      expect(network.deviceMs).toBeLessThanOrEqual(40);
    }
    expect(front[0].epochs).toBe(4);
    expect(adopt.train.architecture).toEqual(front[0].candidate.architecture);
    expect(readFileSync(join(cwd, "report/search.svg"), "utf8")).toContain(front[0].name);
    const merged = { ...CONFIG, ...adopt, train: { ...CONFIG.train, ...adopt.train } };
    writeFileSync(join(cwd, "smilec.config.json"), JSON.stringify(merged));
    const trained = await smilec(["train", "--json"], { cwd });
    // The search has trained the winner already.
    expect(JSON.parse(trained.stdout)).toMatchObject({ cached: true, macs: front[0].network.macs });
    writeFileSync(join(cwd, "smilec.config.json"), JSON.stringify(CONFIG));
  }, 600_000);

  it("does nothing the second time, and shows a table", async () => {
    const again = await smilec([...SEARCH, "--json"], { cwd });
    expect(again.stdout).toBe(found.stdout);
    const shown = await smilec(SEARCH, { cwd });
    expect(shown.stdout).toMatch(/^11 trials; those of 4 epochs/);
    expect(shown.stdout).toMatch(/^\* .*%.* M/m);
    expect(shown.stderr).not.toMatch(/epoch \d/);
  }, 600_000);

  it("gives the same result when it is killed again and again", async () => {
    const broken = project();
    let kills = 0;
    for (let ms = 700; kills < 30; ms = Math.round(ms * 1.3)) {
      if (await smilecKilledAfter(ms, [...SEARCH, "--quiet"], { cwd: broken })) break;
      kills++;
    }
    expect(kills).toBeGreaterThanOrEqual(3);
    const resumed = await smilec([...SEARCH, "--json"], { cwd: broken });
    const plain = (text: string) => ({ ...JSON.parse(text), picture: "" });
    expect(plain(resumed.stdout)).toEqual(plain(found.stdout));
  }, 600_000);

  it("says when nothing fits, when there is no time, and what a budget is", async () => {
    const narrow = await smilec(SEARCH, { cwd: project({ modelBytes: 2000 }) });
    expect([narrow.exitCode, narrow.stderr]).toEqual([
      2,
      expect.stringContaining("none of 500 networks fits into 2000 bytes"),
    ]);
    const hasty = await smilec(["train", "--search", "--budget", "0.001m"], { cwd });
    expect([hasty.exitCode, hasty.stderr]).toEqual([2, expect.stringContaining("ended before the first trial")]);
    const odd = await smilec(["train", "--search", "--budget", "soon"], { cwd });
    expect([odd.exitCode, odd.stderr]).toEqual([2, expect.stringContaining('budget "soon" is not understood')]);
    rmSync(join(cwd, "report"), { recursive: true, force: true });
  }, 600_000);
});

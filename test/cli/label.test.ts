import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import { openDatabase } from "#smilec/captures/catalogue/database.js";
import { MIGRATIONS } from "#smilec/captures/catalogue/schema.js";
import type { CaptureMetadata } from "#smilec/captures/metadata.js";
import { smilec } from "../support/cli.js";
import { startStudio } from "../support/studio-process.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const makeFolder = temporaryFolders();
let cwd = "";
let captures = "";

beforeEach(() => {
  cwd = makeFolder("label-");
  captures = join(cwd, "captures");
  writeFileSync(join(cwd, "smilec.config.json"), "{}");
});

/** A catalogue of two captures of a press, whose pictures are nowhere. */
function makeCatalogue(): void {
  mkdirSync(captures);
  const catalogue = Catalogue.open(captures);
  const pull = catalogue.pulls.beginPull("folder", "card", 1);
  for (const sequence of [1, 2]) {
    const metadata = {
      device: 1,
      epoch: 2,
      sequence,
      segment: 1,
      slot: sequence,
      boot: 1,
      press: 1,
      burstIndex: sequence,
      burstCount: 2,
      uptimeMs: 5,
      model: "00",
      config: 3,
      engine: "coin",
      sum: 0,
      threshold: 0,
      smile: true,
      margin: 0,
      box: { x: 0, y: 0, width: 100, height: 100 },
      preprocess: { size: 48, normalize: "standardize" },
    } as unknown as CaptureMetadata;
    const facts = {
      width: 160,
      height: 120,
      payloadCrc: 1,
      payloadBytes: 1,
      path: `${sequence}.pgm`,
      taken: undefined,
      recovered: false,
    };
    catalogue.pulls.add({ metadata, ...facts }, pull);
  }
  catalogue.labels.judge(1, { pass: 1, label: "smile", box: undefined, atMs: 1 });
  catalogue.close();
}

const label = (...args: string[]) => smilec(["label", "--no-open", ...args], { cwd });

describe("smilec label", () => {
  it("says what to do when there are no captures, and makes nothing", async () => {
    const { exitCode, stderr } = await label();
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringMatching(/there are no captures yet\n {2}Pull some: smilec pull-captures/),
    ]);
    mkdirSync(captures);
    Catalogue.open(captures).close();
    expect(await label()).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("there are no captures to label"),
    });
  });

  it("refuses a damaged and a newer catalogue", async () => {
    mkdirSync(captures);
    const path = join(captures, "catalogue.sqlite");
    writeFileSync(path, "x".repeat(5000));
    expect(await label()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("the catalogue is damaged") });
    writeFileSync(path, "");
    openDatabase(path, { migrations: [...MIGRATIONS, "CREATE TABLE later (x)"] }).close();
    expect(await label()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("newer smilec") });
  });

  it("refuses ports that are none or taken, and passes that are none", async () => {
    makeCatalogue();
    expect(await label("--port", "x")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("--port: no port: x"),
    });
    expect(await label("--port", "70000")).toMatchObject({ exitCode: 2 });
    expect(await label("--pass", "3")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("Allowed choices are 1, 2"),
    });
    const other = createServer();
    const port = await new Promise<number>((resolve) =>
      other.listen(0, "127.0.0.1", () => resolve((other.address() as { port: number }).port)),
    );
    const taken = await label("--port", String(port));
    other.close();
    expect(taken).toMatchObject({ exitCode: 4, stderr: expect.stringContaining(`port ${port} is taken`) });
  });

  it("refuses labels whose names mean something else here", async () => {
    makeCatalogue();
    writeFileSync(join(cwd, "smilec.config.json"), '{ "labels": ["unsure", "smile"] }');
    expect(await label()).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("the label unsure has a meaning of its own"),
    });
  });

  it("serves a catalogue whose pictures are missing, takes another port when the usual one is taken, and ends by Ctrl-C", async () => {
    makeCatalogue();
    const [first, second] = [await startStudio(cwd), await startStudio(cwd)];
    expect(second.port).not.toBe(first.port);
    expect(first.url).toBe(`http://127.0.0.1:${first.port}/?token=${new URL(first.url).searchParams.get("token")}`);
    const answer = await fetch(first.url);
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining("<title>Label studio</title>")]);
    // A page that is open must not keep it from ending.
    const cookie = String(answer.headers.get("set-cookie")).split(";")[0];
    const line = await fetch(`http://127.0.0.1:${first.port}/events`, { headers: { Cookie: cookie } });
    expect(await Promise.all([first.end("SIGINT"), second.end("SIGTERM")])).toEqual([0, 0]);
    expect(await line.text()).toMatch(/event: end/);
  });
});

describe("smilec label status", () => {
  it("says how far labelling is, as text and as JSON", async () => {
    makeCatalogue();
    const { exitCode, stdout } = await smilec(["label", "status"], { cwd });
    expect(exitCode).toBe(0);
    expect(stdout).toBe(`2 captures of 1 presses; 0 deleted
label       captures   share
----------  --------  ------
neutral            0   0.0 %
smile              1  50.0 %
no-face            0   0.0 %
unsure             0   0.0 %
not judged         1  50.0 %
disputed           0   0.0 %

boxes corrected: 0
consent: 0 given, 0 refused, 2 not asked
agreement: nothing was looked at twice (smilec label --pass 2)`);
    const json = await smilec(["--json", "label", "status"], { cwd });
    expect(JSON.parse(json.stdout)).toMatchObject({
      captures: 2,
      labels: { smile: 1 },
      unjudged: 1,
      agreement: { captures: 0, kappa: null },
    });
  });

  it("says what to do when there are no captures", async () => {
    expect(await smilec(["label", "status"], { cwd })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("there are no captures yet"),
    });
  });
});

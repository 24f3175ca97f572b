import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, jest } from "@jest/globals";
import { listImports, openCatalogue } from "#smilec/data/catalogue.js";
import { importPictures } from "#smilec/data/import.js";
import { recoverImports } from "#smilec/data/import-folder.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { noisePicture, put, putPersons } from "../support/pictures.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(60_000);

const folder = temporaryFolders();
const context = { reporter: silentReporter, signal: new AbortController().signal };
const PERSONS = 400;

/** Starts an import in a process of its own. */
function start(from: string, into: string): ChildProcess {
  const child = join(packageRoot, "test", "support", "import-child.mjs");
  return spawn(process.execPath, [child, from, into], { stdio: ["ignore", "pipe", "inherit"] });
}

async function killAt(child: ChildProcess, word: string, afterMs: number): Promise<string> {
  let text = "";
  child.stdout?.on("data", (chunk) => {
    text += chunk;
    if (text.includes(word)) setTimeout(() => child.kill("SIGKILL"), afterMs);
  });
  await once(child, "close");
  return text;
}

describe("an import that is killed", () => {
  let from: string;
  beforeAll(() => {
    from = folder("many");
    for (let person = 0; person < PERSONS; person++) {
      for (const [i, label] of ["smile", "neutral"].entries()) {
        const { pixels } = noisePicture(2 * person + i, 96, 96);
        put(from, `${label}/p${person}/1.pgm`, Buffer.concat([Buffer.from("P5 96 96 255\n"), pixels]));
      }
    }
  });

  it("leaves no import, and the next one works and tidies up", async () => {
    const into = folder();
    expect(await killAt(start(from, into), "started", 0)).toBe("started\n");
    const left = readdirSync(into);
    expect(left).toHaveLength(1);
    expect(left[0]).toMatch(/^\.importing-\d+-set$/);
    expect(await listImports(into)).toEqual([]);
    const result = await importPictures({ from, into, name: "set", context });
    expect(result.count).toBe(2 * PERSONS);
    expect(readdirSync(into)).toEqual(["set"]);
  });

  it("leaves the old import or the new one, whole, when it replaces, at any moment", async () => {
    const into = folder();
    const old = folder("old");
    await putPersons(old, 24);
    await importPictures({ from: old, into, name: "set", context });
    const outcomes = new Set<number>();
    for (const delay of [0, 30, 60, 90, 120, 160, 200]) {
      await killAt(start(from, into), "started", delay);
      await recoverImports(into);
      const { records } = await openCatalogue(into);
      expect([48, 2 * PERSONS]).toContain(records.length);
      outcomes.add(records.length);
    }
    expect(outcomes.size).toBeGreaterThan(0);
    expect(await killAt(start(from, into), "never", 0)).toContain("finished");
    expect((await openCatalogue(into)).records).toHaveLength(2 * PERSONS);
  });

  it("has its predecessor put back when the kill fell between the two renames", async () => {
    const into = folder();
    const old = folder("old");
    await putPersons(old, 24);
    await importPictures({ from: old, into, name: "set", context });
    renameSync(join(into, "set"), join(into, ".replaced-set"));
    await recoverImports(into);
    expect((await listImports(into)).map(({ summary }) => summary.name)).toEqual(["set"]);
  });

  it("does not touch the work of a process that is still running", async () => {
    const into = folder();
    const busy = `.importing-${process.ppid}-other`;
    mkdirSync(join(into, busy));
    writeFileSync(join(into, busy, "pictures.tar"), "");
    await recoverImports(into);
    expect(readdirSync(into)).toEqual([busy]);
  });
});

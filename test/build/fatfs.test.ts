/** Where the FatFs of image files as cards comes from, and what happens when it does not. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { obtainFatFs } from "#smilec/build/fatfs.js";
import { ensurePythonEnv } from "#smilec/build/python-env.js";
import { InterruptedError, ToolError } from "#smilec/errors.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { runOrThrow } from "#smilec/process/run.js";
import { changesEnvironment, errorOf } from "../support/environment.js";
import { recordingContext } from "../support/recording-reporter.js";
import { testSmilecHome } from "../support/smilec-home.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(120_000);
const temporaryFolder = temporaryFolders();
const setEnvironment = changesEnvironment();

/** A home of smilec's with the Python environment that is there already, and nothing else. */
async function homeWithPython(): Promise<string> {
  setEnvironment({ SMILEC_HOME: testSmilecHome });
  const { dir } = await ensurePythonEnv(recordingContext());
  const home = temporaryFolder("home-");
  symlinkSync(dir, join(home, basename(dir)));
  setEnvironment({ SMILEC_HOME: home });
  return home;
}

const left = (home: string) => readdirSync(home).filter((name) => !name.startsWith("platformio-"));

/** pip finds only what lies in a folder. */
const onlyFrom = (folder: string) =>
  setEnvironment({
    PIP_NO_INDEX: "1",
    PIP_FIND_LINKS: folder,
    PIP_INDEX_URL: undefined,
    PIP_NO_CACHE_DIR: "1",
    PIP_CONFIG_FILE: "/dev/null",
  });

describe("FatFs", () => {
  it("is fetched once, at the version and hash that are pinned, and then needs nothing", async () => {
    setEnvironment({ SMILEC_HOME: testSmilecHome });
    const sources = await obtainFatFs(recordingContext());
    expect(Object.keys(sources).sort()).toEqual(["diskio.h", "ff.c", "ff.h", "ffunicode.c"]);
    expect(sources["ff.c"]).toContain("R0.15");
    setEnvironment({ SMILEC_PYTHON: "/nonexistent", PATH: "/nonexistent" });
    expect(await obtainFatFs(recordingContext())).toEqual(sources);
    const pinned = readFileSync(join(packageRoot, "templates/fatfs/requirements.txt"), "utf8");
    expect(pinned).toMatch(/^fatfs==0\.1\.2 --hash=sha256:[0-9a-f]{64}$/m);
  });

  it("says that the index does not answer, and leaves nothing half-made", async () => {
    const home = await homeWithPython();
    // Nothing listens on port 9 (discard).
    setEnvironment({ PIP_INDEX_URL: "http://127.0.0.1:9/simple", PIP_NO_CACHE_DIR: "1", PIP_CONFIG_FILE: "/dev/null" });
    const error = (await errorOf(obtainFatFs(recordingContext()))) as ToolError;
    expect(error).toBeInstanceOf(ToolError);
    expect(error.message).toBe(
      "FatFs, which cards that are image files need, could not be downloaded: the Python package index does not answer",
    );
    expect(error.remedy).toMatch(/Connect to the internet/);
    expect(left(home)).toEqual([]);
  });

  it("is not taken when it is not what was pinned", async () => {
    const home = await homeWithPython();
    const packages = temporaryFolder("packages-");
    const inside = join(packages, "fatfs-0.1.2");
    mkdirSync(inside);
    writeFileSync(join(inside, "setup.py"), "from setuptools import setup\nsetup(name='fatfs', version='0.1.2')\n");
    const archive = join(packages, "fatfs-0.1.2.tar.gz");
    await runOrThrow("tar", ["-czf", archive, "-C", packages, "fatfs-0.1.2"], "packing");
    onlyFrom(packages);
    const error = (await errorOf(obtainFatFs(recordingContext()))) as ToolError;
    expect(error).toBeInstanceOf(ToolError);
    expect(error.message).toMatch(/is not what smilec was tested with: the download has another hash/);
    expect(error.detail).toContain(createHash("sha256").update(readFileSync(archive)).digest("hex"));
    expect(left(home)).toEqual([]);
  });

  it("says that the index does not have it", async () => {
    const home = await homeWithPython();
    onlyFrom(temporaryFolder("empty-"));
    const error = (await errorOf(obtainFatFs(recordingContext()))) as ToolError;
    expect(error.message).toMatch(/could not be installed/);
    expect(error.detail).toContain("No matching distribution found for fatfs==0.1.2");
    expect(left(home)).toEqual([]);
  });

  it("stops on an abort and leaves nothing half-made", async () => {
    const home = await homeWithPython();
    const controller = new AbortController();
    controller.abort();
    expect(await errorOf(obtainFatFs(recordingContext(controller.signal)))).toBeInstanceOf(InterruptedError);
    expect(left(home)).toEqual([]);
  });
});

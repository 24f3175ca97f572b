import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, jest } from "@jest/globals";
import { findPython } from "#smilec/build/python.js";
import { ensurePythonEnv, findPythonEnv } from "#smilec/build/python-env.js";
import { InterruptedError, type SmilecError, ToolError } from "#smilec/errors.js";
import { runOrThrow } from "#smilec/process/run.js";
import { changesEnvironment, errorOf, fillPath } from "../support/environment.js";
import { recordingContext } from "../support/recording-reporter.js";
import { testSmilecHome } from "../support/smilec-home.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(120_000);
const temporaryFolder = temporaryFolders();
const setEnvironment = changesEnvironment();

/** Stands for a Python that says it has this version and then does `rest`. */
const pretend = (version: string, rest = "exit 1") =>
  `case "$*" in *version_info*) echo "${version} /opt/pretend/python";; *) ${rest};; esac`;

describe("finding Python", () => {
  beforeEach(() => setEnvironment({ SMILEC_PYTHON: undefined }));

  it("takes the one on PATH", async () => {
    const python = await findPython();
    expect(python.version[0]).toBe(3);
    expect(python.version[1]).toBeGreaterThanOrEqual(10);
    expect(existsSync(python.path)).toBe(true);
  });

  it("says that there is none", async () => {
    setEnvironment({ PATH: temporaryFolder("path-") });
    const error = (await errorOf(findPython())) as ToolError;
    expect(error).toBeInstanceOf(ToolError);
    expect(error.message).toBe("Python is not installed");
    expect(error.remedy).toMatch(/Install Python 3\.10 or newer/);
  });

  it("passes by one that is too old, and says so when there is no other", async () => {
    const scripts = { python3: pretend("3 8 10"), python: pretend("2 7 18") };
    const path = await fillPath(temporaryFolder("path-"), { scripts });
    setEnvironment({ PATH: path });
    const error = (await errorOf(findPython())) as ToolError;
    expect(error.message).toBe("Python is too old: python3 is 3.8.10, python is 2.7.18");
    await fillPath(path, { scripts: { "python3.12": pretend("3 12 1") } });
    expect(await findPython()).toMatchObject({ command: "python3.12", version: [3, 12, 1] });
  });

  it("uses only the one the user chose", async () => {
    setEnvironment({ SMILEC_PYTHON: "/nonexistent/python3" });
    const error = (await errorOf(findPython())) as ToolError;
    expect(error.where).toBe("SMILEC_PYTHON=/nonexistent/python3");
  });
});

describe("smilec's Python environment", () => {
  it("has PlatformIO and SCons at the versions that belong together", async () => {
    setEnvironment({ SMILEC_HOME: testSmilecHome });
    const { python } = await ensurePythonEnv(recordingContext());
    const script =
      "import importlib.metadata as m; from platformio.dependencies import get_core_dependencies as d;" +
      "print(m.version('platformio'), m.version('scons'), d()['tool-scons'])";
    expect((await runOrThrow(python, ["-I", "-c", script], "versions")).stdout).toBe("6.2.0 4.11.1 ~4.41101.0");
  });

  it("is not used unless it was finished, nor when its Python has gone", async () => {
    const home = temporaryFolder("home-");
    setEnvironment({ SMILEC_HOME: testSmilecHome });
    const { dir } = await ensurePythonEnv(recordingContext());
    const name = dir.split("/").at(-1) as string;
    setEnvironment({ SMILEC_HOME: home });
    mkdirSync(join(home, name, "bin"), { recursive: true });
    writeFileSync(join(home, name, "bin", "python"), "");
    expect(await findPythonEnv()).toBeUndefined();
    writeFileSync(join(home, name, "smilec-ready.json"), "{}");
    expect((await findPythonEnv())?.dir).toBe(join(home, name));
    setEnvironment({ SMILEC_HOME: temporaryFolder("home-") });
    expect(await findPythonEnv()).toBeUndefined();
  });

  const failures: [what: string, script: string, message: RegExp, remedy: RegExp][] = [
    [
      "Python has no venv module",
      pretend("3 11 2", 'echo "The virtual environment was not created: ensurepip is not available." ; exit 1'),
      /no venv module/,
      /apt install python3-venv/,
    ],
    [
      "Python was built without venv",
      pretend("3 11 2", 'echo "/usr/bin/python3: No module named venv" >&2; exit 1'),
      /no venv module/,
      /python3-venv/,
    ],
    [
      "the disk is full",
      pretend("3 11 2", 'echo "OSError: [Errno 28] No space left on device" >&2; exit 1'),
      /can't be written: no space left/,
      /SMILEC_HOME/,
    ],
    ["venv crashes", pretend("3 11 2", "echo 'strange failure' >&2; exit 9"), /exited with 9/, /^$/],
  ];
  it.each(failures)("explains it when %s, and leaves nothing half-made", async (_, script, message, remedy) => {
    const home = temporaryFolder("home-");
    const path = await fillPath(temporaryFolder("path-"), { scripts: { python3: script } });
    setEnvironment({ SMILEC_HOME: home, SMILEC_PYTHON: undefined, PATH: `${path}:${process.env.PATH}` });
    const error = (await errorOf(ensurePythonEnv(recordingContext()))) as SmilecError;
    expect(error).toBeInstanceOf(ToolError);
    expect(error.message).toMatch(message);
    expect(error.remedy ?? "").toMatch(remedy);
    expect(readdirSync(home)).toEqual([]);
  });

  it("explains it when pip can't reach its index, and leaves nothing half-made", async () => {
    const home = temporaryFolder("home-");
    // Nothing listens on port 9 (discard).
    setEnvironment({
      SMILEC_HOME: home,
      SMILEC_PYTHON: undefined,
      PIP_INDEX_URL: "http://127.0.0.1:9/simple",
      PIP_FIND_LINKS: undefined,
      PIP_NO_CACHE_DIR: "1",
      PIP_CONFIG_FILE: "/dev/null",
    });
    const error = (await errorOf(ensurePythonEnv(recordingContext()))) as ToolError;
    expect(error).toBeInstanceOf(ToolError);
    expect(error.message).toMatch(/package index does not answer/);
    expect(error.remedy).toMatch(/Connect to the internet/);
    expect(readdirSync(home)).toEqual([]);
  });

  it("stops on an abort and leaves nothing half-made", async () => {
    const home = temporaryFolder("home-");
    setEnvironment({ SMILEC_HOME: home, SMILEC_PYTHON: undefined });
    const controller = new AbortController();
    const work = errorOf(ensurePythonEnv(recordingContext(controller.signal)));
    setTimeout(() => controller.abort(), 500);
    expect(await work).toBeInstanceOf(InterruptedError);
    expect(readdirSync(home)).toEqual([]);
  });
});

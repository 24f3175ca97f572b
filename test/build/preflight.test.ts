import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { esp32cam } from "#smilec/board/esp32cam.js";
import { buildFirmware } from "#smilec/build/build.js";
import { coreDir, prepareCore } from "#smilec/build/platformio.js";
import { preflight } from "#smilec/build/preflight.js";
import { ensurePythonEnv, type PythonEnv } from "#smilec/build/python-env.js";
import { configSchema } from "#smilec/config/schema.js";
import { ToolError } from "#smilec/errors.js";
import { runOrThrow } from "#smilec/process/run.js";
import { renderProject } from "#smilec/template/project.js";
import { changesEnvironment, errorOf } from "../support/environment.js";
import { recordingContext } from "../support/recording-reporter.js";
import { testSmilecHome } from "../support/smilec-home.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(60_000);
const temporaryFolder = temporaryFolders();
const setEnvironment = changesEnvironment();

describe("building for a board without PlatformIO's packages", () => {
  let env: PythonEnv;
  let dir: string;
  let core: string;
  let silent: Server;
  const connections = new Set<Socket>();
  let port: number;

  beforeAll(async () => {
    process.env.SMILEC_HOME = testSmilecHome;
    env = await ensurePythonEnv(recordingContext());
    // A proxy that takes every connection and never says a word: the worst kind of unreachable.
    silent = createServer((socket) => connections.add(socket.on("error", () => undefined)));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    port = (silent.address() as { port: number }).port;
  });

  afterAll(() => {
    for (const socket of connections) socket.destroy();
    silent.close();
  });

  beforeEach(async () => {
    core = temporaryFolder("core-");
    const proxy = `http://127.0.0.1:${port}`;
    setEnvironment({ PLATFORMIO_CORE_DIR: core, HTTPS_PROXY: proxy, HTTP_PROXY: proxy, NO_PROXY: undefined });
    setEnvironment({ https_proxy: proxy, http_proxy: proxy, no_proxy: undefined });
    dir = join(temporaryFolder("project-"), "esp32cam");
    const firmwareRoot = temporaryFolder("firmware-");
    for (const folder of ["core", "kernels", "hal/esp32"]) mkdirSync(join(firmwareRoot, folder), { recursive: true });
    writeFileSync(join(firmwareRoot, "hal/esp32/app_main.c"), "void app_main(void) {}\n");
    const config = configSchema.parse({ engine: "coin" });
    await renderProject({ dir, target: "esp32cam", config, board: esp32cam, engineFiles: {}, firmwareRoot });
  });

  const build = () =>
    buildFirmware({ projectDir: dir, target: "esp32cam", board: esp32cam, context: recordingContext() });

  it("lists everything that is missing and what to do, instead of PlatformIO's minute of retries", async () => {
    const error = (await errorOf(build())) as ToolError;
    expect(error).toBeInstanceOf(ToolError);
    expect(error.message).toMatch(/lacks 10 packages for esp32cam and its registry can't be reached/);
    expect(error.detail?.split("\n")).toEqual(
      expect.arrayContaining([
        "espressif32 6.13.0",
        "framework-espidf ~3.50503.0",
        "toolchain-xtensa-esp-elf 14.2.0+20251107",
        "tool-esptoolpy ~2.41100.0",
      ]),
    );
    expect(error.where).toBe(core);
    expect(error.remedy).toMatch(/Connect to the internet/);
    expect(connections.size).toBeGreaterThan(0);
  });

  const platform = (packages: Record<string, object>) => {
    const folder = join(core, "platforms", "espressif32");
    const spec = { owner: "platformio", id: null, name: "espressif32", requirements: null, uri: null };
    mkdirSync(folder, { recursive: true });
    const manifest = { name: "espressif32", title: "x", version: "6.13.0", packages };
    const frameworks = { espidf: { package: "framework-espidf", script: "x.py" } };
    writeFileSync(join(folder, "platform.json"), JSON.stringify({ ...manifest, frameworks }));
    writeFileSync(
      join(folder, ".piopm"),
      JSON.stringify({ type: "platform", name: "espressif32", version: "6.13.0", spec }),
    );
  };
  const install = (name: string, version: string) => {
    mkdirSync(join(core, "packages", name), { recursive: true });
    writeFileSync(join(core, "packages", name, "package.json"), JSON.stringify({ name, version }));
  };
  const packages = {
    "framework-espidf": { type: "framework", optional: true, version: "~3.50503.0" },
    "tool-esptoolpy": { type: "uploader", version: "~2.41100.0" },
    "tool-ninja": { version: "^1.7.0" },
    "tool-optional": { optional: true, version: "^1.0.0" },
  };

  it("asks the platform itself once that is installed, and counts a package of the wrong version as missing", async () => {
    platform(packages);
    install("tool-ninja", "1.9.0");
    install("tool-esptoolpy", "1.0.0");
    const result = await preflight(env, { dir, environment: "esp32cam" }, "esp32");
    expect(result).toEqual({
      missing: [
        { name: "framework-espidf", requirements: "~3.50503.0" },
        { name: "tool-esptoolpy", requirements: "~2.41100.0" },
      ],
      registryReachable: false,
    });
  });

  it("asks nobody when nothing is missing", async () => {
    platform(packages);
    install("framework-espidf", "3.50503.0");
    install("tool-ninja", "1.9.0");
    install("tool-esptoolpy", "2.41100.3");
    const before = connections.size;
    const result = await preflight(env, { dir, environment: "esp32cam" }, "esp32");
    expect(result).toEqual({ missing: [], registryReachable: undefined });
    expect(connections.size).toBe(before);
  });

  it("puts a SCons that stands alone into a folder shared with other PlatformIOs, and leaves theirs alone", async () => {
    await prepareCore(env, { dir, environment: "esp32cam" });
    const launcher = join(core, "packages", "tool-scons-smilec", "scons.py");
    // Any Python will do, without the environment's packages.
    const version = await runOrThrow("python3", ["-S", launcher, "--version"], "scons");
    expect(version.stdout).toContain("v4.11.1");
    const other = temporaryFolder("core-");
    core = other;
    setEnvironment({ PLATFORMIO_CORE_DIR: other });
    install("tool-scons", "4.41101.0");
    writeFileSync(join(other, "packages/tool-scons/scons.py"), "theirs");
    await prepareCore(env, { dir, environment: "esp32cam" });
    await expect(runOrThrow("ls", [join(other, "packages/tool-scons-smilec")], "ls")).rejects.toThrow(ToolError);
  });

  it("uses the user's own PlatformIO folder only if it has the platform", async () => {
    const home = temporaryFolder("home-");
    setEnvironment({ PLATFORMIO_CORE_DIR: undefined, HOME: home, SMILEC_HOME: testSmilecHome });
    const project = { dir, environment: "esp32cam" };
    expect(await coreDir(project)).toBe(join(testSmilecHome, "platformio-core"));
    core = join(home, ".platformio");
    platform(packages);
    expect(await coreDir(project)).toBe(join(testSmilecHome, "platformio-core"));
    const manifest = '{\n  "name": "espressif32",\n  "version": "6.13.0"\n}\n';
    writeFileSync(join(core, "platforms/espressif32/platform.json"), manifest);
    expect(await coreDir(project)).toBe(core);
    expect(await coreDir({ dir, environment: "host" })).toBe(join(dir, ".pio", "core"));
  });

  it("gives PlatformIO a project file that it reads as meant", async () => {
    const args = ["-m", "platformio", "project", "config", "--json-output", "-d", dir];
    const { stdout } = await runOrThrow(env.python, args, "config", { env: { PLATFORMIO_NO_ANSI: "true" } });
    const [[, general], [section, options]] = JSON.parse(stdout) as [string, [string, unknown][]][];
    expect(Object.fromEntries(general)).toMatchObject({ default_envs: ["esp32cam"] });
    expect(section).toBe("env:esp32cam");
    expect(Object.fromEntries(options)).toMatchObject({
      platform: "espressif32@6.13.0",
      framework: ["espidf"],
      board: "esp32cam",
      "board_build.partitions": "partitions.csv",
      "board_build.f_flash": "80000000L",
      "board_upload.flash_size": "4MB",
      monitor_rts: 0,
      monitor_dtr: 0,
    });
  });
});

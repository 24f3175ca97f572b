import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { beforeEach, describe, expect, it, jest } from "@jest/globals";
import { boards } from "#smilec/board/boards.js";
import { findPythonEnv } from "#smilec/build/python-env.js";
import { type Check, type DoctorOptions, fix, nodeCheck, runChecks } from "#smilec/doctor/checks.js";
import { serialCheck } from "#smilec/doctor/serial.js";
import { changesEnvironment, fillPath } from "../support/environment.js";
import { recordingContext } from "../support/recording-reporter.js";
import { testSmilecHome } from "../support/smilec-home.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(120_000);
const temporaryFolder = temporaryFolders();
const setEnvironment = changesEnvironment();

async function allChecks(options?: DoctorOptions): Promise<Record<string, Check>> {
  const checks: Check[] = [];
  for await (const check of runChecks(options)) checks.push(check);
  for (const check of checks) {
    expect([check.name, check.found]).not.toContain("");
    if (check.status !== "ok") expect([check.name, check.remedy]).not.toEqual([check.name, ""]);
  }
  return Object.fromEntries(checks.map((check) => [check.name, check]));
}

describe("doctor", () => {
  beforeEach(() => {
    // Nobody listens there, so the registry can't be reached.
    const proxy = "http://127.0.0.1:9";
    setEnvironment({ HTTPS_PROXY: proxy, https_proxy: proxy, NO_PROXY: undefined, no_proxy: undefined });
    setEnvironment({ SMILEC_HOME: testSmilecHome, PLATFORMIO_CORE_DIR: temporaryFolder("core-") });
  });

  it("finds what is there, after --fix has set up PlatformIO", async () => {
    await fix(recordingContext());
    expect(await findPythonEnv()).toBeDefined();
    const describeBackend = async () => ({ name: "wasm", reason: "no native addon", picturesPerSecond: 3199.6 });
    const checks = await allChecks({ describeBackend });
    expect(Object.keys(checks)).toEqual([
      "Node.js",
      "Python",
      "C compiler",
      "PlatformIO",
      "ESP32 packages",
      "serial port",
      "training",
      "disk",
    ]);
    for (const name of ["Node.js", "Python", "C compiler", "PlatformIO", "training"]) {
      expect(checks[name]).toMatchObject({ status: "ok", remedy: "" });
    }
    expect(checks["C compiler"].found).toMatch(/cc/);
    expect(checks.PlatformIO.found).toContain("6.2.0");
    expect(checks.training.found).toBe("wasm, about 3200 pictures/s (no native addon)");
    expect(checks["ESP32 packages"].status).toBe("warn");
    expect(checks["ESP32 packages"].found).toMatch(/missing for esp32cam: espressif32, framework-espidf/);
    expect(checks.disk.found).toMatch(/GB free/);
  });

  it.each([
    ["esp32cam", false],
    ["xiao-s3-sense", true],
  ] as const)("looks for the packages of the project's board: %s", async (id, riscv) => {
    const checks = await allChecks({ board: boards[id] });
    const { found, remedy } = checks["ESP32 packages"];
    expect(found).toContain(`missing for ${id}: espressif32, framework-espidf`);
    expect(found.includes("toolchain-riscv32-esp")).toBe(riscv);
    expect(found).toContain("toolchain-xtensa-esp-elf");
    expect(remedy).toContain(`--target ${id}`);
  });

  it("names what is missing on a bare machine, each with a remedy, and goes on", async () => {
    setEnvironment({ PATH: temporaryFolder("path-"), CC: undefined, SMILEC_PYTHON: undefined });
    setEnvironment({ SMILEC_HOME: join(temporaryFolder("home-"), "not", "yet") });
    const checks = await allChecks({ describeBackend: () => Promise.reject(new Error("no backend loads")) });
    expect(checks.Python).toMatchObject({ status: "fail", found: "Python is not installed" });
    expect(checks["C compiler"]).toMatchObject({ status: "fail" });
    expect(checks["C compiler"].remedy).toMatch(/Install a C compiler/);
    expect(checks.PlatformIO).toMatchObject({ status: "warn", found: "not set up yet" });
    expect(checks.PlatformIO.remedy).toContain("smilec doctor --fix");
    expect(checks.training).toMatchObject({ status: "fail", found: "no backend loads" });
    expect(checks.disk.status).toBe("ok");
  });

  it("finds a Python without venv and a damaged PlatformIO", async () => {
    const script = 'case "$*" in *version_info*) echo "3 11 2 /opt/pretend/python";; *) exit 1;; esac';
    const path = await fillPath(temporaryFolder("path-"), { programs: ["cc"], scripts: { python3: script } });
    await fix(recordingContext());
    const name = basename((await findPythonEnv())?.dir ?? "");
    const home = temporaryFolder("home-");
    setEnvironment({ PATH: path, SMILEC_PYTHON: undefined, SMILEC_HOME: home });
    expect((await allChecks()).Python).toMatchObject({
      status: "fail",
      found: expect.stringContaining("without venv"),
    });
    mkdirSync(join(home, name), { recursive: true });
    writeFileSync(join(home, name, "smilec-ready.json"), "{}");
    await fillPath(join(home, name, "bin"), { scripts: { python: "echo broken; exit 1" } });
    const checks = await allChecks();
    expect(checks.PlatformIO).toMatchObject({ status: "fail", found: "its environment is damaged" });
    expect(checks.PlatformIO.remedy).toContain(join(home, name));
    expect(checks.Python.status).toBe("warn");
  });

  it.each([
    ["20.10.0", "ok"],
    ["20.9.9", "fail"],
    ["18.20.0", "fail"],
    ["26.1.0", "ok"],
  ])("judges Node.js %s: %s", (version, status) => {
    expect(nodeCheck(version).status).toBe(status);
  });
});

describe("serial port rights", () => {
  const facts = (groups: number[], ports: Record<string, string> = {}) => {
    const folder = temporaryFolder("dev-");
    mkdirSync(join(folder, "dev"));
    for (const [name, target] of Object.entries(ports)) symlinkSync(target, join(folder, "dev", name));
    writeFileSync(join(folder, "group"), "root:x:0:\ndialout:x:20:\nuucp:x:10:\n");
    return {
      platform: "linux" as const,
      devices: join(folder, "dev"),
      groupFile: join(folder, "group"),
      groups,
      isRoot: false,
    };
  };

  it("are fine for a port that can be opened", async () => {
    const check = await serialCheck(facts([], { ttyUSB0: "/dev/null", ttyS0: "/nonexistent" }));
    expect(check).toMatchObject({ status: "ok", found: expect.stringContaining("ttyUSB0 can be opened") });
  });

  it("are missing for a port that can't be opened", async () => {
    const check = await serialCheck(facts([20], { ttyACM3: "/nonexistent/port", ttyUSB0: "/dev/null" }));
    expect(check).toMatchObject({ status: "warn", found: expect.stringContaining("ttyACM3") });
    expect(check.remedy).toContain("usermod -a -G dialout");
  });

  it("depend on the group while no board is connected", async () => {
    expect((await serialCheck(facts([1000, 20]))).status).toBe("ok");
    expect((await serialCheck(facts([1000, 10]))).status).toBe("ok");
    expect((await serialCheck({ ...facts([]), isRoot: true })).status).toBe("ok");
    expect((await serialCheck({ ...facts([]), platform: "darwin" })).status).toBe("ok");
    const check = await serialCheck(facts([1000, 0]));
    expect(check).toMatchObject({ status: "warn", found: expect.stringContaining("not in the group dialout") });
  });
});

/** PlatformIO's real upload: `pio run -t upload` of a local platform whose uploader is Espressif's esptool, which talks to the pseudo-terminal's board. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { esp32cam } from "#smilec/board/esp32cam.js";
import { ensurePythonEnv } from "#smilec/build/python-env.js";
import { uploadError, uploadWithPlatformio } from "#smilec/device/upload.js";
import { ExitCode, InterruptedError, type SmilecError } from "#smilec/errors.js";
import { changesEnvironment } from "../support/environment.js";
import { writeBuild } from "../support/firmware-images.js";
import { oraclePython } from "../support/oracle-venv.js";
import { recordingContext } from "../support/recording-reporter.js";
import { noTerminalsHere, romLoader } from "../support/serial-peer.js";
import { testSmilecHome } from "../support/smilec-home.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(240_000);
const folder = temporaryFolders();
const setEnvironment = changesEnvironment();
const ROM_LOADER = new URL("../oracles/rom-loader.txt", import.meta.url).pathname;

/** What platform-espressif32 does for upload_protocol esptool, with the esptool of the test's environment. */
const BUILDER = (python: string, attempts: number) => `
from SCons.Script import AlwaysBuild, Default, DefaultEnvironment

env = DefaultEnvironment()
Default(None)
flags = "--chip esp32 --port \\"$UPLOAD_PORT\\" --baud 460800 --before default-reset --after hard-reset --connect-attempts ${attempts} write-flash -z"
files = "0x1000 $PROJECT_DIR/images/bootloader.bin 0x8000 $PROJECT_DIR/images/partitions.bin 0x10000 $PROJECT_DIR/images/firmware.bin"
AlwaysBuild(env.Alias("nobuild", None))
env.AddPlatformTarget("upload", None, [env.VerboseAction("${python} -m esptool " + flags + " " + files, "Uploading")], "Upload")
`;

/** `attempts` to connect; 0: without end. */
async function project(attempts = 2): Promise<{ readonly dir: string; readonly placed: [number, Buffer][] }> {
  const dir = folder("upload-");
  const platform = join(dir, "platform");
  // Not in .pio/build, which PlatformIO empties for a project that it sees for the first time.
  const images = join(dir, "images");
  for (const needed of [join(platform, "builder"), images, join(dir, "src")]) mkdirSync(needed, { recursive: true });
  const manifest = { name: "espressif32-upload", title: "Upload", version: "1.0.0", engines: { platformio: "^6" } };
  writeFileSync(join(platform, "platform.json"), JSON.stringify({ ...manifest, frameworks: {}, packages: {} }));
  writeFileSync(join(platform, "builder", "main.py"), BUILDER(await oraclePython(ROM_LOADER), attempts));
  writeFileSync(join(dir, "platformio.ini"), `[env:esp32cam]\nplatform = symlink://${platform}\n`);
  writeFileSync(join(dir, "src", "main.c"), "int main(void) { return 0; }\n");
  return { dir, placed: writeBuild(images) };
}

async function upload(faults: readonly string[], signal?: AbortSignal) {
  const { dir, placed } = await project(signal === undefined ? 2 : 0);
  const dump = join(dir, "flash.bin");
  const peer = await romLoader("--dump", dump, ...faults);
  const context = recordingContext(signal);
  let error: SmilecError | undefined;
  try {
    await uploadWithPlatformio({
      projectDir: dir,
      board: esp32cam,
      port: peer.port,
      downloadMode: "GPIO0 to GND.",
      context,
    });
  } catch (thrown) {
    error = thrown as SmilecError;
  } finally {
    await peer.end();
  }
  return { error, placed, context, written: readFileSync(dump) };
}

(noTerminalsHere === undefined ? describe : describe.skip)("an upload through PlatformIO", () => {
  beforeAll(async () => {
    process.env.SMILEC_HOME = testSmilecHome;
    await ensurePythonEnv(recordingContext());
  });
  beforeEach(() => setEnvironment({ PLATFORMIO_CORE_DIR: folder("core-") }));

  it("writes every image to its place, with esptool's progress as ours", async () => {
    const { error, placed, written, context } = await upload([]);
    expect(error).toBeUndefined();
    for (const [offset, bytes] of placed) {
      expect(written.subarray(offset, offset + bytes.length).equals(bytes)).toBe(true);
    }
    const shown = context.lines.join("\n");
    expect(shown).toMatch(/writing \d+\/100 %/);
    expect(shown).toContain("Hash of data verified");
  });

  it.each([
    ["does not answer", ["--fault", "silent"], /does not answer/, /GPIO0 to GND/],
    // The terminal has no reset line, after which esptool would read the boot mode.
    ["started its firmware", ["--fault", "app"], /does not answer/, /GPIO0 to GND/],
    ["loses its supply", ["--fault", "brownout=60000"], /stopped answering while writing/, /supply.*incomplete/],
    ["vanishes", ["--fault", "vanish=60000"], /vanished while writing/, /incomplete/],
    ["falls silent", ["--fault", "stuck=60000"], /stopped answering while writing/, /incomplete/],
    ["has a bad flash chip", ["--fault", "worn"], /not what was written/, /incomplete/],
  ])("of a board that %s ends with the remedy", async (_, faults, message, remedy) => {
    const { error } = await upload(faults);
    expect(error).toMatchObject({ exitCode: ExitCode.Environment, message: expect.stringMatching(message) });
    expect(error?.remedy).toMatch(remedy);
  });

  it("to a port that another program has open says so", async () => {
    const { dir } = await project();
    const peer = await romLoader();
    const program =
      "import fcntl, sys, os\nf = open(sys.argv[1], 'r+b', buffering=0)\nfcntl.flock(f, fcntl.LOCK_EX)\nprint('held', flush=True)\nsys.stdin.read()\n";
    const holder = spawn("python3", ["-c", program, peer.port], { stdio: ["pipe", "pipe", "inherit"] });
    await once(holder.stdout, "data");
    const request = {
      projectDir: dir,
      board: esp32cam,
      port: peer.port,
      downloadMode: "",
      context: recordingContext(),
    };
    const error = await uploadWithPlatformio(request).catch((thrown: SmilecError) => thrown);
    expect(error).toMatchObject({
      exitCode: ExitCode.Environment,
      message: "the port is busy: another program has it open",
    });
    holder.stdin.end();
    await peer.end();
  });

  it("to a port that is not there says so", async () => {
    const { dir } = await project();
    const port = join(dirname(dir), "ttyUSB9");
    const request = { projectDir: dir, board: esp32cam, port, downloadMode: "", context: recordingContext() };
    const error = await uploadWithPlatformio(request).catch((thrown: SmilecError) => thrown);
    expect(error).toMatchObject({ exitCode: ExitCode.User, message: "there is no such port" });
  });

  it("stops on Ctrl-C and says that the firmware is incomplete", async () => {
    const stop = new AbortController();
    const running = upload(["--fault", "silent"], stop.signal);
    setTimeout(() => stop.abort(new InterruptedError()), 4000);
    const { error } = await running;
    expect(error).toMatchObject({ exitCode: ExitCode.Interrupted, remedy: expect.stringContaining("incomplete") });
  });
});

describe("what esptool says", () => {
  it.each([
    [
      "could not open port '/dev/ttyUSB0': [Errno 13] Permission denied: '/dev/ttyUSB0'",
      /no permission to open the port/,
      /usermod -a -G/,
    ],
    [
      "A fatal error occurred: Could not open /dev/ttyUSB0, the port is busy or doesn't exist.\n([Errno 16] could not open port /dev/ttyUSB0: [Errno 16] Device or resource busy: '/dev/ttyUSB0')",
      /the port is busy/,
      /Close it/,
    ],
  ])("%s", (output, message, remedy) => {
    const error = uploadError(output, "/dev/ttyUSB0", "") as SmilecError;
    expect(error).toMatchObject({ exitCode: ExitCode.Environment, message: expect.stringMatching(message) });
    expect(error.remedy).toMatch(remedy);
  });
});

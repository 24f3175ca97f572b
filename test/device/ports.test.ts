import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { choosePort } from "#smilec/device/choose-port.js";
import { openError } from "#smilec/device/port-error.js";
import { listPorts } from "#smilec/device/ports.js";
import { loadSerialPort, openLine } from "#smilec/device/serial-line.js";
import { UploadView, uploadError } from "#smilec/device/upload.js";
import { ExitCode } from "#smilec/errors.js";
import { errorOf } from "../support/environment.js";
import { recordingContext } from "../support/recording-reporter.js";
import { noTerminalsHere, terminal } from "../support/serial-peer.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const folder = temporaryFolders();
const onTerminals = noTerminalsHere === undefined ? describe : describe.skip;

/** A sysfs with one USB device for each port, as Linux lays them out. */
function sysfs(ports: Readonly<Record<string, readonly [vendor: string, product: string] | undefined>>): string {
  const root = folder("sys-");
  mkdirSync(join(root, "tty"));
  for (const [name, usb] of Object.entries(ports)) {
    const device = join(root, "usb", `1-${name}`, "1-1:1.0", name);
    mkdirSync(device, { recursive: true });
    mkdirSync(join(root, "tty", name));
    symlinkSync(device, join(root, "tty", name, "device"));
    if (usb === undefined) continue;
    writeFileSync(join(root, "usb", `1-${name}`, "idVendor"), `${usb[0]}\n`);
    writeFileSync(join(root, "usb", `1-${name}`, "idProduct"), `${usb[1]}\n`);
    writeFileSync(join(root, "usb", `1-${name}`, "product"), "USB Serial\n");
  }
  return join(root, "tty");
}

describe("serial ports", () => {
  it("are found in sysfs, known adapters first", async () => {
    const root = sysfs({
      ttyS0: undefined,
      ttyACM0: ["2341", "0043"],
      ttyUSB10: ["10c4", "ea60"],
      ttyUSB2: ["1a86", "7523"],
    });
    const ports = await listPorts({ platform: "linux", sysfs: root });
    expect(ports.map(({ path, adapter }) => [path, adapter])).toEqual([
      ["/dev/ttyUSB2", "CH340"],
      ["/dev/ttyUSB10", "CP210x"],
      ["/dev/ttyACM0", undefined],
      ["/dev/ttyS0", undefined],
    ]);
  });

  it("are chosen without asking when there is one board, listed when there are several and nobody to ask", async () => {
    const list = (ports: Parameters<typeof sysfs>[0]) => () => listPorts({ platform: "linux", sysfs: sysfs(ports) });
    const one = list({ ttyS0: undefined, ttyUSB0: ["1a86", "55d4"] });
    expect(await choosePort({ list: one })).toMatchObject({ path: "/dev/ttyUSB0", adapter: "CH9102" });
    const two = list({ ttyUSB0: ["1a86", "55d4"], ttyACM0: ["303a", "1001"] });
    expect(await errorOf(choosePort({ list: two }))).toMatchObject({
      exitCode: ExitCode.User,
      detail: expect.stringMatching(/ttyACM0 {2}Espressif USB.*303a:1001\n.*ttyUSB0 {2}CH9102/),
      remedy: "Choose one: --port /dev/ttyACM0",
    });
    expect(await choosePort({ list: two, ask: async (ports) => ports[1] })).toMatchObject({ path: "/dev/ttyUSB0" });
    expect(await choosePort({ list: two, port: "/dev/pts/9" })).toEqual({ path: "/dev/pts/9" });
    expect(await errorOf(choosePort({ list: list({ ttyS0: undefined }) }))).toMatchObject({
      exitCode: ExitCode.Environment,
      message: expect.stringMatching(/no board is connected/),
    });
  });
});

describe("a port that can't be opened", () => {
  it.each([
    ["Error: Permission denied, cannot open /dev/ttyUSB0", ExitCode.Environment, /usermod -a -G uucp/],
    ["Error Resource temporarily unavailable Cannot lock port", ExitCode.Environment, /Close it/],
    ["Error: Device or resource busy, cannot open /dev/ttyUSB0", ExitCode.Environment, /Close it/],
    ["Error: No such file or directory, cannot open /dev/ttyUSB0", ExitCode.User, /cable/],
    ["Error: No such device or address, cannot open", ExitCode.Environment, /cable/],
    ["Error: Inappropriate ioctl for device, cannot open", ExitCode.User, /ttyUSB0/],
    ["something else", ExitCode.Environment, /Unplug/],
  ])("%s", (message, exitCode, remedy) => {
    const error = openError(new Error(message), "/dev/ttyUSB0", "uucp");
    expect(error).toMatchObject({ exitCode, where: "/dev/ttyUSB0", remedy: expect.stringMatching(remedy) });
  });

  it("is told by the system for what is no port", async () => {
    const handlers = { onData: () => undefined, onEnd: () => undefined };
    expect(await errorOf(openLine("/dev/null", 115200, handlers))).toMatchObject({ message: "this is no serial port" });
    expect(await errorOf(openLine("/dev/nope", 115200, handlers))).toMatchObject({ message: "there is no such port" });
  });

  it("is a missing tool where the native binding is missing", async () => {
    const load = () => Promise.reject(new Error("No native build was found for platform=plan9"));
    expect(await errorOf(loadSerialPort(load))).toMatchObject({
      exitCode: ExitCode.Tool,
      detail: expect.stringContaining("plan9"),
    });
  });
});

onTerminals("an open port", () => {
  it("is not opened twice", async () => {
    const peer = await terminal("sys.stdin.read()\n");
    const handlers = { onData: () => undefined, onEnd: () => undefined };
    const line = await openLine(peer.port, 115200, handlers);
    expect(await errorOf(openLine(peer.port, 115200, handlers))).toMatchObject({
      message: expect.stringMatching(/busy/),
    });
    await line.close();
    await peer.end();
  });
});

describe("PlatformIO's upload", () => {
  it("shows esptool's progress", () => {
    const context = recordingContext();
    const view = new UploadView(context);
    for (const line of [
      "Writing at 0x00001000... (100 %)",
      "Writing at 0x00010000... (3 %)",
      "Hash of data verified.",
    ]) {
      view.line(line);
    }
    expect(context.lines).toEqual(["writing 100/100 %", "writing 3/100 %", "Hash of data verified."]);
  });

  it.each([
    [
      "A fatal error occurred: Failed to connect to ESP32: Wrong boot mode detected (0x13)! The chip needs",
      /wrong boot mode/,
    ],
    ["A fatal error occurred: Failed to connect to ESP32: No serial data received.", /does not answer/],
    [
      "Writing at 0x00010000... (3 %)\nA fatal error occurred: Serial data stream stopped: no serial data",
      /stopped answering/,
    ],
    ["could not open port '/dev/ttyUSB0': [Errno 13] Permission denied: '/dev/ttyUSB0'", /no permission/],
    [
      "Writing at 0x00010000... (3 %)\nA serial exception error occurred: device reports readiness to read but returned no data (device disconnected or multiple access on port?)",
      /vanished while writing/,
    ],
    ["Error: something new", /upload failed/],
  ])("explains %j", (output, message) => {
    expect(uploadError(output, "/dev/ttyUSB0", "hold BOOT").message).toMatch(message);
  });
});

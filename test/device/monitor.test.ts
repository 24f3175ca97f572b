import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { functionAt } from "#smilec/device/elf-symbols.js";
import { decodeLine, describeEvent, FAULTS } from "#smilec/device/log-lines.js";
import { LineSplitter } from "#smilec/device/monitor.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { noTerminalsHere, terminal } from "../support/serial-peer.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(120_000);
const folder = temporaryFolders();
const onTerminals = noTerminalsHere === undefined ? describe : describe.skip;
const said = (line: string) => describeEvent(decodeLine(line));

describe("a line of the bot's log", () => {
  it.each([
    [
      "\x1b[0;32mI (4711) smilec: press 3: smile, sum 120 of 3 frames, threshold 60, 512345 us\x1b[0m\r",
      "press 3: SMILE, margin 40.0 (green from 20.0), 3 frames, 512 ms",
    ],
    ["I (1) smilec: press 3: no smile, sum -9 of 2 frames, threshold 0, 900 us", "press 3: no smile, margin -4.5"],
    [
      "I (1) smilec: press 3: held 120 ms, 1 of 3 frames logged, error -7",
      "1 of 3 frames on the card (error -7: the card is full)",
    ],
    ["E (1) smilec: press 4: no decision, error -2", "press 4: no decision (error -2: the camera gave no frame)"],
    ["W (1) smilec: faults 0x04, error -6", "FAULT, blink code 3: no card (error -6: no card)"],
    ["W (1) smilec: faults 0x00, error 0", "all faults are gone"],
    ["W (52) camera: no PSRAM: one frame buffer", "warning: camera: no PSRAM: one frame buffer"],
    ["Guru Meditation Error: Core  0 panic'ed (LoadProhibited)", "Guru Meditation Error: Core  0 panic'ed"],
    ["\x07\x1b]0;title\x07plain", "]0;titleplain"],
  ])("%j is shown as %j", (line, shown) => {
    expect(said(line)).toContain(shown);
  });

  it("names every fault of the firmware, with the documentation's blink code", () => {
    const header = readFileSync(join(packageRoot, "firmware/core/sm_app.h"), "utf8");
    const codes = [...header.matchAll(/SM_FAULT_\w+ = 1 << (\d+)/g)].map((match) => Number(match[1]));
    expect(codes).toEqual(FAULTS.map((_, bit) => bit));
    const documentation = readFileSync(join(packageRoot, "docs/firmware.md"), "utf8");
    for (const [bit, meaning] of FAULTS.entries()) {
      const row = documentation.split("\n").find((line) => line.startsWith(`| ${bit + 1} | `)) ?? "";
      expect(row).toContain(meaning);
    }
  });

  it("gives the addresses of a backtrace", () => {
    expect(decodeLine("Backtrace: 0x400d1234:0x3ffb5e70 0x400d2000:0x3ffb5e90 |<-CORRUPTED")).toMatchObject({
      addresses: [0x400d1234, 0x400d2000],
    });
    const functions = [
      { name: "app_main", address: 0x400d1000, size: 0x300 },
      { name: "sm_app_step", address: 0x400d2000, size: 0x10 },
    ];
    expect(functionAt(functions, 0x400d1234)).toBe("app_main+0x234");
    expect(functionAt(functions, 0x400d2010)).toBeUndefined();
  });

  it("is put together from pieces, and cut when it never ends", () => {
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    for (const piece of ["one\r\ntw", "o\n", "x".repeat(5000), "\n"]) splitter.push(Buffer.from(piece));
    expect(lines.slice(0, 2)).toEqual(["one", "two"]);
    expect(lines[2]).toHaveLength(5000);
  });
});

onTerminals("smilec monitor", () => {
  const echo = "for line in sys.stdin:\n    os.write(master, line.encode())\n";

  it("prints decoded lines as JSON, waits for a port that vanished, and ends with 130 on Ctrl-C", async () => {
    const cwd = folder();
    const link = join(cwd, "port");
    const first = await terminal(echo);
    symlinkSync(first.port, link);
    const main = join(packageRoot, "dist", "main.js");
    const child = spawn(process.execPath, [main, "monitor", "--port", link, "--json"], { cwd });
    const out = collect(child.stdout);
    const err = collect(child.stderr);
    await err.until("Ctrl-C ends");
    first.send("I (9) smilec: press 1: smile, sum 30 of 3 frames, threshold 6, 480000 us");
    await out.until('"press":1');
    expect(JSON.parse(out.text())).toMatchObject({ event: "press", smile: true, margin: 10, latencyUs: 480000 });
    unlinkSync(link);
    await first.end();
    await err.until("waiting for it");
    const second = await terminal(echo);
    symlinkSync(second.port, link);
    await err.until("is back");
    second.send("W (9) smilec: faults 0x02, error -2");
    await out.until('"blinks":2');
    child.kill("SIGINT");
    expect((await once(child, "exit"))[0]).toBe(130);
    expect(err.text()).toContain("the monitor was stopped");
    await second.end();
  });

  it("refuses an ELF file that is none", async () => {
    const cwd = folder();
    writeFileSync(join(cwd, "firmware.elf"), "no program");
    const child = spawn(process.execPath, [join(packageRoot, "dist", "main.js"), "monitor", "--elf", "firmware.elf"], {
      cwd,
    });
    const err = collect(child.stderr);
    expect((await once(child, "close"))[0]).toBe(2);
    expect(err.text()).toContain("firmware.elf: this is no ELF file of an ESP32");
  });
});

/** What a stream has given so far, and waiting for a text in it. */
function collect(stream: NodeJS.ReadableStream) {
  let seen = "";
  const waiting = new Set<() => void>();
  stream.on("data", (chunk) => {
    seen += String(chunk);
    for (const check of waiting) check();
  });
  const until = (text: string) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (!seen.includes(text)) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  return { text: () => seen, until };
}

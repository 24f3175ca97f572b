/** What the host program sees and feels besides pictures and a press each: raw frame streams, scripted buttons, the keyboard. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readSegment } from "#smilec/captures/read-segment.js";
import { run } from "#smilec/process/run.js";
import { OPTIMIZED, SANITIZED } from "../support/compile.js";
import {
  decisionsOf,
  generatedModel,
  HostBot,
  linesOf,
  randomPictures,
  readCaptures,
  smallBundle,
} from "../support/host-bot.js";
import { Random } from "../support/random.js";
import { noTerminalsHere } from "../support/serial-peer.js";

let bot: HostBot;
let fast: HostBot;
beforeAll(async () => {
  const model = await generatedModel(smallBundle(39));
  bot = await HostBot.build({ flags: SANITIZED, model });
  fast = await HostBot.build({ flags: OPTIMIZED, model });
}, 120_000);
afterAll(async () => {
  await bot?.dispose();
  await fast?.dispose();
});

let files = 0;
function file(contents: string | Uint8Array): string {
  const path = join(bot.folder, `input${files++}`);
  writeFileSync(path, contents);
  return path;
}

const [WIDTH, HEIGHT] = [40, 30];
const FRAME_MS = 40;
/** Frames that say which one they are in their first two pixels. */
function frames(count: number): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, i) =>
      Buffer.alloc(WIDTH * HEIGHT, (i * 7) % 251)
        .fill(i >> 8, 0, 1)
        .fill(i & 255, 1, 2),
    ),
  );
}
const numberOf = ({ pixels }: { readonly pixels: Uint8Array }) => pixels[0] * 256 + pixels[1];
const raw = (path: string, size = "40x30") => ["--raw", size, path];
const script = (...lines: string[]) => ["--button", file(lines.map((line) => `${line}\n`).join(""))];

/** Every record of the card's first segment. */
async function recordsOf(card: string) {
  const records = [];
  for await (const record of readSegment(join(card, "SEG00001.TAR"))) records.push(record);
  return records;
}

describe("a raw frame stream as camera", () => {
  it("plays 25 frames a second: a press sees those of its time, each once", async () => {
    const card = bot.makeCard();
    const button = script("1000 down", "1120 up", "30000 down", "30120 up");
    const result = await bot.start(...raw(file(frames(800))), "--card", card, ...button);
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    const captures = await readCaptures(join(card, "SEG00001.TAR"));
    expect(captures).toHaveLength(6);
    for (const { frame, metadata } of captures) expect(numberOf(frame)).toBe(metadata.uptimeMs / FRAME_MS - 1);
    const numbers = captures.map(({ frame }) => numberOf(frame));
    // Debounced 30 ms after 1,000 ms: frame 25 is under way and dropped.
    expect(numbers.slice(0, 3)).toEqual([26, 27, 28]);
    expect(numbers.slice(3)).toEqual([751, 752, 753]);
  });

  it("comes through a pipe in the memory of two frames, however long it is", async () => {
    const card = fast.makeCard();
    const button = script("1999000 down", "1999120 up");
    const program = `ulimit -v 20000; head -c 60000000 /dev/zero | ./program --raw 40x30 - --card ${card} ${button.join(" ")}`;
    const result = await run("bash", ["-c", program.replace("./program", fast.path)], { timeoutMs: 60_000 });
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(decisionsOf(result)).toMatchObject([{ frame: "frame 49979", logged: true }]);
  });

  it("ends the run with the press that it still has frames for", async () => {
    const card = bot.makeCard();
    const result = await bot.start(...raw(file(frames(100))), "--card", card);
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    const { presses, captures } = linesOf(result).at(-1) as { presses: number; captures: number };
    expect(presses).toBeGreaterThan(2);
    expect(captures).toBe(3 * presses);
    const seen = (await readCaptures(join(card, "SEG00001.TAR"))).map(({ frame }) => numberOf(frame));
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
  });

  it("without enough frames for one press is an error", async () => {
    const result = await bot.start(...raw(file(frames(4))), "--card", bot.makeCard());
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain("the stream ends before a press is over");
  });

  it("that ends inside a frame is an error with the frame's number", async () => {
    const result = await bot.start(...raw(file(frames(30).subarray(0, 29 * 1200 + 700))), "--card", bot.makeCard());
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toMatch(/input\d+: the stream ends inside frame 30: 700 of 1200 bytes$/);
  });

  it.each([
    ["too large", "41x30", /the frames are 41 x 30 pixels; at most 40 x 30 fit/],
    ["of no size", "0x30", /bad argument: --raw 0x30/],
    ["of a size that is none", "40", /bad argument: --raw 40/],
    ["of a negative size", "-4x30", /bad argument: --raw -4x30/],
  ])("%s is refused", async (_, size, message) => {
    const result = await bot.start(...raw(file(frames(1)), size), "--card", bot.makeCard());
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toMatch(message);
  });

  it("that is not there, or beside a list of pictures, is refused", async () => {
    const missing = await bot.start(...raw("/nonexistent/frames"), "--card", bot.makeCard());
    expect(missing).toMatchObject({
      exitCode: 2,
      stderr: "/nonexistent/frames: cannot be opened: No such file or directory",
    });
    const both = await bot.start(...raw(file(frames(1))), "--frames", file("x"), "--card", bot.makeCard());
    expect(both).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("one camera, one card") });
  });
});

describe("a scripted button", () => {
  const pressed = async (card: string, count: number, ...lines: string[]) => {
    const list = file(bot.writePictures(randomPictures(new Random(11), count)).join("\n"));
    const result = await bot.start("--frames", list, "--card", card, ...script(...lines));
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    return linesOf(result).filter(({ event }) => event !== "ready");
  };

  it("bounces without pressing twice", async () => {
    const bounce = ["1000 down", "1002 up", "1004 down", "1009 up", "1011 down", "1150 up", "1153 down", "1160 up"];
    const events = await pressed(bot.makeCard(), 2, ...bounce);
    expect(events.map(({ event }) => event)).toEqual(["decision", "end"]);
    expect(events[0].atMs).toBeGreaterThan(1160);
  });

  it("held for three seconds withdraws the captures of the press before", async () => {
    const card = bot.makeCard();
    const events = await pressed(card, 1, "1000 down", "1120 up", "5000 down", "8500 up");
    expect(events.map(({ event }) => event)).toEqual(["decision", "withdrawn", "end"]);
    expect(events[1]).toMatchObject({ captures: 3, error: 0 });
    expect(Math.abs(Number(events[1].atMs) - 8530)).toBeLessThan(20);
    expect((await recordsOf(card)).map(({ kind }) => kind)).toEqual(["withdrawn", "withdrawn", "withdrawn"]);
  });

  it("held for half a minute is a fault until it is let go", async () => {
    const events = await pressed(bot.makeCard(), 1, "1000 down", "45000 up");
    expect(events).toMatchObject([
      { event: "faults", faults: ["button"] },
      { event: "faults", faults: [] },
      { event: "end", presses: 0 },
    ]);
    expect(Number(events[0].atMs) / 1000).toBeCloseTo(31, 1);
    expect(Number(events[1].atMs) / 1000).toBeCloseTo(45, 1);
  });

  it("shows the next picture at each press, and the first after the last", async () => {
    const events = await pressed(bot.makeCard(), 2, ...[1, 2, 3].flatMap((i) => [`${i}000 down`, `${i}120 up`]));
    const seen = events.filter(({ event }) => event === "decision").map(({ frame }) => frame);
    expect(seen[1]).not.toBe(seen[0]);
    expect(seen[2]).toBe(seen[0]);
  });

  it("with an end cuts the bot off, as when its power goes", async () => {
    const card = bot.makeCard();
    const events = await pressed(card, 1, "1000 down", "1120 up", "5000 down", "5100 end");
    expect(events.map(({ event }) => event)).toEqual(["decision", "end"]);
    expect(await recordsOf(card)).toHaveLength(3);
  });

  it("goes through a day of presses in seconds, with the same bytes every time", async () => {
    const minutes = Array.from({ length: 24 * 60 }, (_, minute) => minute * 60_000 + 1000);
    const lines = minutes.flatMap((ms) => [`${ms} down`, `${ms + 90 + (ms % 77)} up`]);
    const list = file(fast.writePictures(randomPictures(new Random(12), 40)).join("\n"));
    const results = [];
    for (let i = 0; i < 2; i++) {
      results.push(await fast.start("--frames", list, "--card", fast.makeCard(), ...script(...lines)));
    }
    expect(linesOf(results[0]).at(-1)).toEqual({ event: "end", presses: 1440, captures: 4320 });
    expect(Number(decisionsOf(results[0]).length && linesOf(results[0]).at(-2)?.atMs)).toBeGreaterThan(86_300_000);
    expect(results[1].stdout).toBe(results[0].stdout);
  }, 60_000);

  it.each([
    ["no time", ["press"], /line 1: does not begin with a time in milliseconds/],
    ["an unknown word", ["# first", "", "10 push"], /line 3: says neither down nor up nor end/],
    ["a time that goes back", ["2000 down", "1000 up"], /line 2: the time is before that of the line above/],
    ["a time of years", ["99999999999 down"], /line 1: the time is more than a year/],
    ["nothing in it", ["# nothing"], /the script has no line with a time/],
    ["the button left down", ["10 down"], /line 1: is the last one and leaves the button down/],
    ["an endless line", [`10 ${"x".repeat(9999)}`], /line 1: is too long/],
  ])("with %s is refused at its line", async (_, lines, message) => {
    const list = file(bot.writePictures(randomPictures(new Random(13), 1)).join("\n"));
    const result = await bot.start("--frames", list, "--card", bot.makeCard(), ...script(...lines));
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toMatch(message);
    expect(result.stderr.split("\n")).toHaveLength(1);
  });

  it("that is not there is refused", async () => {
    const list = file(bot.writePictures(randomPictures(new Random(13), 1)).join("\n"));
    const result = await bot.start("--frames", list, "--card", bot.makeCard(), "--button", "/nonexistent/script");
    expect(result).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("/nonexistent/script: cannot be opened"),
    });
  });
});

/**
 * Runs the program as a terminal's foreground program. Says on its own output, a JSON line each: what is on the screen so far whenever it grew, and at
 * the end the exit status and whether the terminal is as it was. Standard input's lines are keys to type, or `signal N`.
 */
const TERMINAL = `
import fcntl, json, os, select, signal, subprocess, sys, termios
master, slave = os.openpty()
before = termios.tcgetattr(slave)
def lead():
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
child = subprocess.Popen(sys.argv[1:], stdin=slave, stdout=slave, stderr=slave, preexec_fn=lead)
screen, changed = b"", False
while child.poll() is None:
    for ready in select.select([master, 0], [], [], 0.05)[0]:
        if ready == master:
            screen += os.read(master, 4096)
            changed = changed or termios.tcgetattr(slave)[3] != before[3]
            print(json.dumps({"screen": screen.decode("utf8", "replace")}), flush=True)
        else:
            line = os.read(0, 4096).decode().rstrip("\\n")
            if line.startswith("signal "):
                child.send_signal(int(line[7:]))
            else:
                os.write(master, line.encode())
print(json.dumps({"status": child.returncode, "changed": changed, "restored": termios.tcgetattr(slave) == before}), flush=True)
`;

(noTerminalsHere === undefined ? describe : describe.skip)("the keyboard as button", () => {
  async function atTerminal(...options: string[]) {
    const child = spawn("python3", ["-c", TERMINAL, fast.path, ...options, "--keyboard"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    let screen = "";
    let ending: { status: number; changed: boolean; restored: boolean } | undefined;
    let rest = "";
    let check: () => void = () => undefined;
    child.stdout.on("data", (chunk) => {
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines.map((text) => JSON.parse(text))) {
        if (line.screen === undefined) ending = line;
        else screen = line.screen;
      }
      check();
    });
    const ended = once(child, "close");
    return {
      type: (keys: string) => child.stdin.write(`${keys}\n`),
      until: (text: RegExp) =>
        new Promise<void>((resolve) => {
          check = () => (text.test(screen) ? resolve() : undefined);
          check();
        }),
      end: async () => {
        await ended;
        return ending;
      },
    };
  }
  const pictures = () => ["--frames", file(fast.writePictures(randomPictures(new Random(14), 3)).join("\n"))];

  it("presses with space, withdraws with l, and q puts the terminal back", async () => {
    const card = fast.makeCard();
    const terminal = await atTerminal(...pictures(), "--card", card);
    await terminal.until(/space: press, l: long press/);
    terminal.type(" ");
    await terminal.until(/\[pressed\][\s\S]*press 1: (no )?smile, sum/);
    terminal.type("l");
    await terminal.until(/3 captures withdrawn/);
    terminal.type("q");
    expect(await terminal.end()).toEqual({ status: 0, changed: true, restored: true });
    expect((await recordsOf(card)).map(({ kind }) => kind)).toEqual(["withdrawn", "withdrawn", "withdrawn"]);
  });

  it("sees a raw stream in real time", async () => {
    const card = fast.makeCard();
    const path = join(fast.folder, "live");
    const stream = createWriteStream(path);
    stream.end(frames(2000));
    await once(stream, "close");
    const terminal = await atTerminal(...raw(path), "--card", card);
    await terminal.until(/space: press/);
    terminal.type(" ");
    await terminal.until(/press 1: /);
    terminal.type("q");
    expect(await terminal.end()).toMatchObject({ status: 0 });
    for (const { frame, metadata } of await readCaptures(join(card, "SEG00001.TAR"))) {
      expect(Math.abs(numberOf(frame) - metadata.uptimeMs / FRAME_MS)).toBeLessThan(6);
    }
  });

  it.each([
    ["Ctrl-C", "\x03", 130],
    ["SIGTERM", "signal 15", 143],
    ["SIGHUP", "signal 1", 129],
  ])("puts the terminal back on %s", async (_, keys, status) => {
    const terminal = await atTerminal(...pictures(), "--card", fast.makeCard());
    await terminal.until(/space: press/);
    terminal.type(keys);
    expect(await terminal.end()).toEqual({ status, changed: true, restored: true });
  });

  it("wants a terminal", async () => {
    const result = await run("setsid", [fast.path, ...pictures(), "--card", fast.makeCard(), "--keyboard"], {
      cwd: fast.folder,
      timeoutMs: 20_000,
    });
    expect(result).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("--keyboard wants a terminal") });
  });
});

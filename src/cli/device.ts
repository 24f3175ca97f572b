/** Boards: build, flash, ask what runs there; and the same firmware on this machine. */
import { type Command, Option } from "commander";
import type { Action } from "./action.js";

export function declareDevice(program: Command, action: Action): void {
  program
    .command("boards [board]")
    .description("the boards there are; for one: its pin map, and how to wire button and lights")
    .option("--svg <file>", "draw the pin map and the wiring")
    .action(action(async () => (await import("../commands/boards.js")).boardsCommand));
  program
    .command("build")
    .description("run whatever is stale, render the firmware, build it with PlatformIO")
    .option("--target <target>", "host, or a board (default: the project's)")
    .action(action(async () => (await import("../commands/build.js")).buildCommand));
  program
    .command("flash")
    .description("build what is stale and write the firmware to the board, verified")
    .option("--port <port>", "serial port of the board (default: the one that is there)")
    .option("--target <board>", "board to build for (default: the project's)")
    .option("--direct", "write without PlatformIO, through Espressif's esptool-js", false)
    .option("--firmware <path...>", "write these images: the folder of a build, or OFFSET=FILE several times")
    .option("--baud <rate>", "bits per second while writing", "460800")
    .option("-y, --yes", "go on also when the new model is worse on judged captures", false)
    .action(action(async () => (await import("../commands/flash.js")).flashCommand));
  program
    .command("monitor")
    .description("what the bot says on its serial port: presses with their scores, faults in words, backtraces")
    .option("--port <port>", "serial port of the board (default: the one that is there)")
    .option("--status <seconds>", "also ask the bot for its status so often")
    .option("--elf <file>", "firmware.elf to name functions in backtraces (default: the project's last build)")
    .option("--baud <rate>", "bits per second (default: firmware.serial of the project, or 921600)")
    .action(action(async () => (await import("../commands/monitor.js")).monitorCommand));
  declareRunningDevice(program, action);
  program
    .command("simulate")
    .description(
      "press the nose on the host firmware, once per picture or as a script or you say, and report the scores",
    )
    .addOption(new Option("--images <dir>", "the camera sees a folder of pictures").conflicts("raw"))
    .option("--raw <file>", "the camera sees 8-bit grey frames, 25 a second, from a file or - (standard input)")
    .option("--raw-size <size>", "width and height of those frames", "320x240")
    .option("--button <file>", "press as a script says: lines of AT-MS down, AT-MS up; in virtual time")
    .addOption(
      new Option("--keyboard", "press on the keyboard, in real time").default(false).conflicts(["button", "golden"]),
    )
    .option("--card <path>", "folder or image file that stands for the card, continued and kept")
    .option("--card-size <size>", "make the image file that --card names, a FAT32 card of this size, such as 64M")
    .option("--whole", "the pictures are face crops: use all of each instead of the configured part", false)
    .option("--golden", "fail unless every score equals the TypeScript reference", false)
    .action(action(async () => (await import("../commands/simulate.js")).simulateCommand));
}

function declareRunningDevice(program: Command, action: Action): void {
  const device = program.command("device").description("ask the running bot over its serial port");
  const ask = (name: string, description: string) =>
    device
      .command(name)
      .description(description)
      .option("--port <port>", "serial port of the board (default: the one that is there)")
      .option("--baud <rate>", "bits per second (default: firmware.serial of the project, or 921600)");
  const load = () => import("../commands/device.js");
  ask("status", "versions, hashes, faults, counts, card, memory").action(
    action(async () => (await load()).deviceStatusCommand),
  );
  ask("last", "the last press: margins, decision, captures").action(
    action(async () => (await load()).deviceLastCommand),
  );
  ask("frame", "one picture as the camera sees it now")
    .option("--out <file>", "the .png or .pgm to write", "frame.png")
    .action(action(async () => (await load()).deviceFrameCommand));
  ask("list", "the segments of captures on the card").action(action(async () => (await load()).deviceListCommand));
  ask("pull <segment>", "copy one segment as it is, a tar file; goes on where an interrupted copy stopped")
    .option("--out <file>", "the file to write (default: its name on the card)")
    .action(action(async () => (await load()).devicePullCommand));
  ask("threshold [margin]", "where the lights turn green; given, sets it until the next start").action(
    action(async () => (await load()).deviceThresholdCommand),
  );
  ask("selftest", "network, camera, card, memory").action(action(async () => (await load()).deviceSelfTestCommand));
}

/** What bots captured: pull, label, replay, compare with training, train on. */
import { type Command, Option } from "commander";
import type { Action } from "./action.js";

export function declareCaptures(program: Command, action: Action): void {
  program
    .command("pull-captures")
    .description("copy new captures from the bot's card; continues where an interrupted pull stopped")
    .option("--from <path>", "folder of the mounted card, or a segment file (default: the card that is mounted)")
    .addOption(
      new Option("--image <path>", "read a card that is not mounted: its device, or an image of it").conflicts("from"),
    )
    .addOption(
      new Option(
        "--port [port]",
        "read the card in a running bot over its serial line (default: the board's port)",
      ).conflicts(["from", "image", "recover"]),
    )
    .option("--baud <rate>", "with --port: rate of the line (default: the project's firmware.serial.baud)")
    .option("--recover", "find captures by their headers: damaged file systems, deleted segments", false)
    .action(action(async () => (await import("../commands/pull-captures.js")).pullCapturesCommand));
  program
    .command("captures")
    .description("what was pulled: captures, presses and judgements per bot, and what was put aside")
    .action(action(async () => (await import("../commands/captures.js")).capturesCommand));
  const label = program
    .command("label")
    .description("label captures in the browser: a page of this machine's own, nothing leaves it")
    .option("--port <port>", "port of the page (default: 7645, or a free one)")
    .option("--no-open", "print the address only; open no browser")
    .addOption(
      new Option("--pass <pass>", "2: a second look at what is labelled, without its labels")
        .choices(["1", "2"])
        .default("1"),
    )
    .action(action(async () => (await import("../commands/label.js")).labelCommand));
  label
    .command("status")
    .description("how many captures have which label, and how far two looks agree")
    .action(action(async () => (await import("../commands/label-status.js")).labelStatusCommand));
}

export function declareSkew(program: Command, action: Action): void {
  const skew = program
    .command("skew")
    .description("how captures differ from training pictures, why, and which augmentation would help")
    .option("--html <file>", "write distributions, map and picture pairs as a page")
    .action(action(async () => (await import("../commands/skew.js")).skewCommand));
  skew
    .command("fit")
    .description("propose augmentation strengths at which training pictures look like the captures")
    .option("-y, --yes", "write them to smilec.config.json without asking", false)
    .option("--sheet <file>", "the PNG with training pictures before and after, and captures", "skew-fit.png")
    .action(action(async () => (await import("../commands/skew-fit.js")).skewFitCommand));
}

export function declareReplay(program: Command, action: Action): void {
  program
    .command("replay")
    .description(
      "every capture through the very model that made it: equal to what the bot logged, or what differs and why",
    )
    .option("--model <file>", "instead: what another model.tflite would have decided on the same captures")
    .addOption(new Option("--junit <file>", "also write the result as JUnit XML").conflicts("model"))
    .action(action(async () => (await import("../commands/replay.js")).replayCommand));
  program
    .command("retrain")
    .description(
      "train on with judged captures; ships the model only if it is better on held-out captures and no worse on the test pictures",
    )
    .action(action(async () => (await import("../commands/retrain.js")).retrainCommand));
}

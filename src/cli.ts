/** The command table. It only declares commands; each one's code is loaded when it runs, so that `smilec --help` is quick. */
import { Command, CommanderError, Option } from "commander";
import type { CommandContext, GlobalOptions } from "./commands/context.js";
import { ExitCode } from "./errors.js";
import { toolVersion } from "./files/package-root.js";

const LAYOUTS = ["folders", "split-folders", "manifest", "smiles"];

/** Runs a command line (without node and script) and returns the exit code; throws what the command throws. */
export async function runCli(args: readonly string[], signal: AbortSignal): Promise<ExitCode> {
  const program = declare(signal);
  try {
    await program.parseAsync([...args], { from: "user" });
    return ExitCode.Success;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.Success : ExitCode.User;
    throw error;
  }
}

function declare(signal: AbortSignal): Command {
  const program = new Command("smilec")
    .description("Train, compile and run a small vision model on a camera board, and close the loop from its captures.")
    .version(toolVersion)
    .option("-C, --project <dir>", "folder of the project", ".")
    .option("--json", "print the result as JSON", false)
    .option("-q, --quiet", "print only results and errors", false)
    .showSuggestionAfterError()
    .showHelpAfterError("(run with --help for the options)")
    .exitOverride()
    .configureHelp({ showGlobalOptions: true });

  /** Wraps a lazily loaded command: builds its context from the global options. */
  const action =
    <Args extends unknown[]>(load: () => Promise<(context: CommandContext, ...args: Args) => Promise<void>>) =>
    async (...all: unknown[]) => {
      // commander appends the Command itself
      const args = all.slice(0, -1) as Args;
      const [{ createContext }, command] = await Promise.all([import("./commands/create-context.js"), load()]);
      await command(createContext(program.opts<GlobalOptions>(), signal), ...args);
    };

  declareProject(program, action);
  declareModel(program, action);
  declareSkew(program, action);
  declareCompiler(program, action);
  declareDevice(program, action);
  declareCaptures(program, action);
  declareReplay(program, action);
  return program;
}

type Action = <Args extends unknown[]>(
  load: () => Promise<(context: CommandContext, ...args: Args) => Promise<void>>,
) => (...all: unknown[]) => Promise<void>;

function declareProject(program: Command, action: Action): void {
  program
    .command("loop")
    .description(
      "the whole loop on this machine: pictures, training, int8 model, firmware, presses, exact replay, report",
    )
    .action(action(async () => (await import("./commands/loop.js")).loopCommand));
  program
    .command("init [dir]")
    .description("start a project: configuration, folders, .gitignore, README")
    .option("-y, --yes", "never ask; take the defaults", false)
    .option("--name <name>", "name of the bot")
    .option("--board <board>", "board the firmware is for")
    .action(action(async () => (await import("./commands/init.js")).initCommand));
  const data = program.command("data").description("pictures: import them, look at what is there");
  data
    .command("import <path>")
    .description("import a folder per class, a CSV/JSONL manifest, or a known data set's folder")
    .option("--name <name>", "name of the import (default: made from the folder's name)")
    .addOption(new Option("--layout <layout>", "how the pictures lie (default: found out)").choices(LAYOUTS))
    .option("--map <from=to,...>", "label mapping, such as happiness=smile,*=neutral")
    .option("--split <plan>", "split by group: 70/15/15, or number ranges train=1-900,val=901-1000,test=1001-1200")
    .option("--partial", "accept pictures that lack a label or a split, to be used with other imports", false)
    .option("--replace", "replace an import of the same name", false)
    .action(action(async () => (await import("./commands/data-import.js")).dataImportCommand));
  data
    .command("stats")
    .description("counts per label, split and source; brightness, contrast, sharpness, noise")
    .action(action(async () => (await import("./commands/data-stats.js")).dataStatsCommand));
  data
    .command("degrade <path>")
    .description("labelled pictures as a cheap camera in a badly lit office would have taken them, to look at")
    .requiredOption("--out <dir>", "new folder: pictures, manifest, contact sheet")
    .addOption(new Option("--level <level>", "how bad").choices(["mild", "medium", "hard"]).default("medium"))
    .addOption(new Option("--layout <layout>", "how the pictures lie (default: found out)").choices(LAYOUTS))
    .option("--map <from=to,...>", "label mapping, such as happiness=smile,*=neutral")
    .addOption(new Option("--split <split>", "only these pictures").choices(["train", "val", "test"]))
    .action(action(async () => (await import("./commands/data-degrade.js")).dataDegradeCommand));
  data
    .command("compose")
    .description("camera frames with faces, lamps, windows and clutter, and where they are: what locators learn from")
    .option("--count <n>", "scenes", "200")
    .option("--out <dir>", "new folder: scenes, manifest, contact sheet", "scenes")
    .option("--size <WxH>", "pixels of a frame", "320x240")
    .option("--seed <n>", "the same seed gives the same scenes", "1")
    .addOption(
      new Option("--split <split>", "whose people (drawn people outside of a project)")
        .choices(["train", "validation", "test"])
        .default("train"),
    )
    .option("--heads <imports>", "imports whose crops show whole heads (default: faces-wide)")
    .action(action(async () => (await import("./commands/data-compose.js")).dataComposeCommand));
  program
    .command("doctor")
    .description("check this machine: Node, Python, PlatformIO, compiler, serial rights, toolchains, training backend")
    .option("--fix", "set up PlatformIO in a private virtual environment", false)
    .action(action(async () => (await import("./commands/doctor.js")).doctorCommand));
}

function declareModel(program: Command, action: Action): void {
  program
    .command("train")
    .description("train the network; continues where an interrupted run stopped")
    .option(
      "--search",
      "look for a better network, input size and augmentation strength within the limits of `search`",
      false,
    )
    .option("--budget <budget>", "where --search ends: time (90m, 2h) or a number of trials", "60m")
    .option("--svg <file>", "where --search draws quality against time (default: report/search.svg)")
    .action(action(async () => (await import("./commands/train.js")).trainCommand));
  program
    .command("augment")
    .description("what training does to pictures: look at it")
    .command("preview")
    .description("write a contact sheet: every augmentation from weak to strong, then all of them together")
    .option("--picture <file>", "show this picture (default: some of the project's)")
    .option("--out <file>", "the PNG to write", "augmentations.png")
    .option("--strengths <n>", "pictures from weak to strong, 1 to 12", "6")
    .action(action(async () => (await import("./commands/augment-preview.js")).augmentPreviewCommand));
  program
    .command("quantize")
    .description("float model to exact int8 graph, with accuracy before and after and the worst layers")
    .action(action(async () => (await import("./commands/quantize.js")).quantizeCommand));
  declareEvaluation(program, action);
  program
    .command("report")
    .description("write the HTML report: data, training, int8, sizes, timing, captures, skew, labels, retraining")
    .option("--images <dir>", "also let the bot look at these pictures")
    .option("--whole", "the pictures are face crops: use all of each", false)
    .option("--junit <file>", "write what must hold as JUnit test cases; exit code 1 when one fails")
    .option("--compare <name=model>", "show another model.tflite on the same test pictures side by side")
    .addOption(
      new Option(
        "--without-augmentation",
        "also train the network without augmentation, and show what augmentation bought",
      )
        .default(false)
        .conflicts("compare"),
    )
    .action(action(async () => (await import("./commands/report.js")).reportCommand));
}

function declareReplay(program: Command, action: Action): void {
  program
    .command("replay")
    .description(
      "every capture through the very model that made it: equal to what the bot logged, or what differs and why",
    )
    .option("--model <file>", "instead: what another model.tflite would have decided on the same captures")
    .addOption(new Option("--junit <file>", "also write the result as JUnit XML").conflicts("model"))
    .action(action(async () => (await import("./commands/replay.js")).replayCommand));
  program
    .command("retrain")
    .description(
      "train on with judged captures; ships the model only if it is better on held-out captures and no worse on the test pictures",
    )
    .action(action(async () => (await import("./commands/retrain.js")).retrainCommand));
}

function declareEvaluation(program: Command, action: Action): void {
  declareLocators(program, action);
  program
    .command("eval")
    .description("evaluate a float or int8 model on labelled pictures: curves, intervals, calibration, conditions")
    .option("--data <path>", "folder per label, or a CSV/JSONL manifest (default: the project's pictures)")
    .option("--model <path>", ".tflite file or float model folder (default: the project's model, else smilec's)")
    .addOption(new Option("--split <split>", "only these pictures").choices(["train", "val", "test"]))
    .addOption(new Option("--layout <layout>", "how the pictures lie (default: found out)").choices(LAYOUTS))
    .option("--map <from=to,...>", "label mapping, such as happiness=smile,*=neutral")
    .option("--prior <share>", "weigh all figures to this share of positives, such as 0.5")
    .option("--threshold <probability>", "where the lights turn green (default: the model's own)")
    .option("--conditions", "also dark, backlit, blurred, noisy, loosely and tightly cropped, rotated", false)
    .addOption(
      new Option("--degrade <level>", "also as a cheap camera in a badly lit office would take them").choices([
        "mild",
        "medium",
        "hard",
        "all",
      ]),
    )
    .option("--burst <captures>", "with --degrade: combine this many simulated captures per press")
    .option("--labels <names>", "for a foreign model: its labels in the order of its outputs")
    .option("--positive <label>", "for a foreign model: the label that turns the lights green")
    .addOption(
      new Option("--range <range>", "for a foreign model: what its input values are").choices([
        "0..1",
        "-1..1",
        "0..255",
        "standardize",
      ]),
    )
    .option("--html <file>", "write curves, tables and worst mistakes as a page")
    .action(action(async () => (await import("./commands/eval.js")).evalCommand));
}

function declareLocators(program: Command, action: Action): void {
  const locate = program.command("locate").description("finding the face in a frame");
  locate
    .command("train")
    .description("a neural detector of the project's own people and of captures with judged faces, if it is better")
    .option("--recipe <file>", "how it is made (default: as the one that comes with smilec)")
    .option("--force", "into service although it is not better than the one that is")
    .action(action(async () => (await import("./commands/locate-train.js")).locateTrainCommand));
  locate
    .command("eval")
    .description("how well locators find faces, what they take for one, and what that does to the smiles")
    .option("--locator <names>", "which, such as center,neural or neural=FILE (default: all there are)")
    .option("--model <file>", "int8 .tflite that judges the boxes (default: the project's, else smilec's)")
    .option("--scenes <n>", "composed scenes (default: 2000)")
    .option("--seed <n>", "other scenes than the fixed ones")
    .option("--size <WxH>", "pixels of a frame", "320x240")
    .addOption(
      new Option("--split <split>", "whose people: choose on validation, report on test")
        .choices(["train", "validation", "test"])
        .default("test"),
    )
    .option("--html <file>", "write figures and pictures as a page: where each locator looked, first failures")
    .action(action(async () => (await import("./commands/locate-eval.js")).locateEvalCommand));
}

function declareSkew(program: Command, action: Action): void {
  const skew = program
    .command("skew")
    .description("how captures differ from training pictures, why, and which augmentation would help")
    .option("--html <file>", "write distributions, map and picture pairs as a page")
    .action(action(async () => (await import("./commands/skew.js")).skewCommand));
  skew
    .command("fit")
    .description("propose augmentation strengths at which training pictures look like the captures")
    .option("-y, --yes", "write them to smilec.config.json without asking", false)
    .option("--sheet <file>", "the PNG with training pictures before and after, and captures", "skew-fit.png")
    .action(action(async () => (await import("./commands/skew-fit.js")).skewFitCommand));
}

function declareCompiler(program: Command, action: Action): void {
  program
    .command("compile <model>")
    .description("any int8 .tflite model to a self-contained C library; needs no project")
    .requiredOption("--out <dir>", "folder of the library: new, empty, or one that this command made")
    .option("--name <name>", "prefix of the library's C names (default: made from the file's name)")
    .addOption(
      new Option("--target <target>", "whose kernels: C11 for any machine, or the ESP32's")
        .choices(["portable", "esp32"])
        .default("portable"),
    )
    .action(action(async () => (await import("./commands/compile.js")).compileCommand));
  program
    .command("inspect <model>")
    .description("a .tflite model's operators, costs, arena over time, flash and RAM per engine, estimated time")
    .option("--board <board>", "board to estimate for (default: the project's, else esp32cam)")
    .option("--svg <file>", "write the arena over time as a picture")
    .option("--html <file>", "write all figures as a page")
    .action(action(async () => (await import("./commands/inspect.js")).inspectCommand));
}

function declareRunningDevice(program: Command, action: Action): void {
  const device = program.command("device").description("ask the running bot over its serial port");
  const ask = (name: string, description: string) =>
    device
      .command(name)
      .description(description)
      .option("--port <port>", "serial port of the board (default: the one that is there)")
      .option("--baud <rate>", "bits per second (default: firmware.serial of the project, or 921600)");
  const load = () => import("./commands/device.js");
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

function declareDevice(program: Command, action: Action): void {
  program
    .command("boards [board]")
    .description("the boards there are; for one: its pin map, and how to wire button and lights")
    .option("--svg <file>", "draw the pin map and the wiring")
    .action(action(async () => (await import("./commands/boards.js")).boardsCommand));
  program
    .command("build")
    .description("run whatever is stale, render the firmware, build it with PlatformIO")
    .option("--target <target>", "host, or a board (default: the project's)")
    .action(action(async () => (await import("./commands/build.js")).buildCommand));
  program
    .command("flash")
    .description("build what is stale and write the firmware to the board, verified")
    .option("--port <port>", "serial port of the board (default: the one that is there)")
    .option("--target <board>", "board to build for (default: the project's)")
    .option("--direct", "write without PlatformIO, through Espressif's esptool-js", false)
    .option("--firmware <path...>", "write these images: the folder of a build, or OFFSET=FILE several times")
    .option("--baud <rate>", "bits per second while writing", "460800")
    .option("-y, --yes", "go on also when the new model is worse on judged captures", false)
    .action(action(async () => (await import("./commands/flash.js")).flashCommand));
  program
    .command("monitor")
    .description("what the bot says on its serial port: presses with their scores, faults in words, backtraces")
    .option("--port <port>", "serial port of the board (default: the one that is there)")
    .option("--status <seconds>", "also ask the bot for its status so often")
    .option("--elf <file>", "firmware.elf to name functions in backtraces (default: the project's last build)")
    .option("--baud <rate>", "bits per second (default: firmware.serial of the project, or 921600)")
    .action(action(async () => (await import("./commands/monitor.js")).monitorCommand));
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
    .action(action(async () => (await import("./commands/simulate.js")).simulateCommand));
}

function declareCaptures(program: Command, action: Action): void {
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
    .action(action(async () => (await import("./commands/pull-captures.js")).pullCapturesCommand));
  program
    .command("captures")
    .description("what was pulled: captures, presses and judgements per bot, and what was put aside")
    .action(action(async () => (await import("./commands/captures.js")).capturesCommand));
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
    .action(action(async () => (await import("./commands/label.js")).labelCommand));
  label
    .command("status")
    .description("how many captures have which label, and how far two looks agree")
    .action(action(async () => (await import("./commands/label-status.js")).labelStatusCommand));
}

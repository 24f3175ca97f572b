/** From pictures to an int8 model and its report; any int8 model to C. */
import { type Command, Option } from "commander";
import type { Action } from "./action.js";
import { declareEvaluation } from "./evaluation.js";

export function declareModel(program: Command, action: Action): void {
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
    .action(action(async () => (await import("../commands/train.js")).trainCommand));
  program
    .command("augment")
    .description("what training does to pictures: look at it")
    .command("preview")
    .description("write a contact sheet: every augmentation from weak to strong, then all of them together")
    .option("--picture <file>", "show this picture (default: some of the project's)")
    .option("--out <file>", "the PNG to write", "augmentations.png")
    .option("--strengths <n>", "pictures from weak to strong, 1 to 12", "6")
    .action(action(async () => (await import("../commands/augment-preview.js")).augmentPreviewCommand));
  program
    .command("quantize")
    .description("float model to exact int8 graph, with accuracy before and after and the worst layers")
    .action(action(async () => (await import("../commands/quantize.js")).quantizeCommand));
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
    .action(action(async () => (await import("../commands/report.js")).reportCommand));
}

export function declareCompiler(program: Command, action: Action): void {
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
    .action(action(async () => (await import("../commands/compile.js")).compileCommand));
  program
    .command("inspect <model>")
    .description("a .tflite model's operators, costs, arena over time, flash and RAM per engine, estimated time")
    .option("--board <board>", "board to estimate for (default: the project's, else esp32cam)")
    .option("--svg <file>", "write the arena over time as a picture")
    .option("--html <file>", "write all figures as a page")
    .action(action(async () => (await import("../commands/inspect.js")).inspectCommand));
}

/** `smilec build [--target BOARD|host]` */
import { boards } from "../board/boards.js";
import { describeStrip, type Strip, stripBrightness, stripMilliamps } from "../board/strip.js";
import { estimateTable } from "../build/memory-estimate.js";
import { sizeTable } from "../build/size.js";
import { suggestion } from "../config/problems.js";
import { UserError } from "../errors.js";
import { pressLines } from "../inspect/press-to-light.js";
import { deployedModel } from "../pipeline/deploy.js";
import { type Firmware, obtainFirmware } from "../pipeline/firmware.js";
import { openProject } from "../pipeline/project.js";
import type { CommandContext } from "./context.js";
import { bytes } from "./table.js";

export async function buildCommand(context: CommandContext, options: { readonly target?: string }): Promise<void> {
  const targets = ["host", ...Object.keys(boards)];
  if (options.target !== undefined && !targets.includes(options.target)) {
    throw new UserError(`unknown target ${JSON.stringify(options.target)}${suggestion(options.target, targets)}`, {
      remedy: `Targets: ${targets.join(", ")}.`,
    });
  }
  const project = await openProject(context.project);
  const model = await deployedModel(project, context);
  const firmware = await obtainFirmware(project, model, options.target ?? project.config.board, context);
  const { build, emitted, arenaBytes, target, dir } = firmware;
  const { lights } = project.config.firmware;
  const strip = lights.kind === "ws2812" ? lights : undefined;
  context.result(
    {
      target,
      dir,
      program: build.programPath,
      firmware: build.firmwareBin,
      sizes: build.sizes,
      limits: build.limits,
      upToDate: build.upToDate,
      arenaBytes,
      weightBytes: emitted?.weightBytes,
      lights: strip && stripFacts(strip),
      memory: firmware.costs?.memory,
      pressToLight: firmware.costs?.press,
    },
    () => [describe(firmware), ...(strip === undefined ? [] : [`lights: ${describeStrip(strip)}`])].join("\n"),
  );
}

/** What the strip draws at most, in milliamperes, and at which brightness in per cent. */
function stripFacts(strip: Strip): object {
  const brightness = stripBrightness(strip);
  return { count: strip.count, brightness, milliamps: stripMilliamps({ ...strip, brightness }) };
}

function describe({ build, emitted, arenaBytes, target, costs }: Firmware): string {
  const lines = [`${target}:`, ...sizeTable(build.sizes, build.limits).map((line) => `  ${line}`)];
  if (emitted !== undefined) lines.push(`of which weights ${bytes(emitted.weightBytes)}, arena ${bytes(arenaBytes)}`);
  if (costs !== undefined) {
    lines.push("when it runs, about:", ...estimateTable(costs.memory).map((line) => `  ${line}`));
    lines.push(...pressLines(costs.press));
  }
  lines.push(
    build.upToDate
      ? `up to date: ${build.programPath}`
      : `built in ${(build.durationMs / 1000).toFixed(1)} s: ${build.programPath}`,
  );
  return lines.join("\n");
}

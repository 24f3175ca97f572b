/** The interfaces between core, layers and templates, compared in the sources themselves: the ESP32's layer is not built here. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { packageRoot } from "#smilec/files/package-root.js";
import { templatesDir } from "#smilec/template/render.js";

const firmware = join(packageRoot, "firmware");

/** The C text without comments and string literals. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"/g, " ");
}

/** All sources of a folder, without comments. */
function sources(folder: string): string {
  const names = readdirSync(folder).filter((name) => /\.(c|h|cc)$/.test(name));
  expect(names.length).toBeGreaterThan(0);
  return names.map((name) => code(readFileSync(join(folder, name), "utf8"))).join("\n");
}

/** Members of `typedef struct sm_hal`: all names, and those that are functions. */
function halMembers(): { readonly all: string[]; readonly functions: string[] } {
  const header = code(readFileSync(join(firmware, "core/sm_hal.h"), "utf8"));
  const body = /typedef struct sm_hal \{([\s\S]*?)\n\} sm_hal_t;/.exec(header)?.[1] ?? "";
  const members = body.split(";").map((member) => member.trim());
  const functions = members.flatMap((member) => /\(\*(\w+)\)\s*\(/.exec(member)?.[1] ?? []);
  const data = members.flatMap((member) => /^[\w\s]+[\s*](\w+)$/.exec(member)?.[1] ?? []);
  return { all: [...functions, ...data], functions };
}

/** Right sides of `.member = value` initializers and `.member = value;` assignments. */
function assigned(text: string, member: string): string[] {
  return [...text.matchAll(new RegExp(`\\.${member}\\s*=\\s*([^,;]+)`, "g"))].map(([, value = ""]) => value.trim());
}

describe("the hardware abstraction layers", () => {
  const { all, functions } = halMembers();

  it("find the members of sm_hal_t", () => {
    expect(functions).toEqual(expect.arrayContaining(["now_us", "camera_acquire", "file_create", "marks_store"]));
    expect(functions.length).toBeGreaterThanOrEqual(22);
    expect(all).toEqual(expect.arrayContaining(["context", "device_id", "reset_reason", "boot_count"]));
  });

  it.each(["esp32", "host"])("%s sets every member of sm_hal_t", (layer) => {
    const text = sources(join(firmware, "hal", layer));
    // What the host has no facts for (its numbers are the card's own, its start has no reason) may stay zero; a function may not.
    const wanted = layer === "esp32" ? all : functions.filter((member) => !/^(marks|serial)_/.test(member));
    const missing = wanted.filter((member) => assigned(text, member).length === 0);
    expect(missing).toEqual([]);
    expect(wanted.length).toBeGreaterThanOrEqual(20);
  });

  it("esp32 defines each function that it assigns", () => {
    const text = sources(join(firmware, "hal/esp32"));
    const undefinedFunctions = functions.filter((member) =>
      assigned(text, member).some((value) => {
        const names = value.match(/\b[a-z]\w+\b/g) ?? [];
        return !names.some((name) => new RegExp(`\\b${name}\\([^;{]*\\)\\s*\\{`).test(text));
      }),
    );
    expect(undefinedFunctions).toEqual([]);
  });
});

describe("generated headers", () => {
  const MACRO = /\bSMILEC_[A-Z0-9_]+\b/g;
  const defines = (template: string) =>
    [
      ...readFileSync(join(templatesDir, "generated", template), "utf8").matchAll(/^#define (SMILEC_\w+)[ \t]+\S/gm),
    ].flatMap(([, name]) => name ?? []);
  const config = defines("smilec_config.h.hbs");
  const board = defines("smilec_board.h.hbs");
  const defined = new Set([...config, ...board]);
  const used = (folder: string) => new Set(sources(join(firmware, folder)).match(MACRO) ?? []);

  it("define each macro once", () => {
    expect(config.length + board.length).toBe(defined.size);
    expect(config.length).toBeGreaterThanOrEqual(21);
    expect(board.length).toBeGreaterThanOrEqual(25);
  });

  it("define every macro that the firmware uses", () => {
    const names = new Set([...used("core"), ...used("hal/esp32"), ...used("hal/host")]);
    expect([...names].filter((name) => !defined.has(name))).toEqual([]);
    expect(names.size).toBeGreaterThanOrEqual(40);
  });

  it("give the core and the host nothing that only boards have", () => {
    const names = [...used("core"), ...used("hal/host")];
    expect(names.filter((name) => board.includes(name))).toEqual([]);
    expect(names.length).toBeGreaterThan(0);
  });

  it("define no macro that the ESP32's firmware ignores", () => {
    const names = new Set([...used("core"), ...used("hal/esp32")]);
    const ignored = [...defined].filter((name) => !names.has(name));
    // The clock is set by sdkconfig; the macro is there for benchmarks.
    expect(ignored.filter((name) => name !== "SMILEC_CPU_HZ")).toEqual([]);
  });
});

describe("sources that end up in one folder", () => {
  it.each([["hal/esp32"], ["hal/host", "hal/host/image"]])("have names of their own with %s", (...layers) => {
    const names = ["core", "kernels", "hal/fat", ...layers].flatMap((folder) => readdirSync(join(firmware, folder)));
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(names.length).toBeGreaterThan(20);
  });

  it("are included by names that exist, or that ESP-IDF and its components bring", () => {
    const own = new Set(
      ["core", "kernels", "hal/esp32", "hal/fat"].flatMap((folder) => readdirSync(join(firmware, folder))),
    );
    const generated = [
      "smilec_config.h",
      "smilec_board.h",
      "model.h",
      "model_data.h",
      "model_resolver.h",
      "model_golden.h",
    ];
    const files = ["hal/esp32", "hal/fat"].flatMap((folder) =>
      readdirSync(join(firmware, folder)).map((name) => join(firmware, folder, name)),
    );
    const included = files.flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(/^#include "((?:esp32_|fat_|sm_|smk_|smilec_|model)[^"]*)"/gm)].map(
        ([, header = ""]) => header,
      ),
    );
    expect(included.filter((header) => !own.has(header) && !generated.includes(header))).toEqual([]);
    expect(included.length).toBeGreaterThan(30);
  });
});

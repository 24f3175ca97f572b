/** What is told about the bot in several places comes from one. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { FAULT_CODES, faultTable } from "#smilec/device/faults.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { cardSettingsTable } from "#smilec/template/card-settings.js";

const text = (path: string) => readFileSync(join(packageRoot, path), "utf8");

/** The block between the marker and the next end, with other contents. */
function filled(document: string, marker: string, contents: string): string {
  const start = document.indexOf(`<!-- ${marker}`);
  expect(start).toBeGreaterThan(0);
  const first = document.indexOf("\n", start) + 1;
  const end = document.indexOf("<!-- end -->", first);
  expect(end).toBeGreaterThan(0);
  return `${document.slice(0, first)}${contents}\n${document.slice(end)}`;
}

describe("documentation of the bot", () => {
  it.each([
    ["README.md", "fault table", faultTable()],
    ["docs/firmware.md", "fault table", faultTable()],
    ["docs/firmware.md", "card settings", cardSettingsTable()],
  ])("%s has the %s as the sources have it", (path, marker, contents) => {
    const before = text(path);
    const wanted = filled(before, marker, contents);
    if (process.env.GOLDEN_UPDATE === "1") writeFileSync(join(packageRoot, path), wanted);
    else expect(before).toBe(wanted);
  });

  it("has a code for every fault of the firmware, in its order", () => {
    const faults = [...text("firmware/core/sm_app.h").matchAll(/SM_FAULT_(\w+) = 1 << (\d+),/g)];
    const names = faults.map(([, name, bit]) => [name.toLowerCase().replaceAll("_", "-"), Number(bit)]);
    expect(names).toEqual(FAULT_CODES.map(({ name }, bit) => [name, bit]));
    expect(text("firmware/core/sm_app.h")).toContain(`#define SM_FAULT_COUNT ${FAULT_CODES.length}u`);
  });

  it("calls them as the host program does", () => {
    const list = /names\[SM_FAULT_COUNT\] = \{([^}]*)\}/.exec(text("firmware/hal/host/host_events.c"))?.[1] ?? "";
    expect([...list.matchAll(/"([^"]+)"/g)].map(([, name]) => name)).toEqual(FAULT_CODES.map(({ name }) => name));
  });

  it("has the card's keys as the firmware has them", () => {
    const list = /keys\[KEY_COUNT\] = \{([^}]*)\}/.exec(text("firmware/core/sm_settings.c"))?.[1] ?? "";
    const keys = [...list.matchAll(/"([^"]+)"/g)].map(([, key]) => key);
    expect(keys.length).toBeGreaterThanOrEqual(5);
    for (const key of keys) expect(cardSettingsTable()).toContain(`| \`${key}\` |`);
  });
});

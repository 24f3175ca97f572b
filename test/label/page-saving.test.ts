import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import { findBrowser, NO_BROWSER } from "../support/browser.js";
import { ALL_SAVED, LabelPages, SHOWN } from "../support/label-page.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(240_000);
const command = await findBrowser();
// A reporter that is not verbose does not name suites that are skipped.
if (command === undefined) console.warn(`The label studio was not tried in a browser: ${NO_BROWSER}.`);
const describeInBrowser = command === undefined ? describe.skip : describe;
const reason = command === undefined ? ` (skipped: ${NO_BROWSER})` : "";

const makeFolder = temporaryFolders();
const PRESSES = 12;

describeInBrowser(`what was said in the label studio${reason}`, () => {
  const rig = LabelPages.prepare(command!, PRESSES, makeFolder);

  it("takes labels back, and labels one picture of a press alone", async () => {
    const page = await rig.open();
    await page.key("s");
    await rig.waitFor(page, 2);
    await page.key("n");
    await rig.waitFor(page, 3);
    await page.key("z");
    await rig.waitFor(page, 2);
    await page.until(ALL_SAVED);
    await page.key("z");
    await rig.waitFor(page, 1);
    await page.until(ALL_SAVED);
    expect(rig.labels()).toEqual([]);
    await page.key("ArrowDown");
    await page.key("2", true);
    await page.until(ALL_SAVED);
    expect(await page.text("#place")).toBe(`1 / ${PRESSES}`);
    expect(rig.labels()).toEqual(["smile"]);
    await page.until("document.querySelector('#mark').textContent.includes('saved')");
    expect(await page.evaluate("[...document.querySelectorAll('.tile-label')].map((e) => e.textContent)")).toEqual([
      "\u2013",
      "smile",
    ]);
  });

  it("keeps two tabs in step", async () => {
    const [one, two] = [await rig.open(), await rig.open()];
    await one.key("s");
    await two.until("document.querySelector('#mark').textContent.startsWith('smile')");
    await two.until(`document.querySelector('#progress-text').textContent.startsWith('1 of ${PRESSES}')`);
    await two.key("n");
    await one.key("ArrowLeft");
    await one.until("document.querySelector('#mark').textContent.startsWith('neutral')");
  });

  it("keeps what it could not save, says so, and saves it when the connection is back", async () => {
    const page = await rig.open();
    await rig.offline(page, true);
    await page.key("s");
    await page.key("n");
    await page.until("document.querySelector('#saved').textContent === '2 not saved yet'");
    await page.until("!document.querySelector('#banner').hidden");
    expect(await page.text("#banner")).toMatch(/No connection to smilec.*not saved yet/);
    await page.key("ArrowLeft");
    expect(await page.text("#mark")).toBe("neutral \u2026 saving");
    expect(rig.labels()).toEqual([]);
    await rig.offline(page, false);
    await page.until(`${ALL_SAVED} && document.querySelector('#banner').hidden`);
    expect(rig.labels()).toHaveLength(4);
  });

  it("shows no old picture for one that has not come, takes no label for it, and catches up", async () => {
    const page = await rig.open();
    await rig.offline(page, true);
    // Beyond what was loaded ahead.
    for (let i = 0; i < 8; i++) await page.key("j");
    await page.until("document.querySelector('#frame .problem')?.textContent === 'no connection to smilec'");
    await page.key("s");
    expect(await page.text("#live")).toBe("The picture is not there yet");
    await rig.offline(page, false);
    await page.until(`${SHOWN} && document.querySelector('#frame .problem') === null`);
    expect(await page.text("#place")).toBe(`9 / ${PRESSES}`);
    expect(rig.labels()).toEqual([]);
    await page.key("s");
    await rig.waitFor(page, 10);
  });

  it("shows what is wrong with a picture that is missing, and takes a label for it", async () => {
    const page = await rig.open();
    const capture = Number((await page.evaluate<string>("document.querySelector('#frame img').src")).split("/").at(-1));
    const catalogue = Catalogue.open(rig.captures);
    const { path } = catalogue.capture(capture)!;
    catalogue.close();
    rmSync(join(rig.captures, path));
    await page.goto(rig.url);
    await page.until("document.querySelector('#frame .problem') !== null");
    expect(await page.text("#frame .problem")).toBe(`${path}: the picture is missing`);
    await page.key("0");
    await rig.waitFor(page, 2);
    await page.until(ALL_SAVED);
    expect(rig.labels().filter((label) => label === "no-face")).toHaveLength(2);
  });

  it("loses nothing that it called saved when the server is killed, and delivers the rest to the next one", async () => {
    const page = await rig.open();
    await page.key("s");
    await rig.waitFor(page, 2);
    await page.until(ALL_SAVED);
    await rig.end("SIGKILL");
    expect(rig.labels().filter((label) => label === "smile")).toHaveLength(2);
    await page.key("n");
    await page.until("document.querySelector('#saved').textContent === '1 not saved yet'");
    await rig.start("--port", String(rig.port));
    await page.until("document.querySelector('#banner').textContent.includes('started anew')");
    expect(await page.text("#banner")).toMatch(/open the address that it printed. 1 label is not saved yet/);
    const next = await rig.open();
    await next.until(ALL_SAVED);
    await page.until(ALL_SAVED);
    expect(rig.labels().filter((label) => label === "neutral")).toHaveLength(2);
  });

  it("asks before it deletes", async () => {
    const page = await rig.open();
    await page.key("x");
    await page.until("document.querySelector('#confirm').open");
    expect(await page.text("#confirm-text")).toBe("Delete the 2 pictures of this press?");
    // What is focused is the harmless one.
    await page.key("Enter");
    await page.until("!document.querySelector('#confirm').open");
    await page.key("x");
    await page.until("document.querySelector('#confirm').open");
    await page.click("#confirm .danger");
    await rig.waitFor(page, 2);
    const catalogue = Catalogue.open(rig.captures);
    expect(catalogue.count({ state: "deleted" })).toBe(2);
    catalogue.close();
  });
});

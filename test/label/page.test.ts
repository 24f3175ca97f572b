import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import { Browser, findBrowser, NO_BROWSER, type Page } from "../support/browser.js";
import { pressedCard, pullCard } from "../support/captures.js";
import type { HostBot } from "../support/host-bot.js";
import { type StudioProcess, startStudio } from "../support/studio-process.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(240_000);
const command = await findBrowser();
// A reporter that is not verbose does not name suites that are skipped.
if (command === undefined) console.warn(`The label studio was not tried in a browser: ${NO_BROWSER}.`);
const describeInBrowser = command === undefined ? describe.skip : describe;
const reason = command === undefined ? ` (skipped: ${NO_BROWSER})` : "";

const makeFolder = temporaryFolders();
const PRESSES = 24;
/** A press and its pictures are shown. */
const SHOWN =
  "!document.querySelector('#stage[aria-busy]') && [...document.querySelectorAll('#frame > img, #input > img')].filter((i) => i.complete && i.naturalWidth > 0).length === 2";
const ALL_SAVED = "document.querySelector('#saved').textContent === 'all saved'";

describeInBrowser(`the label studio in Chromium${reason}`, () => {
  let bot: HostBot;
  let card = "";
  let browser: Browser;
  let project = "";
  let studio: StudioProcess;
  let pages: Page[] = [];

  beforeAll(async () => {
    ({ bot, card } = await pressedCard(PRESSES));
    browser = Browser.start(command!);
  });
  afterAll(async () => {
    await browser.close();
    await bot.dispose();
  });

  beforeEach(async () => {
    project = makeFolder("studio-");
    writeFileSync(join(project, "smilec.config.json"), "{}");
    await pullCard(card, join(project, "captures"), Date.UTC(2026, 0, 1));
    studio = await startStudio(project, "--port", "0");
    pages = [];
  });
  afterEach(async () => {
    for (const page of pages) await page.close();
    await studio.end("SIGKILL");
  });

  async function open(width = 1280, height = 860, phone = false): Promise<Page> {
    const page = await browser.open(width, height, phone);
    pages.push(page);
    await page.goto(studio.url);
    await page.until(SHOWN);
    return page;
  }

  function labels(): (string | undefined)[] {
    const catalogue = Catalogue.open(join(project, "captures"));
    const found = [...catalogue.captures()].map(({ judgements }) => judgements[0]?.label);
    catalogue.close();
    return found;
  }

  const place = (page: Page) => page.text("#place");
  const waitFor = (page: Page, text: string) =>
    page.until(`${SHOWN} && document.querySelector('#place').textContent === ${JSON.stringify(text)}`);

  it("labels press after press by single keys, faster than one every 700 ms, without anything moving", async () => {
    const page = await open();
    // What moves of pictures and buttons; words of the status may.
    await page.evaluate(`window.shifts = []; new PerformanceObserver((list) => {
      const nodes = list.getEntries().flatMap(({ sources }) => sources.map(({ node }) => node?.parentElement));
      shifts.push(...nodes.filter((e) => e?.closest("main, #choice-bar")).map((e) => e.outerHTML.slice(0, 100)));
    }).observe({ type: "layout-shift", buffered: true })`);
    await page.evaluate("shifts.length = 0");
    const times: number[] = [];
    for (let i = 0; i < PRESSES; i++) {
      const from = performance.now();
      await page.key(["1", "s", "0", "u"][i % 4]);
      if (i < PRESSES - 1) await waitFor(page, `${i + 2} / ${PRESSES}`);
      await page.until(`${SHOWN} && ${ALL_SAVED}`);
      times.push(performance.now() - from);
    }
    const sorted = times.sort((a, b) => a - b);
    const median = sorted[PRESSES >> 1];
    console.info(
      `label studio: a press, saved and the next one shown, in ${median.toFixed(0)} ms (median), ${sorted[PRESSES - 1].toFixed(0)} ms (longest of ${PRESSES}): ${(60_000 / median).toFixed(0)} a minute`,
    );
    expect(labels().filter((label) => label === undefined)).toEqual([]);
    expect(labels().filter((label) => label === "smile")).toHaveLength(PRESSES / 2);
    expect(await page.evaluate("shifts")).toEqual([]);
    expect(await page.text("#progress-text")).toContain(`${PRESSES} of ${PRESSES} presses`);
    expect(await page.text("#reload")).toMatch(/last one/);
    await page.click("#reload");
    await page.until("!document.querySelector('#empty').hidden");
  });

  it("speaks with its own server only, and complains of nothing", async () => {
    const page = await open();
    await page.key("s");
    await page.key("g");
    await page.until("document.querySelectorAll('#tiles > li img').length > 10");
    await page.key("?");
    await page.until("document.querySelector('#help').open");
    expect(page.requests.filter((url) => !url.startsWith(`http://127.0.0.1:${studio.port}/`))).toEqual([]);
    expect(page.complaints).toEqual([]);
    // The token is in no history and no other page's reach.
    expect(await page.evaluate("location.href + document.cookie")).toBe(`http://127.0.0.1:${studio.port}/`);
  });

  it("takes labels back, and labels one picture of a press alone", async () => {
    const page = await open();
    await page.key("s");
    await waitFor(page, `2 / ${PRESSES}`);
    await page.key("n");
    await waitFor(page, `3 / ${PRESSES}`);
    await page.key("z");
    await waitFor(page, `2 / ${PRESSES}`);
    await page.until(ALL_SAVED);
    await page.key("z");
    await waitFor(page, `1 / ${PRESSES}`);
    await page.until(ALL_SAVED);
    expect(labels().filter((label) => label !== undefined)).toEqual([]);
    await page.key("ArrowDown");
    await page.key("2", true);
    await page.until(ALL_SAVED);
    expect(await place(page)).toBe(`1 / ${PRESSES}`);
    expect(labels().filter((label) => label !== undefined)).toEqual(["smile"]);
    await page.until("document.querySelector('#mark').textContent.includes('saved')");
    expect(await page.evaluate("[...document.querySelectorAll('.tile-label')].map((e) => e.textContent)")).toEqual([
      "\u2013",
      "smile",
    ]);
  });

  it("keeps two tabs in step", async () => {
    const [one, two] = [await open(), await open()];
    await one.key("s");
    await two.until("document.querySelector('#mark').textContent.startsWith('smile')");
    await two.until(`document.querySelector('#progress-text').textContent.startsWith('1 of ${PRESSES}')`);
    await two.key("n");
    await one.key("ArrowLeft");
    await one.until("document.querySelector('#mark').textContent.startsWith('neutral')");
  });

  it("keeps what it could not save, says so, and saves it when the connection is back", async () => {
    const page = await open();
    const offline = (isOff: boolean) =>
      page.send("Network.emulateNetworkConditions", {
        offline: isOff,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput: -1,
      });
    await offline(true);
    await page.key("s");
    await page.key("n");
    await page.until("document.querySelector('#saved').textContent === '2 not saved yet'");
    await page.until("!document.querySelector('#banner').hidden");
    expect(await page.text("#banner")).toMatch(/No connection to smilec.*not saved yet/);
    await page.key("ArrowLeft");
    expect(await page.text("#mark")).toBe("neutral \u2026 saving");
    expect(labels().filter((label) => label !== undefined)).toEqual([]);
    await offline(false);
    await page.until(`${ALL_SAVED} && document.querySelector('#banner').hidden`);
    expect(labels().filter((label) => label !== undefined)).toHaveLength(4);
  });

  it("shows no old picture for one that has not come, takes no label for it, and catches up", async () => {
    const page = await open();
    await page.send("Network.emulateNetworkConditions", {
      offline: true,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: -1,
    });
    // Beyond what was loaded ahead.
    for (let i = 0; i < 8; i++) await page.key("j");
    await page.until("document.querySelector('#frame .problem')?.textContent === 'no connection to smilec'");
    await page.key("s");
    expect(await page.text("#live")).toBe("The picture is not there yet");
    await page.send("Network.emulateNetworkConditions", {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: -1,
    });
    await page.until(`${SHOWN} && document.querySelector('#frame .problem') === null`);
    expect(await place(page)).toBe(`9 / ${PRESSES}`);
    expect(labels().filter((label) => label !== undefined)).toEqual([]);
    await page.key("s");
    await waitFor(page, `10 / ${PRESSES}`);
  });

  it("shows what is wrong with a picture that is missing, and takes a label for it", async () => {
    const page = await open();
    const capture = Number((await page.evaluate<string>("document.querySelector('#frame img').src")).split("/").at(-1));
    const catalogue = Catalogue.open(join(project, "captures"));
    const { path } = catalogue.capture(capture)!;
    catalogue.close();
    rmSync(join(project, "captures", path));
    await page.goto(studio.url);
    await page.until("document.querySelector('#frame .problem') !== null");
    expect(await page.text("#frame .problem")).toBe(`${path}: the file is missing`);
    await page.key("0");
    await waitFor(page, `2 / ${PRESSES}`);
    await page.until(ALL_SAVED);
    expect(labels().filter((label) => label === "no-face")).toHaveLength(2);
  });

  it("loses nothing that it called saved when the server is killed, and delivers the rest to the next one", async () => {
    const page = await open();
    await page.key("s");
    await waitFor(page, `2 / ${PRESSES}`);
    await page.until(ALL_SAVED);
    await studio.end("SIGKILL");
    expect(labels().filter((label) => label === "smile")).toHaveLength(2);
    await page.key("n");
    await page.until("document.querySelector('#saved').textContent === '1 not saved yet'");
    studio = await startStudio(project, "--port", String(studio.port));
    await page.until("document.querySelector('#banner').textContent.includes('started anew')");
    expect(await page.text("#banner")).toMatch(/open the address that it printed. 1 label is not saved yet/);
    const next = await open();
    await next.until(ALL_SAVED);
    await page.until(ALL_SAVED);
    expect(labels().filter((label) => label === "neutral")).toHaveLength(2);
  });

  it("corrects the face box by keys and by mouse, shows what the network would see, and saves it with the label", async () => {
    const page = await open();
    const before = await page.evaluate<string>("document.querySelector('#input img').src");
    await page.key("b");
    await page.until("document.activeElement.id === 'box-editor'");
    await page.key("ArrowLeft");
    await page.key("ArrowUp");
    await page.key("-");
    await page.until(`document.querySelector('#input img').src !== ${JSON.stringify(before)}`);
    const { x, y } = await page.middle("#box-editor");
    await page.mouse("mousePressed", x, y);
    await page.mouse("mouseMoved", x + 60, y + 30);
    await page.mouse("mouseReleased", x + 60, y + 30);
    const corner = await page.middle("#box-editor .se");
    await page.mouse("mousePressed", corner.x, corner.y);
    await page.mouse("mouseMoved", corner.x - 60, corner.y - 60);
    await page.mouse("mouseReleased", corner.x - 60, corner.y - 60);
    await page.key("Enter");
    expect(await page.text("#note")).toMatch(/not saved yet/);
    // What is not saved stays in sight whatever else happens.
    await page.key("c");
    await page.until("document.querySelector('[data-consent=given]').getAttribute('aria-pressed') === 'true'");
    expect(await page.evaluate("document.querySelector('#box').className")).toBe("box corrected");
    await page.key("s");
    await waitFor(page, `2 / ${PRESSES}`);
    await page.until(ALL_SAVED);
    const catalogue = Catalogue.open(join(project, "captures"));
    const judged = [...catalogue.captures({ judged: true })];
    catalogue.close();
    expect(judged).toHaveLength(2);
    const drawn = judged[0].judgements[0]!.box!;
    const { box } = judged[0].metadata;
    expect(drawn.width).toBe(drawn.height);
    expect(drawn.width).toBeLessThan(box.width - 8);
    // Moved right by more than the keys moved it left.
    expect(drawn.x + drawn.width / 2).toBeGreaterThan(box.x + box.width / 2 + 4);
    expect(judged[1].judgements[0]?.box).toEqual(drawn);
  });

  it("corrects the face box by a finger, and the label of the moment keeps it", async () => {
    const page = await open(360, 740, true);
    await page.evaluate("document.querySelector('#edit-box').click()");
    await page.until("!document.querySelector('#box-editor').hidden");
    expect(await page.text("#edit-box")).toBe("Keep box");
    const { x, y } = await page.middle("#box-editor");
    await page.swipe({ x, y }, { x: x - 60, y: y - 20 });
    await page.evaluate("document.querySelector('#choices button').click()");
    await waitFor(page, `2 / ${PRESSES}`);
    await page.until(ALL_SAVED);
    const catalogue = Catalogue.open(join(project, "captures"));
    const [{ metadata, judgements }] = catalogue.captures({ judged: true });
    expect(catalogue.lastEvent()).toBe(2);
    catalogue.close();
    expect(judgements[0]?.box?.width).toBe(metadata.box.width);
    expect(judgements[0]!.box!.x).toBeLessThan(metadata.box.x - 10);
  });

  it("asks before it deletes", async () => {
    const page = await open();
    await page.key("x");
    await page.until("document.querySelector('#confirm').open");
    expect(await page.text("#confirm-text")).toBe("Delete the 2 pictures of this press?");
    // What is focused is the harmless one.
    await page.key("Enter");
    await page.until("!document.querySelector('#confirm').open");
    await page.key("x");
    await page.until("document.querySelector('#confirm').open");
    await page.click("#confirm .danger");
    await waitFor(page, `2 / ${PRESSES}`);
    const catalogue = Catalogue.open(join(project, "captures"));
    expect(catalogue.count({ state: "deleted" })).toBe(2);
    catalogue.close();
  });

  it("labels in the grid, and goes from there to single pictures and back", async () => {
    const page = await open();
    await page.key("g");
    await page.until("document.activeElement.closest('#tiles') !== null");
    await page.key("ArrowRight");
    await page.key("s");
    await page.until("document.querySelectorAll('#tiles .mark.saved').length === 1");
    expect(
      await page.evaluate(
        "[...document.querySelectorAll('#tiles > li')].findIndex((e) => e.getAttribute('aria-current'))",
      ),
    ).toBe(2);
    await page.click("#tiles > li:nth-child(6) button");
    await page.key("n");
    await page.until("document.querySelectorAll('#tiles .mark.saved').length === 2");
    await page.key("Enter");
    await page.until(`!document.querySelector('#single').hidden && ${SHOWN}`);
    expect(await place(page)).toBe(`7 / ${PRESSES}`);
    expect(labels().filter((label) => label !== undefined)).toHaveLength(4);
  });

  it("fits a phone of 360 pixels, by touch", async () => {
    const page = await open(360, 740, true);
    for (const view of ["single", "grid"]) {
      await page.evaluate(`document.querySelector('#view-${view}').click()`);
      await page.until("document.querySelectorAll('#single:not([hidden]) img, #grid:not([hidden]) img').length > 1");
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
      const small =
        "[...document.querySelectorAll('button')].filter((b) => b.offsetParent).map((b) => b.getBoundingClientRect()).filter((r) => r.height < 24 || r.width < 24).length";
      expect(await page.evaluate(small)).toBe(0);
    }
    await page.evaluate("document.querySelector('#view-single').click()");
    const { x, y } = await page.middle("#frame");
    await page.swipe({ x: x + 120, y }, { x: x - 120, y });
    await waitFor(page, `2 / ${PRESSES}`);
    await page.swipe({ x: x - 120, y }, { x: x + 120, y });
    await waitFor(page, `1 / ${PRESSES}`);
    await page.evaluate("document.querySelector('#choices button:nth-child(2)').click()");
    await waitFor(page, `2 / ${PRESSES}`);
    await page.until(ALL_SAVED);
    expect(labels().filter((label) => label === "smile")).toHaveLength(2);
  });

  it("can be used by ear: everything has a name, and what happens is said", async () => {
    const page = await open();
    type Node = { ignored: boolean; role?: { value: string }; name?: { value: string } };
    const { nodes } = (await page.send("Accessibility.getFullAXTree")) as { nodes: Node[] };
    const seen = nodes.filter(({ ignored }) => !ignored);
    const nameless = seen.filter(
      ({ role, name }) =>
        ["button", "combobox", "image", "checkbox", "slider", "progressbar", "main", "group"].includes(
          role?.value ?? "",
        ) && !name?.value,
    );
    expect(nameless).toEqual([]);
    const buttons = seen.filter(({ role }) => role?.value === "button").map(({ name }) => name?.value);
    expect(buttons).toEqual(
      expect.arrayContaining(["neutral", "smile", "no face", "unsure", "Undo", "Next press", "Previous press"]),
    );
    expect(await page.text("#live")).toMatch(new RegExp(`^Press 1 of ${PRESSES}: bot (green|off)`));
    await page.key("s");
    await page.until(`document.querySelector('#live').textContent.startsWith('smile. Press 2 of ${PRESSES}')`);
    await page.key("z");
    await page.until(`document.querySelector('#live').textContent.startsWith('Taken back. Press 1 of ${PRESSES}')`);
    // Single keys can be turned off for those whose software sends them.
    await page.evaluate("document.querySelector('#shortcuts').click()");
    await page.key("s");
    expect(await place(page)).toBe(`1 / ${PRESSES}`);
    await page.evaluate("document.querySelector('#shortcuts').click()");
  });

  it("is dark where the system is, and stands still where that is wanted", async () => {
    const page = await open();
    const background = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    await page.emulate({ "prefers-color-scheme": "light", "prefers-reduced-motion": "no-preference" });
    expect(await background()).toBe("rgb(247, 246, 242)");
    await page.emulate({ "prefers-color-scheme": "dark", "prefers-reduced-motion": "reduce" });
    expect(await background()).toBe("rgb(19, 20, 23)");
    const moving =
      "[...document.querySelectorAll('*')].filter((e) => getComputedStyle(e).transitionDuration !== '0s' || getComputedStyle(e).animationName !== 'none').length";
    expect(await page.evaluate(moving)).toBe(0);
  });

  it("shows where two looks differ, and settles it", async () => {
    const catalogue = Catalogue.open(join(project, "captures"));
    for (const id of [1, 2, 3, 4]) catalogue.judge(id, { pass: 1, label: "smile", box: undefined, atMs: 1 });
    catalogue.close();
    await studio.end("SIGINT");
    studio = await startStudio(project, "--port", "0", "--pass", "2");
    const page = await open();
    expect(await page.text("#project")).toContain("second look");
    expect(await place(page)).toBe("1 / 2");
    expect(await page.text("#mark")).toBe("not labelled");
    await page.key("n");
    await waitFor(page, "2 / 2");
    await page.key("s");
    await page.until(`${ALL_SAVED} && document.querySelector('#progress-text').textContent.includes('1 to settle')`);
    await page.evaluate(
      "document.querySelector('#filter').value = 'disagreement'; document.querySelector('#filter').dispatchEvent(new Event('change'))",
    );
    await waitFor(page, "1 / 1");
    await page.until("!document.querySelector('#looks').hidden");
    expect(await page.text("#looks")).toBe("first look: smile \u00b7 second look: neutral");
    await page.key("n");
    await page.until("document.querySelector('#mark').textContent === 'neutral \u2713 saved'");
    const after = Catalogue.open(join(project, "captures"));
    expect([...after.captures()].filter(({ resolution }) => resolution?.label === "neutral")).toHaveLength(2);
    after.close();
  });
});

/** The label studio in a browser: the real firmware's captures, the real command, a real page; for every test anew. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach } from "@jest/globals";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import { Browser, type Page } from "./browser.js";
import { pressedCard, pullCard } from "./captures.js";
import type { HostBot } from "./host-bot.js";
import { type StudioProcess, startStudio } from "./studio-process.js";
import type { temporaryFolders } from "./temporary-folder.js";

/** A press and its pictures are shown. */
export const SHOWN =
  "!document.querySelector('#stage[aria-busy]') && [...document.querySelectorAll('#frame > img, #input > img')].filter((i) => i.complete && i.naturalWidth > 0).length === 2";
export const ALL_SAVED = "document.querySelector('#saved').textContent === 'all saved'";

export class LabelPages {
  private project = "";
  private running: StudioProcess | undefined;
  private pages: Page[] = [];

  private constructor(
    private readonly presses: number,
    private readonly browser: () => Browser,
  ) {}

  /** Registers what must happen before and after tests. Call inside of a describe. */
  static prepare(command: string, presses: number, makeFolder: ReturnType<typeof temporaryFolders>): LabelPages {
    let bot: HostBot;
    let card = "";
    let browser: Browser;
    const rig = new LabelPages(presses, () => browser);
    beforeAll(async () => {
      ({ bot, card } = await pressedCard(presses));
      browser = Browser.start(command);
    });
    afterAll(async () => {
      await browser.close();
      await bot.dispose();
    });
    beforeEach(async () => {
      rig.project = makeFolder("studio-");
      writeFileSync(join(rig.project, "smilec.config.json"), "{}");
      await pullCard(card, rig.captures, Date.UTC(2026, 0, 1));
      await rig.start("--port", "0");
    });
    afterEach(async () => {
      for (const page of rig.pages) await page.close();
      rig.pages = [];
      await rig.end("SIGKILL");
    });
    return rig;
  }

  get captures(): string {
    return join(this.project, "captures");
  }

  get port(): number {
    return this.running?.port ?? 0;
  }

  get url(): string {
    return this.running?.url ?? "";
  }

  async start(...args: string[]): Promise<void> {
    this.running = await startStudio(this.project, ...args);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    await this.running?.end(signal);
  }

  async open(width = 1280, height = 860, phone = false): Promise<Page> {
    const page = await this.browser().open(width, height, phone);
    this.pages.push(page);
    await page.goto(this.url);
    await page.until(SHOWN);
    return page;
  }

  /** Something of the catalogue, as it is on the disk now. */
  read<T>(look: (catalogue: Catalogue) => T): T {
    const catalogue = Catalogue.open(this.captures);
    try {
      return look(catalogue);
    } finally {
      catalogue.close();
    }
  }

  /** First-look labels of all captures that have one. */
  labels(): string[] {
    return this.read((catalogue) => [...catalogue.captures()].flatMap(({ judgements }) => judgements[0]?.label ?? []));
  }

  /** Waits until this press of the queue, from 1, is shown. */
  async waitFor(page: Page, place: number, count = this.presses): Promise<void> {
    await page.until(`${SHOWN} && document.querySelector('#place').textContent === "${place} / ${count}"`);
  }

  offline(page: Page, isOff: boolean): Promise<unknown> {
    const speed = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
    return page.send("Network.emulateNetworkConditions", { offline: isOff, ...speed });
  }
}

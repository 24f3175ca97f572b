/** An image file as the simulated bot's card, from making it to pulling its captures, by commands alone. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
import { ExitCode } from "#smilec/errors.js";
import { smilec } from "../support/cli.js";
import { randomPictures } from "../support/host-bot.js";
import { Random } from "../support/random.js";
import { testSmilecHome } from "../support/smilec-home.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const folder = temporaryFolders();

it("smilec simulate makes an image, goes on in it, and smilec pull-captures reads it", async () => {
  const cwd = folder();
  const command = (...args: string[]) => smilec([...args, "--json"], { cwd, env: { SMILEC_HOME: testSmilecHome } });
  writeFileSync(join(cwd, "smilec.config.json"), JSON.stringify({ engine: "coin", decision: { burst: 2 } }));
  mkdirSync(join(cwd, "pictures"));
  for (const [i, picture] of randomPictures(new Random(1), 3, true).entries())
    writeFileSync(join(cwd, "pictures", `${i}.pgm`), picture);
  const see = ["simulate", "--images", "pictures", "--card", "card.img"];

  expect((await command(...see)).exitCode).toBe(ExitCode.User);
  const made = await command(...see, "--card-size", "40M");
  expect({ exitCode: made.exitCode, stderr: made.stderr }).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(made.stdout).presses).toMatchObject([{ logged: true }, { logged: true }, { logged: true }]);
  expect((await command(...see)).exitCode).toBe(0);
  expect(readdirSync(cwd).filter((name) => name.includes("card"))).toEqual(["card.img"]);

  const pulled = await command("pull-captures", "--image", "card.img");
  expect(pulled.exitCode).toBe(0);
  expect(JSON.parse(pulled.stdout)).toMatchObject({ captures: { new: 12 }, total: 12 });
}, 240_000);

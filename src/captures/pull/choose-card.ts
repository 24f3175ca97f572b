/** Which card to pull from: the only one that is mounted, or the one the user picks. */
import { InterruptedError, UserError } from "../../errors.js";
import { findCards } from "./find-cards.js";

export interface CardChoice {
  /** Asks on the terminal; absent where nobody can answer. */
  readonly ask?: (folders: readonly string[]) => Promise<string>;
  /** Default: those of this machine. */
  readonly find?: () => Promise<readonly string[]>;
}

/** Throws UserError when there is none, or several and nobody can answer. */
export async function chooseCard({ ask, find = findCards }: CardChoice): Promise<string> {
  const cards = await find();
  if (cards.length === 1) return cards[0];
  if (cards.length === 0)
    throw new UserError("no mounted card with captures was found", {
      remedy:
        "Put the bot's card into this computer and mount it, or name its folder with --from. A card that is not mounted, or an image of one, is read with --image.",
    });
  if (ask !== undefined) return ask(cards);
  throw new UserError(`${cards.length} cards are mounted`, {
    detail: cards.join("\n"),
    remedy: `Choose one: --from ${cards[0]}`,
  });
}

/** A list to pick from on standard error. */
export async function askForCard(folders: readonly string[]): Promise<string> {
  const { select } = await import("@inquirer/prompts");
  const choices = folders.map((folder) => ({ name: folder, value: folder }));
  try {
    return await select({ message: "Which card?", choices }, { output: process.stderr });
  } catch {
    throw new InterruptedError("nothing was pulled");
  }
}

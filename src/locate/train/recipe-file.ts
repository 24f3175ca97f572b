/** How a detector is made: in the folder of each shipped one. */
export const RECIPE_FILE = "smilec.locator.json";

export async function inspectCommand(): Promise<void> {}

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The repository's own policy with shorter waits: nobody watches a test. */
export async function writeQuickPolicy(folder: string): Promise<string> {
  const file = join(folder, "policy.yaml");
  const text = await readFile("policy.yaml", "utf8");
  await writeFile(
    file,
    text.replaceAll("bake: PT10S", "bake: PT2S").replaceAll("keepPrevious: PT1M", "keepPrevious: PT2S"),
  );
  return file;
}

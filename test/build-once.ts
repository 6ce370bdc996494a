/** The loop's tests run the very bundle that is deployed: it is built once, before them all. */
export async function setup(): Promise<void> {
  await import("../build.ts");
}

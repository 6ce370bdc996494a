import { expect, test } from "vitest";
import { readOptions } from "../../../local/system/options.ts";

test.each([
  { args: [], variable: undefined, world: "classical" },
  { args: [], variable: "", world: "classical" },
  { args: [], variable: "language", world: "language" },
  { args: ["--world", "vision"], variable: "language", world: "vision" },
])("lives in the world of $world for $args and OUTERLOOP_WORLD '$variable'", ({ args, variable, world }) => {
  expect(readOptions(args, { OUTERLOOP_WORLD: variable }).world).toBe(world);
});

test("names the variable and the three worlds when it knows no such world", () => {
  expect(() => readOptions([], { OUTERLOOP_WORLD: "Vision" })).toThrow(
    "OUTERLOOP_WORLD is 'Vision', expected classical, vision, language",
  );
});

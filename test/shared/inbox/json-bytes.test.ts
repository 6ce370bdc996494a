import { expect, test } from "vitest";
import { jsonText } from "../../../shared/inbox/json-bytes.ts";

test.each([{ a: [1, null, "x", { b: true }], "": {} }, [], null, "text", 1.5])(
  "writes %j as Node does",
  (value) => {
    expect(jsonText(value)).toBe(JSON.stringify(value));
  },
);

test("writes a value of any depth, lists and objects, in its order", () => {
  const levels = 200_000;
  const text = `${'{"a":1,"b":['.repeat(levels)}"\\n"${",{}]}".repeat(levels)}`;
  expect(jsonText(JSON.parse(text))).toBe(text);
});

test("writes nothing as null", () => {
  expect(jsonText(undefined)).toBe("null");
});
